"""Looking at the books from outside, while the bot may be using them: nothing is written."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage import invariants, legible, schema
from storage.errors import UNREADABLE, UnusableDatabaseError, cannot_be_used

# With two connections that checkpoint at once, older versions may lose a commit.
_MENDED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


@dataclass(frozen=True, slots=True)
class OpenJobs:
    """The unfinished jobs of one state: how many, what they hold, when the oldest was asked for."""

    state: str
    count: int
    tokens: int
    oldest_at: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Messages set aside because they have no place: how many, and of how many servers."""

    count: int
    guilds: int


@contextmanager
def looking_at(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file read-only, as of one moment; raises UnusableDatabaseError with a sentence."""
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("BEGIN")
        yield connection
    except UNREADABLE as error:
        raise cannot_be_used(path, error) from error
    finally:
        if connection is not None:
            connection.close()


def find_fault(path: Path) -> str | None:
    """Look through the whole file and every sum in it, on a connection of its own.

    Returns a sentence for the host, or None when all is well. Blocking; takes seconds on old books.
    """
    try:
        with looking_at(path) as tx:
            schema.require_sound(tx, path, wholly=True)
            invariants.require(tx)
            legible.require_all(tx)
    except UnusableDatabaseError as error:
        return str(error)
    return None


def log_bytes(path: Path) -> int:
    """Return the size of the log that commits are written to first; 0 while there is none."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def is_wal_reset_mended(version: tuple[int, int, int]) -> bool:
    """Return whether this SQLite has the fix of its WAL-reset race."""
    branch = next((fixed for fixed in _MENDED if fixed[:2] == version[:2]), _MENDED[-1])
    return version >= branch


def list_open(tx: sqlite3.Connection) -> list[OpenJobs]:
    """Return the unfinished jobs by state, in the order a job passes through them."""
    rows = tx.execute(
        "SELECT j.state, count(*), sum(j.hold), min(j.created_at) FROM job j"
        " JOIN job_state s ON s.name = j.state AND s.terminal = 0"
        " GROUP BY j.state ORDER BY s.rowid"
    )
    return [OpenJobs(*row) for row in rows]


def list_attention(tx: sqlite3.Connection) -> list[tuple[int, str, str, int, int]]:
    """Return jobs that a person has to look at: number, reason, state, tokens, moment (epoch s).

    The tokens are those held, or for a job that ended those charged; the moment is that of its
    last move.
    """
    rows = tx.execute(
        "SELECT j.id, j.attention, j.state, iif(s.terminal, coalesce(j.tokens, 0), j.hold),"
        " coalesce((SELECT max(at) FROM event e WHERE e.job = j.id), j.created_at)"
        " FROM job j JOIN job_state s ON s.name = j.state"
        " WHERE j.attention IS NOT NULL ORDER BY j.id"
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def count_old_holds(tx: sqlite3.Connection, before: int) -> tuple[int, int]:
    """Return how many unfinished jobs were asked for before a moment, and what they hold."""
    row = tx.execute(
        "SELECT count(*), coalesce(sum(j.hold), 0) FROM job j"
        " JOIN job_state s ON s.name = j.state AND s.terminal = 0 WHERE j.created_at < ?",
        (before,),
    ).fetchone()
    return int(row[0]), int(row[1])


def count_undelivered(tx: sqlite3.Connection) -> tuple[Undelivered, Undelivered]:
    """Return the results, and the notices to admins, that were set aside."""
    results = tx.execute(
        "SELECT count(*), count(DISTINCT j.guild_id) FROM outbox o JOIN job j ON j.id = o.job"
        " WHERE o.done = 2"
    ).fetchone()
    notices = tx.execute(
        "SELECT count(*), count(DISTINCT guild_id) FROM notice WHERE done = 2"
    ).fetchone()
    return Undelivered(*results), Undelivered(*notices)
