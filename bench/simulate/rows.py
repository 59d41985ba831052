"""The rows of the judgement: which worlds are run, and what is promised in them."""

from dataclasses import dataclass, replace
from functools import partial

from bench.simulate import waits
from bench.simulate.loads import API_PLAN, DAY_S, HOUR_S, MIX, UNLIMITED, World
from bench.simulate.vendor import Outage
from bench.simulate.waits import Truth
from bench.simulate.windows import KINDS

QUICK = 0.15
ALONE = {"luma-flash2": 4.5, "kling-v2.1": 9.0, "luma-ray2": 11.4, "mj-video-720p": 16.0}
RESTARTS = {12: 1, 100: 1, 150: 2, 10_000: 100}
ONE = ("kling-v2.1",)
STEP = "step x1.6"


@dataclass(frozen=True, slots=True)
class Row:
    """A world and, by the name of the figure, the most it may come to."""

    group: str
    name: str
    world: World
    targets: dict[str, float]


def all_rows(is_quick: bool = False) -> list[Row]:
    """Return every row; quick ones have the same worlds with fewer jobs or days."""
    rows = [*_unlimited(), *_allowed(), *_worlds(), *_restarts(), *_outages()]
    if is_quick:
        rows = [_shortened(row) for row in rows]
    return [_stepped(row) if row.name == STEP else row for row in rows]


def _unlimited() -> list[Row]:
    rows = [
        Row("unlimited", f"alone {model}", World((model,), jobs=1500, pause_s=60), most)
        for model, most in ((m, {"requests": r, "p95": 5.5}) for m, r in ALONE.items())
    ]
    for name, models, requests in (("kling", ONE, 7.2), ("mix", MIX, 7.7)):
        most = {"requests": requests, "p50": 3.0, "p95": 5.5}
        rows.append(Row("unlimited", f"60/h {name}", World(models, 60, days=2), most))
    for name, models in (("kling", ONE), ("mix", MIX)):
        most = {"requests": 2.4, "p50": 2.6, "p95": 5.0}
        rows.append(Row("unlimited", f"600/h {name}", World(models, 600, days=0.5), most))
    for name, models in (("kling", ONE), ("mix", MIX)):
        # A hundred pages a sweep leave no room for a latency in these targets.
        world = World(models, jobs=10_000, latency_s=0)
        rows.append(
            Row("unlimited", f"10,000 at once {name}", world, {"requests": 1.8, "p95": 5.0})
        )
    return rows


def _allowed() -> list[Row]:
    rows = []
    for per_hour, p50, p95, p95_mix, waited in (
        (5, 3.5, 10, 10, 0.01),
        (10, 5.5, 16, 20, 0.01),
        (20, 11, 28, 28, 0.01),
        (60, 45, 190, 190, 0.15),
    ):
        days = 20 if per_hour < 60 else 8
        for name, models, tail in (("kling", ONE, p95), ("mix", MIX, p95_mix)):
            world = World(models, per_hour, 10, days, plan=API_PLAN)
            most = {"p50": p50, "p95": tail, "429s": 0, "waited": waited}
            rows.append(Row("100/h, 1000/day", f"{per_hour}/h 10 h a day {name}", world, most))
    most = {"p50": 10.5, "p95": 27, "429s": 0, "waited": 0.01}
    for kind in KINDS:
        world = World(per_hour=10, days=20, plan=replace(API_PLAN, kind=kind))
        rows.append(Row("100/h, 1000/day", f"10/h round the clock {kind}", world, most))
    world = World(per_hour=60, days=3, plan=API_PLAN, grace_s=3 * DAY_S)
    rows.append(Row("100/h, 1000/day", "60/h round the clock", world, {"429s": 0}))
    return rows


def _worlds() -> list[Row]:
    base = World(per_hour=10, hours_a_day=10, days=20, plan=API_PLAN)
    truths = {
        "as published": waits.PLAIN,
        "x1.4": Truth(factor=partial(waits.constant, 1.4)),
        "x0.7": Truth(factor=partial(waits.constant, 0.7)),
        STEP: waits.PLAIN,  # the step comes halfway, however long the world
        "±30 % a day": Truth(factor=partial(waits.daily, 0.3)),
        "bimodal": Truth(waits.bimodal),
        "tight": Truth(waits.tight),
        "gamma": Truth(waits.gamma),
        "uniform": Truth(waits.uniform),
    }
    worlds = {name: replace(base, truth=truth) for name, truth in truths.items()}
    often = [day * DAY_S + hour * HOUR_S for day in range(20) for hour in range(1, 10)]
    jumps = tuple((at, (-1) ** i * 3600.0) for i, at in enumerate(often))
    worlds["clock ±1 h"] = replace(base, clock_jumps=jumps)
    worlds["another client 20/h"] = replace(base, others_per_hour=20)
    worlds["restarts every hour"] = replace(base, restarts=[(at, at + 60) for at in often])
    rows = [Row("worlds, 10/h 10 h", name, each, {"429s": 0}) for name, each in worlds.items()]
    return rows + [
        Row("worlds, 60/h unlimited", name, World(per_hour=60, days=1, truth=truth), {})
        for name, truth in truths.items()
    ]


def _restarts() -> list[Row]:
    rows = []
    for jobs, requests in RESTARTS.items():
        for name, down_s in (("90 s", 90.0), ("1 h", 3600.0)):
            world = World(jobs=jobs, plan=UNLIMITED, restarts=[(5.0, 5.0 + down_s)])
            rows.append(
                Row("restart", f"{jobs:,} open, down {name}", world, {"catch up": requests})
            )
    return rows


def _outages() -> list[Row]:
    base = World(per_hour=10, hours_a_day=10, days=4, plan=API_PLAN)
    rows = []
    for code in (503, 429):
        starts = [day * DAY_S + (2 + 2 * day) * HOUR_S for day in range(4)]
        outages = tuple(Outage(start, start + 300, code) for start in starts)
        for world, name in ((base, "10/h"), (World(per_hour=600, days=0.5), "600/h unlimited")):
            each = replace(world, outages=outages)
            rows.append(Row("outages", f"four of 5 min, {code}, {name}", each, {"429s": 0}))
    return rows


def _shortened(row: Row) -> Row:
    world = row.world
    jobs = world.jobs if world.restarts or not world.jobs else max(100, int(world.jobs * QUICK))
    days = world.days if world.outages else max(1.0, world.days * QUICK)
    return replace(row, world=replace(world, jobs=jobs, days=min(days, world.days)))


def _stepped(row: Row) -> Row:
    halfway_s = row.world.days * DAY_S / 2
    truth = Truth(factor=partial(waits.step, 1.6, halfway_s))
    return replace(row, world=replace(row.world, truth=truth))
