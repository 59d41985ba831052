"""What a run leaves beside the books, so that the next one knows whether commits are missing.

Two things may be known from it. That commits are certainly gone: a run that was killed leaves the
file that SQLite commits into, each run counts itself in the books and here, and before a request
to make a video leaves, this file says up to which move of a job the books go. Whatever of that is
missing from the books was lost or put back to an earlier state.

And that nothing is missing (the books are unbroken), so that videos at the vendor which they do not
know are somebody else's. This holds when

1. the mark here is no higher than the books: it is written after the commit that says `submitting`
   and before the request leaves, so every request that ever left is in books that reach it. A kill
   between commit and mark leaves a lower mark, and a request that never left;
2. it is of the same line as the books: a random word that both were given when they were last
   compared with the vendor's history, so no other books, and none that once went another way;
3. this file itself is the last one that was written. Books and trace that were put back together
   look right, and no file can tell that of itself. But the system can tell where and when a file
   was made: a copy has another number on the disk, or was put there (ctime, which nobody can set)
   later than its text says. What copies whole disks with those numbers, such as a snapshot of a
   virtual machine, ends in another start of the system, whose number is here as well; and one that
   brings back memory too leaves that system's clock behind the time of day.

In all other cases nothing vouches for the books, and the history tells: also after each start of
the machine, and then no sync of this file is needed, since only a lost power could lose it. One
thing stays unseen: a volume that is rolled back under a system which runs on, with file system,
numbers and all. Whoever does that has to remove this file. What waits is compared with the history
in any case before it is sent.
"""

import json
import logging
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from crashpoints import reach

T = TypeVar("T")

log = logging.getLogger(__name__)

NAME = "reelbox.trace"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# How far the moments may be apart at which one file was written, as its text and the disk tell it.
STAMPS_APART_S = 10.0


@dataclass(frozen=True, slots=True)
class Trace:
    """What a run left: its number, and up to where the vendor's history was accounted for.

    `is_open` from its first commit until right before the books are closed. `is_cut` when they were
    open and the file beside them is gone: then the last commits certainly are. `line` is the word
    that the books have too, "" while nothing vouches for them; `moves` is the last move of a job
    (its number) that they had before a request left. `is_moved` when this may not be the last trace
    that was left.
    """

    epoch: int = 0
    swept_to: int = 0
    is_open: bool = False
    is_cut: bool = False
    line: str = ""
    moves: int = 0
    is_moved: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where and when a trace was written: by which start of the system, and as which file.

    `clock_gap_s` is how far the time of day was ahead of the system's own.
    """

    boot: str = ""
    device: int = 0
    inode: int = 0
    written_at: float = 0.0
    clock_gap_s: float = 0.0


def take_up(database: Path) -> Trace:
    """Return what the last run left. Before anything opens the books, since that tidies up."""
    path = database.parent / NAME
    beside = database.with_name(f"{database.name}-wal")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        kept, place = _parsed(Trace, told), _parsed(_Place, told.get("place", {}))
        kept = replace(kept, is_moved=kept.is_moved or not _is_here(place, path))
    except FileNotFoundError:
        return Trace()
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read and is not used: %s", NAME, error)
        return Trace()
    if kept.is_open:
        is_there = beside.exists() and beside.stat().st_size > 0
        kept = replace(kept, is_open=False, is_cut=kept.is_cut or not is_there)
        # From here on the file beside may go for good reasons, also if this start is cut short.
        write(database, kept)
    return kept


def write(database: Path, trace: Trace) -> None:
    """Leave a trace; where that cannot be, none that vouches for anything. Takes no sync."""
    path = database.parent / NAME
    passing = path.with_name(f".{NAME}")
    try:
        with passing.open("w", encoding="utf-8") as file:
            place = _here(os.fstat(file.fileno()))
            file.write(json.dumps({**asdict(trace), "place": asdict(place)}))
        reach("before trace")
        passing.replace(path)
        reach("after trace")
    except OSError as error:
        log.warning("%s cannot be written: %s", NAME, error.strerror or error)
        with suppress(OSError):
            passing.unlink(missing_ok=True)
        _disown(path)


def forget(database: Path) -> None:
    """Remove it: the books beside it are other ones from now on. Raises OSError."""
    (database.parent / NAME).unlink(missing_ok=True)


def _disown(path: Path) -> None:
    """Let the trace before vouch for nothing; what it says that is missing still is.

    Takes no room on the disk and no right on the directory.
    """
    try:
        os.utime(path, (0, 0))
    except FileNotFoundError:
        return
    except OSError as error:
        log.error("%s is out of date and cannot be changed; remove it: %s", NAME, error.strerror)


def _here(stat: os.stat_result) -> _Place:
    now = time.time()
    return _Place(_boot(), stat.st_dev, stat.st_ino, now, now - _system_s())


def _is_here(place: _Place, path: Path) -> bool:
    """Say whether the trace is where it was written, by a run of this start of the system."""
    stat = path.stat()
    gap_s = time.time() - _system_s()
    apart_s = (
        stat.st_ctime - place.written_at,
        stat.st_mtime - place.written_at,
        gap_s - place.clock_gap_s,
    )
    return (
        place.boot != ""
        and (place.boot, place.device, place.inode) == (_boot(), stat.st_dev, stat.st_ino)
        and all(abs(seconds) <= STAMPS_APART_S for seconds in apart_s)
    )


def _boot() -> str:
    """Return what names this start of the system, "" where nothing does."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _system_s() -> float:
    """Return how long the system has been up, asleep or not."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def _parsed(kind: type[T], told: Any) -> T:
    """Return what was told as a record of that kind; raises ValueError for anything else."""
    if not isinstance(told, dict):
        raise ValueError(f"no {kind.__name__}")
    values = {}
    for each in fields(kind):  # type: ignore[arg-type]  # both kinds are dataclasses
        values[each.name] = told.get(each.name, each.default)
        if type(values[each.name]) is not type(each.default):
            raise ValueError(f"{each.name} is no {type(each.default).__name__}")
    return kind(**values)
