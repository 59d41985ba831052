"""The bot's own backups: hourly, before each migration, and never at the bot's expense.

A copy that could not be made is a miss. Two in a row are told once, as an error; the copies there
are stay, and everything else goes on.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from config import StorageConfig
from jobs.alarm import Alarm
from jobs.ports import Clock
from storage import backup, settings
from storage.backup import BackupError
from storage.database import Database
from storage.errors import UnusableDatabaseError

log = logging.getLogger(__name__)

EVERY_S = 3600
MISSES_TOLD = 2
# Why the last try failed, and how many did since the last copy; gone when there is one again.
TROUBLE, MISSES = "trouble", "backup_misses"


class Backups:
    """The loop that makes them, in a thread of its own."""

    def __init__(self, db: Database, storage: StorageConfig, clock: Clock) -> None:
        self._db, self._storage, self._clock = db, storage, clock
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        while self._storage.backups:
            await self.alarm.wait(await self._round())
        await self.alarm.wait(None)

    async def _round(self) -> float:
        """Make the copy that is due; return when to look again."""
        now = int(self._clock.now())
        try:
            wait_s = await asyncio.to_thread(make_due, self._db.path, self._storage, now)
        except BackupError as error:
            await self._missed(str(error))
            return EVERY_S
        if wait_s > 0:
            return wait_s
        if await self._db.insist(_end_of_trouble):
            log.info("backups are made again, in %s", self._storage.backups_dir)
        return EVERY_S

    async def _missed(self, why: str) -> None:
        misses = await self._db.insist(_note_miss, why)
        if misses == MISSES_TOLD:
            log.error(
                "%d backups in a row could not be made; the bot goes on, and what there is in %s "
                "stays: %s",
                misses,
                self._storage.backups_dir,
                why,
            )
        else:
            log.warning("no backup was made: %s", why)


def make_due(source: Path, storage: StorageConfig, now: int) -> float:
    """Make a backup unless the newest is younger than an hour; return how long that still holds.

    0 means that one was made. Blocking. Raises BackupError.
    """
    directory = storage.backups_dir
    try:
        newest = max((one.made_at for one in backup.list_all(directory)), default=None)
    except OSError as error:
        raise BackupError(f"{directory} cannot be read: {error.strerror or error}") from error
    # One of the future was made by a clock that was wrong, and says nothing of the present.
    if newest is not None and 0 <= now - newest < EVERY_S:
        return float(EVERY_S - (now - newest))
    make_own(source, storage, backup.name_for(now), now)
    try:
        for path in backup.prune(directory):
            log.debug("%s is no longer kept", path.name)
    except OSError as error:
        log.warning("old backups cannot be removed: %s", error)
    return 0.0


def make_own(source: Path, storage: StorageConfig, name: str, now: int) -> Path:
    """Make a backup of that name in the bot's own directory of them. Raises BackupError."""
    directory = storage.backups_dir
    if storage.backup_dir is None:
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise BackupError(f"{directory} cannot be made: {error.strerror}") from error
    elif not directory.is_dir():
        # Made by itself, it would stand in for a disk that is not mounted.
        raise BackupError(f"storage.backup_dir {directory} is not there; make it, or mount it")
    spare = storage.min_free_bytes if _is_same_disk(source, directory) else 0
    size = backup.make(source, directory / name, now, spare_bytes=spare)
    log.info("backup %s made, %d KiB", name, size >> 10)
    return directory / name


def before_migrating(storage: StorageConfig, now: int) -> Callable[[int], None] | None:
    """Return what keeps a copy of the books before an update changes them; None when off."""
    if not storage.backups:
        return None

    def keep(version: int) -> None:
        name = backup.name_for(now, version)
        if (storage.backups_dir / name).exists():
            return
        try:
            make_own(storage.database, storage, name, now)
        except BackupError as error:
            raise UnusableDatabaseError(
                f"the books are of an older version, and are not changed before there is a backup "
                f"of them: {error}"
            ) from error

    return keep


def _is_same_disk(source: Path, directory: Path) -> bool:
    try:
        return source.stat().st_dev == directory.stat().st_dev
    except OSError:
        return False


def _note_miss(tx: sqlite3.Connection, why: str) -> int:
    settings.put(tx, backup.SCOPE, TROUBLE, why)
    return settings.bump(tx, MISSES)


def _end_of_trouble(tx: sqlite3.Connection) -> bool:
    """Forget the misses; False when there were none."""
    if not settings.counter(tx, MISSES):
        return False
    settings.set_counter(tx, MISSES, 0)
    settings.drop(tx, backup.SCOPE, TROUBLE)
    return True
