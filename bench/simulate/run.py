"""One run: the vendor, the arrivals and one policy on a common clock that costs no time."""

import heapq
import math
import time
from bisect import insort
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from bench.simulate.loads import World
from bench.simulate.outcome import Outcome
from bench.simulate.policy import Make, Policy, check
from bench.simulate.vendor import PAGE_ROWS, Generation, Request, Vendor
from bench.simulate.waits import MODELS

# Every generation ends within this; a policy that still has not looked then has lost it.
DRAIN_S = 86400.0
# A refused submit asks `admit` again no sooner, whatever `admit` says.
RESUBMIT_S = 1.0
SHORTEST_TIMER_S = 0.001


def run(make: Make, world: World, seed: int = 1) -> Outcome:
    """Play a world to its end, and on until every job has been seen or a day has passed."""
    return Run(make, world, Random(seed)).play()


class Run:
    """The state of one run. Times are the true ones; only `_told` ones reach the policy."""

    def __init__(self, make: Make, world: World, random: Random) -> None:
        self.world = world
        self.outcome = Outcome()
        self.now = 0.0
        self._make = make
        self._random = random
        self._vendor = Vendor(world.plan, world.truth, world.outages, Random(random.random()))
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._queue: deque[tuple[float, str]] = deque()  # by arrival
        self._is_admit_due = False
        self._was_refused = False
        self._open: dict[str, tuple[Generation, str, float]] = {}
        self._sends: deque[float] = deque()
        self._plan = 0
        self._wanted: tuple[float, Request | None] | None = None
        self._flight: int | None = None
        self._is_down = False
        self._ended_before_restart: set[str] = set()
        self._last_arrival_s = 0.0
        self._still_to_come = 0
        self.policy = self._new_policy()

    def play(self) -> Outcome:
        """Run it; see `run`."""
        self._set_up()
        while self._events:
            at, _, act, arguments = heapq.heappop(self._events)
            if at > self._last_arrival_s + self.world.grace_s + DRAIN_S:
                break
            self.now = max(self.now, at)
            act(*arguments)
            if not (self._still_to_come or self._queue or self._open or self.outcome.in_flight):
                break
        self.outcome.unseen = len(self._open)
        self.outcome.unsubmitted = len(self._queue)
        self.outcome.refused_429 = self._vendor.refused
        return self.outcome

    def _set_up(self) -> None:
        world = self.world
        arrivals = world.arrivals(self._random)
        self._still_to_come = len(arrivals)
        if world.pause_s is None:
            for at, model in arrivals:
                self._at(at, self._arrive, model)
            self._last_arrival_s = arrivals[-1][0]
        else:
            self._alone = deque(model for _, model in arrivals)
            self._at(0.0, self._arrive, self._alone.popleft())
        if world.others_per_hour:
            self._at(0.0, self._others)
        for down_at, up_at in world.restarts:
            self._at(down_at, self._go_down)
            self._at(up_at, self._come_up)

    # Submitting.

    def _arrive(self, model: str) -> None:
        self._still_to_come -= 1
        self._last_arrival_s = max(self._last_arrival_s, self.now)
        self._queue.append((self.now, model))
        self._submit()

    def _submit(self) -> None:
        """Send what the policy admits, first come first served; after a refusal singly."""
        if self._is_admit_due or self._is_down:
            return
        while self._queue and not (self._was_refused and self.outcome.in_flight):
            wait_s = self._timed(self.policy.admit, self._told())
            if wait_s > 0:
                self._ask_again_after(wait_s)
                return
            self.outcome.in_flight += 1
            self._send(self._post_arrives, *self._queue.popleft())

    def _ask_again_after(self, wait_s: float) -> None:
        if not self._is_admit_due:
            self._is_admit_due = True
            self._at(self.now + max(wait_s, SHORTEST_TIMER_S), self._admit_again)

    def _admit_again(self) -> None:
        self._is_admit_due = False
        self._submit()

    def _post_arrives(self, arrived_at: float, model: str) -> None:
        answer = self._vendor.post(self.now, model)
        back = self._posted if isinstance(answer, Generation) else self._refused
        self._at(self.now + self.world.latency_s / 2, back, answer, arrived_at, model)

    def _posted(self, made: Generation, arrived_at: float, model: str) -> None:
        self.outcome.in_flight -= 1
        self.outcome.submit_waits.append(self.now - self.world.latency_s - arrived_at)
        self._open[made.id] = (made, model, self._told())
        self.outcome.max_open = max(self.outcome.max_open, len(self._open))
        self._tell(("submitted", made.id, model))
        if self._was_refused:
            self._was_refused = bool(self._queue)
            self._submit()

    def _refused(self, answer: dict[str, Any], arrived_at: float, model: str) -> None:
        self.outcome.in_flight -= 1
        insort(self._queue, (arrived_at, model))
        self._was_refused = True
        self._ask_again_after(RESUBMIT_S)
        self._tell(("refused", answer["code"], answer.get("retry_after")))

    # Asking.

    def _tell(self, event: tuple[Any, ...]) -> None:
        if self._is_down:
            return
        self._plan += 1
        self._wanted = self._timed(self.policy, self._told(), event)
        if self._flight is None:
            self._arm()

    def _arm(self) -> None:
        if self._wanted is None or self._wanted[0] == math.inf:
            return
        when, request = self._wanted
        # Timers run on the true clock: a later jump of the told one does not move them.
        at = when - self._offset()
        if request is None:
            self._at(max(at, self.now + SHORTEST_TIMER_S), self._timer, self._plan)
        else:
            check(request)
            self._at(max(at, self.now), self._ask, self._plan, request)

    def _timer(self, plan: int) -> None:
        if plan == self._plan and self._flight is None:
            self._tell(("timer",))

    def _ask(self, plan: int, request: Request) -> None:
        if plan != self._plan or self._flight is not None or self._is_down:
            return
        self._wanted = None
        self._flight = plan
        self.outcome.polls += 1
        if self._ended_before_restart:
            self.outcome.catch_up += 1
        self._send(self._ask_arrives, plan, request)

    def _ask_arrives(self, flight: int, request: Request) -> None:
        reply = self._vendor.answer(self.now, request)
        self._at(self.now + self.world.latency_s / 2, self._answered, flight, request, reply)

    def _answered(self, flight: int, request: Request, reply: dict[str, Any]) -> None:
        if flight != self._flight:
            return  # sent by a policy that is gone
        self._flight = None
        for id_, status, _ in reply.get("rows", ()):
            if status != "pending" and id_ in self._open:
                made, _, _ = self._open.pop(id_)
                self.outcome.lags.append(self.now - made.ends_at)
                self._ended_before_restart.discard(id_)
                self._next_alone()
        self._tell(("reply", request, reply))

    def _next_alone(self) -> None:
        if self.world.pause_s is not None and self._alone:
            pause_s = self._random.uniform(0.5, 1.5) * self.world.pause_s
            self._at(self.now + pause_s, self._arrive, self._alone.popleft())

    # What else happens.

    def _others(self) -> None:
        if not (self._still_to_come or self._open or self._queue):
            return
        if self._random.random() < self.world.others_rows:
            self._vendor.begin(self.now, self._random.choice(list(MODELS)))
        self._vendor.take_for_others(self.now)
        rate = self.world.others_per_hour / 3600
        self._at(self.now + self._random.expovariate(rate), self._others)

    def _go_down(self) -> None:
        self._is_down = True
        self._plan += 1
        self._flight = None

    def _come_up(self) -> None:
        self._is_down = False
        self.policy = self._new_policy()
        ended = {id_ for id_, (made, _, _) in self._open.items() if made.ends_at <= self.now}
        self._ended_before_restart = ended
        self.outcome.ended_while_down += len(ended)
        while self._sends and self._sends[0] < self._told() - DRAIN_S:
            self._sends.popleft()
        jobs = [(id_, model, told) for id_, (_, model, told) in self._open.items()]
        self._tell(("restart", jobs, list(self._sends)))
        self._submit()

    def _new_policy(self) -> Policy:
        plan = self.world.plan
        caps = {"cap_hour": plan.cap_hour, "cap_day": plan.cap_day}
        return self._make({"models": dict(MODELS), **caps, "page": PAGE_ROWS})

    def _send(self, act: Callable[..., None], *arguments: Any) -> None:
        self.outcome.requests += 1
        self._sends.append(self._told())
        self._at(self.now + self.world.latency_s / 2, act, *arguments)

    def _at(self, at: float, act: Callable[..., None], *arguments: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, act, arguments))

    def _offset(self) -> float:
        return sum(by for at, by in self.world.clock_jumps if at <= self.now)

    def _told(self) -> float:
        return self.now + self._offset()

    def _timed(self, call: Callable[..., Any], *arguments: Any) -> Any:
        started = time.perf_counter()
        answer = call(*arguments)
        self.outcome.add_cpu(time.perf_counter() - started)
        return answer
