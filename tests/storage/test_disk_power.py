"""Power cuts: every commit that was acknowledged is there afterwards, and the file is sound."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import connections
from storage.database import open_database
from tests.storage.disk import IOERR_FSYNC, Disk, DiskUnavailableError, Op, memory_directory
from tests.storage.disk_cuts import Verdict, cut, record
from tests.storage.disk_life import Life

CUTS = 100


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A directory whose databases wait for no real disk."""
    try:
        with memory_directory(tmp_path) as folder, Disk(folder, keeps=False).in_place():
            yield folder
    except DiskUnavailableError as error:
        pytest.skip(str(error))


async def _verdict(folder: Path, seed: int, cuts: int) -> Verdict:
    directory = folder / "life"
    directory.mkdir()
    return await cut(await record(directory, seed), cuts, seed, folder)


@pytest.mark.fault("P4")
async def test_a_power_cut_loses_no_acknowledged_commit_and_leaves_the_file_sound(
    quick: Path,
) -> None:
    verdict = await _verdict(quick, 1, CUTS)
    assert verdict == Verdict(cuts=CUTS)


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
async def test_the_cuts_would_catch_a_writer_that_syncs_less(
    quick: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str
) -> None:
    """The control: with less than FULL, the very same cuts lose commits."""
    connect = connections.connect

    def careless(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        connection = connect(path, read_only=read_only)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        return connection

    monkeypatch.setattr(connections, "connect", careless)
    verdict = await _verdict(quick, 1, 25)
    assert len(verdict.lost) > 3


@pytest.mark.fault("P4")
async def test_every_commit_is_one_sync_of_the_log_and_no_more(quick: Path) -> None:
    disk, life = Disk(quick), Life(2)
    with disk.in_place():
        async with open_database(quick) as db:
            await db.write(life.next())  # the first one also makes the log
            before = disk.count("sync", "wal"), disk.count("sync", "main")
            for _ in range(40):
                await db.write(life.next())
            after = disk.count("sync", "wal"), disk.count("sync", "main")
    assert after == (before[0] + 40, before[1])


@pytest.mark.fault("D13")
async def test_the_main_file_is_written_by_the_writer_alone(quick: Path) -> None:
    """Two connections that carried pages over at once would meet SQLite's WAL-reset fault."""
    disk, life = Disk(quick), Life(3)
    with disk.in_place():
        async with open_database(quick) as db:
            disk.ops.clear()
            for _ in range(120):
                await db.write(life.next())
                await db.read(lambda tx: tx.execute("SELECT count(*) FROM entry").fetchone()[0])
    written = {op.thread for op in disk.ops if op.kind == "write" and op.what == "wal"}
    carried = {op.thread for op in disk.ops if op.kind == "write" and op.what == "main"}
    assert carried == written
    assert len(written) == 1


@pytest.mark.fault("P4")
async def test_a_checkpoint_whose_syncs_fail_costs_no_acknowledged_commit(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says nothing of it; the log must then stay as it is until a checkpoint succeeds."""
    asked = failed = 0
    judge = Disk.judge

    def fails_often(disk: Disk, op: Op) -> int:
        nonlocal asked, failed
        is_carried = op.kind == "sync" and op.what == "main" and len(disk.ops) > 700
        asked += is_carried
        if is_carried and asked % 3:
            failed += 1
            return IOERR_FSYNC
        return judge(disk, op)

    monkeypatch.setattr(Disk, "judge", fails_often)
    directory = quick / "life"
    directory.mkdir()
    seen = await record(directory, 4)
    monkeypatch.undo()
    assert failed > 10
    assert await cut(seen, 25, 4, quick) == Verdict(cuts=25)
