"""The simulated vendor: jobs that end by themselves, a listing, and caps on requests."""

import heapq
import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from bench.simulate.waits import Truth
from bench.simulate.windows import DAY_S, HOUR_S, Window, window

PAGE_ROWS = 100
# What a vendor in distress writes into its 429s.
OUTAGE_RETRY_S = 30.0

Request = tuple[Any, ...]
Reply = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which everything is answered with `code`."""

    start_s: float
    end_s: float
    code: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The allowance, and how the vendor counts it."""

    cap_hour: int | None = None
    cap_day: int | None = None
    kind: str = "sliding"


@dataclass(slots=True)
class Generation:
    """The vendor's record of one job."""

    id: str
    created_at: float
    ends_at: float
    has_failed: bool

    @property
    def final_status(self) -> str:
        """The status it has once it has ended."""
        return "failed" if self.has_failed else "completed"


class Vendor:
    """Answers requests in order of time. `refused` counts the 429s its windows caused."""

    def __init__(self, plan: Plan, truth: Truth, outages: Sequence[Outage], random: Random) -> None:
        self.truth = truth
        self.outages = outages
        self.refused = 0
        self.generations: list[Generation] = []
        self._random = random
        self._hour = _window(plan.cap_hour, plan.kind, HOUR_S, random)
        self._day = _window(plan.cap_day, plan.kind, DAY_S, random)
        self._by_id: dict[str, int] = {}
        self._ends: list[tuple[float, int]] = []
        # Positions in `generations`, ascending: oldest first.
        self._with: dict[str, list[int]] = {"pending": [], "completed": [], "failed": []}

    def post(self, now: float, model: str) -> Generation | Reply:
        """Begin a job, or say why not."""
        if refusal := self._refusal(now):
            return refusal
        self._take(now)
        return self.begin(now, model)

    def answer(self, now: float, request: Request) -> Reply:
        """Answer a "get" or a "list"; counts as one request unless it is refused."""
        if refusal := self._refusal(now):
            return refusal
        self._take(now)
        self._end_what_is_done(now)
        if request[0] == "list":
            _, page, status = request
            return self._reply(now, [self._row(now, each) for each in self._page(page, status)])
        at = self._by_id.get(request[1])
        if at is None:
            return {"code": 404, **self._headers(now)}
        found = self.generations[at]
        _, status, _ = self._row(now, at)
        duration_s = found.ends_at - found.created_at if status == "completed" else None
        return self._reply(now, [(found.id, status, duration_s)])

    def begin(self, now: float, model: str) -> Generation:
        """Put a job into the listing without counting a request."""
        fate = self.truth.fate(self._random, model, now)
        made = Generation(
            f"{self._random.getrandbits(64):016x}", now, now + fate.after_s, fate.has_failed
        )
        at = len(self.generations)
        self.generations.append(made)
        self._by_id[made.id] = at
        self._with["pending"].append(at)
        heapq.heappush(self._ends, (made.ends_at, at))
        return made

    def take_for_others(self, now: float) -> None:
        """Another client of the account sends a request, if there is room for it."""
        if all(each.wait_s(now) <= 0 for each in (self._hour, self._day) if each):
            self._take(now)

    def _refusal(self, now: float) -> Reply | None:
        for outage in self.outages:
            if outage.start_s <= now < outage.end_s:
                more = {"retry_after": OUTAGE_RETRY_S} if outage.code == 429 else {}
                return {"code": outage.code, **more}
        wait_s = max((each.wait_s(now) for each in (self._hour, self._day) if each), default=0.0)
        if wait_s <= 0:
            return None
        self.refused += 1
        return {"code": 429, "retry_after": float(math.ceil(wait_s)), **self._headers(now)}

    def _take(self, now: float) -> None:
        for each in (self._hour, self._day):
            if each:
                each.take(now)

    def _headers(self, now: float) -> Reply:
        return {
            "rem_hour": self._hour.remaining(now) if self._hour else None,
            "rem_day": self._day.remaining(now) if self._day else None,
        }

    def _reply(self, now: float, rows: list[tuple[str, str, float | None]]) -> Reply:
        return {"code": 200, "rows": rows, **self._headers(now)}

    def _end_what_is_done(self, now: float) -> None:
        pending = self._with["pending"]
        while self._ends and self._ends[0][0] <= now:
            _, at = heapq.heappop(self._ends)
            del pending[bisect_left(pending, at)]
            insort(self._with[self.generations[at].final_status], at)

    def _page(self, page: int, status: str | None) -> list[int]:
        source = range(len(self.generations)) if status is None else self._with[status]
        stop = len(source) - (page - 1) * PAGE_ROWS
        return list(source[max(0, stop - PAGE_ROWS) : max(0, stop)])[::-1]

    def _row(self, now: float, at: int) -> tuple[str, str, float | None]:
        found = self.generations[at]
        return found.id, found.final_status if found.ends_at <= now else "pending", None


def _window(cap: int | None, kind: str, width_s: float, random: Random) -> Window | None:
    return None if cap is None else window(kind, cap, width_s, random)
