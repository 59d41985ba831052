"""What known distributions allow where one look at a listing shows many jobs.

Two loads. A burst: a page full of jobs that began together. Its best ages to look at follow by
backward induction as for one job, a look being owed while any of them still runs. A flow: jobs
that come at random times, hundreds an hour. There every look shows which have ended, and the next
ones are chosen anew by backward induction over the chances of those that have not. That is as good
as planning without foresight of answers gets: a reference close to the best, not a proof.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from random import Random

from bench.simulate.bound import Bound, known_distribution
from bench.simulate.waits import PLAIN

STEP_S = 0.25
# How far ahead a flow's looks are planned, and what is left out at its beginning.
AHEAD_STEPS = 120
WARM_UP_S = 600.0
# Ages up to which a burst is planned; what runs on after that is seen by the last look.
LONGEST_S = 1500.0
PAGE = 100


def burst(model: str, price_s: float, jobs: int = PAGE) -> Bound:
    """Return lag and polls per job of a page of jobs that began together, at best."""
    ended = _grid(model, LONGEST_S)
    areas = _areas(ended)
    last = len(ended) - 1
    costs, follows = [0.0] * (last + 1), [last] * (last + 1)
    for s in range(last - 1, -1, -1):
        least = math.inf
        for x in range(s + 1, last + 1):
            owed = jobs * (areas[x] - areas[s] - ended[s] * (x - s) * STEP_S)
            if owed > least:
                break
            if owed + costs[x] < least:
                least, follows[s] = owed + costs[x], x
        costs[s] = least + price_s * (1 - ended[s] ** jobs)
    lag_s, looks, s = 0.0, 0.0, 0
    while s < last:
        x = follows[s]
        looks += 1 - ended[s] ** jobs
        lag_s += areas[x] - areas[s] - ended[s] * (x - s) * STEP_S
        s = x
    return Bound(lag_s, looks / jobs)


def flow(
    models: Sequence[str], per_hour: float, price_s: float, jobs: int = 1500, seed: int = 1
) -> Bound:
    """Return lag and polls per job of jobs that come at random and are all seen by each look.

    For loads where looks are less than `AHEAD_STEPS` apart.
    """
    coming = _drawn(models, per_hour, jobs, Random(seed))
    ended = {model: _grid(model, LONGEST_S) for model in set(models)}
    watched: list[tuple[float, float, str]] = []
    at, looks, lag_s, seen = 0.0, 0, 0.0, 0
    while coming:
        while coming and coming[-1][0] <= at:
            watched.append(coming.pop())
        at += _next_look([(at - began, ended[model]) for began, _, model in watched], price_s)
        for one in [each for each in watched if each[1] <= at]:
            watched.remove(one)
            if one[0] >= WARM_UP_S:
                lag_s += at - one[1]
                seen += 1
        looks += at >= WARM_UP_S
    return Bound(lag_s / max(1, seen), looks / max(1, seen))


def _next_look(watched: list[tuple[float, Sequence[float]]], price_s: float) -> float:
    """Return after how many seconds the first of the best looks is due."""
    if not watched:
        return 1.0
    chances = [0.0] * (AHEAD_STEPS + 1)
    for age_s, ended in watched:
        place = min(age_s / STEP_S, len(ended) - 2 - AHEAD_STEPS)
        low = int(place)
        part = place - low
        then = ended[low] + part * (ended[low + 1] - ended[low])
        left = max(1 - then, 1e-6)
        for step in range(1, AHEAD_STEPS + 1):
            now = ended[low + step] + part * (ended[low + step + 1] - ended[low + step])
            chances[step] += (now - then) / left
    areas = _areas(chances)
    costs, first = [0.0] * (AHEAD_STEPS + 1), AHEAD_STEPS
    for s in range(AHEAD_STEPS - 1, -1, -1):
        # What is owed at the horizon is not lost, only looked at later.
        least = areas[-1] - areas[s] - chances[s] * (AHEAD_STEPS - s) * STEP_S
        first = AHEAD_STEPS
        for x in range(s + 1, AHEAD_STEPS + 1):
            owed = areas[x] - areas[s] - chances[s] * (x - s) * STEP_S
            if owed + price_s > least:
                break
            if owed + price_s + costs[x] < least:
                least, first = owed + price_s + costs[x], x
        costs[s] = least
    return first * STEP_S


def _drawn(
    models: Sequence[str], per_hour: float, jobs: int, random: Random
) -> list[tuple[float, float, str]]:
    """Return (began, ends, model) of each job, the last one first."""
    drawn, at = [], 0.0
    for _ in range(jobs):
        at += random.expovariate(per_hour / 3600)
        model = random.choice(models)
        drawn.append((at, at + PLAIN.fate(random, model, at).after_s, model))
    return drawn[::-1]


@lru_cache(maxsize=16)
def _grid(model: str, upto_s: float) -> Sequence[float]:
    """Return the chance to have ended at every multiple of `STEP_S`."""
    ages, ended = known_distribution(model)
    grid = []
    for step in range(int(upto_s / STEP_S) + AHEAD_STEPS + 2):
        age = step * STEP_S
        index = bisect_right(ages, age) - 1
        if index >= len(ages) - 1:
            grid.append(1.0)
            continue
        part = (age - ages[index]) / (ages[index + 1] - ages[index])
        grid.append(ended[index] + part * (ended[index + 1] - ended[index]))
    return grid


def _areas(values: Sequence[float]) -> list[float]:
    areas = [0.0]
    for before, after in pairwise(values):
        areas.append(areas[-1] + (before + after) / 2 * STEP_S)
    return areas
