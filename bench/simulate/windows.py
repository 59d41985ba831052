"""The four ways in which a vendor may count requests against a cap."""

import math
from collections import deque
from random import Random
from typing import Protocol

HOUR_S = 3600.0
DAY_S = 86400.0
KINDS = ("sliding", "fixed", "first", "bucket")


class Window(Protocol):
    """One cap. Only answered requests are taken; a refused one costs nothing."""

    def wait_s(self, now: float) -> float:
        """Seconds until there is room for one more; 0 when there is."""

    def take(self, now: float) -> None:
        """Count one request."""

    def remaining(self, now: float) -> int:
        """How many more would be answered now."""


def window(kind: str, cap: int, width_s: float, random: Random) -> Window:
    """Return a fresh window of one of `KINDS`."""
    if kind == "sliding":
        return Sliding(cap, width_s)
    if kind == "bucket":
        return Bucket(cap, width_s)
    if kind == "fixed":
        return Fixed(cap, width_s, random.uniform(-width_s, 0))
    if kind == "first":
        return Fixed(cap, width_s, None)
    raise ValueError(f"no such kind of window: {kind}")


class Sliding:
    """At most `cap` in any stretch of `width_s`."""

    def __init__(self, cap: int, width_s: float) -> None:
        self.cap = cap
        self.width_s = width_s
        self._taken: deque[float] = deque()

    def wait_s(self, now: float) -> float:
        """See `Window`."""
        if self.remaining(now) > 0:
            return 0.0
        return self._taken[0] + self.width_s - now

    def take(self, now: float) -> None:
        """See `Window`."""
        self._taken.append(now)

    def remaining(self, now: float) -> int:
        """See `Window`."""
        while self._taken and self._taken[0] + self.width_s <= now:
            self._taken.popleft()
        return self.cap - len(self._taken)


class Fixed:
    """At most `cap` between two edges; without a first edge the first request opens a window."""

    def __init__(self, cap: int, width_s: float, opened_at: float | None) -> None:
        self.cap = cap
        self.width_s = width_s
        self._is_opened_by_use = opened_at is None
        self._opened_at = -math.inf if opened_at is None else opened_at
        self._used = 0

    def wait_s(self, now: float) -> float:
        """See `Window`."""
        return 0.0 if self.remaining(now) > 0 else self._opened_at + self.width_s - now

    def take(self, now: float) -> None:
        """See `Window`."""
        self._turn(now)
        if self._is_opened_by_use and self._used == 0:
            self._opened_at = now
        self._used += 1

    def remaining(self, now: float) -> int:
        """See `Window`."""
        self._turn(now)
        return self.cap - self._used

    def _turn(self, now: float) -> None:
        if now < self._opened_at + self.width_s:
            return
        self._used = 0
        if not self._is_opened_by_use:
            self._opened_at += self.width_s * ((now - self._opened_at) // self.width_s)


class Bucket:
    """A bucket of `cap` tokens that is full at first and fills again at `cap` per `width_s`."""

    def __init__(self, cap: int, width_s: float) -> None:
        self.cap = cap
        self.per_s = cap / width_s
        self._tokens = float(cap)
        self._at = 0.0

    def wait_s(self, now: float) -> float:
        """See `Window`."""
        return 0.0 if self.remaining(now) > 0 else (1 - self._tokens) / self.per_s

    def take(self, now: float) -> None:
        """See `Window`."""
        self._fill(now)
        self._tokens -= 1

    def remaining(self, now: float) -> int:
        """See `Window`."""
        self._fill(now)
        return int(self._tokens + 1e-9)

    def _fill(self, now: float) -> None:
        self._tokens = min(self.cap, self._tokens + (now - self._at) * self.per_s)
        self._at = now
