"""Who asks for videos when, and in what kind of world."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bench.simulate.vendor import Outage, Plan
from bench.simulate.waits import MODELS, PLAIN, Truth

HOUR_S = 3600.0
DAY_S = 86400.0
MIX = tuple(MODELS)
API_PLAN = Plan(100, 1000)
UNLIMITED = Plan()
LATENCY_S = 0.3


@dataclass(frozen=True, slots=True)
class World:
    """One load and everything that happens to it."""

    models: Sequence[str] = MIX
    per_hour: float = 0.0
    hours_a_day: float = 24.0
    days: float = 20.0
    # Instead of a rate: so many jobs, at once, or one at a time with a pause after each.
    jobs: int = 0
    pause_s: float | None = None

    plan: Plan = UNLIMITED
    truth: Truth = PLAIN
    latency_s: float = LATENCY_S
    outages: Sequence[Outage] = ()
    # Another client of the account: its requests, and the share of them that are submits.
    others_per_hour: float = 0.0
    others_rows: float = 0.3
    # (moment, seconds): the clock the policy is told moves by so much.
    clock_jumps: Sequence[tuple[float, float]] = ()
    # (down, up) each: the policy is gone in between.
    restarts: Sequence[tuple[float, float]] = ()
    # How long a queue may still drain after the last arrival.
    grace_s: float = 0.0

    def arrivals(self, random: Random) -> list[tuple[float, str]]:
        """Return (moment, model) in order of time; at least one."""
        if self.jobs:
            return [(0.0, random.choice(self.models)) for _ in range(self.jobs)]
        found = []
        at = 0.0
        while (at := at + random.expovariate(self.per_hour / HOUR_S)) < self.days * DAY_S:
            if at % DAY_S < self.hours_a_day * HOUR_S:
                found.append((at, random.choice(self.models)))
        return found or [(0.0, self.models[0])]
