"""Copying the books while the bot uses them, so that nobody who waits for a commit notices.

Their pages are taken as they are at one moment, which is quick. What was deleted long ago may still
stand in them, so the copy is written anew from there, row by row, where that is in nobody's way. It
goes to the disk in small parts meanwhile: a commit of the bot would wait for one large one.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from storage.connections import open_read_only

SYNC_EVERY_S = 0.02


def take(source: Path, target: Path) -> None:
    """Write the pages of the books, with all that is in the file beside them, as of one moment.

    For a while only: nothing waits until they are on the disk. `target` must not exist. Raises
    sqlite3.Error and OSError; what was written so far is left.
    """
    _create(target)
    with (
        closing(open_read_only(source)) as connection,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        # In one step: in several, each commit in between would make it begin anew, and never end.
        connection.backup(copy)
        # The pages say that there is a file beside them, which a reader would make anew.
        copy.execute("PRAGMA journal_mode = DELETE")


def rewrite(source: Path, target: Path) -> None:
    """Write what a file holds that nobody else uses, and nothing that was deleted from it.

    `target` must not exist. Raises sqlite3.Error and OSError; what was written so far is left.
    """
    _create(target)
    with closing(open_read_only(source)) as connection, _synced_meanwhile(target):
        connection.execute("VACUUM INTO ?", (str(target),))


@contextmanager
def in_passing(path: Path) -> Iterator[None]:
    """Let a file be written that has another name, or is gone, when the block ends.

    Whatever a kill left under its name goes first, and with it goes what SQLite puts beside it.
    """
    path.unlink(missing_ok=True)
    try:
        yield
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Return once a file, or the names in a directory, would survive a power cut."""
    with _open(path) as file:
        os.fsync(file)


def _create(path: Path) -> None:
    """Make an empty file that nobody else may read; raises FileExistsError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


@contextmanager
def _open(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _synced_meanwhile(path: Path) -> Iterator[None]:
    """Bring to the disk, bit by bit, what the block writes to a file."""
    is_done = threading.Event()

    def keep_syncing() -> None:
        while not is_done.wait(SYNC_EVERY_S):
            os.fdatasync(file)

    with _open(path) as file, ThreadPoolExecutor(1, "syncing") as beside:
        syncing = beside.submit(keep_syncing)
        try:
            yield
        finally:
            is_done.set()
        syncing.result()  # a disk says only once that it failed
