"""Putting a backup in the place of the books, so that no kill leaves anything half done.

The books and the file that SQLite commits into belong together: the old one of these, applied to
restored books, would damage them. So both are moved aside, and a note says so until all is done.
"""

import logging
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from storage import backup, copying, rewound, trace
from storage.backup import BackupError
from storage.errors import UnusableDatabaseError
from storage.lock import instance_lock
from storage.rewound import Rewound

log = logging.getLogger(__name__)

UNFINISHED = "reelbox.restoring"
_BESIDE = ("-wal", "-journal")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: `kept` is where the books of before are now, None when there were none.

    `made_at` is when the copy was made, as far as it tells (epoch s); `version` its schema.
    """

    kept: Path | None
    made_at: int
    version: int


def restore(copy: Path, database: Path, now: int) -> Restored:
    """Put a checked copy of `copy` in the place of the books and mark it as older than the world.

    Blocking. Raises AlreadyRunningError while a bot has the directory, and BackupError with a
    sentence; the books are then as they were, unless the sentence says otherwise.
    """
    passing = database.with_name(f".{database.name}.restoring")
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with instance_lock(database.parent / "reelbox.lock"), copying.in_passing(passing):
            version, made_at = _fetch(copy, passing)
            return Restored(_swap(passing, database, now), made_at, version)
    except UnusableDatabaseError as error:
        raise BackupError(f"{copy} cannot be restored: {error}") from error
    except sqlite3.Error as error:
        raise BackupError(f"{copy} cannot be restored, it cannot be read: {error}") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise BackupError(f"{copy} could not be restored: {error.filename}: {why}") from error


def require_whole(database: Path) -> None:
    """Raise UnusableDatabaseError while a restore was begun and not ended."""
    if (database.parent / UNFINISHED).exists():
        raise UnusableDatabaseError(
            "a restore was interrupted, so the books are not in their place; do it again with "
            "`python bot.py restore FILE`"
        )


def _fetch(copy: Path, passing: Path) -> tuple[int, int]:
    """Write the copy beside the books, check what was written, and mark it; return its facts."""
    if not copy.is_file():
        raise BackupError(f"{copy} is not there")
    copying.rewrite(copy, passing)
    try:
        version = backup.check(passing)
    except UnusableDatabaseError as error:
        raise UnusableDatabaseError(str(error).replace(str(passing), "it")) from error
    with closing(sqlite3.connect(passing, isolation_level=None)) as connection:
        since = backup.find_made_at(connection)
        since = rewound.find_newest_moment(connection) if since is None else since
        rewound.mark(connection, Rewound("restore", since))
    copying.sync(passing)
    return version, since


def _swap(passing: Path, database: Path, now: int) -> Path | None:
    """Move the books aside and the new ones in; at each instant a start refuses or is right."""
    directory = database.parent
    note = directory / UNFINISHED
    note.write_text("see `python bot.py restore`\n", encoding="utf-8")
    copying.sync(note)
    copying.sync(directory)
    kept = _free_name(database, now)
    for suffix in _BESIDE:
        with suppress(FileNotFoundError):
            os.rename(f"{database}{suffix}", f"{kept}{suffix}")
    with suppress(FileNotFoundError):
        os.unlink(f"{database}-shm")  # SQLite makes it anew from the file beside
    was_there = database.exists()
    if was_there:
        database.rename(kept)
    copying.sync(directory)
    passing.rename(database)
    trace.forget(database)
    copying.sync(directory)
    note.unlink()
    copying.sync(directory)
    return kept if was_there else None


def _free_name(database: Path, now: int) -> Path:
    """Return a name for the books of before that nothing has yet."""
    base = f"{database.name}.before-{backup.stamp(now)}"
    count = 1
    kept = database.with_name(base)
    while any(kept.parent.glob(f"{kept.name}*")):
        count += 1
        kept = database.with_name(f"{base}-{count}")
    return kept
