"""Two clocks with one face: one that can run faster than life, one that only moves when told to.

Both have `now()` (UTC epoch seconds), `monotonic()` (seconds, never goes back) and
`await sleep(seconds)`, all counted in the clock's own time.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Sized

# How often the loop turns after a wake, so that what was woken runs to its next wait: at least, and
# at most. In between it is enough that nobody is ready; days of this clock have many wakes.
LEAST_TURNS, MOST_TURNS = 4, 12


class PlayClock:
    """Real time, `speed` times as fast; `speed` may be changed while tasks sleep."""

    def __init__(self, speed: float = 1.0) -> None:
        self._start = time.time()
        self._sleepers: set[asyncio.Future[None]] = set()
        # One tuple, so that a reader on another thread never sees half of a change:
        # (real instant, clock seconds passed at that instant, speed since then).
        self._anchor = (time.monotonic(), 0.0, _checked(speed))

    @property
    def speed(self) -> float:
        """Clock seconds per real second."""
        return self._anchor[2]

    @speed.setter
    def speed(self, value: float) -> None:
        value = _checked(value)
        self._anchor = (time.monotonic(), self._passed(), value)
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)  # each works out anew how long is left

    def now(self) -> float:
        """Return UTC epoch seconds on this clock."""
        return self._start + self._passed()

    def monotonic(self) -> float:
        """Return seconds since the clock was made; never goes back."""
        return self._passed()

    async def sleep(self, seconds: float) -> None:
        """Sleep `seconds` of this clock, whatever happens to its speed meanwhile."""
        loop = asyncio.get_running_loop()
        due = self._passed() + seconds
        if seconds <= 0:
            await asyncio.sleep(0)
        while (left := due - self._passed()) > 0:
            woken = loop.create_future()
            timer = loop.call_later(left / self.speed, _wake, woken)
            self._sleepers.add(woken)
            try:
                await woken
            finally:
                timer.cancel()
                self._sleepers.discard(woken)

    def _passed(self) -> float:
        real, passed, speed = self._anchor
        return passed + (time.monotonic() - real) * speed


class FakeClock:
    """Time stands still until `advance()`; sleepers wake in order, each at its own instant."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._start = start
        self._passed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self.wakes = 0
        """How often somebody was woken, in all."""

    @property
    def sleepers(self) -> int:
        """How many tasks are asleep on this clock."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    @property
    def next_wake_in(self) -> float | None:
        """Seconds until the next sleeper is due, or None when nobody sleeps."""
        self._forget_cancelled()
        return max(0.0, self._sleepers[0][0] - self._passed) if self._sleepers else None

    def now(self) -> float:
        """Return UTC epoch seconds on this clock."""
        return self._start + self._passed

    def monotonic(self) -> float:
        """Return seconds since the clock was made; never goes back, not even after `set_wall`."""
        return self._passed

    def set_wall(self, now: float) -> None:
        """Make `now()` jump, as when somebody sets the machine's clock; sleepers do not notice."""
        self._start = now - self._passed

    async def sleep(self, seconds: float) -> None:
        """Sleep until `advance()` has moved time by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move time on by `seconds`, stopping at each sleeper that is due on the way.

        Whoever goes to sleep again within those seconds is woken again within them.
        """
        end = self._passed + seconds
        await _turns()  # what was started just before must have gone to sleep
        while True:
            self._forget_cancelled()
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            due, _, woken = heapq.heappop(self._sleepers)
            self._passed = max(self._passed, due)
            woken.set_result(None)
            self.wakes += 1
            await _turns()
        self._passed = max(self._passed, end)
        await _turns()

    def _forget_cancelled(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)


async def _turns() -> None:
    # Public nowhere; a loop that keeps no such list has all turns.
    ready: Sized = getattr(asyncio.get_running_loop(), "_ready", range(1))
    for turn in range(MOST_TURNS):
        await asyncio.sleep(0)
        if turn + 1 >= LEAST_TURNS and not ready:
            return


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def _checked(speed: float) -> float:
    if not speed > 0:
        raise ValueError(f"a clock's speed must be above zero, not {speed}")
    return speed
