"""Books that are older than the world: since when, and how far putting that right has come.

A backup was restored, or the last commits were lost. What the bot did since then happened all the
same: it is in the vendor's history and in Discord's channels, and not in this file.
"""

import json
import secrets
import sqlite3
from dataclasses import asdict, dataclass
from typing import Literal

from storage import settings

SCOPE, MARKER, LAST, LINE = "recovery", "marker", "last", "line"
LINE_BYTES = 8
# Jobs up to this number, and their messages, were in a file that was rewound.
KNOWN_JOBS = "rewound_jobs"
# When the last recovery began (epoch s).
BEGUN_AT = "rewound_at"
# The latest moment that books told of when it became doubtful whether something is missing from
# them (epoch s); 0 while it is not.
DOUBTED_SINCE = "doubted_since"
# New rows are numbered from here on: a number also names a message on Discord.
NUMBER_FLOOR = "number_floor"
NUMBERS_LEFT_OUT = 10_000

How = Literal["restore", "lost", "history"]


@dataclass(frozen=True, slots=True)
class Rewound:
    """The marker. Nothing is sent and nothing taken in while it stands.

    `how` is "restore" (a backup was put back), "lost" (the last commits are certainly gone) or
    "history" (the vendor shows what we do not know). What was done after `since` (epoch s) is not
    in the file. `begun_at` (ours) and `vendor_began_at` (the vendor's clock) are when the books
    were first compared, `clear_at` (the vendor's) when that first showed nothing to wait for.
    """

    how: How
    since: int
    begun_at: int | None = None
    vendor_began_at: int | None = None
    clear_at: int | None = None


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a recovery that is over came to, with times by our clock (epoch s).

    `adopted` jobs were found at the vendor, `given_back` were not,
    or could not be told apart.
    """

    how: How
    since: int
    begun_at: int
    ended_at: int
    adopted: int
    given_back: int


def mark(tx: sqlite3.Connection, marker: Rewound) -> None:
    """Write the marker, over an earlier one."""
    settings.put(tx, SCOPE, MARKER, json.dumps(asdict(marker)))


def find(tx: sqlite3.Connection) -> Rewound | None:
    """Return the marker, None where the books are as new as the world."""
    kept = settings.find(tx, SCOPE, MARKER)
    return None if kept is None else Rewound(**json.loads(kept))


def end(tx: sqlite3.Connection, aftermath: Aftermath) -> None:
    """Take the marker away and remember what it came to."""
    settings.drop(tx, SCOPE, MARKER)
    settings.set_counter(tx, DOUBTED_SINCE, 0)
    settings.put(tx, SCOPE, LAST, json.dumps(asdict(aftermath)))


def find_last(tx: sqlite3.Connection) -> Aftermath | None:
    """Return what the last recovery came to, or None."""
    kept = settings.find(tx, SCOPE, LAST)
    return None if kept is None else Aftermath(**json.loads(kept))


def begin_line(tx: sqlite3.Connection) -> str:
    """Note that nothing is missing from the books as of now; return the word for that.

    It stands for them from here on, for as long as each start can tell that nothing got lost since
    the run before.
    """
    line = secrets.token_hex(LINE_BYTES)
    settings.put(tx, SCOPE, LINE, line)
    settings.set_counter(tx, DOUBTED_SINCE, 0)
    return line


def find_line(tx: sqlite3.Connection) -> str:
    """Return the word of the books, "" while nobody knows whether something is missing."""
    return settings.find(tx, SCOPE, LINE) or ""


def break_line(tx: sqlite3.Connection, since: int) -> None:
    """Note that something may be missing that was done after `since`, until that is compared.

    Whatever the books tell of from here on does not make what is missing older.
    """
    settings.drop(tx, SCOPE, LINE)
    if not settings.counter(tx, DOUBTED_SINCE):
        settings.set_counter(tx, DOUBTED_SINCE, since)


def find_newest_move(tx: sqlite3.Connection) -> int:
    """Return the number of the last move of a job; it only grows. 0 for none."""
    (newest,) = tx.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
    return int(newest)


def find_newest_moment(tx: sqlite3.Connection) -> int:
    """Return the latest moment (epoch s, our clock) that the books tell anything of; 0 for none.

    While they are in doubt, of when that began: a run that asked for the balance and was ended
    before it could read the history knows no more than the one before it.
    """
    if since := settings.counter(tx, DOUBTED_SINCE):
        return since
    row = tx.execute(
        "SELECT max(coalesce((SELECT max(created_at) FROM job), 0),"
        " coalesce((SELECT max(submit_at) FROM job), 0),"
        " coalesce((SELECT max(seen_at) FROM result), 0),"
        " coalesce((SELECT max(v) FROM meta WHERE k IN ('swept_at','balance_at')), 0))"
    ).fetchone()
    return int(row[0])


def leave_numbers_out(tx: sqlite3.Connection) -> None:
    """Begin new numbers well above those that were given away and forgotten."""
    row = tx.execute(
        "SELECT max(coalesce((SELECT max(id) FROM job), 0),"
        " coalesce((SELECT max(id) FROM outbox), 0), coalesce((SELECT max(id) FROM notice), 0))"
    ).fetchone()
    floor = max(int(row[0]), settings.counter(tx, NUMBER_FLOOR)) + NUMBERS_LEFT_OUT
    settings.set_counter(tx, NUMBER_FLOOR, floor)
    (jobs,) = tx.execute("SELECT coalesce(max(id), 0) FROM job").fetchone()
    settings.set_counter(tx, KNOWN_JOBS, jobs)


def next_number(tx: sqlite3.Connection, table: Literal["job", "outbox", "notice"]) -> int | None:
    """Return the number that a new row gets; None leaves it to SQLite: the one after the last."""
    floor = settings.counter(tx, NUMBER_FLOOR)
    if not floor:
        return None
    (newest,) = tx.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608
    return max(int(newest), floor) + 1


def told_before(
    tx: sqlite3.Connection, job_id: int, now: int, seen_unfinished_at: int = -1
) -> dict[str, bool]:
    """Return what the body of a job's last word says of a bot that is forgotten.

    "again": that bot may have told it already; not if the job was seen unfinished after the books
    were rewound (a moment that is still to come was noted before our clock was set back).
    "suspected": nothing but the vendor's history speaks for such a bot, and what it shows may be
    somebody else's.
    """
    is_known = job_id <= settings.counter(tx, KNOWN_JOBS)
    if not is_known or settings.counter(tx, BEGUN_AT) <= seen_unfinished_at <= now:
        return {}
    last = find(tx) or find_last(tx)
    is_suspected = last is not None and last.how == "history"
    return {"again": True, "suspected": True} if is_suspected else {"again": True}
