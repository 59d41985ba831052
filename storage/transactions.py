"""What the database thread does: run a function between BEGIN and COMMIT, and sort what fails."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from crashpoints import reach
from storage.connections import BUSY_TIMEOUT_S
from storage.errors import DatabaseBusyError, DatabaseLostError, code_of

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# A read that takes longer is ended: while it lasts, the log cannot be carried over and grows.
READ_TIMEOUT_S = 60.0
PROGRESS_STEPS = 100_000
# After these nobody knows what a failed COMMIT left behind, so the process ends and looks again.
_LOST = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """What a transaction does, and what it is called."""

    name: str
    function: Callable[[sqlite3.Connection], T]


def name_of(function: Callable[..., Any]) -> str:
    """Return what a step is called in the list of boundaries."""
    named = function.func if isinstance(function, partial) else function
    return getattr(named, "__name__", type(named).__name__)


class Ticket:
    """Who waits may give up until the database thread has begun, and not after."""

    def __init__(self, begin_before: float) -> None:
        self.begin_before = begin_before
        self._lock = threading.Lock()
        self._is_begun = self._is_given_up = False

    def begin(self) -> None:
        """Begin, on the database thread; raises DatabaseBusyError when nobody waits any more."""
        with self._lock:
            if self._is_given_up or time.monotonic() >= self.begin_before:
                raise DatabaseBusyError("the writer was busy for too long")
            self._is_begun = True

    def give_up(self) -> bool:
        """Stop waiting; False when it has begun, and its end will be known shortly."""
        with self._lock:
            self._is_given_up = not self._is_begun
            return self._is_given_up


def run(connection: sqlite3.Connection, work: Work[T], ballast: Path) -> T:
    """A transaction for what has to be written; on a full disk, into the room of the ballast."""
    try:
        return _attempt(connection, work)
    except sqlite3.Error as error:
        if code_of(error) == sqlite3.SQLITE_FULL and ballast.exists():
            # What is being written may already have cost tokens: give it the room kept for that.
            log.critical("the disk is full; using the ballast kept for this")
            reach("before removal")
            ballast.unlink()
            reach("after removal")
            try:
                return _attempt(connection, work)
            except sqlite3.Error as second:
                error = second
        raise _sorted(error) from error


def run_patiently(connection: sqlite3.Connection, work: Work[T], ticket: Ticket) -> T:
    """A transaction for someone who waits. It has cost nothing yet, so no ballast is spent."""
    ticket.begin()
    left_ms = max(1, int((ticket.begin_before - time.monotonic()) * 1000))
    try:
        connection.execute(f"PRAGMA busy_timeout = {left_ms}")
        return _attempt(connection, work)
    except sqlite3.Error as error:
        if code_of(error) == sqlite3.SQLITE_FULL:
            raise DatabaseBusyError(str(error)) from error
        raise _sorted(error) from error
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")


def snapshot(connection: sqlite3.Connection, function: Callable[[sqlite3.Connection], T]) -> T:
    """A look at one moment of the books."""
    ends_at = time.monotonic() + READ_TIMEOUT_S
    connection.set_progress_handler(lambda: time.monotonic() > ends_at, PROGRESS_STEPS)
    try:
        connection.execute("BEGIN")
        try:
            return function(connection)
        finally:
            connection.set_progress_handler(None, 0)
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        if code_of(error) in _LOST - {sqlite3.SQLITE_READONLY}:
            raise DatabaseLostError(str(error)) from error
        raise


def require_writable(connection: sqlite3.Connection) -> None:
    """Raise SQLite's error for a file that can only be read; one that is held is free again."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute("UPDATE meta SET v = v WHERE k = 'epoch'")
        finally:
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if code_of(error) != sqlite3.SQLITE_BUSY:
            raise


def rehearsal(
    function: Callable[Concatenate[sqlite3.Connection, P], T],
) -> Callable[Concatenate[sqlite3.Connection, P], T]:
    """Return a step that returns or raises what `function` would, and leaves nothing behind."""

    @wraps(function)
    def rehearse(tx: sqlite3.Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        tx.execute("SAVEPOINT rehearsal")
        result = function(tx, *args, **kwargs)
        tx.execute("ROLLBACK TO rehearsal")
        return result

    return rehearse


def _attempt(connection: sqlite3.Connection, work: Work[T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work.function(connection)
        reach("before commit", work.name)
        connection.execute("COMMIT")
        reach("after commit", work.name)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _sorted(error: sqlite3.Error) -> Exception:
    """Return the error as what has to be done about it."""
    if code_of(error) == sqlite3.SQLITE_BUSY:
        return DatabaseBusyError(str(error))
    return DatabaseLostError(str(error)) if code_of(error) in _LOST else error
