"""The best that a known distribution allows for one job: ages to ask at, by backward induction.

With F the chance of having ended by an age, the cost of looking at x after s is the price of the
request, owed only by jobs that still run at s, plus the lag of those that end in between:
W(s) = min over x of price * (1 - F(s)) + integral of F(u) - F(s) from s to x + W(x).
"""

import math
from dataclasses import dataclass

from bench.simulate.waits import FAILURES, MODELS, STRAGGLER_TIMES, STRAGGLERS, log_normal_of

# Age steps: fine where jobs end, coarse among the stragglers.
STEP_S = 0.25
COARSE_STEP_S = 4.0
_HARDLY_ANY = 1e-6


@dataclass(frozen=True, slots=True)
class Bound:
    """Mean lag in seconds and mean number of polls (without the submit)."""

    lag_s: float
    polls: float


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


def _walk(ages: list[float], ended: list[float], areas: list[float], follows: list[int]) -> Bound:
    lag_s = polls = 0.0
    s = 0
    while s < len(ages) - 1:
        x = follows[s]
        polls += 1 - ended[s]
        lag_s += areas[x] - areas[s] - ended[s] * (ages[x] - ages[s])
        s = x
    return Bound(lag_s, polls)


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
