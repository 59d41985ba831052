"""Damage that the rules of the tables cannot see is named, and the file is not served."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobs import moves
from models import Period, Quote
from storage import budgets, invariants, pots, schema
from storage.budgets import Pool
from storage.database import open_database
from storage.errors import UnusableDatabaseError
from storage.ledger import Limits
from tests.storage.conftest import GUILD, MEMBER, NOW, asker, order

OTHER_GUILD, OTHER_MEMBER, POT_CHANNEL = 12, 22, 31
LIMITS = Limits(0, 0, 0)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Books of two guilds, two periods and a pot."""
    path = tmp_path / "reelbox.sqlite3"
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        tx.row_factory = sqlite3.Row
        budgets.set_pool(tx, GUILD, Pool(1000, Period("day")))
        _hold(tx, 1, GUILD, MEMBER, NOW)
        _hold(tx, 2, GUILD, OTHER_MEMBER, NOW + 60)
        _hold(tx, 3, GUILD, MEMBER, NOW + 2 * 86400)
        _hold(tx, 4, OTHER_GUILD, MEMBER, NOW)
        pots.add(tx, GUILD, POT_CHANNEL, 500, None, "Friday", NOW, NOW + 9 * 86400)
        _hold(tx, 5, GUILD, MEMBER, NOW + 90)
        assert invariants.violations(tx) == {}
        yield tx


def _hold(tx: sqlite3.Connection, number: int, guild_id: int, user_id: int, now: int) -> None:
    asked_by = asker(number, guild_id, user_id)
    moves.reserve(tx, asked_by, order(), Quote(44, 1), str(number), LIMITS, (99, 99), now)


def _broken(books: sqlite3.Connection, statement: str) -> set[str]:
    """Damage the books as a broken disk would, past all rules; return what does not hold then."""
    books.execute("PRAGMA foreign_keys = OFF")
    # A damaged page asks no trigger.
    for (name,) in books.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        books.execute(f"DROP TRIGGER {name}")
    assert books.execute(statement.replace("LATEST", LATEST)).rowcount, "nothing was damaged"
    return {name.split()[0] for name in invariants.violations(books)}


LATEST = "(SELECT id FROM account WHERE id LIKE 'member:11:21@%' ORDER BY id DESC LIMIT 1)"


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("DELETE FROM cell WHERE account = LATEST", {"I16"}),
        ("DELETE FROM cell WHERE account = 'org'", {"I16", "I17"}),
        ("UPDATE cell SET first_at = first_at + 1 WHERE account = LATEST", {"I16"}),
        ("UPDATE cell SET last_at = last_at - 1 WHERE account = LATEST", {"I16"}),
        ("UPDATE cell SET first_at = NULL, last_at = NULL WHERE account = 'org'", {"I16"}),
        ("UPDATE entry SET at = at - 100000 WHERE job = 4 AND kind = 'hold'", {"I16"}),
        ("UPDATE cell SET level = 'guild' WHERE account = 'org'", {"I17"}),
        ("UPDATE cell SET level = 'guild' WHERE account = LATEST", {"I17"}),
        ("UPDATE cell SET level = 'host' WHERE account = LATEST", {"I17"}),
        ("UPDATE cell SET pot_id = 1 WHERE account = LATEST", {"I17"}),
        ("UPDATE cell SET guild_id = 12 WHERE level = 'guild' AND pot_id = 0", {"I17"}),
        ("UPDATE cell SET guild_id = 12 WHERE pot_id = 1 AND level = 'guild'", {"I17"}),
        ("UPDATE cell SET pot_id = 2 WHERE pot_id = 1", {"I17"}),
        ("UPDATE account SET parent = NULL WHERE id = 'guild:12'", {"I09", "I17"}),
        ("UPDATE account SET parent = 'org' WHERE id = 'member:12:21'", {"I09", "I17"}),
        ("UPDATE cell SET user_id = 29 WHERE account = LATEST", {"I18"}),
        ("UPDATE job SET user_id = 22 WHERE id = 1", {"I18"}),
        ("UPDATE job SET guild_id = 11 WHERE id = 4", {"I18"}),
    ],
)
def test_damage_to_whose_an_account_is_is_named(
    books: sqlite3.Connection, statement: str, broken: set[str]
) -> None:
    assert _broken(books, statement) == broken


async def test_a_file_whose_accounts_lost_their_owner_is_not_served(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await db.write(_hold, 1, GUILD, MEMBER, NOW)
    with closing(sqlite3.connect(tmp_path / "reelbox.sqlite3", isolation_level=None)) as tx:
        tx.execute("INSERT INTO account (id, parent) VALUES ('guild:99', 'org')")
    with pytest.raises(UnusableDatabaseError, match="I16"):
        async with open_database(tmp_path):
            pass


def test_the_invariants_are_numbered_in_order_and_told_in_words() -> None:
    names = list(invariants.queries())
    assert [name[:4] for name in names] == [f"I{number:02} " for number in range(1, len(names) + 1)]
    assert all(re.fullmatch(r"I\d\d [a-z][\w ,;']+", name) for name in names)
