"""When a look at some open generations is worth a request. Pure.

Each generation has a chance to have finished unseen by some moment, given that it was unfinished
when it was last seen. Their sum over all that one request would show is how many videos are
expected to be done and unknown; its integral over time is the lag that is owed. A look is due when

- the owed lag is worth a request: `LAG_PRICE` times the target gap, less when all that is asked
  about has most likely finished; or
- a target gap has passed while endings are dense; or
- a target gap has passed since the first endings became likely, after a quiet stretch.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.schedule.curves import Curve

# The price of a request, as a part of the target gap, in seconds of lag.
LAG_PRICE = 0.22
# Expected endings in a gap, in units of gap / median, above which endings are dense.
DENSE = 0.25
SHORT_GAP_S = 5.0
# The chance at which the first endings are likely, and up to which a generation is in its quiet
# stretch when it was last seen.
FIRST_LIKELY, QUIET = 0.02, 0.1
# A look at one that is old is no more urgent than this part of its age.
AGE_PART = 0.02
LONGEST_GAP_S = 3600.0
_HALVINGS = 18


@dataclass(frozen=True, slots=True)
class Cell:
    """Generations that are alike: how many, of which curve, when submitted and last seen."""

    count: float
    curve: Curve
    submitted_at: float
    seen_at: float

    def facts(self) -> tuple[float, Curve, float, float, float, float, float]:
        """Return what the sums need, worked out once."""
        chance, area = self.curve.at(self.seen_at - self.submitted_at)
        weight = self.count / max(1.0 - chance, 1e-6)
        return weight, self.curve, self.submitted_at, self.seen_at, chance, area, self.count


class Meter:
    """The owed lag of what one request would show, which was last made at `looked_at`."""

    def __init__(self, cells: Iterable[Cell], looked_at: float) -> None:
        self._cells = list(cells)
        self._facts = [cell.facts() for cell in self._cells]
        self._looked_at = looked_at

    def owed_s(self, at: float) -> float:
        """Return the lag owed at that moment: seconds that finished videos wait unseen."""
        owed = 0.0
        for weight, curve, submitted_at, seen_at, chance, area, _count in self._facts:
            if at > seen_at:
                _now, area_now = curve.at(at - submitted_at)
                owed += weight * (area_now - area - (at - seen_at) * chance)
        return owed

    def due_at(self, now: float, gap_s: float, least_gap_s: float, flow: float = 0.0) -> float:
        """Return when to look, not before `now`; infinite for nothing to look at.

        `flow` is how many videos come a second. In a steady flow a gap between looks costs half
        of its square times the flow, so that is the price at which looks come a gap apart.
        """
        if not self._cells:
            return math.inf
        soonest = max(now, self._looked_at + least_gap_s)
        latest = min(self._latest(cell) for cell in self._cells)
        due = max(soonest, min(self._first_at(gap_s), latest))
        if self._looked_at + gap_s < due and self._is_dense(gap_s):
            due = max(soonest, self._looked_at + gap_s)
        price = gap_s * max(LAG_PRICE, flow * gap_s / 2)
        if self._is_worth(soonest, price):
            due = soonest
        elif self._is_worth(due, price):
            due = self._search(soonest, due, price)
        rest = self._rest_until(now)
        return max(soonest, due, rest)

    def _latest(self, cell: Cell) -> float:
        return cell.seen_at + LONGEST_GAP_S if cell.seen_at > cell.submitted_at else math.inf

    def _rest_until(self, now: float) -> float:
        """Return until when nothing is urgent: each of them is old, and was seen lately."""
        return min(
            cell.seen_at + min(AGE_PART * (cell.seen_at - cell.submitted_at), LONGEST_GAP_S)
            for cell in self._cells
        )

    def _first_at(self, gap_s: float) -> float:
        """Return when the first endings have been likely for a gap, of what was quiet so far."""
        quiet = [
            (weight, curve, submitted_at, chance)
            for weight, curve, submitted_at, _seen, chance, _area, _count in self._facts
            if chance < QUIET
        ]
        if not quiet:
            return math.inf
        at = min(
            submitted_at + curve.age_at(chance + FIRST_LIKELY / weight)
            for weight, curve, submitted_at, chance in quiet
        )
        return at + gap_s

    def _is_dense(self, gap_s: float) -> bool:
        at, endings = self._looked_at + gap_s, 0.0
        for weight, curve, submitted_at, seen_at, chance, _area, _count in self._facts:
            if at > seen_at:
                new = curve.at(at - submitted_at)[0] - chance
                endings += weight * new * curve.shape.median_s
        return endings >= DENSE * gap_s * max(1.0, gap_s / SHORT_GAP_S) ** 4

    def _is_worth(self, at: float, price: float) -> bool:
        """Return whether the owed lag is worth a request at that moment."""
        if math.isinf(at):
            return True
        owed, all_done = 0.0, 1.0
        for weight, curve, submitted_at, seen_at, chance, area, count in self._facts:
            if at <= seen_at:
                all_done = 0.0
                continue
            chance_now, area_now = curve.at(at - submitted_at)
            owed += weight * (area_now - area - (at - seen_at) * chance)
            all_done *= min(1.0, (chance_now - chance) * weight / count) ** count
        return owed >= price * math.sqrt(1.0 - all_done)

    def _search(self, low: float, high: float, price: float) -> float:
        """Return the first moment between the two at which a look is worth its price."""
        if math.isinf(high):
            step = 1.0
            while not self._is_worth(low + step, price) and step < 2 * LONGEST_GAP_S:
                step *= 2
            high = low + step
        for _ in range(_HALVINGS):
            if high - low < 0.05:
                break
            middle = (low + high) / 2
            low, high = (low, middle) if self._is_worth(middle, price) else (middle, high)
        return high
