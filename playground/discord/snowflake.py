"""Discord's ids: 42 bits of milliseconds since 2015, then a counter."""

import time

DISCORD_EPOCH_MS = 1_420_070_400_000
_STEPS_PER_MS = 1 << 22


class SnowflakeMaker:
    """Hands out rising ids.

    They are made from the wall clock and not from the injected one: client libraries compute an
    interaction's expiry from its id and compare it with their own wall clock.
    """

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """Return an id greater than every one before it."""
        stamp = int(time.time() * 1000) - DISCORD_EPOCH_MS
        self._last = max(self._last + 1, stamp * _STEPS_PER_MS)
        return self._last


def fixed(number: int) -> int:
    """Return an id that is the same in every run, dated 2024, for what exists from the start."""
    return ((1_704_067_200_000 - DISCORD_EPOCH_MS) + number * 1000) * _STEPS_PER_MS
