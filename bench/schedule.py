"""When the bot asks, judged by the simulator: requests, lag and 429s next to the usual patterns.

All runs are simulated time, so the figures are the same on every machine but those named cpu.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

from bench import schedule_policy
from bench.figures import Figure, Target
from bench.simulate import bound, patterns, shared_bound
from bench.simulate.loads import API_PLAN, MIX, UNLIMITED, World
from bench.simulate.outcome import Outcome
from bench.simulate.policy import Make
from bench.simulate.rows import ALONE
from bench.simulate.run import Run, run

OURS = "ours"
EVERY_5S, EVERY_2S, BACK_OFF = "every 5 s", "every 2 s", "back-off"
MAKES: dict[str, Make] = {
    OURS: schedule_policy.make,
    EVERY_5S: patterns.every_5s,
    EVERY_2S: patterns.every_2s,
    BACK_OFF: patterns.back_off,
}
PATTERNS = (EVERY_5S, EVERY_2S, BACK_OFF)
KLING = ("kling-v2.1",)
AT_ONCE = 10_000
# What counts as carrying a load: its p95 lag, and that hardly a submit waits.
CARRIED_P95_S = (5.0, 15.0)
CARRIED_WAITED = 0.01
MOST_AN_HOUR = 100
BUSY_S = 60.0
PROCESSES = 2
SEED = 1


@dataclass(frozen=True, slots=True)
class Load:
    """A world to be carried and the most each of its figures may come to.

    `is_compared` with every pattern, not only with the published one.
    """

    name: str
    world: World
    targets: dict[str, float]
    is_compared: bool = True

    @property
    def is_limited(self) -> bool:
        """Whether a plan limits its requests."""
        return self.world.plan is not UNLIMITED


def loads() -> list[Load]:
    """Return what is measured, for ours and for each of the patterns."""
    found = []
    for model, requests in ALONE.items():
        world = World((model,), jobs=800, pause_s=60)
        most = {"requests": requests, "p95": 5.5}
        found.append(Load(f"alone.{model}", world, most, model in KLING))
    found += [
        Load("10_an_hour", World(per_hour=10, days=4), {"p95": 5.5}),
        Load("60_an_hour", World(per_hour=60, days=1), {"requests": 7.7, "p50": 3.0, "p95": 5.5}),
        Load("600_an_hour", World(per_hour=600, days=0.2), {"requests": 2.4, "p50": 2.6, "p95": 5}),
        Load(
            "10000_at_once",
            World(KLING, jobs=AT_ONCE, latency_s=0),
            {"requests": 1.8, "p95": 5.0},
        ),
    ]
    for per_hour, days, p50, p95, waited in (
        (5, 20, 3.5, 10, 0.01),
        (10, 16, 5.5, 20, 0.01),
        (20, 12, 11, 28, 0.01),
        (60, 6, 45, 190, 0.15),
    ):
        most = {"p50": p50, "p95": p95, "429s": 0, "waited": waited}
        world = World(per_hour=per_hour, hours_a_day=10, days=days, plan=API_PLAN)
        found.append(Load(f"plan.{per_hour}_an_hour", world, most))
    round_the_clock = World(per_hour=10, days=10, plan=API_PLAN)
    most = {"p50": 10.5, "p95": 27, "429s": 0, "waited": 0.01}
    found.append(Load("plan.10_an_hour_all_day", round_the_clock, most))
    flood = World(per_hour=600, days=0.1, plan=API_PLAN)
    found.append(Load("plan.600_an_hour", flood, {"429s": 0}))
    return found


async def measure() -> list[Figure]:
    """Run every load under every policy, two at a time, and compare."""
    every_load = loads()
    pairs = [(name, load) for load in every_load for name in MAKES]
    with ProcessPoolExecutor(PROCESSES) as pool:
        carried = {
            (name, most): pool.submit(carries, name, most)
            for name in (OURS, EVERY_5S)
            for most in CARRIED_P95_S
        }
        outcomes = list(pool.map(_outcome, *zip(*pairs, strict=True)))
        flow = pool.submit(shared_bound.flow, MIX, 600.0, 2.0)
        of = {(load.name, name): out for (name, load), out in zip(pairs, outcomes, strict=True)}
        figures = [figure for load in every_load for figure in _of_load(load, of)]
        figures += list(_next_to_bounds(of, flow.result()))
        figures += [_carried(most, carried) for most in CARRIED_P95_S]
    return figures + _cpu_of_many()


def _outcome(name: str, load: Load) -> Outcome:
    return run(MAKES[name], load.world, SEED)


def _of_load(load: Load, of: dict[tuple[str, str], Outcome]) -> Iterator[Figure]:
    """Each figure next to the published pattern, those that matter most next to the others."""
    ours = _facts(of[load.name, OURS])
    for pattern in PATTERNS:
        theirs = _facts(of[load.name, pattern])
        for what, unit in (
            ("requests", "/job"),
            ("p50", "s"),
            ("p95", "s"),
            ("p99", "s"),
            ("429s", ""),
            ("waited", "%"),
        ):
            is_of_limits = what in {"429s", "waited"}
            if pattern != EVERY_5S and not (load.is_compared and what in {"requests", "p95"}):
                continue
            if is_of_limits and not load.is_limited:
                continue
            most = load.targets.get(what) if pattern == EVERY_5S else None
            scale = 100 if unit == "%" else 1
            yield Figure(
                f"schedule.{load.name}.{what}",
                ours[what] * scale,
                unit,
                pattern,
                theirs[what] * scale,
                None if most is None else Target("<", most * scale),
            )


def _facts(outcome: Outcome) -> dict[str, float]:
    return {
        "requests": outcome.requests_per_job,
        "p50": outcome.lag(0.5),
        "p95": outcome.lag(0.95),
        "p99": outcome.lag(0.99),
        "429s": outcome.refused_429,
        "waited": outcome.waited_share,
    }


def _next_to_bounds(of: dict[tuple[str, str], Outcome], flow: bound.Bound) -> Iterator[Figure]:
    for model in ALONE:
        ours = of[f"alone.{model}", OURS]
        for words, best in (
            ("least, same mean", bound.best_with_lag(model, ours.lag_mean)),
            ("least, same p95", bound.best_with_p95(model, ours.lag(0.95))),
        ):
            name, value = f"schedule.alone.{model}.requests", ours.requests_per_job
            yield Figure(name, value, "/job", words, 1 + best.polls)
    ours = of["600_an_hour", OURS]
    value = ours.lag_mean * ours.polls_per_job
    yield Figure(
        "schedule.600_an_hour.lag*polls", value, "s", "best known", flow.lag_s * flow.polls
    )
    ours = of["10000_at_once", OURS]
    value = ours.lag_mean * ours.polls_per_job
    best = shared_bound.burst(KLING[0], 5.0)
    yield Figure(
        "schedule.10000_at_once.lag*polls", value, "s", "best ages", best.lag_s * best.polls
    )


def carries(name: str, p95_s: float) -> int:
    """Return how many jobs an hour, ten hours a day, the plan carries at this p95 lag."""
    low, high = 0, MOST_AN_HOUR
    while high - low > 1:
        middle = (low + high) // 2
        days = min(20, max(4, 400 // (10 * middle)))
        world = World(per_hour=middle, hours_a_day=10, days=days, plan=API_PLAN)
        out = run(MAKES[name], world, SEED)
        is_carried = out.lag(0.95) <= p95_s and out.waited_share <= CARRIED_WAITED
        low, high = (middle, high) if is_carried and not out.unseen else (low, middle)
    return low


def _carried(p95_s: float, carried: dict[tuple[str, float], Any]) -> Figure:
    return Figure(
        f"schedule.plan.carried_at_p95_{p95_s:.0f}s",
        carried[OURS, p95_s].result(),
        "jobs/h",
        EVERY_5S,
        carried[EVERY_5S, p95_s].result(),
    )


class _Timed(Run):
    """A run that keeps when each call into the policy was made and how long it took."""

    def __init__(self, world: World) -> None:
        self.calls: list[tuple[float, float]] = []
        super().__init__(schedule_policy.make, world, Random(SEED))

    def _timed(self, call: Callable[..., Any], *arguments: Any) -> Any:
        # The process's own time: others use this machine, too.
        before = time.process_time()
        answer = super()._timed(call, *arguments)
        self.calls.append((self.now, time.process_time() - before))
        return answer


def _cpu_of_many() -> list[Figure]:
    """Time the decisions in this process, with ten thousand open and with a hundred."""
    many, few = _decisions(AT_ONCE), _decisions(100)
    return [
        Figure(
            "schedule.10000_open.cpu_per_decision",
            1e6 * sum(spent for _, spent in many) / len(many),
            "us",
            "100 open",
            1e6 * sum(spent for _, spent in few) / len(few),
        ),
        Figure(
            "schedule.10000_open.cpu_of_one_core",
            100 * _busiest_s(many) / BUSY_S,
            "%",
            "100 open",
            100 * _busiest_s(few) / BUSY_S,
            Target("<", 5),
        ),
    ]


def _decisions(jobs: int) -> list[tuple[float, float]]:
    """Return (moment, CPU time) of each call while so many wait, their submits left out."""
    timed = _Timed(World(KLING, jobs=jobs))
    timed.play()
    return [call for call in timed.calls if call[0] > 1.0]


def _busiest_s(calls: Iterable[tuple[float, float]]) -> float:
    """Return the most CPU time that fell into any `BUSY_S`."""
    within: deque[tuple[float, float]] = deque()
    total = most = 0.0
    for at, spent in calls:
        within.append((at, spent))
        total += spent
        while within[0][0] < at - BUSY_S:
            total -= within.popleft()[1]
        most = max(most, total)
    return most
