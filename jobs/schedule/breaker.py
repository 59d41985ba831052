"""Whether the vendor answers at all, and when to try again when it does not. Pure.

Some requests in a row without a proper answer, and it is taken to be down: then nothing goes out
but one trial at a time, ever more rarely, and the first proper answer ends it.
"""

import math

# So many requests in a row that failed.
BREAK_AFTER = 3
PAUSES_S = (5.0, 10.0, 20.0, 40.0, 60.0, 120.0)
# A trial that is not answered lets the next one go after this long.
TRIAL_S = 25.0


class Breaker:
    """Closed while the vendor answers. Times are seconds of one steady clock."""

    def __init__(self) -> None:
        self._failures = 0
        self._trials = 0
        self._closed_until = self._tried_from = -math.inf
        self.down_since: float | None = None
        """Since when the vendor gives no proper answer; None while it does."""

    def free_at(self, now: float) -> float:
        """Return when the next request may go."""
        return max(now, self._closed_until)

    def began(self, now: float) -> None:
        """A request goes out; while the vendor is down it is the trial that others wait for."""
        if self.down_since is not None:
            self._closed_until = max(self._closed_until, now + TRIAL_S)

    def failed(self, now: float, begun_at: float, jitter: float = 1.0) -> bool:
        """A request that went out at `begun_at` got no proper answer; True when that opens it.

        Of many that fail together one counts. The pause is `jitter` times what is usual, so that
        many hosts do not come back at the same moment.
        """
        if self.down_since is not None:
            if begun_at < self._tried_from:
                return False  # it went out before the last pause, so it tells nothing new
            self._trials += 1
            self._pause(now, jitter)
            return False
        self._failures += 1
        if self._failures < BREAK_AFTER:
            return False
        self.down_since = now
        self._trials = 0
        self._pause(now, jitter)
        return True

    def answered(self) -> bool:
        """A proper answer came; True when that ends an outage."""
        was_down = self.down_since is not None
        self._failures = 0
        if was_down:
            self.down_since, self._closed_until = None, -math.inf
        return was_down

    def _pause(self, now: float, jitter: float) -> None:
        pause_s = PAUSES_S[min(self._trials, len(PAUSES_S) - 1)] * jitter
        self._closed_until = self._tried_from = now + pause_s
