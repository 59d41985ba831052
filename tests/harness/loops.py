"""Two event loops on one clock, which only moves when neither process has anything to do.

A loop that is about to sleep says until when. When every bot sleeps, none of their threads is at
work and no socket holds anything unread, the harness moves the clock to the first moment somebody
waits for. So a busy machine makes a run slower and changes nothing else.
"""

import asyncio
import contextlib
import math
import select
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any

from tests.harness.board import Board, Slot

# A loop's own sums of floats must not fall short of the moment it is woken for.
ROUNDING_S = 1e-6
# How long the harness sleeps when a bot works: whatever it does wakes the harness anyway.
NAP_S = 0.05


# Within so much real time the clock of a run moves on by so much, also on a busy machine.
PATIENCE_S, PROGRESS_S = 120.0, 60.0


class StuckError(Exception):
    """Nothing goes on in a run any more."""


class SharedLoop(asyncio.SelectorEventLoop):
    """A loop whose time is the board's."""

    def __init__(self, selector: selectors.BaseSelector, board: Board) -> None:
        self._board = board
        self.on_thread: Callable[[int], None] = lambda _change: None
        super().__init__(selector)

    def time(self) -> float:
        """Seconds of the shared clock."""
        return self._board.time

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """As ever; the clock stands still until it is done."""
        self.on_thread(1)
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _done: self.on_thread(-1))
        return future


class BotSelector(selectors.EpollSelector):
    """Tells the harness when the bot's loop has nothing left to do."""

    def __init__(self, board: Board, slot: Slot, channel: socket.socket) -> None:
        super().__init__()
        self._board, self._slot, self._channel = board, slot, channel

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As ever, but sleeping is up to the clock."""
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        wake = math.inf if timeout is None else self._board.time + timeout
        self._slot.sleep_until(wake)
        if not self._slot.threads:
            self._channel.send(b".")
        ready = super().select(None)
        self._slot.is_busy = True
        return ready


class Watched:
    """A bot as the harness's loop sees it."""

    def __init__(self, slot: Slot, channel: socket.socket, epoll: int) -> None:
        self._slot, self._channel = slot, channel
        self._poll = select.poll()
        self._poll.register(epoll, select.POLLIN)
        self.is_frozen = False

    def is_quiet(self) -> bool:
        """True when only time can make it go on."""
        if self.is_frozen:
            return True
        turn = self._slot.turn
        if self._slot.is_busy or self._slot.threads or self._poll.poll(0):
            return False
        return not self._slot.is_busy and self._slot.turn == turn

    @property
    def wake(self) -> float:
        """When it wants to go on."""
        return math.inf if self.is_frozen else self._slot.wake

    def rouse(self) -> None:
        """Let it look at the clock."""
        self._slot.is_busy = True
        with contextlib.suppress(OSError):
            self._channel.send(b".")


class HarnessSelector(selectors.EpollSelector):
    """Moves the clock on when nobody has anything to do before."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self.bots: dict[int, Watched | None] = {}
        """By slot; None for one that is starting."""
        self.threads = 0
        self._give_up_at = time.monotonic() + PATIENCE_S
        self._moves_by = board.time + PROGRESS_S

    def give_up(self) -> None:
        """Nothing can go on any more."""
        self._give_up_at, self._moves_by = -math.inf, math.inf

    def count_thread(self, change: int) -> None:
        """A thread of the harness begins or ends its work."""
        self.threads += change

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As ever, but sleeping moves the clock."""
        while True:
            if time.monotonic() > self._give_up_at:
                self._look_for_progress()
            ready = super().select(0)
            if ready or (timeout is not None and timeout <= 0):
                return ready
            if self.threads or not all(bot and bot.is_quiet() for bot in self.bots.values()):
                if ready := super().select(NAP_S):
                    return ready
                continue
            if ready := super().select(0):
                return ready  # it came between the two looks
            now = self._board.time
            own = math.inf if timeout is None else now + timeout
            bots = [bot for bot in self.bots.values() if bot]
            due = min([own, *(bot.wake for bot in bots)])
            if due == math.inf:
                if ready := super().select(NAP_S):
                    return ready
                continue
            self._board.time = max(now, due) + ROUNDING_S
            for bot in bots:
                if bot.wake <= self._board.time:
                    bot.rouse()
            if own <= self._board.time:
                return []

    def _look_for_progress(self) -> None:
        is_stuck = self._board.time < self._moves_by
        self._give_up_at = math.inf if is_stuck else time.monotonic() + PATIENCE_S
        self._moves_by = self._board.time + PROGRESS_S
        if is_stuck:  # what is left to do is to close
            raise StuckError("this run does not end")
