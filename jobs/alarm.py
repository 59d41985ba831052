"""Waiting for a moment or a nudge, whichever comes first."""

import asyncio

from jobs.ports import Clock

# Whoever changes something nudges. Should that break halfway, it is found within this.
LOOK_EVERY_S = 600.0


class Alarm:
    """Wakes one loop. A nudge between two waits is not lost."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Wake the loop now, or at once when it next waits."""
        self._nudged.set()

    async def wait(self, seconds: float | None) -> None:
        """Return after so many seconds, or at a nudge; None waits for a nudge, if one comes."""
        if seconds is None:
            seconds = LOOK_EVERY_S
        if seconds > 0 and not self._nudged.is_set():
            await self._first_of(self._clock.monotonic() + seconds)
        self._nudged.clear()

    async def _first_of(self, moment: float) -> None:
        waiters = (
            asyncio.create_task(self._sleep_until(moment), name="alarm-sleep"),
            asyncio.create_task(self._nudged.wait(), name="alarm-nudge"),
        )
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
            await asyncio.gather(*waiters, return_exceptions=True)

    async def _sleep_until(self, moment: float) -> None:
        # A task begins later than it is made; what passed meanwhile has been waited already.
        await self._clock.sleep(moment - self._clock.monotonic())
