"""The one gate that every request to the vendor passes: the allowance, and cool-downs.

The plan counts requests of every kind in an hour and a day; each answer's headers say what is
left. Submits stop while there is still enough left to watch what was submitted; looking keeps a
reserve for submits; upkeep (prices, balance) yields to both. Source: "concepts/rate-limits".
"""

from typing import Protocol

from jobs.ports import Clock
from neuralbox import Allowance, NotAuthenticatedError, RateLimitedError, TokenExpiredError

# Percent of a window that must be left for a request of each purpose.
KEEP_PERCENT = {"submit": 20, "look": 2, "upkeep": 50}
LOOK_RESERVE = 2
# The day's window has no published reset: look again after this long.
DAY_RETRY_S = 3600.0
LONGEST_WAIT_S = 3600.0
KEY_RETRY_S = 60.0
KEY_ERRORS = (NotAuthenticatedError, TokenExpiredError)


class Headers(Protocol):
    """What the gate reads of the client: the last answer's headers."""

    @property
    def allowance(self) -> Allowance | None:
        """The windows as last told."""
        ...

    @property
    def skew_s(self) -> float:
        """The vendor's clock less ours."""
        ...


class Gate:
    """Says how long a request of some purpose has to wait. Purposes: submit, look, upkeep."""

    def __init__(self, box: Headers, clock: Clock) -> None:
        self._box = box
        self._clock = clock
        self._closed_until = 0.0

    def wait_s(self, purpose: str) -> float:
        """Return how many seconds a request has to wait; 0 means that it may go now."""
        now = self._clock.monotonic()
        if now < self._closed_until:
            return self._closed_until - now
        allowance = self._box.allowance
        return 0.0 if allowance is None else self._window_wait_s(allowance, purpose)

    async def pass_through(self, purpose: str) -> None:
        """Return when a request of this purpose may go."""
        while (delay_s := self.wait_s(purpose)) > 0:
            await self._clock.sleep(delay_s)

    def learn(self, error: Exception) -> None:
        """Take a cool-down from an answer that asks for one."""
        if isinstance(error, RateLimitedError):
            self._close(error.retry_after_s)
        elif isinstance(error, KEY_ERRORS):
            # Nothing can succeed until the host acts; one try a minute notices when they did.
            self._close(KEY_RETRY_S)

    def _close(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)

    def _window_wait_s(self, seen: Allowance, purpose: str) -> float:
        now = self._clock.now()
        vendor_now = now + self._box.skew_s
        if _is_short(seen.limit_hour, seen.remaining_hour, purpose):
            reset_at = seen.reset_hour_at or (seen.seen_at or now) + 3600
            if vendor_now < reset_at:
                return min(LONGEST_WAIT_S, reset_at - vendor_now)  # a clock may jump meanwhile
        if _is_short(seen.limit_day, seen.remaining_day, purpose):
            return min(LONGEST_WAIT_S, max(0.0, (seen.seen_at or now) + DAY_RETRY_S - now))
        return 0.0


def _is_short(limit: int | None, remaining: int | None, purpose: str) -> bool:
    if not limit or remaining is None:
        return False  # unlimited, or not told
    reserve = max(LOOK_RESERVE, limit * KEEP_PERCENT[purpose] // 100)
    return remaining <= reserve
