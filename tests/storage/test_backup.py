"""Backups of books in use: one moment of them, checked, private, and no more than are wanted."""

import asyncio
import errno
import os
import resource
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage import backup, backup_restore, connections, copying, jobs
from storage.backup import BackupError
from storage.database import open_database
from tests.storage.child import in_child
from tests.storage.conftest import NOW
from tests.storage.shelf import read, reserve, write

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("private_files")]

HOUR_S = 3600


@pytest.mark.fault("D16")
async def test_a_backup_under_constant_writes_is_one_moment_and_its_sums_agree(
    tmp_path: Path, shelf: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    done = asyncio.Event()
    async with open_database(data) as db:

        async def write_on() -> int:
            number = 0
            while not done.is_set():
                number += 1
                await db.write(reserve, number)
            return number

        writing = asyncio.create_task(write_on())
        made = []
        for count in range(5):
            target = shelf / backup.name_for(NOW + count)
            await asyncio.to_thread(backup.make, db.path, target, NOW + count)
            made.append(target)
        done.set()
        written = await writing
    sizes = [len(read(one)) for one in made]
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0], "it was written to all the time"
    assert sizes[-1] <= written
    for one, size in zip(made, sizes, strict=True):
        assert read(one) == list(range(1, size + 1)), "every commit up to one moment, none after"
    backup_restore.restore(made[2], data / "reelbox.sqlite3", NOW)
    assert len(read(data / "reelbox.sqlite3")) == sizes[2]


@pytest.mark.fault("S7")
def test_nobody_else_can_read_a_backup_and_it_opens_no_interaction(
    books: Path, shelf: Path
) -> None:
    with closing(sqlite3.connect(books, isolation_level=None)) as tx:
        tx.row_factory = sqlite3.Row
        job_id = reserve(tx, 1)
        tx.execute("UPDATE interaction_token SET token = 'aTokenThatOpensAMessage'")
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)
    assert oct(target.stat().st_mode)[-3:] == "600"
    assert [path.name for path in shelf.iterdir()] == [target.name], "one file, nothing beside it"
    assert b"aTokenThatOpensAMessage" in books.read_bytes() or (
        b"aTokenThatOpensAMessage" in books.with_name(f"{books.name}-wal").read_bytes()
    )
    assert b"aTokenThatOpensAMessage" not in target.read_bytes()
    with closing(connections.open_read_only(target)) as connection:
        assert backup.find_made_at(connection) == NOW
        assert jobs.get(connection, job_id).interaction_id == 1


def test_what_was_deleted_long_ago_is_not_in_a_backup(books: Path, shelf: Path) -> None:
    with closing(sqlite3.connect(books, isolation_level=None)) as tx:
        tx.execute("PRAGMA secure_delete = OFF")  # some builds have it on
        tx.execute("INSERT INTO setting VALUES ('a', 'b', 'aWordThatWasTakenBack')")
        tx.execute("DELETE FROM setting WHERE scope = 'a'")
    assert b"aWordThatWasTakenBack" in books.read_bytes()
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)
    assert b"aWordThatWasTakenBack" not in target.read_bytes()


def test_a_copy_that_does_not_add_up_is_no_backup(books: Path, shelf: Path) -> None:
    write(books, 1)
    with closing(sqlite3.connect(books, isolation_level=None)) as tx:
        tx.execute("UPDATE account SET held = held + 1 WHERE id = 'org'")
    with pytest.raises(BackupError, match="do not add up"):
        backup.make(books, shelf / backup.name_for(NOW), NOW)
    assert list(shelf.iterdir()) == []


@pytest.mark.fault("D18")
@pytest.mark.parametrize("limit", [0, 4096, 100_000])
def test_a_target_that_fills_up_leaves_no_half_of_a_copy_and_the_last_one_stays(
    books: Path, shelf: Path, limit: int
) -> None:
    write(books, *range(40))
    good = shelf / backup.name_for(NOW)
    backup.make(books, good, NOW)
    assert good.stat().st_size > limit
    target = shelf / backup.name_for(NOW + HOUR_S)

    def starved() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with pytest.raises(BackupError, match="could not be"):
            backup.make(books, target, NOW + HOUR_S)

    assert in_child(starved) == 0
    assert list(shelf.iterdir()) == [good]
    assert len(read(good)) == len(read(books)) == 40


def test_no_backup_is_made_that_would_leave_the_disk_too_full(books: Path, shelf: Path) -> None:
    free = shutil.disk_usage(shelf).free
    with pytest.raises(BackupError, match="make room there"):
        backup.make(books, shelf / backup.name_for(NOW), NOW, spare_bytes=2 * free)
    assert list(shelf.iterdir()) == []


def test_the_last_24_and_the_last_of_14_days_are_kept_and_halves_are_swept_up(
    books: Path, shelf: Path
) -> None:
    first = NOW - NOW % 86_400
    write(books, 1)
    template = shelf / "template"
    backup.make(books, template, NOW)
    made = [first + hour * HOUR_S for hour in range(40 * 24)]
    for at in made:
        os.link(template, shelf / backup.name_for(at))
    template.unlink()
    (shelf / f".{backup.name_for(NOW)}.partial").write_bytes(b"half")
    os.link(shelf / backup.name_for(made[0]), shelf / backup.name_for(made[5], 3))
    (shelf / "mine.sqlite3").write_bytes(b"somebody's own file")
    backup.prune(shelf)
    kept = {path.name for path in shelf.iterdir()}
    last_of_days = [first + day * 86_400 + 23 * HOUR_S for day in range(26, 40)]
    wanted = {backup.name_for(at) for at in [*made[-24:], *last_of_days]}
    assert kept == {*wanted, backup.name_for(made[5], 3), "mine.sqlite3"}
    assert len(wanted) == 24 + 13


def test_a_disk_that_fails_while_a_copy_is_written_is_told(
    books: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so once: what is synced after that would be told to have arrived."""

    def fail(_file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    write(books, *range(40))
    monkeypatch.setattr(copying, "SYNC_EVERY_S", 0.0)
    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(BackupError, match="could not be written: Input/output error"):
        backup.make(books, shelf / backup.name_for(NOW), NOW)
    assert list(shelf.iterdir()) == []


@pytest.mark.parametrize("fails", ["take", "rewrite", "sync"])
def test_whatever_stops_a_backup_nothing_of_it_stays_behind(
    books: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    step = getattr(copying, fails)

    def full(*paths: Path) -> None:
        step(*paths)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write(books, 1)
    monkeypatch.setattr(copying, fails, full)
    with pytest.raises(BackupError, match="No space left"):
        backup.make(books, shelf / backup.name_for(NOW), NOW)
    assert list(shelf.iterdir()) == []
