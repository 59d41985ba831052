"""A look at several invariants at once says all is well only where each of them would."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from jobs import moves
from models import Period, Quote, State
from neuralbox import Generation, Status
from storage import budgets, claims, invariants, ledger, schema
from storage.budgets import Pool
from storage.ledger import Limits
from tests.storage.conftest import GUILD, MEMBER, NOW, asker, order

# What the screens and their invariants read.
READ = {
    "account": ("id", "lim", "held", "spent"),
    "cell": ("account", "level", "guild_id", "user_id"),
    "entry": (
        *("seq", "account", "job", "kind", "d_lim", "d_held", "d_spent", "resolves"),
        *("capped", "lim_after", "held_after", "spent_after"),
    ),
    "event": ("seq", "job", "a", "b"),
    "job": ("id", "guild_id", "user_id", "hold", "state", "tokens"),
    "job_state": ("name", "terminal"),
}
ENDS = (Status.COMPLETED, Status.FAILED)
TRIES, LONG_TRIES = 300, 10_000


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Books with jobs in every state, of two guilds and two periods, one booked late."""
    path = tmp_path / "reelbox.sqlite3"
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        tx.row_factory = sqlite3.Row
        budgets.set_pool(tx, GUILD, Pool(5000, Period("day")))
        for number in range(1, 13):
            day, guild_id = NOW + 86_400 * (number // 7), GUILD + (number == 5)
            moves.reserve(
                *(tx, asker(number, guild_id, MEMBER + number % 2), order(), Quote(40 + number, 1)),
                *(str(number), Limits(0, 0, 0), (99, 99), day),
            )
        for number in range(2, 13):
            moves.enqueue(tx, number, 31, 40 + number)
        moves.cancel(tx, 3, State.QUEUED, "why", NOW, tell=True)
        for number in range(4, 13):
            moves.begin_submit(tx, number, 1, NOW, NOW + 60, NOW)
        moves.requeue(tx, 4, 0, NOW, NOW)
        moves.reject(tx, 5, "why", "", NOW)
        for number in (6, 7):
            moves.doubt(tx, number, None, NOW)
        moves.give_up_unknown(tx, 7, NOW)
        claims.claim(tx, "late", 7, "late", 44, at=NOW)
        ledger.correct(tx, 7, 44, NOW, "made after all")
        for number in range(8, 12):
            moves.accept(tx, number, State.SUBMITTING, str(number), "answer", NOW)
        for number, cost, end in ((9, 40, ENDS[0]), (10, 0, ENDS[1]), (11, 99, ENDS[0])):
            made = Generation(str(number), end, cost_tokens=cost)
            moves.finish(tx, number, made, NOW + 9, NOW + 60)
        found = tx.execute("SELECT DISTINCT state FROM job").fetchall()
        assert {state for (state,) in found} == set(State)
        yield tx


@pytest.fixture
def loose(sound: sqlite3.Connection) -> sqlite3.Connection:
    """The same rows in tables that let anything in, as a damaged page does."""
    loose = sqlite3.connect(":memory:", isolation_level=None)
    sound.backup(loose)
    loose.execute("PRAGMA foreign_keys = OFF")
    dropped = "SELECT type, name FROM sqlite_master WHERE type = 'trigger'"
    for kind, name in loose.execute(dropped).fetchall():
        loose.execute(f"DROP {kind} {name}")
    for table in READ:
        loose.execute(f"CREATE TABLE copy AS SELECT * FROM {table}")  # noqa: S608
        loose.execute(f"DROP TABLE {table}")
        loose.execute(f"ALTER TABLE copy RENAME TO {table}")
    for table, columns in READ.items():
        # SQLite's own checks see a key that is there twice.
        loose.execute(f"CREATE UNIQUE INDEX {table}_key ON {table}({columns[0]})")
    loose.execute("CREATE INDEX job_guild_user ON job(guild_id, user_id, id)")
    return loose


def _rows(tx: sqlite3.Connection, query: str) -> list[tuple[object, ...]] | str:
    try:
        return tx.execute(query).fetchall()
    except sqlite3.OperationalError as error:
        assert "overflow" in str(error)
        return str(error)


def _damage(tx: sqlite3.Connection, rng: random.Random) -> None:
    """Change, drop or double a row, as far as what `quick_check` sees goes."""
    table = rng.choice([*READ, "entry", "entry", "entry", "job", "event"])
    rows = [row for (row,) in tx.execute(f"SELECT rowid FROM {table}")]  # noqa: S608
    row, way = rng.choice(rows), rng.random()
    if way < 0.1:
        tx.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))  # noqa: S608
    elif way < 0.2:
        names = [name for _, name, *_ in tx.execute(f"PRAGMA table_info({table})")]
        made = ["rowid + 1000" if name in {"seq", READ[table][0]} else name for name in names]
        tx.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(made)} FROM {table}"  # noqa: S608
            " WHERE rowid = ?",
            (row,),
        )
    else:
        column = rng.choice(READ[table])
        (old,) = tx.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()  # noqa: S608
        (other,) = tx.execute(
            f"SELECT {column} FROM {table} WHERE rowid = ?",  # noqa: S608
            (rng.choice(rows),),
        ).fetchone()
        if isinstance(old, int):
            other = rng.choice([other, old + 1, old - 1, -old, 0, old ^ (1 << rng.randrange(62))])
        if other is not None or _may_be_null(table, column):
            tx.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (other, row))  # noqa: S608


def _may_be_null(table: str, column: str) -> bool:
    return (table, column) in {("entry", "job"), ("entry", "resolves"), ("job", "tokens")}


def test_screens_are_empty_on_sound_books_in_every_state(sound: sqlite3.Connection) -> None:
    assert invariants.violations(sound) == {}
    for numbers, query in invariants.screens().items():
        assert sound.execute(query).fetchall() == [], numbers


@pytest.mark.fault("D12")
@pytest.mark.parametrize("tries", [TRIES, pytest.param(LONG_TRIES, marks=pytest.mark.long)])
def test_a_screen_is_empty_only_when_each_of_its_invariants_is(
    loose: sqlite3.Connection, tries: int
) -> None:
    """One to three damages at once: some make up for each other in all but one invariant."""
    queries = {name.split()[0]: query for name, query in invariants.queries().items()}
    rng, seen, missed = random.Random(1), Counter[tuple[bool, bool]](), []
    broken: Counter[str] = Counter()
    for number in range(tries):
        loose.execute("SAVEPOINT damage")
        for _ in range(rng.choice([1, 1, 2, 3])):
            with suppress(sqlite3.IntegrityError):
                _damage(loose, rng)
        for numbers, screen in invariants.screens().items():
            is_told = _rows(loose, screen) != []
            bad = [one for one in numbers if _rows(loose, queries[one]) != []]
            broken.update(bad)
            seen[is_told, bool(bad)] += 1
            if bad and not is_told:
                missed.append((number, numbers, bad))
        loose.execute("ROLLBACK TO damage")
        loose.execute("RELEASE damage")
    assert missed == []
    assert seen[True, True] > tries // 2
    assert seen[False, False] > tries // 2
    screened = {one for numbers in invariants.screens() for one in numbers}
    assert set(broken) == screened or tries < LONG_TRIES


@pytest.mark.fault("D12")
def test_what_is_named_is_what_each_invariant_names_by_itself(loose: sqlite3.Connection) -> None:
    rng, named = random.Random(2), 0
    for _ in range(TRIES // 4):
        loose.execute("SAVEPOINT damage")
        with suppress(sqlite3.IntegrityError):
            _damage(loose, rng)
        plain = {}
        with suppress(sqlite3.OperationalError):
            for name, query in invariants.queries().items():
                if rows := loose.execute(query).fetchmany(10):
                    plain[name] = rows
            assert invariants.violations(loose) == plain
        named += bool(plain)
        loose.execute("ROLLBACK TO damage")
        loose.execute("RELEASE damage")
    assert named > TRIES // 8


ENDED = "(SELECT h.seq FROM entry h JOIN job g ON g.id = h.job AND g.id = 9 WHERE h.kind = 'hold'"
SECOND, THIRD = (
    f"{ENDED} ORDER BY h.seq LIMIT 1 OFFSET 1)",
    f"{ENDED} ORDER BY h.seq LIMIT 1 OFFSET 2)",
)
ACCOUNT = "INSERT INTO account (id, capped, lim, held, spent) VALUES ('x', 1, {}, {}, 0)"
ENTRY = (
    "INSERT INTO entry (seq, account, kind, d_lim, d_held, d_spent, capped, lim_after, held_after,"
    " spent_after, overrun, at) VALUES (9999, 'x', '{}', {}, {}, 0, 1, {}, {}, 0, 0, 0)"
)


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        # One hold twice and another never, with a stranger in the place of the third.
        (
            [
                f"UPDATE entry SET resolves = {SECOND} WHERE resolves = {THIRD}",  # noqa: S608
                f"UPDATE entry SET job = 999 WHERE seq = {THIRD}",  # noqa: S608
            ],
            "I05",
        ),
        (
            [f"UPDATE entry SET d_held = d_held - 1 WHERE resolves = {SECOND}"],  # noqa: S608
            "I05",
        ),
        ([ACCOUNT.format(4, 5), ENTRY.format("hold", 4, 5, 4, 5)], "I03"),
        ([ACCOUNT.format(-5, 0), ENTRY.format("grant", -5, 0, -5, 0)], "I04"),
        ([ACCOUNT.format(0, -5), ENTRY.format("release", 0, -5, 0, -5)], "I04"),
        (["UPDATE entry SET d_lim = d_lim + 1 WHERE seq = (SELECT min(seq) FROM entry)"], "I02"),
        (["UPDATE account SET held = held + 1, spent = spent - 1 WHERE id = 'org'"], "I01"),
        (["UPDATE event SET b = 'queued' WHERE seq = (SELECT max(seq) FROM event)"], "I14"),
    ],
)
def test_damages_that_make_up_for_each_other_are_named(
    loose: sqlite3.Connection, statements: list[str], broken: str
) -> None:
    for statement in statements:
        assert loose.execute(statement).rowcount == 1
    named = {name.split()[0] for name in invariants.violations(loose)}
    assert broken in named
    for name, query in invariants.queries().items():
        assert (name.split()[0] in named) is bool(loose.execute(query).fetchall()), name
