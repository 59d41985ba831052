"""A disk that is full or fails, at each commit of a job's life: done wholly, or not at all."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs import moves
from models import Quote, State
from neuralbox import Generation, Status
from storage import invariants, settings
from storage.database import BALLAST, Database, open_database
from storage.errors import DatabaseBusyError, DatabaseLostError
from tests.storage.conftest import NOW, asker, order
from tests.storage.disk import (
    FULL,
    IOERR_FSYNC,
    IOERR_WRITE,
    OK,
    Disk,
    DiskUnavailableError,
    Op,
    memory_directory,
)
from tests.storage.disk_life import LIMITS, NO_CAPS, digest

Step = Callable[[sqlite3.Connection], object]
VIDEO = Generation("one", Status.COMPLETED, cost_tokens=40)


def _reserve(tx: sqlite3.Connection) -> None:
    moves.reserve(tx, asker(1), order(), Quote(44, 1), "one", LIMITS, NO_CAPS, NOW)


# A job's life; the third leaves a mark before the request, the fourth keeps the vendor's answer.
LIFE: tuple[Step, ...] = (
    _reserve,
    lambda tx: moves.enqueue(tx, 1, 31, 41),
    lambda tx: moves.begin_submit(tx, 1, 1, NOW, NOW + 60, NOW),
    lambda tx: moves.accept(tx, 1, State.SUBMITTING, "one", "answer", NOW),
    lambda tx: moves.finish(tx, 1, VIDEO, NOW + 30, NOW + 60),
)
EACH_COMMIT = pytest.mark.parametrize("at", range(len(LIFE)))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    try:
        with memory_directory(tmp_path) as folder, Disk(folder).in_place() as disk:
            yield disk
    except DiskUnavailableError as error:
        pytest.skip(str(error))


def _failing(kind: str, code: int) -> Callable[[Op], int]:
    return lambda op: code if op.kind == kind and op.what == "wal" else OK


async def _live_until(db: Database, at: int) -> str:
    """Live up to a commit, after the one of every start; return how the books are then."""
    await db.write(settings.bump, "epoch")
    for step in LIFE[:at]:
        await db.write(step)
    return await db.read(digest)


async def _after_restart(disk: Disk) -> str:
    """Start anew on a disk that works; the books must be sound."""
    disk.fail = lambda _op: OK
    async with open_database(Path(disk.root)) as db:
        assert await db.read(invariants.violations) == {}
        return await db.read(digest)


@pytest.mark.fault("D6")
@EACH_COMMIT
async def test_a_full_disk_costs_the_ballast_and_no_commit(disk: Disk, at: int) -> None:
    ballast = Path(disk.root, BALLAST)
    async with open_database(Path(disk.root)) as db:
        before = await _live_until(db, at)
        disk.fail = lambda op: _failing("write", FULL)(op) if ballast.exists() else OK
        await db.write(LIFE[at])
        assert not ballast.exists()
        assert not db.lost.is_set()
        after = await db.read(digest)
    assert after != before
    assert await _after_restart(disk) == after


@pytest.mark.fault("D6")
@EACH_COMMIT
async def test_a_disk_that_the_ballast_does_not_cure_stops_the_process(disk: Disk, at: int) -> None:
    async with open_database(Path(disk.root)) as db:
        before = await _live_until(db, at)
        disk.fail = _failing("write", FULL)
        with pytest.raises(DatabaseLostError):
            await db.write(LIFE[at])
        assert db.lost.is_set()
    assert await _after_restart(disk) == before


@pytest.mark.fault("D5")
async def test_a_full_disk_refuses_who_waits_and_spares_the_ballast(disk: Disk) -> None:
    async with open_database(Path(disk.root)) as db:
        before = await db.read(digest)
        disk.fail = _failing("write", FULL)
        with pytest.raises(DatabaseBusyError):
            await db.write_within(5, _reserve)
        assert await db.read(digest) == before
        assert Path(disk.root, BALLAST).exists()
        assert not db.lost.is_set()
        disk.fail = lambda _op: OK
        await db.write_within(5, _reserve)


@pytest.mark.fault("D8")
@pytest.mark.parametrize(("kind", "code"), [("sync", IOERR_FSYNC), ("write", IOERR_WRITE)])
@EACH_COMMIT
async def test_a_commit_that_fails_is_known_only_after_a_new_start(
    disk: Disk, at: int, kind: str, code: int
) -> None:
    directory = Path(disk.root)
    async with open_database(directory) as db:
        before = await _live_until(db, at)
        disk.fail = _failing(kind, code)
        with pytest.raises(DatabaseLostError):
            await db.write(LIFE[at])
        assert db.lost.is_set()
        left = {path.name: path.read_bytes() for path in directory.iterdir()}
    # What a kill leaves at that moment: a log whose last frames nobody knows to be on the disk.
    for name, content in left.items():
        (directory / name).write_bytes(content)
    seen = await _after_restart(disk)
    if kind == "sync":
        assert seen != before, "the frames are there, so the commit is: nothing definite was told"
    else:
        assert seen == before


@pytest.mark.fault("D8")
async def test_nothing_is_written_after_a_commit_that_failed(disk: Disk) -> None:
    """Else somebody would be told that they succeeded on what the next start may not find."""
    async with open_database(Path(disk.root)) as db:
        await _live_until(db, 1)
        disk.fail = _failing("sync", IOERR_FSYNC)
        with pytest.raises(DatabaseLostError):
            await db.write(LIFE[1])
        disk.fail = lambda _op: OK
        with pytest.raises(DatabaseLostError):
            await db.write(LIFE[1])
        with pytest.raises(DatabaseLostError):
            await db.write_within(5, LIFE[1])
