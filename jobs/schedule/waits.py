"""How long each kind of generation takes here, learned from those that finished.

The published range is where it starts. What is learned of is the newest generations *in order of
submission* that are old enough for nearly all of their age to have ended: of a burst, those that
finish first are its fast ones, and learning as they come would make every estimate too short. One
that is still open counts as well, and one that failed says nothing about waits. Nor does one that
nobody looked at for long, after an outage or a restart: it may have ended at any moment of that.
"""

import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from jobs.schedule.curves import (
    FAILED_SHARE,
    NARROWEST,
    TENTHS_APART,
    WIDEST,
    Curve,
    Shape,
    curve_of,
)

KEPT = 60
# So many times the median old: of a log-normal wait, all but stragglers have ended by then.
RIPE_MEDIANS = 2.5
# Of one that ended between two looks further apart than this, in medians, nothing is learned.
VAGUE_MEDIANS = 5.0
# Invented waits that stand for the published range, in standard deviations from its middle:
# the 12.5, 37.5, 62.5 and 87.5 % points.
INVENTED = (-1.1503, -0.3186, 0.3186, 1.1503)
MOST_YOUNG = 100_000
# As if so many more had been seen that fail as often as is usual; and that many times the usual
# share may be chance.
FATES_INVENTED, FATES_CHANCE = 20, 2.5
# A curve takes a fraction of a millisecond to build: among many samples not each brings a new one.
REBUILD_PART = 12


@dataclass(slots=True)
class Sample:
    """One generation: when it was submitted, and between which ages (s) it ended.

    `within_s` is None while it is open; `after_s` is its age when it was last seen so.
    """

    submitted_at: float
    after_s: float = 0.0
    within_s: float | None = None
    has_failed: bool = False


class Waits:
    """The learned curves by kind: whatever the caller tells apart (model, length, picture).

    `published` tells a kind's published range in seconds.
    """

    def __init__(self, published: Callable[[Hashable], tuple[float, float]]) -> None:
        self._published = published
        self._kinds: dict[Hashable, _Kind] = {}

    def curve(self, kind: Hashable) -> Curve:
        """Return the present curve of a kind."""
        return self._of(kind).curve

    def began(self, kind: Hashable, submitted_at: float) -> Sample:
        """Take up a generation, in the order of submission; its end goes to `ended`."""
        sample = Sample(submitted_at)
        young = self._of(kind).young
        young.append(sample)
        if len(young) > MOST_YOUNG:
            young.popleft()  # of a kind that only ever fails, nothing is learned
        return sample

    def ended(
        self, kind: Hashable, sample: Sample, after_s: float, within_s: float, now: float
    ) -> None:
        """It completed between these two ages."""
        sample.after_s, sample.within_s = after_s, max(after_s, within_s)
        self._of(kind).freshen(now)

    def remember(self, kind: Hashable, past: Iterable[Sample], now: float) -> None:
        """Take up what was stored, oldest first."""
        known = self._of(kind)
        known.young.extendleft(reversed(list(past)))
        known.rebuild(now)

    def _of(self, kind: Hashable) -> "_Kind":
        known = self._kinds.get(kind)
        if known is None:
            known = self._kinds[kind] = _Kind(Shape.of_range(*self._published(kind)))
        return known


class _Kind:
    """The samples of one kind, in order of submission, and the curve they make."""

    __slots__ = ("_fates", "_fresh", "_prior", "_ripe", "curve", "young")

    def __init__(self, prior: Shape) -> None:
        self._prior = prior
        self._fresh = 0
        self._ripe: deque[Sample] = deque(maxlen=KEPT)
        self._fates: deque[bool] = deque(maxlen=KEPT)
        self.young: deque[Sample] = deque()
        self.curve = curve_of(prior)

    def freshen(self, now: float) -> None:
        """One more has ended: learn of it now, or with the next ones when many are known."""
        self._fresh += 1
        if self._fresh * REBUILD_PART >= len(self._ripe):
            self.rebuild(now)

    def rebuild(self, now: float) -> None:
        """Make the curve anew from what is ripe at `now`."""
        self._fresh = 0
        ripe_at = now - RIPE_MEDIANS * self.curve.shape.median_s
        while self.young and self.young[0].submitted_at <= ripe_at:
            sample = self.young.popleft()
            self._fates.append(sample.has_failed)
            if not sample.has_failed:
                self._ripe.append(sample)
        waits = [self._wait_s(one, now) for one in self._ripe if not one.has_failed]
        logs = [math.log(max(wait_s, 0.1)) for wait_s in waits if wait_s is not None]
        logs += [math.log(self._prior.quantile_s(z)) for z in INVENTED]
        logs.sort()
        middle = _quantile(logs, 0.5)
        spread = (_quantile(logs, 0.9) - _quantile(logs, 0.1)) / TENTHS_APART
        spread = min(max(spread, NARROWEST), WIDEST)
        # Rounded, so that a small move of the estimate makes no new curve.
        shape = Shape(math.exp(round(middle, 2)), round(spread, 2), self._failed_share())
        self.curve = curve_of(shape)

    def _failed_share(self) -> float:
        share = (sum(self._fates) + FATES_INVENTED * FAILED_SHARE) / (
            len(self._fates) + FATES_INVENTED
        )
        return FAILED_SHARE if share < FATES_CHANCE * FAILED_SHARE else min(round(share, 1), 0.9)

    def _wait_s(self, one: Sample, now: float) -> float | None:
        """Return how long one took, or took so far; None where that is too vague to learn of."""
        within_s = now - one.submitted_at if one.within_s is None else one.within_s
        if within_s - one.after_s > VAGUE_MEDIANS * self.curve.shape.median_s:
            return None
        return self.curve.mean_within(one.after_s, within_s)


def _quantile(ordered: list[float], part: float) -> float:
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
