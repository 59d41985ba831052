"""What runs in a forked child: the real process, with its clock shared and its end prepared."""

import asyncio
import contextlib
import importlib
import json
import logging
import os
import random
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import aiosqlite
import discord

import bot
import config
import crashpoints
import logs
from media import studio
from tests.harness.board import Board, Slot
from tests.harness.loops import BotSelector, SharedLoop


@dataclass(frozen=True, slots=True)
class Life:
    """How a bot is to live; the boundary it dies at stands on the board."""

    slot: int
    mapping: dict[str, Any]
    start: float
    log: str
    seed: int
    kill_after_s: float = 0.0
    is_first: bool = False
    """Whether to live it in the fork server itself, which is warm afterwards."""

    def packed(self) -> bytes:
        """Return it as it goes to the fork server."""
        return json.dumps(asdict(self)).encode()


class BotClock:
    """The shared clock as the bot's own."""

    def __init__(self, board: Board, start: float) -> None:
        self._board, self._start = board, start

    def now(self) -> float:
        """UTC epoch seconds."""
        return self._start + self._board.time

    def monotonic(self) -> float:
        """Seconds since the run began."""
        return self._board.time

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        await asyncio.sleep(max(0.0, seconds))


def live(board: Board, life: Life, channel: socket.socket) -> int:
    """Run the bot until it ends or is ended; returns its exit code, everything as it was before."""
    slot = board.slots[life.slot]
    random.seed(life.seed)
    selector = BotSelector(board, slot, channel)
    loop = SharedLoop(selector, board)
    loop.on_thread = lambda change: _count(slot, change)
    loop.add_reader(channel, lambda: _drain(channel))
    clock = BotClock(board, life.start)
    with ExitStack() as stack:
        _write_log(stack, Path(life.log))
        _die_as_told(stack, slot)
        _count_database_calls(stack, slot)
        _wait_for_discord_for_ever(stack)
        stack.enter_context(mock.patch.object(bot, "SystemClock", lambda: clock))
        stack.enter_context(mock.patch.object(bot, "Watchdog", _NoWatchdog))
        stack.enter_context(mock.patch.object(studio, "run", _on_a_thread))
        asyncio.set_event_loop_policy(_Policy(loop))
        stack.callback(asyncio.set_event_loop_policy, None)
        socket.send_fds(channel, [b"e"], [selector.fileno()])
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the harness is gone
            return bot._run(config.from_mapping(life.mapping, {}))
    return 1


def _write_log(stack: ExitStack, path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        before = os.dup(number)
        stack.callback(os.close, before)
        stack.callback(os.dup2, before, number)
        os.dup2(descriptor, number)
    file = stack.enter_context(os.fdopen(descriptor, "w", buffering=1))
    stack.enter_context(contextlib.redirect_stdout(file))
    stack.enter_context(contextlib.redirect_stderr(file))
    logs.set_up("INFO", as_json=False, secrets=[])
    logging.captureWarnings(capture=True)


def _die_as_told(stack: ExitStack, slot: Slot) -> None:
    lock = threading.Lock()

    def reached(name: str) -> None:
        with lock:
            if slot.reached(name):
                os.kill(os.getpid(), signal.SIGKILL)

    crashpoints.listen(reached)
    stack.callback(crashpoints.listen, None)


def _count(slot: Slot, change: int) -> None:
    slot.threads += change


def _count_database_calls(stack: ExitStack, slot: Slot) -> None:
    """Time stands still while the database thread works."""

    def counted(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def count(*given: Any, **named: Any) -> Any:
            slot.threads += 1
            try:
                return await call(*given, **named)
            finally:
                slot.threads -= 1

        return count

    for name in ("_connect", "_execute"):
        call = counted(getattr(aiosqlite.Connection, name))
        stack.enter_context(mock.patch.object(aiosqlite.Connection, name, call))


def _wait_for_discord_for_ever(stack: ExitStack) -> None:
    """discord.py's heart beats in real time, so nothing may be concluded from its silence."""
    state = discord.state.ConnectionState
    state_begins = state.__init__

    def begin(self: Any, *given: Any, **options: Any) -> None:
        options["heartbeat_timeout"] = 1e9
        state_begins(self, *given, **options)

    stack.enter_context(mock.patch.object(state, "__init__", begin))


async def _on_a_thread(
    do: str, facts: Mapping[str, object], _limits: object, _directory: Path
) -> dict[str, Any]:
    """Do a worker process's task without one, which would take longer than the bot's whole life.

    A kill ends it just the same; that such processes end with the bot is proved elsewhere.
    """
    task = importlib.import_module(f"media.child.{do}").do
    made: dict[str, Any] = await asyncio.to_thread(task, **facts)
    return made


def _drain(channel: socket.socket) -> None:
    if not channel.recv(65_536):
        os._exit(1)  # the harness is gone


class _NoWatchdog:
    """In place of the one that counts real seconds, which mean nothing here."""

    def __init__(self, *_given: object) -> None:
        pass

    async def feed(self) -> None:
        """Never returns."""
        await asyncio.Event().wait()


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._made = loop

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return self._made
