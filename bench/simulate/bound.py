"""The best that a known distribution allows for one job: ages to ask at, by backward induction.

With F the chance of having ended by an age, the cost of looking at x after s is the price of the
request, owed only by jobs that still run at s, plus the lag of those that end in between:
W(s) = min over x of price * (1 - F(s)) + integral of F(u) - F(s) from s to x + W(x).
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from bench.simulate.waits import FAILURES, MODELS, STRAGGLER_TIMES, STRAGGLERS, log_normal_of

# Age steps: fine where jobs end, coarse among the stragglers.
STEP_S = 0.25
COARSE_STEP_S = 4.0
_HARDLY_ANY = 1e-6


@dataclass(frozen=True, slots=True)
class Bound:
    """Mean lag in seconds and mean number of polls (without the submit).

    `p95_s` is the lag of one in twenty, where it is known.
    """

    lag_s: float
    polls: float
    p95_s: float = math.nan


def best(model: str, price_s: float) -> Bound:
    """Return what the best ages come to when a request is worth `price_s` seconds of lag."""
    ages, ended = _distribution(*MODELS[model])
    areas = _areas(ages, ended)
    last = len(ages) - 1
    costs = [0.0] * len(ages)
    follows = [last] * len(ages)
    for s in range(last - 1, -1, -1):
        base, alive = ended[s], 1 - ended[s]
        least = math.inf
        for x in range(s + 1, last + 1):
            owed = areas[x] - areas[s] - base * (ages[x] - ages[s])
            if owed > least:
                break
            if owed + costs[x] < least:
                least, follows[s] = owed + costs[x], x
        costs[s] = least + price_s * alive
    return _walk(ages, ended, areas, follows)


def every(model: str, gap_s: float) -> Bound:
    """Return what looking at every multiple of `gap_s` comes to."""
    ages, ended = _distribution(*MODELS[model])
    areas = _areas(ages, ended)
    last = len(ages) - 1
    follows, x = [], 0
    for s in range(last):
        due = (math.floor(ages[s] / gap_s + 1e-9) + 1) * gap_s
        while x < last and (x <= s or ages[x] < due - 1e-9):
            x += 1
        follows.append(x)
    return _walk(ages, ended, areas, follows)


def best_with_lag(model: str, lag_s: float) -> Bound:
    """Return the fewest polls for a mean lag, by halving the price's interval in logs."""
    low, high = 0.01, 100.0
    for _ in range(14):
        price_s = math.sqrt(low * high)
        found = best(model, price_s)
        low, high = (price_s, high) if found.lag_s < lag_s else (low, price_s)
    return found


def best_with_p95(model: str, p95_s: float) -> Bound:
    """Return the fewest polls with which one in twenty is later than `p95_s`, by price of that."""
    ages, ended = known_distribution(model)
    areas = _areas(ages, ended)
    low, high = 1.0, 1e5
    for _ in range(16):
        price = math.sqrt(low * high)
        found = _walk(ages, ended, areas, _follows_late(ages, ended, p95_s, price))
        low, high = (low, price) if found.p95_s <= p95_s else (price, high)
    return _walk(ages, ended, areas, _follows_late(ages, ended, p95_s, high))


def _follows_late(ages: list[float], ended: list[float], most_s: float, price: float) -> list[int]:
    """Return from each age the best next one, when what is later than `most_s` costs a price."""
    last = len(ages) - 1
    costs, follows = [0.0] * (last + 1), [last] * (last + 1)
    in_time = [bisect_left(ages, age - most_s) for age in ages]
    for s in range(last - 1, -1, -1):
        least = math.inf
        for x in range(s + 1, last + 1):
            late = price * (ended[max(s, in_time[x])] - ended[s])
            if late > least:
                break
            if late + costs[x] < least:
                least, follows[s] = late + costs[x], x
        costs[s] = least + 1 - ended[s]
    return follows


def known_distribution(model: str) -> tuple[list[float], list[float]]:
    """Return ages in seconds and the chance that a job of this model has ended by each."""
    return _distribution(*MODELS[model])


def _walk(ages: list[float], ended: list[float], areas: list[float], follows: list[int]) -> Bound:
    lag_s = polls = 0.0
    looks = [0]
    while (s := looks[-1]) < len(ages) - 1:
        x = follows[s]
        polls += 1 - ended[s]
        lag_s += areas[x] - areas[s] - ended[s] * (ages[x] - ages[s])
        looks.append(x)
    return Bound(lag_s, polls, _p95_s(ages, ended, looks))


def _p95_s(ages: list[float], ended: list[float], looks: list[int]) -> float:
    """Return the lag that one in twenty exceeds: half-way between looks in `ages` it ended."""
    lags = []
    for s, x in pairwise(looks):
        for i in range(s, x):
            lags.append((ages[x] - (ages[i] + ages[i + 1]) / 2, ended[i + 1] - ended[i]))
    above = 0.0
    for lag_s, share in sorted(lags, reverse=True):
        above += share
        if above >= 0.05:
            return lag_s
    return 0.0


def _areas(ages: list[float], ended: list[float]) -> list[float]:
    """The integral of F from 0 to each age."""
    areas = [0.0]
    for i in range(1, len(ages)):
        areas.append(areas[-1] + (ended[i] + ended[i - 1]) / 2 * (ages[i] - ages[i - 1]))
    return areas


def _distribution(low_s: float, high_s: float) -> tuple[list[float], list[float]]:
    """Return ages and the chance of having ended by each, failures and stragglers included."""
    location, spread = log_normal_of(low_s, high_s)

    def plain(age_s: float) -> float:
        if age_s <= 0:
            return 0.0
        return 0.5 * math.erfc((location - math.log(age_s)) / spread / math.sqrt(2))

    first, most = STRAGGLER_TIMES
    times = [first + (most - first) * (i + 0.5) / 20 for i in range(20)]
    ages = [0.0]
    while ages[-1] < 2 * most * high_s:
        ages.append(ages[-1] + (STEP_S if ages[-1] < 2 * high_s else COARSE_STEP_S))
    waits = [
        (1 - STRAGGLERS) * plain(age)
        + STRAGGLERS * sum(plain(age / each) for each in times) / len(times)
        for age in ages
    ]
    # A failure comes at a uniform moment before its wait: F(x) + x * E[1/wait; wait > x].
    failed = [0.0] * len(ages)
    inverse = 0.0
    for i in range(len(ages) - 1, 0, -1):
        failed[i] = waits[i] + ages[i] * inverse
        inverse += (waits[i] - waits[i - 1]) * 2 / (ages[i] + ages[i - 1])
    ended = [
        (1 - FAILURES) * wait + FAILURES * fail for wait, fail in zip(waits, failed, strict=True)
    ]
    return ages, [1.0 if 1 - each < _HARDLY_ANY else each for each in ended]
