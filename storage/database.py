"""The database thread: a transaction is one function, run whole, in the order it was handed over.

Statements of several coroutines on one shared connection tear each other's transactions: one's
commit publishes half of another's work, a cancelled await leaves a transaction open for ever. Here
application code never sees BEGIN or COMMIT; it hands over a function and gets its result, and a
cancelled caller learns nothing, while the transaction happens whole or not at all.
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import aiosqlite

from crashpoints import reach
from storage import backup_restore, invariants, legible, rewound, schema, trace
from storage.errors import (
    UNREADABLE,
    DatabaseBusyError,
    DatabaseLostError,
    cannot_be_used,
    code_of,
)
from storage.lock import instance_lock

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

DATABASE = "reelbox.sqlite3"
BUSY_TIMEOUT_S = 5.0
WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024
READERS = 2
# A read that takes longer is ended: while it lasts, the log cannot be carried over and grows.
READ_TIMEOUT_S = 60.0
PROGRESS_STEPS = 100_000
BALLAST = "ballast"
BALLAST_BYTES = 8 * 1024 * 1024
# After these nobody knows what a failed COMMIT left behind, so the process ends and looks again.
_LOST = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}


class _Thread(aiosqlite.Connection):
    """aiosqlite's connection, with the one method we need of it: run a function on its thread."""

    handed_over = 0
    ended = 0  # written on the database thread alone

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        self.handed_over += 1
        result: T = await self._execute(self._to_its_end, function, *args)  # type: ignore[no-untyped-call]
        return result

    def _to_its_end(self, function: Callable[..., T], *args: Any) -> T:
        try:
            return function(*args)
        finally:
            self.ended += 1

    @property
    def raw(self) -> sqlite3.Connection:
        return self._conn


@dataclass(frozen=True, slots=True)
class _Work(Generic[T]):
    """What a transaction does, and what it is called."""

    name: str
    function: Callable[[sqlite3.Connection], T]


def _name_of(function: Callable[..., Any]) -> str:
    named = function.func if isinstance(function, partial) else function
    return getattr(named, "__name__", type(named).__name__)


class Database:
    """One writer and some readers on one SQLite file. Open with `open_database`."""

    def __init__(
        self,
        writer: _Thread,
        readers: list[_Thread],
        ballast: Path,
        path: Path,
        last_run: trace.Trace,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._ballast = ballast
        self._turn = 0
        self._is_lost = False
        self.path = path
        self.last_run = last_run
        """What the run before left behind."""
        self.this_run: trace.Trace | None = None
        self.lost = asyncio.Event()
        """Set once the disk or file failed; the process must end."""

    async def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `function(tx, ...)` between BEGIN IMMEDIATE and COMMIT; its exception rolls back.

        Raises DatabaseBusyError when another process holds the file (nothing was written) and
        DatabaseLostError when only a new start can tell what was.
        """
        return await self._guarded(
            self._writer.call(
                self._unless_lost,
                _transaction,
                self._writer.raw,
                _Work(_name_of(function), lambda tx: function(tx, *args, **kwargs)),
                self._ballast,
            )
        )

    async def insist(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """As `write`, for what has happened already: repeated while the file is held."""
        while True:
            try:
                return await self.write(function, *args, **kwargs)
            except DatabaseBusyError:  # each try waits for some seconds by itself
                log.warning("another process holds the database; trying again")

    async def write_within(
        self,
        patience_s: float,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """As `write`, for someone who waits: not begun within `patience_s` means never begun."""
        ticket = _Ticket(time.monotonic() + patience_s)
        call = asyncio.ensure_future(
            self._writer.call(
                self._unless_lost,
                _patient_transaction,
                self._writer.raw,
                _Work(_name_of(function), lambda tx: function(tx, *args, **kwargs)),
                ticket,
            )
        )
        call.add_done_callback(_heard)
        await asyncio.wait({call}, timeout=patience_s)
        if not call.done() and ticket.give_up():
            raise DatabaseBusyError("the writer was busy for too long")
        return await self._guarded(call)

    async def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `function(connection, ...)` on a read-only connection, in one snapshot."""
        self._turn = (self._turn + 1) % len(self._readers)
        reader = self._readers[self._turn]
        return await self._guarded(
            reader.call(
                _snapshot, reader.raw, lambda connection: function(connection, *args, **kwargs)
            )
        )

    @property
    def open_calls(self) -> int:
        """How many calls the threads have not ended, those included that nobody waits for."""
        return sum(one.handed_over - one.ended for one in (self._writer, *self._readers))

    def _unless_lost(self, attempt: Callable[..., T], *args: Any) -> T:
        """Run on the database thread: once a commit failed, none may be told to have succeeded."""
        if self._is_lost:
            raise DatabaseLostError("the database failed before")
        try:
            return attempt(*args)
        except DatabaseLostError:
            self._is_lost = True
            raise

    async def leave_trace(self, epoch: int, swept_to: int, line: str) -> None:
        """Note, beside the books, that this run has begun to commit; see `trace.Trace`."""
        begun = trace.Trace(epoch, swept_to, is_open=True, line=line)
        await self._guarded(self._writer.call(self._unless_lost, self._mark, lambda _: begun))

    async def leave_mark(self, line: str | None = None) -> None:
        """Note, beside the books, how far they have come, and perhaps their new line.

        Before anything leaves that a later start must find in the books. Without a trace of this
        run there is nothing to add to.
        """

        def further(run: trace.Trace | None) -> trace.Trace | None:
            return run if run is None or line is None else replace(run, line=line)

        await self._guarded(self._writer.call(self._unless_lost, self._mark, further))

    def _mark(self, change: Callable[[trace.Trace | None], trace.Trace | None]) -> None:
        """Write the trace anew, on the database thread: what it tells is committed by then."""
        run = change(self.this_run)
        if run is not None:
            moves = _snapshot(self._writer.raw, rewound.find_newest_move)
            self.this_run = replace(run, moves=moves)
            trace.write(self.path, self.this_run)

    async def _guarded(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except DatabaseLostError:
            if not self.lost.is_set():
                log.critical("the database failed; stopping so that a new start can look again")
            self.lost.set()
            raise


@asynccontextmanager
async def open_database(
    data_dir: Path,
    name: str = DATABASE,
    before_migrating: Callable[[int], None] | None = None,
) -> AsyncIterator[Database]:
    """Lock the directory, open and check the file, and serve it for the life of the block.

    `before_migrating` is handed the version of an older file, to keep a copy of it. Raises
    AlreadyRunningError, or UnusableDatabaseError with a sentence for the host.
    """
    path = data_dir / name
    with instance_lock(data_dir / "reelbox.lock"):
        backup_restore.require_whole(path)
        last_run = trace.take_up(path)
        schema.prepare(path, before_migrating)
        ballast = data_dir / BALLAST
        keep_ballast(ballast)
        opened: list[_Thread] = []
        try:
            try:
                writer = await _open(opened, lambda: _connect(path))
                await writer.call(_require_writable, writer.raw)
                await writer.call(invariants.require, writer.raw)
                await writer.call(legible.require, writer.raw)
                readers = [
                    await _open(opened, lambda: _connect(path, read_only=True))
                    for _ in range(READERS)
                ]
            except UNREADABLE as error:
                raise cannot_be_used(path, error) from error
            database = Database(writer, readers, ballast, path, last_run)
            try:
                yield database
            finally:
                # Before the close, which removes the file that the next start would miss.
                if database.this_run is not None:
                    trace.write(path, replace(database.this_run, is_open=False))
        finally:
            for connection in reversed(opened):
                await connection.close()


async def _open(opened: list[_Thread], connector: Callable[[], sqlite3.Connection]) -> _Thread:
    connection = _Thread(connector, iter_chunk_size=64)
    await connection
    opened.append(connection)
    return connection


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open one connection with the settings that the promises rest on."""
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        # Created on the database thread and used on it alone; closing may come from there too.
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
        # Only the writer checkpoints: two checkpointers at once meet the WAL-reset race.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL would lose acknowledged commits at a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        # What is deleted, such as an interaction's token, is not left in a page that is free.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_SIZE_LIMIT_BYTES}")
    return connection


def _require_writable(connection: sqlite3.Connection) -> None:
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


def keep_ballast(path: Path) -> None:
    """Keep room for one more commit of something already paid for, should the disk fill up."""
    try:
        if not path.exists() or path.stat().st_size < BALLAST_BYTES:
            path.write_bytes(b"\0" * BALLAST_BYTES)
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        log.warning("no room for the ballast file; free some disk space")


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


class _Ticket:
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


def _heard(call: asyncio.Future[Any]) -> None:
    """Take note of an outcome that nobody waits for any more."""
    if not call.cancelled():
        call.exception()


def _transaction(connection: sqlite3.Connection, work: _Work[T], ballast: Path) -> T:
    try:
        return _attempt(connection, work)
    except sqlite3.Error as error:
        if code_of(error) == sqlite3.SQLITE_FULL and ballast.exists():
            # What is being written may already have cost tokens: give it the room kept for that.
            log.critical("the disk is full; using the ballast kept for this")
            ballast.unlink()
            try:
                return _attempt(connection, work)
            except sqlite3.Error as second:
                error = second
        raise _sorted(error) from error


def _patient_transaction(connection: sqlite3.Connection, work: _Work[T], ticket: _Ticket) -> T:
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


def _attempt(connection: sqlite3.Connection, work: _Work[T]) -> T:
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


def _snapshot(connection: sqlite3.Connection, function: Callable[[sqlite3.Connection], T]) -> T:
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
