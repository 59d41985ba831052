"""Copies of the books, made while the bot uses them; one counts only once it was checked.

Copying the file by hand is not a backup: half of what was committed may still be in the file beside
it. How it is done without that, and without anyone noticing, is in `copying`.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crashpoints import reach
from storage import connections, copying, invariants, schema, settings
from storage.errors import StorageError, UnusableDatabaseError

SCOPE, MADE_AT = "backup", "made_at"
PARTIAL = ".partial"
HOURLY, DAILY = 24, 14
_NAME = re.compile(r"reelbox-(\d{8}T\d{6}Z)(-schema\d+)?\.sqlite3")
_STAMP = "%Y%m%dT%H%M%SZ"


class BackupError(StorageError):
    """There is no copy, or none to be trusted; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy with its own name in a directory of backups; `made_at` is epoch s."""

    path: Path
    made_at: int
    size_bytes: int
    is_before_migration: bool


def name_for(now: int, version: int | None = None) -> str:
    """Return the file name of a copy made then; `version` is the schema it is to be kept of."""
    suffix = "" if version is None else f"-schema{version}"
    return f"reelbox-{stamp(now)}{suffix}.sqlite3"


def stamp(now: int) -> str:
    """Return a moment as it stands in file names, which sort by it."""
    return datetime.fromtimestamp(now, UTC).strftime(_STAMP)


def make(source: Path, target: Path, now: int, *, spare_bytes: int = 0) -> int:
    """Write a checked copy of the books to `target`; return its size in bytes. Blocking.

    `spare_bytes` of the target's disk stay free. The copy holds no tokens of interactions. Raises
    BackupError, and then there is no `target`.
    """
    if target.exists():
        raise BackupError(f"{target} is there already and was left as it is; name another file")
    partial = target.with_name(f".{target.name}{PARTIAL}")
    pages = partial.with_name(f"{partial.name}-pages")
    try:
        _require_room(source, target.parent, spare_bytes)
        with copying.in_passing(partial), copying.in_passing(pages):
            copying.take(source, pages)
            copying.rewrite(pages, partial)
            pages.unlink()
            _tidy(partial, now)
            check(partial)
            copying.sync(partial)
            reach("before rename")
            partial.rename(target)
            reach("after rename")
            copying.sync(target.parent)
        return target.stat().st_size
    except UnusableDatabaseError as error:
        raise BackupError(f"the copy of {source} was checked and thrown away: {error}") from error
    except sqlite3.Error as error:
        raise BackupError(f"{source} could not be copied to {target}: {error}") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise BackupError(f"{target} could not be written: {why}") from error


def check(path: Path) -> int:
    """Return the schema version of a file that is whole and whose sums agree.

    Raises UnusableDatabaseError with a sentence, and sqlite3.Error for what is no database.
    """
    with closing(connections.open_read_only(path)) as connection:
        version = schema.require_ours(connection, path)
        if version == 0:
            raise UnusableDatabaseError(f"{path} is empty")
        if trouble := schema.find_damage(connection, version, wholly=True):
            raise UnusableDatabaseError(f"{path} {trouble}")
        with _as_of_now(connection, version) as books:
            if broken := invariants.violations(books):
                listed = "; ".join(f"{name}: {rows[:3]}" for name, rows in broken.items())
                raise UnusableDatabaseError(f"the books in {path} do not add up ({listed})")
    return version


def find_made_at(connection: sqlite3.Connection) -> int | None:
    """Return when a copy was made (epoch s); None for a file that `make` did not write."""
    kept = settings.find(connection, SCOPE, MADE_AT)
    return None if kept is None else int(kept)


def list_all(directory: Path) -> list[Backup]:
    """Return the copies that carry a name of ours, newest first; none where there is nothing."""
    found = []
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in directory.iterdir():
            if (match := _NAME.fullmatch(path.name)) and path.is_file():
                made = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
                size = path.stat().st_size
                found.append(Backup(path, int(made.timestamp()), size, match[2] is not None))
    return sorted(found, key=lambda one: (one.made_at, one.path.name), reverse=True)


def list_verified(directory: Path) -> Iterator[Backup]:
    """Yield the copies that can be restored now, newest first; each is read through for that."""
    for one in list_all(directory):
        with suppress(UnusableDatabaseError, sqlite3.Error, OSError):
            check(one.path)
            yield one


def find_newest_verified(directory: Path) -> Backup | None:
    """Return the newest copy that can be restored now, or None."""
    return next(list_verified(directory), None)


def prune(directory: Path) -> list[Path]:
    """Remove what is neither of the last hours nor the last of its day; return what was removed.

    Raises OSError.
    """
    found = list_all(directory)
    kept = {one.path for one in found[:HOURLY]}
    of_days: dict[int, Path] = {}
    for one in found:
        of_days.setdefault(one.made_at // 86_400, one.path)
    kept |= set(list(of_days.values())[:DAILY])
    # The way back from an update is not needed before the next one, however long that takes.
    kept |= {one.path for one in found if one.is_before_migration and one == _last_update(found)}
    removed = [one.path for one in found if one.path not in kept]
    # What a kill left half written.
    removed += directory.glob(f".reelbox-*{PARTIAL}*")
    for path in removed:
        reach("before removal")
        path.unlink(missing_ok=True)
        reach("after removal")
    return removed


def _last_update(found: list[Backup]) -> Backup:
    return next(one for one in found if one.is_before_migration)


def _require_room(source: Path, directory: Path, spare_bytes: int) -> None:
    beside = source.with_name(f"{source.name}-wal")
    size = source.stat().st_size + (beside.stat().st_size if beside.exists() else 0)
    free = shutil.disk_usage(directory).free
    # What is taken from the books, and what is written from that.
    needed = 2 * size
    if free < needed + spare_bytes:
        raise BackupError(
            f"{directory} has {free >> 20:,} MiB free, and a copy may need {needed >> 20:,} beside "
            f"the {spare_bytes >> 20:,} that are to stay free; make room there"
        )


def _tidy(path: Path, now: int) -> None:
    """Take out what nobody needs from a copy, and note when it was made."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_mode = MEMORY")
        # They open a message for a quarter of an hour, and nothing after that.
        connection.execute("DELETE FROM interaction_token")
        settings.put(connection, SCOPE, MADE_AT, str(now))


@contextmanager
def _as_of_now(connection: sqlite3.Connection, version: int) -> Iterator[sqlite3.Connection]:
    """Yield the books in the shape of this version: the invariants are written for that one.

    Of an older file a passing copy is brought up to date, which also shows that it can be.
    """
    if version == schema.newest_version():
        yield connection
        return
    # SQLite's own temporary file: removed when it is closed, or when the process is gone.
    with closing(sqlite3.connect("", isolation_level=None)) as passing:
        connection.backup(passing)
        schema.bring_up_to_date(passing, version)
        passing.row_factory = sqlite3.Row
        yield passing
