"""Rate limits: a window per route and place, 50 requests a second in all, and the ban.

Limits per route are not published; these are the ones seen on the real service. Windows run on
real time. Source: "topics/rate-limits".
"""

import collections
import dataclasses
import hashlib
import math
import time

GLOBAL_LIMIT = 50
GLOBAL_WINDOW_S = 1.0
# Answers of 401, 403 or 429 that get an address banned. Source: "topics/rate-limits".
INVALID_LIMIT = 10_000
INVALID_WINDOW_S = 600.0


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a window."""

    name: str
    limit: int
    per_s: float

    @property
    def bucket(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]


MESSAGE_CREATE = Rate("message create", 5, 5.0)
MESSAGE_EDIT = Rate("message edit", 5, 5.0)
MESSAGE_EDIT_OLD = Rate("message edit, older than an hour", 3, 6.0)
MESSAGE_DELETE = Rate("message delete", 5, 1.0)
MESSAGE_READ = Rate("message read", 10, 5.0)
WEBHOOK = Rate("webhook", 5, 2.0)
COMMANDS = Rate("commands", 10, 20.0)
TYPING = Rate("typing", 5, 5.0)
DM_OPEN = Rate("open dm", 10, 10.0)
OTHER = Rate("other", 20, 2.0)


@dataclasses.dataclass(slots=True)
class _Window:
    ends_at: float
    left: int


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What the limits say about one request. `retry_after_s` is None when it may pass."""

    headers: dict[str, str]
    retry_after_s: float | None = None
    everywhere: bool = False


class RateLimits:
    """Counts requests. `on` false lets everything pass, and says nothing of limits.

    A client that is told of a limit waits for it by itself, even where it is not enforced.
    """

    def __init__(self, *, on: bool = True) -> None:
        self.on = on
        self.invalid_limit = INVALID_LIMIT
        self._windows: dict[tuple[str, str], _Window] = {}
        self._recent: collections.deque[float] = collections.deque()
        self._invalid: collections.deque[float] = collections.deque()

    def take(self, rate: Rate, place: str, *, counts_globally: bool) -> Verdict:
        """Count one request against its route's window and, for the bot's own, the whole."""
        now = time.monotonic()
        if self.on and counts_globally and not self._take_global(now):
            wait = self._recent[0] + GLOBAL_WINDOW_S - now
            headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            return _refused(headers, wait, everywhere=True)
        window = self._windows.get((rate.name, place))
        if window is None or window.ends_at <= now:
            window = _Window(now + rate.per_s, rate.limit)
            self._windows[rate.name, place] = window
            self._tidy(now)
        allowed = window.left > 0 or not self.on
        window.left = max(window.left - 1, 0)
        headers = _headers(rate, window, now) if self.on else {}
        if allowed:
            return Verdict(headers)
        return _refused(headers | {"X-RateLimit-Scope": "user"}, window.ends_at - now)

    def note_answer(self, status: int) -> None:
        """Count an answer that Discord holds against the address."""
        if status in (401, 403, 429):
            self._invalid.append(time.monotonic())

    @property
    def invalid_requests(self) -> int:
        """Answers of 401, 403 and 429 in the last ten minutes."""
        edge = time.monotonic() - INVALID_WINDOW_S
        while self._invalid and self._invalid[0] < edge:
            self._invalid.popleft()
        return len(self._invalid)

    @property
    def banned(self) -> bool:
        return self.invalid_requests >= self.invalid_limit

    def _take_global(self, now: float) -> bool:
        while self._recent and self._recent[0] <= now - GLOBAL_WINDOW_S:
            self._recent.popleft()
        if len(self._recent) >= GLOBAL_LIMIT:
            return False
        self._recent.append(now)
        return True

    def _tidy(self, now: float) -> None:
        if len(self._windows) > 5_000:
            self._windows = {k: w for k, w in self._windows.items() if w.ends_at > now}


def _headers(rate: Rate, window: _Window, now: float) -> dict[str, str]:
    # Rounded up, here and below: a client that waits exactly this long must not be refused again.
    after = _whole_ms(window.ends_at - now)
    return {
        "X-RateLimit-Limit": str(rate.limit),
        "X-RateLimit-Remaining": str(window.left),
        "X-RateLimit-Reset": f"{time.time() + after:.3f}",
        "X-RateLimit-Reset-After": f"{after:.3f}",
        "X-RateLimit-Bucket": rate.bucket,
    }


def _refused(headers: dict[str, str], wait_s: float, *, everywhere: bool = False) -> Verdict:
    wait_s = _whole_ms(wait_s)
    told = headers | {"Retry-After": str(math.ceil(wait_s))}
    return Verdict(told, wait_s, everywhere)


def _whole_ms(seconds: float) -> float:
    return math.ceil(max(seconds, 0.001) * 1000) / 1000
