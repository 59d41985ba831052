"""The chance that a generation has finished by an age, as a curve with its integral.

A curve is a mixture: most waits are log-normal; some generations straggle at several times their
wait, some fail at any moment before it, and a few take hours or for ever. It is kept as straight
pieces between knots, so that a look-up is a search in a short list, and the integral is exact.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

# Distance between the 10 % and the 90 % point of a normal distribution, in standard deviations.
TENTHS_APART = 2.5631
# What is not known of a model's luck is taken from what is published of all.
FAILED_SHARE, STRAGGLER_SHARE, ENDLESS_SHARE = 0.03, 0.018, 0.002
# Stragglers take three to ten times as long: the mean and the spread of that factor's logarithm.
STRAGGLER_LOG, STRAGGLER_SPREAD = 1.82, 0.33
# The few that take longer still: anything up to a day, each order of magnitude alike.
ENDLESS_FROM, DAY_S = 8.0, 86_400.0
NARROWEST, WIDEST = 0.06, 0.85

_BODY_KNOTS = [step * 0.2 for step in range(-17, 18)]
_STRAGGLER_KNOTS = [step * 0.5 for step in range(-5, 7)]
_EARLY_PARTS = (0.1, 0.25, 0.4)
_ROOT_2 = math.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """A wait in two numbers, its median in seconds and the spread of its logarithm; and how many
    fail."""

    median_s: float
    spread: float
    failed: float = FAILED_SHARE

    @classmethod
    def of_range(cls, low_s: float, high_s: float) -> "Shape":
        """Read a published range as the 10 % and the 90 % point."""
        low_s, high_s = max(low_s, 0.1), max(high_s, low_s, 0.1)
        spread = math.log(high_s / low_s) / TENTHS_APART
        return cls(math.sqrt(low_s * high_s), min(max(spread, NARROWEST), WIDEST))

    def quantile_s(self, deviations: float) -> float:
        """Return the wait so many standard deviations above the median, of those that go well."""
        return self.median_s * math.exp(self.spread * deviations)


class Curve:
    """The chance to have ended by an age (s), never quite 1, and its integral over the age."""

    __slots__ = ("_ages", "_areas", "_chances", "_slopes", "shape")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._ages = ages = _knots(shape)
        self._chances = chances = [_chance(shape, age) for age in ages]
        slopes, areas = [], [0.0]
        for index in range(len(ages) - 1):
            width = ages[index + 1] - ages[index]
            slopes.append((chances[index + 1] - chances[index]) / width)
            areas.append(areas[-1] + width * (chances[index] + chances[index + 1]) / 2)
        self._slopes = [*slopes, 0.0]
        self._areas = areas

    def at(self, age_s: float) -> tuple[float, float]:
        """Return the chance to have ended by this age, and the area under the curve up to it."""
        if age_s <= 0.0:
            return 0.0, 0.0
        index = bisect_right(self._ages, age_s) - 1
        past = age_s - self._ages[index]
        chance, slope = self._chances[index], self._slopes[index]
        return chance + slope * past, self._areas[index] + past * (chance + slope * past / 2)

    def age_at(self, chance: float) -> float:
        """Return the age at which the chance is reached; infinite where it never is."""
        index = bisect_right(self._chances, chance) - 1
        if index >= len(self._ages) - 1:
            return math.inf
        slope = self._slopes[index]
        return self._ages[index] + ((chance - self._chances[index]) / slope if slope else 0.0)

    def mean_within(self, after_s: float, within_s: float) -> float:
        """Return the mean age at the end of one that ended between the two ages."""
        (chance_a, area_a), (chance_b, area_b) = self.at(after_s), self.at(within_s)
        weight = chance_b - chance_a
        if weight < 1e-9:
            return (after_s + within_s) / 2
        mean = (within_s * chance_b - after_s * chance_a - (area_b - area_a)) / weight
        return min(max(mean, after_s), within_s)


@lru_cache(maxsize=256)
def curve_of(shape: Shape) -> Curve:
    """Return the curve of a shape; models that are alike share it."""
    return Curve(shape)


def _knots(shape: Shape) -> list[float]:
    median, spread = shape.median_s, shape.spread
    wide = math.hypot(spread, STRAGGLER_SPREAD)
    knots = {0.0}
    knots.update(shape.quantile_s(z) for z in _BODY_KNOTS)
    knots.update(part * median for part in _EARLY_PARTS)
    knots.update(median * math.exp(STRAGGLER_LOG + wide * z) for z in _STRAGGLER_KNOTS)
    late = ENDLESS_FROM * median
    while late < DAY_S:
        knots.add(late)
        late *= 1.5
    knots.add(max(DAY_S, late))
    apart: list[float] = []
    for age in sorted(knots):
        if not apart or age > apart[-1] + 1e-4 * median:  # two of them may fall together
            apart.append(age)
    return apart


def _chance(shape: Shape, age_s: float) -> float:
    if age_s <= 0.0:
        return 0.0
    median, spread = shape.median_s, shape.spread
    log_age = math.log(age_s / median)
    done = _below(log_age / spread)
    # It fails at a uniform moment before its wait: the mean of min(1, age / wait).
    rest = math.exp(spread * spread / 2) * _below(-log_age / spread - spread)
    failed = done + age_s / median * rest
    straggled = _below((log_age - STRAGGLER_LOG) / math.hypot(spread, STRAGGLER_SPREAD))
    first = ENDLESS_FROM * median
    last = max(DAY_S, first * 1.5)
    endless = min(max(math.log(age_s / first) / math.log(last / first), 0.0), 1.0) * 0.9
    body = 1.0 - shape.failed - STRAGGLER_SHARE - ENDLESS_SHARE
    return (
        body * done
        + shape.failed * min(failed, 1.0)
        + STRAGGLER_SHARE * straggled
        + ENDLESS_SHARE * endless
    )


def _below(deviations: float) -> float:
    return 0.5 * math.erfc(-deviations / _ROOT_2)
