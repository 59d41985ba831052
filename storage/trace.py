"""What the last run left beside the books, so that the next one notices when commits are missing.

A run that was killed leaves the file that SQLite commits into; if that is gone, so are the last
commits. And a run counts itself in the books and here: a lower count there means older books.
Only evidence: without it a start goes on as if all were well, and the vendor's history still tells.
"""

import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path

log = logging.getLogger(__name__)

NAME = "reelbox.trace"


@dataclass(frozen=True, slots=True)
class Trace:
    """What a run left: its number, and up to where the vendor's history was accounted for.

    `is_open` from its first commit until right before the books are closed. `is_cut` when they were
    open and the file beside them is gone: then the last commits certainly are.
    """

    epoch: int = 0
    swept_to: int = 0
    is_open: bool = False
    is_cut: bool = False


def take_up(database: Path) -> Trace:
    """Return what the last run left. Before anything opens the books, since that tidies up."""
    beside = database.with_name(f"{database.name}-wal")
    try:
        kept = Trace(**json.loads((database.parent / NAME).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Trace()
    except (OSError, ValueError, TypeError) as error:
        log.warning("%s cannot be read and is not used: %s", NAME, error)
        return Trace()
    if kept.is_open:
        is_there = beside.exists() and beside.stat().st_size > 0
        kept = replace(kept, is_open=False, is_cut=kept.is_cut or not is_there)
        # From here on the file beside may go for good reasons, also if this start is cut short.
        write(database, kept)
    return kept


def write(database: Path, trace: Trace) -> None:
    """Leave a trace; where that cannot be, there is none."""
    path = database.parent / NAME
    passing = path.with_name(f".{NAME}")
    try:
        passing.write_text(json.dumps(asdict(trace)), encoding="utf-8")
        passing.replace(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", NAME, error.strerror or error)


def forget(database: Path) -> None:
    """Remove it: the books beside it are other ones from now on. Raises OSError."""
    (database.parent / NAME).unlink(missing_ok=True)
