"""The policy driven by hand through anything that can happen, its requests counted every way."""

import heapq
import math
from collections import deque
from collections.abc import Iterable
from typing import Any

from bench.schedule_policy import make
from bench.simulate.windows import DAY_S, HOUR_S, Bucket, Fixed, Sliding, Window
from jobs.schedule.law import LEAST_GAP_S

MODELS = {"quick": (20.0, 35.0), "usual": (45.0, 90.0), "slow": (90.0, 180.0)}
# The guard of the policy's own log covers a request that is under way for less than this.
LONGEST_TRIP_S = 4.0


class Counted:
    """A cap counted in each of the ways a vendor may count; others may take from it, too."""

    def __init__(self, cap: int, width_s: float, phase: float) -> None:
        self.cap, self.width_s = cap, width_s
        self.ways: dict[str, Window] = {
            "sliding": Sliding(cap, width_s),
            "fixed": Fixed(cap, width_s, -phase * width_s),
            "first request": Fixed(cap, width_s, None),
            "bucket": Bucket(cap, width_s),
        }

    def full(self, at: float) -> list[str]:
        """Return the ways in which there is no room for one more."""
        return [name for name, window in self.ways.items() if window.wait_s(at) > 0]

    def take(self, at: float) -> None:
        """Count one in every way."""
        for window in self.ways.values():
            window.take(at)

    def left(self, way: str, at: float) -> int:
        """Return what the headers would say."""
        return max(0, self.ways[way].remaining(at))


class Drive:
    """A true clock, a policy that is told another, and a vendor that answers as it is told to."""

    def __init__(
        self,
        cap_hour: int | None,
        cap_day: int | None,
        *,
        phase: float = 0.3,
        way: str = "sliding",
        has_headers: bool = True,
        trip_s: float = 0.3,
        answers: Iterable[str] = (),
        wait_s: float = 60.0,
        began_at: float = 0.0,
    ) -> None:
        self.context = {"models": MODELS, "cap_hour": cap_hour, "cap_day": cap_day, "page": 100}
        self.now = began_at
        self.offset_s = 0.0
        self.counted = [
            Counted(cap, width_s, phase)
            for cap, width_s in ((cap_hour, HOUR_S), (cap_day, DAY_S))
            if cap is not None
        ]
        self.way, self.has_headers, self.trip_s, self.wait_s = way, has_headers, trip_s, wait_s
        self.answers = deque(answers)
        self.sends: list[float] = []
        """True times at which ours arrived."""
        self.asked: list[tuple[float, tuple[Any, ...]]] = []
        self.over: list[tuple[float, list[str]]] = []
        """Arrivals for which there was no room, and by which way of counting."""
        self.others_at: list[float] = []
        self.told_at: list[float] = []
        self.told_sends: list[float] = []
        self.history: list[str] = []
        self.jobs: dict[str, tuple[str, float, float]] = {}
        """Of each open one its model, when it was submitted (as told), and when it ends (true)."""
        self.seen: set[str] = set()
        self.policy = make(self.context)
        self._events: list[tuple[float, int, str, Any]] = []
        self._count = 0
        self._plan = 0
        self._flying: int | None = None
        self._wanted: tuple[float, Any] | None = None
        self._life = 0

    @property
    def told(self) -> float:
        """What the policy's clock shows."""
        return self.now + self.offset_s

    def pass_time(self, seconds: float, most_steps: int = 3000) -> None:
        """Let time go by, and all happen that falls into it.

        Where no page shows them, each open job may be asked for singly a gap apart, in three steps.
        """
        until = self.now + seconds
        steps = 0
        while self._events and self._events[0][0] <= until:
            at, _, what, facts = heapq.heappop(self._events)
            self.now = max(self.now, at)
            getattr(self, f"_{what}")(*facts)
            steps += 1
            singly = 3 * len(self.history) * seconds / LEAST_GAP_S
            assert steps < most_steps + singly, "the policy asks without an end"
        self.now = until

    def submit(self, count: int = 1, model: str = "usual", code: int = 200) -> int:
        """Submit as many as are admitted right now; return how many were."""
        for done in range(count):
            if self.policy.admit(self.told) > 0:
                return done
            self._leave()
            self._at(self.now + self.trip_s / 2, "post_arrives", self._life, model, code)
        return count

    def jump(self, seconds: float) -> None:
        """Set the policy's clock anew; timers run on."""
        self.offset_s += seconds

    def others(self, count: int) -> None:
        """Another client sends so many requests, as far as there is room."""
        for _ in range(count):
            if not any(each.full(self.now) for each in self.counted):
                self._take()
                self.others_at.append(self.now)

    def restart(self, down_s: float) -> None:
        """Stop for a while, and go on with what the store remembers."""
        self._life += 1
        self._plan += 1
        self._flying = None
        self.pass_time(down_s)
        self.policy = make(self.context)
        jobs = [(id_, model, at) for id_, (model, at, _) in self.jobs.items()]
        self._tell(("restart", jobs, list(self.told_sends)))

    def _leave(self) -> None:
        self.told_sends.append(self.told)

    def _arrived(self) -> None:
        full = [f"{way} of {each.cap}" for each in self.counted for way in each.full(self.now)]
        if full:
            self.over.append((self.now, full))
        self.sends.append(self.now)
        self._take()

    def _take(self) -> None:
        for each in self.counted:
            each.take(self.now)

    def _post_arrives(self, life: int, model: str, code: int) -> None:
        self._arrived()
        self._at(self.now + self.trip_s / 2, "posted", life, model, code)

    def _posted(self, life: int, model: str, code: int) -> None:
        if life != self._life:
            return
        if code != 200:
            self._tell(("refused", code, 20.0 if code == 429 else None))
            return
        id_ = f"job {len(self.history)}"
        self.history.append(id_)
        self.jobs[id_] = (model, self.told, self.now + self.wait_s)
        self._tell(("submitted", id_, model))

    def _tell(self, event: tuple[Any, ...]) -> None:
        self._plan += 1
        self._wanted = self.policy(self.told, event)
        if self._flying is None:
            self._arm()

    def _arm(self) -> None:
        if self._wanted is None or math.isinf(self._wanted[0]):
            return
        when, request = self._wanted
        at = max(when - self.offset_s, self.now)
        if request is None:
            self._at(max(at, self.now + 0.001), "timer", self._plan)
        else:
            self._at(at, "ask", self._plan, request)

    def _timer(self, plan: int) -> None:
        if plan == self._plan and self._flying is None:
            self._tell(("timer",))

    def _ask(self, plan: int, request: tuple[Any, ...]) -> None:
        if plan != self._plan or self._flying is not None:
            return
        self._wanted = None
        self._flying = plan
        self.asked.append((self.now, request))
        self._leave()
        self._at(self.now + self.trip_s / 2, "ask_arrives", self._life, plan, request)

    def _ask_arrives(self, life: int, plan: int, request: tuple[Any, ...]) -> None:
        self._arrived()
        how = self.answers.popleft() if self.answers else "rows"
        if how == "lost":
            # The caller's own timeout: it asks the policy again as after any other wait.
            self._at(self.now + 70, "given_up", life, plan)
            return
        self._at(
            self.now + self.trip_s / 2, "answered", life, plan, request, self._reply(request, how)
        )

    def _given_up(self, life: int, plan: int) -> None:
        if life == self._life and plan == self._flying:
            self._flying = None
            self._tell(("timer",))

    def _answered(
        self, life: int, plan: int, request: tuple[Any, ...], reply: dict[str, Any]
    ) -> None:
        if life != self._life or plan != self._flying:
            return
        self._flying = None
        if "rem_hour" in reply:
            self.told_at.append(self.now)
        for id_, status, *_ in reply.get("rows") or ():
            if status in ("completed", "failed"):
                self.seen.add(id_)
                self.jobs.pop(id_, None)
        self._tell(("reply", request, reply))

    def _reply(self, request: tuple[Any, ...], how: str) -> dict[str, Any]:
        code, _, more = how.partition(" ")
        if code.isdigit():
            return {"code": int(code), **({"retry_after": float(more)} if more else {})}
        reply: dict[str, Any] = {"code": 200, **self._headers()}
        if how == "strangers":
            reply["rows"] = [(f"stranger {n}", "completed", None) for n in range(100)]
        elif how == "empty":
            reply["rows"] = []
        elif how == "no rows":
            pass
        elif how == "rows are None":
            reply["rows"] = None
        else:
            wanted = [request[1]] if request[0] == "get" else self._page(request[1])
            reply["rows"] = [self._row(id_) for id_ in wanted]
        return reply

    def _headers(self) -> dict[str, Any]:
        if not self.has_headers:
            return {}
        left = {"rem_hour": None, "rem_day": None}
        for each in self.counted:
            name = "rem_hour" if each.width_s == HOUR_S else "rem_day"
            left[name] = each.left(self.way, self.now)  # type: ignore[assignment]
        return left

    def _page(self, number: int) -> list[str]:
        return self.history[::-1][(number - 1) * 100 : number * 100]

    def _row(self, id_: str) -> tuple[str, str, float | None]:
        if id_ not in self.jobs:
            return id_, "completed", None
        return id_, "completed" if self.jobs[id_][2] <= self.now else "pending", None

    def _at(self, at: float, what: str, *facts: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, what, facts))
