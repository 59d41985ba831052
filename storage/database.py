"""The database thread: a transaction is one function, run whole, in the order it was handed over.

Statements of several coroutines on one shared connection tear each other's transactions: one's
commit publishes half of another's work, a cancelled await leaves a transaction open for ever. Here
application code neither begins nor commits; it hands over a function and gets its result, and a
cancelled caller learns nothing, while the transaction happens whole or not at all.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite

from storage import backup_restore, connections, rewound, schema, soundness, trace, transactions
from storage.errors import UNREADABLE, DatabaseBusyError, DatabaseLostError, cannot_be_used
from storage.lock import instance_lock

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

DATABASE = "reelbox.sqlite3"
READERS = 2
BALLAST = "ballast"
BALLAST_BYTES = 8 * 1024 * 1024


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
        """Run `function(tx, ...)` as one transaction, begun for writing; its exception rolls back.

        Raises DatabaseBusyError when another process holds the file (nothing was written) and
        DatabaseLostError when only a new start can tell what was.
        """
        return await self._guarded(
            self._writer.call(
                self._unless_lost,
                transactions.run,
                self._writer.raw,
                transactions.Work(
                    transactions.name_of(function), lambda tx: function(tx, *args, **kwargs)
                ),
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
        ticket = transactions.Ticket(time.monotonic() + patience_s)
        call = asyncio.ensure_future(
            self._writer.call(
                self._unless_lost,
                transactions.run_patiently,
                self._writer.raw,
                transactions.Work(
                    transactions.name_of(function), lambda tx: function(tx, *args, **kwargs)
                ),
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
                transactions.snapshot,
                reader.raw,
                lambda connection: function(connection, *args, **kwargs),
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
            moves = transactions.snapshot(self._writer.raw, rewound.find_newest_move)
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
        opened: list[_Thread] = []
        try:
            try:
                writer = await _open(opened, lambda: connections.connect(path))
                await asyncio.to_thread(soundness.require, path)
                await writer.call(transactions.require_writable, writer.raw)
                readers = [
                    await _open(opened, lambda: connections.connect(path, read_only=True))
                    for _ in range(READERS)
                ]
            except UNREADABLE as error:
                raise cannot_be_used(path, error) from error
            ballast = data_dir / BALLAST
            keep_ballast(ballast)
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


def keep_ballast(path: Path) -> None:
    """Keep room for one more commit of something already paid for, should the disk fill up."""
    try:
        if not path.exists() or path.stat().st_size < BALLAST_BYTES:
            path.write_bytes(b"\0" * BALLAST_BYTES)
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        log.warning("no room for the ballast file; free some disk space")


def _heard(call: asyncio.Future[Any]) -> None:
    """Take note of an outcome that nobody waits for any more."""
    if not call.cancelled():
        call.exception()
