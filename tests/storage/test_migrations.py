"""Books written by an older version are read as before, and go on where they were."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from errors import BudgetExceededError
from jobs import moves, purse
from models import Period, Quote, Spender, State
from storage import budgets, invariants, ledger, notices, schema
from storage.budgets import Pool
from storage.ledger import Limits, Owner, Use
from tests.storage.conftest import NOW, asker, order

BIG = 1_234_567_890_123_456_789  # ids are as long as this
ENDLESS = Limits(0, 300, 0)
# guild, member, hold, when, and what became of it: None is still held
PAST = (
    (11, 21, 44, NOW - 900, 40),
    (11, 21, 44, NOW - 700, None),
    (11, 22, 60, NOW - 800, 0),
    (12, 21, 30, NOW - 10, 35),
    (BIG, BIG + 1, 7, NOW - 500, None),
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file as version 2 wrote it, with accounts of every level."""
    path = tmp_path / "reelbox.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, script in schema.migrations()[:2]:
            connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        for job, (guild, member, tokens, at, cost) in enumerate(PAST, 1):
            _past(connection, job, f"member:{guild}:{member}", f"guild:{guild}", tokens, at, cost)
        # Opened for a look, and never held on.
        connection.execute("INSERT INTO account (id, parent) VALUES ('guild:13', 'org')")
        _entry(connection, "guild:13", None, "grant", NOW, d_lim=300)
    return path


def _past(
    tx: sqlite3.Connection,
    job: int,
    member: str,
    guild: str,
    tokens: int,
    at: int,
    cost: int | None,
) -> None:
    """Take one job through its life with the statements of those days."""
    for account, parent in (("org", None), (guild, "org"), (member, guild)):
        tx.execute("INSERT OR IGNORE INTO account VALUES (?, ?, 0, 0, 0, 0)", (account, parent))
    _, guild_id, user_id = member.split(":")
    tx.execute(
        "INSERT INTO job (id, interaction_id, guild_id, user_id, channel_id, model, request,"
        " fingerprint, hold, created_at) VALUES (?, ?, ?, ?, 31, 'm', '{}', ?, ?, ?)",
        (job, job, guild_id, user_id, str(job), tokens, at),
    )
    for account in (member, guild, "org"):
        _entry(tx, account, job, "hold", at, d_held=tokens)
    if cost is None:
        return
    end = {"tokens": cost, "state": "completed", "attention": "overrun" if cost > tokens else None}
    steps = ({"state": "queued"}, {"state": "submitting", "submit_at": at, "submit_deadline": at})
    for changes in (*steps, {"state": "pending"}, end):
        marks = ", ".join(f"{name} = :{name}" for name in changes)
        tx.execute(f"UPDATE job SET {marks} WHERE id = :id", {**changes, "id": job})  # noqa: S608
    tx.execute("INSERT INTO vendor_claim VALUES (?, ?, 'answer', NULL)", (str(job), job))
    tx.execute("INSERT INTO outbox (job, kind, body) VALUES (?, 'final', '{}')", (job,))
    holds = tx.execute("SELECT seq, account FROM entry WHERE job = ?", (job,)).fetchall()
    for seq, account in holds:
        booked = {"d_held": -tokens, "d_spent": cost, "resolves": seq, "overrun": cost > tokens}
        _entry(tx, account, job, "settle", at + 60, **booked)


def _entry(
    tx: sqlite3.Connection, account: str, job: int | None, kind: str, at: int, **amounts: int
) -> None:
    names = ", ".join(("account", "job", "kind", "at", *amounts))
    marks = ", ".join("?" * (4 + len(amounts)))
    tx.execute(
        f"INSERT INTO entry ({names}) VALUES ({marks})",  # noqa: S608
        (account, job, kind, at, *amounts.values()),
    )


@pytest.fixture
def new(old: Path) -> Iterator[sqlite3.Connection]:
    """The same file after a start of this version."""
    schema.prepare(old)
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def _cells(tx: sqlite3.Connection) -> set[tuple[object, ...]]:
    return {tuple(row) for row in tx.execute("SELECT * FROM cell")}


def test_every_old_account_tells_whose_it_is_and_when_it_was_held_on(
    new: sqlite3.Connection,
) -> None:
    assert _cells(new) == {
        ("org", "host", 0, 0, 0, NOW - 900, NOW - 10),
        ("guild:11", "guild", 11, 0, 0, NOW - 900, NOW - 700),
        ("guild:12", "guild", 12, 0, 0, NOW - 10, NOW - 10),
        (f"guild:{BIG}", "guild", BIG, 0, 0, NOW - 500, NOW - 500),
        ("guild:13", "guild", 13, 0, 0, None, None),
        ("member:11:21", "member", 11, 21, 0, NOW - 900, NOW - 700),
        ("member:11:22", "member", 11, 22, 0, NOW - 800, NOW - 800),
        ("member:12:21", "member", 12, 21, 0, NOW - 10, NOW - 10),
        (f"member:{BIG}:{BIG + 1}", "member", BIG, BIG + 1, 0, NOW - 500, NOW - 500),
    }
    assert invariants.violations(new) == {}


def test_what_was_used_before_counts_in_the_period_it_was_held_in(new: sqlite3.Connection) -> None:
    guild, member = Owner("guild", 11), Owner("member", 11, 21)
    assert ledger.used(new, guild, 0, None) == Use(44, 40)
    assert ledger.used(new, guild, NOW - 800, None) == Use(44, 0)
    assert ledger.used(new, member, NOW - 900, NOW - 700) == Use(0, 40)
    assert ledger.used(new, Owner("host"), NOW - 500, NOW) == Use(7, 35)
    assert ledger.used(new, Owner("guild", 13), 0, None) == Use()
    assert ledger.used(new, Owner("member", BIG, BIG + 1), 0, None) == Use(7, 0)


def test_a_guild_that_sets_nothing_goes_on_with_its_accounts(new: sqlite3.Connection) -> None:
    before = _cells(new)
    made = _reserve(new, 200)
    assert made == 300 - 84 - 200
    after = {cell[0] for cell in _cells(new)}
    assert after == {cell[0] for cell in before}, "no account was opened"
    assert ledger.get(new, "guild:11").held_tokens == 244
    with pytest.raises(BudgetExceededError) as refused:
        _reserve(new, 17)
    assert (refused.value.level, refused.value.used_tokens) == ("guild", 284)
    new.execute("ROLLBACK")
    assert invariants.violations(new) == {}


def test_a_pool_set_after_the_update_counts_what_was_used_in_its_first_period(
    new: sqlite3.Connection,
) -> None:
    budgets.set_pool(new, 11, Pool(100, Period("month")))
    look = purse.look(new, ENDLESS, Spender(11, 21), NOW)
    assert [(rule.source, rule.left_tokens) for rule in look.guild] == [("host", 216), ("pool", 16)]
    assert _reserve(new, 16) == 0
    assert invariants.violations(new) == {}


def test_jobs_that_were_under_way_settle_on_the_accounts_they_were_held_on(
    new: sqlite3.Connection,
) -> None:
    budgets.set_pool(new, 11, Pool(100, Period("month")))
    moves.cancel(new, 2, State.RESERVED, "why", NOW, tell=True)
    assert ledger.get(new, "guild:11").held_tokens == 0
    assert ledger.used(new, Owner("guild", 11), 0, None) == Use(0, 40)
    assert invariants.violations(new) == {}


def _reserve(tx: sqlite3.Connection, tokens: int) -> int | None:
    """Ask for a video at that price; return what is left."""
    tx.execute("BEGIN IMMEDIATE")
    made = moves.reserve(
        tx, asker(1000 + tokens), order(), Quote(tokens, 1), str(tokens), ENDLESS, (99, 99), NOW
    )
    tx.execute("COMMIT")
    return made.left_tokens


def test_a_notice_on_its_way_over_an_update_keeps_the_nonce_of_its_first_try(
    tmp_path: Path,
) -> None:
    path = tmp_path / "reelbox.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, script in schema.migrations()[:5]:
            connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(
            "INSERT INTO notice (id, guild_id, channel_id, kind, mark, body)"
            " VALUES (7, 11, 31, 'warning', 'half', '{}')"
        )
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        [notice] = notices.list_due(connection, NOW, 10)
    assert notice.nonce == "reelbox-notice-7"
