"""The two request windows of the account, and the headers and refusals that come of them."""

import math
from collections import deque

from playground.neuralbox.profile import PLAN_NAMES, Profile, WindowKind
from playground.neuralbox.protocols import Clock
from playground.neuralbox.switches import Switches

HOUR_S = 3_600.0
DAY_S = 86_400.0
LARGE_LIMIT = 1_000_000_000
BLOCKED_S = 30  # what a client is asked to wait by the switch, which a person turns off soon


class Window:
    """Counts requests over `width_s` seconds. `limit` None is unlimited."""

    def __init__(self, clock: Clock, width_s: float, limit: int | None, kind: WindowKind) -> None:
        self._clock = clock
        self.width_s = width_s
        self.limit = limit
        self.kind = kind
        self._opened_at: float | None = None
        self._count = 0
        self._stamps: deque[float] = deque()  # only the sliding kind needs to know when

    @property
    def used(self) -> int:
        """Requests counted in the window as it stands now."""
        self._let_go()
        return len(self._stamps) if self.kind == "sliding" else self._count

    @used.setter
    def used(self, value: int) -> None:
        self._let_go()
        now = self._clock.now()
        self._stamps = deque([now] * value)
        self._count = value
        if value and self._opened_at is None:
            self._opened_at = self._start(now)

    @property
    def is_full(self) -> bool:
        """True when the next request would be refused."""
        return self.limit is not None and self.used >= self.limit

    @property
    def resets_at(self) -> float:
        """Clock time at which the window is empty, or has a place again if it slides."""
        self._let_go()
        now = self._clock.now()
        if self.kind == "sliding":
            return (self._stamps[0] if self._stamps else now) + self.width_s
        opened = self._start(now) if self._opened_at is None else self._opened_at
        return opened + self.width_s

    def count(self) -> None:
        """Count one request now; the first one opens the window."""
        self._let_go()
        now = self._clock.now()
        if self.kind == "sliding":
            self._stamps.append(now)
            return
        if self._opened_at is None:
            self._opened_at = self._start(now)
        self._count += 1

    def reset(self) -> None:
        """Forget all requests."""
        self._opened_at, self._count = None, 0
        self._stamps.clear()

    def _start(self, now: float) -> float:
        return now // self.width_s * self.width_s if self.kind == "clock" else now

    def _let_go(self) -> None:
        now = self._clock.now()
        while self._stamps and self._stamps[0] + self.width_s <= now:
            self._stamps.popleft()
        if self._opened_at is not None and self._opened_at + self.width_s <= now:
            self._opened_at, self._count = None, 0


class Allowance:
    """Both windows. Limits and what is used can be read and set; None is unlimited."""

    def __init__(self, clock: Clock, profile: Profile, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._profile = profile
        limit_hour, limit_day = profile.limits
        self.hour = Window(clock, HOUR_S, limit_hour, profile.window)
        self.day = Window(clock, DAY_S, limit_day, profile.window)

    @property
    def is_blocked(self) -> bool:
        """True while the switch has everything refused, whatever was used."""
        return self._switches.rate_limited

    @property
    def limit_hour(self) -> int | None:
        """Requests an hour."""
        return self.hour.limit

    @limit_hour.setter
    def limit_hour(self, value: int | None) -> None:
        self.hour.limit = value

    @property
    def limit_day(self) -> int | None:
        """Requests a day."""
        return self.day.limit

    @limit_day.setter
    def limit_day(self, value: int | None) -> None:
        self.day.limit = value

    @property
    def used_hour(self) -> int:
        """Requests used of this hour's; setting it is how others use the same account."""
        return self.hour.used

    @used_hour.setter
    def used_hour(self, value: int) -> None:
        self.hour.used = value

    @property
    def used_day(self) -> int:
        """Requests used of this day's."""
        return self.day.used

    @used_day.setter
    def used_day(self, value: int) -> None:
        self.day.used = value

    def take(self) -> bool:
        """Count one request against both windows; False, and nothing counted, if one is full."""
        if self.is_blocked or self.hour.is_full or self.day.is_full:
            return False
        self.hour.count()
        self.day.count()
        return True

    def headers(self, skew_s: float) -> dict[str, str]:
        """Return the five published headers; `skew_s` is how far the server's clock is off."""
        unlimited = {"zero": 0, "large": LARGE_LIMIT}.get(self._profile.unlimited_headers)
        headers: dict[str, str] = {}
        for name, window in (("Hour", self.hour), ("Day", self.day)):
            limit = unlimited if window.limit is None else window.limit
            if limit is None:
                continue
            left = 0 if self.is_blocked else max(0, limit - window.used)
            headers[f"X-RateLimit-Limit-{name}"] = str(limit)
            headers[f"X-RateLimit-Remaining-{name}"] = str(left)
        if headers:
            headers["X-RateLimit-Reset-Hour"] = str(math.ceil(self._hour_resets_at() + skew_s))
        return headers

    def refusal(
        self, *, window: str | None = None, retry_after_s: int | None = None
    ) -> dict[str, object]:
        """Return the published body of a 429 for the window that is full ("hour" or "day").

        Without arguments it tells the truth; a script may name another window or wait.
        """
        if window is None:
            window = "day" if self.day.is_full else "hour"
        full = self.day if window == "day" else self.hour
        if retry_after_s is None:
            resets_at = self._hour_resets_at() if full is self.hour else full.resets_at
            retry_after_s = max(1, math.ceil(resets_at - self._clock.now()))
        plan = PLAN_NAMES.get(self._profile.plan, self._profile.plan)
        name = "Daily" if window == "day" else "Hourly"
        return {
            "error": "rate_limit_exceeded",
            "message": f"{name} limit reached: {full.limit or 0} requests/{window} on {plan} plan",
            "retry_after": retry_after_s,
            "plan": self._profile.plan,
            "limit_hour": self.limit_hour or 0,
            "limit_day": self.limit_day or 0,
        }

    def _hour_resets_at(self) -> float:
        return self._clock.now() + BLOCKED_S if self.is_blocked else self.hour.resets_at

    def state(self) -> dict[str, dict[str, float | None]]:
        """Return both windows for the page: used, limit and when they reset, in epoch seconds."""
        return {
            name: {"used": window.used, "limit": window.limit, "resets_at": window.resets_at}
            for name, window in (("hour", self.hour), ("day", self.day))
        }
