"""Damage: it is found where the bot starts or at night, and no wrong balance is ever shown."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from jobs import moves
from models import Quote, State
from neuralbox import Generation, Status
from storage import checkup, claims, invariants, ledger, schema
from storage.database import DATABASE, open_database
from storage.errors import UnusableDatabaseError
from tests.storage.conftest import NOW, asker, order
from tests.storage.disk import Disk, DiskUnavailableError, memory_directory
from tests.storage.disk_damage import REFUSED, TRUE, books, try_copies
from tests.storage.disk_life import LIMITS, NO_CAPS

pytestmark = pytest.mark.long

COPIES = 300
# Every column of the books that holds tokens.
LEDGER = {
    "account": ("lim", "held", "spent"),
    "entry": ("d_lim", "d_held", "d_spent", "lim_after", "held_after", "spent_after"),
    "job": ("hold", "tokens"),
    "vendor_claim": ("tokens",),
}


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A directory whose databases wait for no real disk, where that can be had."""
    with memory_directory(tmp_path) as directory, ExitStack() as stack:
        with suppress(DiskUnavailableError):
            stack.enter_context(Disk(directory, keeps=False).in_place())
        yield directory


@pytest.mark.fault("D11")
async def test_damaged_copies_are_refused_or_tell_the_true_balances(quick: Path) -> None:
    whole = await books(quick, 1, steps=80)
    tally = await try_copies(whole, COPIES, 1, quick)
    assert tally.wrong == []
    assert tally.ends[REFUSED] > COPIES // 10
    assert tally.ends[TRUE] > COPIES // 10


@pytest.fixture
def ledger_file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Books with a job of each end, without the rules that a broken disk does not ask."""
    path = tmp_path / DATABASE
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        tx.row_factory = sqlite3.Row
        for number in range(1, 6):
            _reserve(tx, number)
        moves.cancel(tx, 2, State.QUEUED, "why", NOW, tell=True)
        for number in (3, 4, 5):
            moves.begin_submit(tx, number, 1, NOW, NOW + 60, NOW)
        moves.accept(tx, 3, State.SUBMITTING, "three", "answer", NOW)
        moves.finish(
            tx, 3, Generation("three", Status.COMPLETED, cost_tokens=40), NOW + 9, NOW + 60
        )
        moves.doubt(tx, 4, None, NOW)
        moves.give_up_unknown(tx, 4, NOW)
        claims.claim(tx, "four", 4, "late", 44, at=NOW)
        ledger.correct(tx, 4, 44, NOW, "made after all")
        assert invariants.violations(tx) == {}
        for (name,) in tx.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            tx.execute(f"DROP TRIGGER {name}")
        tx.execute("PRAGMA ignore_check_constraints = ON")
        yield tx


def _reserve(tx: sqlite3.Connection, number: int) -> None:
    quote = Quote(40 + number, 1)
    moves.reserve(tx, asker(number), order(), quote, f"{number}", LIMITS, NO_CAPS, NOW)
    moves.enqueue(tx, number, 31, 40 + number)


@pytest.mark.fault("D12")
def test_a_bit_flipped_in_any_amount_of_any_row_is_found(ledger_file: sqlite3.Connection) -> None:
    rng, tried, missed = random.Random(1), set(), []
    for table, columns in LEDGER.items():
        for column in columns:
            rows = ledger_file.execute(
                f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
            ).fetchall()
            for row, value in rows:
                # The lowest bit is the smallest wrong there is; others change the number's size.
                for bit in (0, rng.randrange(1, 63)):
                    tried.add((table, column))
                    if not _is_found(ledger_file, table, column, row, value ^ (1 << bit)):
                        missed.append((table, column, row, bit))
    assert missed == []
    assert tried == {(table, column) for table, columns in LEDGER.items() for column in columns}


def _is_found(tx: sqlite3.Connection, table: str, column: str, row: int, value: int) -> bool:
    """Whether the invariants name it. A sum that overflows is an error of SQLite, and found too."""
    tx.execute("SAVEPOINT flip")
    tx.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row))  # noqa: S608
    try:
        return bool(invariants.violations(tx))
    except sqlite3.OperationalError as error:
        assert "overflow" in str(error)
        return True
    finally:
        tx.execute("ROLLBACK TO flip")
        tx.execute("RELEASE flip")


@pytest.mark.fault("D12")
async def test_books_whose_sums_overflow_are_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = tmp_path / DATABASE
    async with open_database(tmp_path) as db:
        await db.write(_reserve, 1)
        await db.write(_reserve, 2)
    with closing(sqlite3.connect(whole, isolation_level=None)) as tx:
        tx.execute("PRAGMA writable_schema = ON")
        triggers = tx.execute("SELECT sql FROM sqlite_master WHERE name = 'entry_fixed'").fetchone()
        tx.execute("DROP TRIGGER entry_fixed")
        tx.execute("UPDATE entry SET d_held = ? WHERE kind = 'hold'", (2**63 - 1,))
        tx.execute(triggers[0])
    with pytest.raises(UnusableDatabaseError, match="backup"):
        async with open_database(tmp_path):
            pass


def _changed(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        tx.execute(statement)


@pytest.mark.fault("D11")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outbox SET body = '[]'",
        "UPDATE setting SET v = CAST(x'ff41' AS TEXT)",
        "UPDATE wait SET model = CAST(x'c328' AS TEXT)",
    ],
)
async def test_text_that_cannot_be_read_any_more_is_found_at_night(
    tmp_path: Path, statement: str
) -> None:
    async with open_database(tmp_path) as db:
        await db.write(_finished_job)
    path = tmp_path / DATABASE
    assert checkup.find_fault(path) is None
    _changed(path, statement)
    found = checkup.find_fault(path)
    assert found is not None
    assert "cannot be read" in found
    assert "boat" not in found


def _finished_job(tx: sqlite3.Connection) -> None:
    _reserve(tx, 1)
    moves.begin_submit(tx, 1, 1, NOW, NOW + 60, NOW)
    moves.accept(tx, 1, State.SUBMITTING, "one", "answer", NOW)
    moves.finish(tx, 1, Generation("one", Status.COMPLETED, cost_tokens=40), NOW + 9, NOW + 60)
    tx.execute("INSERT INTO setting (scope, k, v) VALUES ('guild:11', 'spoilers', 'on')")


@pytest.mark.fault("D11")
async def test_an_index_that_leads_astray_is_found_at_night(tmp_path: Path) -> None:
    """The start does not compare indexes with their tables, which takes too long."""
    async with open_database(tmp_path) as db:
        await db.write(_finished_job)
    path = tmp_path / DATABASE
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        at, size = _page_of(tx, "wait_model")
    damaged = bytearray(path.read_bytes())
    found = damaged.index(b"kling-v2.1", at, at + size)
    damaged[found] ^= 1
    path.write_bytes(damaged)
    async with open_database(tmp_path):
        pass
    fault = checkup.find_fault(path)
    assert fault is not None
    assert "wait_model" in fault


@pytest.mark.fault("D11")
async def test_an_index_of_the_ledger_that_leads_astray_is_found_at_the_start(
    tmp_path: Path,
) -> None:
    """One of 3,000 damaged copies told a wrong charge: an index of what resolves holds was hit."""
    async with open_database(tmp_path) as db:
        await db.write(_finished_job)
    path = tmp_path / DATABASE
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        at, size = _page_of(tx, "sqlite_autoindex_entry_1")
        (hold,) = tx.execute("SELECT min(resolves) FROM entry").fetchone()
    damaged = bytearray(path.read_bytes())
    # A row of an index: its header (three bytes), the value, the number of the table's row.
    row = bytes([3, 1, 1, hold])
    assert damaged.count(row, at, at + size) == 1
    damaged[damaged.index(row, at, at + size) + 3] ^= 1 << 6
    path.write_bytes(damaged)
    with pytest.raises(UnusableDatabaseError, match="sqlite_autoindex_entry_1"):
        async with open_database(tmp_path):
            pass


def _page_of(tx: sqlite3.Connection, name: str) -> tuple[int, int]:
    (page,) = tx.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    (size,) = tx.execute("PRAGMA page_size").fetchone()
    return (page - 1) * size, size
