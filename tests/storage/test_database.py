import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from models import State
from storage import jobs, results, settings
from storage.database import Database, open_database
from storage.errors import DatabaseBusyError, UnusableDatabaseError
from storage.lock import AlreadyRunningError
from tests.storage.conftest import NOW, asker


def _two_steps(tx: sqlite3.Connection, name: str) -> None:
    settings.put(tx, "test", f"{name}-1", "x")
    settings.put(tx, "test", f"{name}-2", "x")


def _half_then_raise(tx: sqlite3.Connection) -> None:
    settings.put(tx, "test", "half", "x")
    raise RuntimeError("in the middle")


@pytest.mark.fault("D4")
async def test_a_transaction_that_raises_leaves_nothing_behind(db: Database) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        await db.write(_half_then_raise)
    assert await db.read(settings.list_scope, "test") == {}
    await db.write(_two_steps, "after")
    assert len(await db.read(settings.list_scope, "test")) == 2


@pytest.mark.fault("D4")
async def test_cancelled_callers_leave_whole_transactions_and_no_open_one(db: Database) -> None:
    writes = [asyncio.create_task(db.write(_two_steps, str(n))) for n in range(50)]
    await asyncio.sleep(0)
    for task in writes[::2]:
        task.cancel()
    await asyncio.gather(*writes, return_exceptions=True)
    names = await db.read(settings.list_scope, "test")
    assert {f"{n}-1" in names for n in range(50)} >= {f"{n}-2" in names for n in range(50)}
    assert all((f"{n}-1" in names) == (f"{n}-2" in names) for n in range(50))
    await db.write(_two_steps, "still-writable")


async def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await db.read(_two_steps, "never")


@pytest.mark.fault("D1")
async def test_a_waiting_member_is_told_busy_and_nothing_is_written_later(
    db: Database, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "reelbox.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusyError):
        await db.write_within(0.05, _two_steps, "impatient")
    assert await db.read(settings.list_scope, "test") == {}, "reads go on meanwhile"
    other.execute("ROLLBACK")
    other.close()
    await db.write_within(5, _two_steps, "patient")
    assert set(await db.read(settings.list_scope, "test")) == {"patient-1", "patient-2"}


@pytest.mark.fault("D1")
async def test_a_waiting_member_does_not_wait_behind_background_work(
    db: Database, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "reelbox.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    background = asyncio.create_task(db.insist(_two_steps, "background"))
    waiting = asyncio.create_task(db.write_within(0.2, _two_steps, "impatient"))
    await asyncio.wait({waiting, background}, return_when=asyncio.FIRST_COMPLETED)
    assert waiting.done()
    assert not background.done()
    assert isinstance(waiting.exception(), DatabaseBusyError)
    other.execute("ROLLBACK")
    other.close()
    await background
    assert set(await db.read(settings.list_scope, "test")) == {"background-1", "background-2"}


async def test_a_second_copy_on_the_same_directory_is_refused(db: Database, tmp_path: Path) -> None:
    before = (tmp_path / "reelbox.sqlite3").read_bytes()
    with pytest.raises(AlreadyRunningError, match="already using"):
        async with open_database(tmp_path):
            pass
    assert (tmp_path / "reelbox.sqlite3").read_bytes() == before


async def test_the_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from storage.lock import instance_lock\n"
        "with instance_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "reelbox.lock")],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(AlreadyRunningError):
        async with open_database(tmp_path):
            pass
    process.kill()
    process.communicate()
    async with open_database(tmp_path):
        pass


@pytest.mark.fault("D13")
async def test_the_writer_syncs_every_commit_and_alone_checkpoints(db: Database) -> None:
    def pragmas(tx: sqlite3.Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        return {name: tx.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

    full = 2
    written = await db.write(pragmas)
    assert written["journal_mode"] == "wal"
    assert written["synchronous"] == full
    assert written["foreign_keys"] == 1
    assert (await db.read(pragmas))["wal_autocheckpoint"] == 0


async def _tamper(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path / "reelbox.sqlite3", isolation_level=None)
    connection.execute(statement)
    connection.close()


@pytest.mark.fault("D21")
@pytest.mark.fault("D23")
@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("DROP TRIGGER entry_budget", "another shape"),
        ("CREATE TABLE spare (x)", "another shape"),
        ("PRAGMA user_version = 99", "newer Reelbox"),
        ("PRAGMA application_id = 7", "not a Reelbox database"),
        ("INSERT INTO account (id, held) VALUES ('org', 5)", "do not add up"),
    ],
)
async def test_a_file_that_is_not_as_we_left_it_is_not_served(
    tmp_path: Path, statement: str, word: str
) -> None:
    async with open_database(tmp_path):
        pass
    await _tamper(tmp_path, statement)
    with pytest.raises(UnusableDatabaseError, match=word):
        async with open_database(tmp_path):
            pass


@pytest.mark.fault("D11")
async def test_a_damaged_file_is_kept_and_not_served(tmp_path: Path) -> None:
    async with open_database(tmp_path):
        pass
    path = tmp_path / "reelbox.sqlite3"
    damaged = bytearray(path.read_bytes())
    damaged[4096:8192] = b"\xff" * 4096
    path.write_bytes(damaged)
    with pytest.raises(UnusableDatabaseError, match="backup"):
        async with open_database(tmp_path):
            pass
    assert path.read_bytes() == bytes(damaged)


@pytest.mark.fault("D22")
async def test_what_every_command_and_loop_asks_reads_no_past(db: Database) -> None:
    """A guild's years of finished jobs must not slow the next one down."""

    def plans(tx: sqlite3.Connection) -> list[str]:
        told: list[str] = []

        def explain(statement: str) -> None:
            if not statement.lstrip().startswith(("EXPLAIN", "BEGIN", "ROLLBACK", "--")):
                told.extend(row[3] for row in other.execute(f"EXPLAIN QUERY PLAN {statement}"))

        path = tx.execute("PRAGMA database_list").fetchone()[2]
        other = sqlite3.connect(path)
        tx.set_trace_callback(explain)
        jobs.count_unfinished(tx, 1, 2)
        jobs.list_in(tx, State.QUEUED, State.RESERVED)
        jobs.list_in_flight(tx)
        jobs.list_pending_except(tx, frozenset())
        jobs.list_open(tx, 1, None, 9)
        jobs.find_by_message(tx, 1, 2)
        jobs.find_again(tx, asker(1), 3, NOW)
        results.list_files(tx)
        tx.set_trace_callback(None)
        other.close()
        return told

    told = await db.read(plans)
    assert told
    assert not [plan for plan in told if plan.startswith("SCAN job") or "job_guild_user" in plan]
