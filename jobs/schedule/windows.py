"""What the plan lets us ask: an hour's window and a day's, and what is left in each. Pure.

Nobody publishes how the vendor counts: a sliding hour, one that opens with the first request, one
by its own clock, or a bucket that fills up again. A request leaves only when fewer than the limit
left in any hour before it, which keeps within each of these. What the headers tell comes on top:
others may use the same account. Times are seconds of one steady clock. Source: "rate-limits".
"""

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

HOUR_S, DAY_S = 3600.0, 86_400.0
# The vendor's clock ticks elsewhere, and a request takes time to arrive.
GUARD_S = 5.0
# With next to nothing left by the headers, and no word of when that changes: one look so often.
PROBE_S = 300.0
# Sends kept where there is no limit, should an answer tell one.
KEPT_UNLIMITED = 4096


@dataclass(slots=True)
class Window:
    """One window of the plan: its limit (None: unlimited or not told) and what was last told.

    `told_left` is what the last answer said was left, and `told_at` when.
    """

    width_s: float
    limit: int | None = None
    told_left: int | None = None
    told_at: float = -math.inf
    reset_at: float | None = None
    others: int = 0
    """What other clients used of the window when it was last told."""


class Windows:
    """Both windows, the log of our own sends that proves them kept, and cool-downs."""

    def __init__(self, hour: int | None = None, day: int | None = None) -> None:
        self.hour = Window(HOUR_S, hour)
        self.day = Window(DAY_S, day)
        self._sends: list[float] = []
        self._booked: set[int] = set()
        self._numbers = itertools.count()
        self._closed_until = -math.inf

    @property
    def is_limited(self) -> bool:
        """Whether any window has a limit."""
        return self.hour.limit is not None or self.day.limit is not None

    def book(self) -> int:
        """Count a request that is about to leave, whenever that will be; return its number."""
        number = next(self._numbers)
        self._booked.add(number)
        return number

    @property
    def booked(self) -> int:
        """How many requests are about to leave."""
        return len(self._booked)

    def void(self, number: int) -> None:
        """A booked request certainly did not leave; one that did stays counted."""
        self._booked.discard(number)

    def left(self, number: int, at: float) -> None:
        """A booked request has left: it counts from now on, however long ago it was booked."""
        self._booked.discard(number)
        self.sent(at)

    def sent(self, at: float) -> None:
        """A request left; of times that came out of order the later one counts."""
        self._sends.append(max(at, self._sends[-1]) if self._sends else at)
        self._trim(at)

    def remember(self, sends: list[float]) -> None:
        """Take up what was sent before a restart."""
        self._sends = sorted([*sends, *self._sends])

    def told(
        self,
        now: float,
        left_hour: int | None,
        left_day: int | None,
        *,
        hour_resets_at: float | None = None,
    ) -> None:
        """An answer told what is left; `None` where it does not say."""
        for window, left in ((self.hour, left_hour), (self.day, left_day)):
            if left is None or window.limit is None:
                continue
            window.told_left, window.told_at = left, now
            window.others = max(0, window.limit - left - self.own(window, now))
        # Nobody has to wait longer than a whole window, whatever a header says.
        self.hour.reset_at = None
        if hour_resets_at is not None:
            self.hour.reset_at = min(hour_resets_at, now + HOUR_S)

    def moved(self, by_s: float) -> None:
        """Nobody knows whether the clock's last `by_s` seconds passed: what was sent is as new."""
        self._sends = [at + by_s for at in self._sends]
        for window in (self.hour, self.day):
            window.told_at += by_s

    def cool_down(self, until: float) -> None:
        """Nothing may leave before then: a 429 said so."""
        self._closed_until = max(self._closed_until, until)

    def own(self, window: Window, now: float) -> int:
        """Return how many of our requests the window holds, with the guard and those booked."""
        left = len(self._sends) - bisect_right(self._sends, now - window.width_s - GUARD_S)
        return left + len(self._booked)

    def used(self, window: Window, now: float) -> int:
        """Return how much of the window is used, by us and, as last told, by others."""
        return self.own(window, now) + self._others(window, now)

    def free_at(self, now: float, keep: Callable[[int], int]) -> float:
        """Return when one more request may leave and still leave a reserve in each window.

        `keep` tells the reserve of a window by its limit.
        """
        at = max(now, self._closed_until)
        for window in (self.hour, self.day):
            if window.limit is not None:
                reserve = min(keep(window.limit), window.limit - 1)
                at = max(at, self._window_free_at(window, now, reserve))
        return at

    def _others(self, window: Window, now: float) -> int:
        return window.others if self._is_fresh(window, now) else 0

    def _is_fresh(self, window: Window, now: float) -> bool:
        """Return whether what was told still says something of the window as it is now."""
        if window is self.hour and self.hour.reset_at is not None and now >= self.hour.reset_at:
            return False
        return now - window.told_at < window.width_s

    def _window_free_at(self, window: Window, now: float, keep: int) -> float:
        assert window.limit is not None  # noqa: S101 - the caller looked
        room = window.limit - keep
        at = now
        over = self.used(window, now) - room + 1
        if over > 0:
            at = self._when_gone(window, now, over)
        return max(at, self._told_free_at(window, now, keep))

    def _when_gone(self, window: Window, now: float, count: int) -> float:
        """Return when so many of the sends that the window holds now will have left it."""
        first = bisect_right(self._sends, now - window.width_s - GUARD_S)
        index = first + count - 1
        if index >= len(self._sends):
            return self._probe_at(window, now)
        return self._sends[index] + window.width_s + GUARD_S

    def _told_free_at(self, window: Window, now: float, keep: int) -> float:
        """Return when what the headers told allows one more.

        What has left our own log since then is free again, unless others are about: in a window
        that opens at a fixed time those sends may have belonged to the one before.
        """
        if window.told_left is None or not self._is_fresh(window, now):
            return now
        since = len(self._sends) - bisect_right(self._sends, window.told_at) + len(self._booked)
        left = window.told_left - since
        if left > keep:
            return now
        if window is self.hour and self.hour.reset_at is not None:
            return max(now, self.hour.reset_at)
        if window.others <= 1 + keep:
            gone = bisect_right(self._sends, now - window.width_s - GUARD_S) - bisect_right(
                self._sends, window.told_at - window.width_s - GUARD_S
            )
            if left + gone > keep:
                return now
            first = bisect_right(self._sends, now - window.width_s - GUARD_S)
            index = first + keep - left - gone
            if index < len(self._sends):
                return self._sends[index] + window.width_s + GUARD_S
        return self._probe_at(window, now)

    def _probe_at(self, window: Window, now: float) -> float:
        """Return when to try although nobody knows of room: others hold it, who knows how long."""
        last = now if self._booked or not self._sends else self._sends[-1]
        return max(now, max(last, min(window.told_at, now)) + PROBE_S)

    def _trim(self, now: float) -> None:
        if self.is_limited:
            old = bisect_right(self._sends, now - DAY_S - 2 * GUARD_S)
        else:
            old = len(self._sends) - KEPT_UNLIMITED
        if old > 512 or (old > 0 and not self.is_limited):
            del self._sends[:old]
