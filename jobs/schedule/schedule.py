"""When to ask the vendor next, and for what: one generation, or a page of the history. Pure."""

import heapq
import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from jobs.schedule.curves import Shape, curve_of
from jobs.schedule.law import LEAST_GAP_S, Arrivals, gap_s, look_reserve, watch_reserve
from jobs.schedule.lost import Lost
from jobs.schedule.meter import Cell, Meter
from jobs.schedule.pages import PAGE, Key, Open, Pages
from jobs.schedule.waits import Waits
from jobs.schedule.windows import HOUR_S, Windows

# One that was asked about for too long may use the reserve, all but the very last request.
URGENT_GAPS = 8.0
# Videos a second, as far as they make a look dearer: one page of the history shows no more of them.
MOST_FLOW = 0.3
# With more pages than this, those that are not due are planned anew only this often.
FEW_PAGES = 3
STALE_S = 20.0
# What many wait for goes first, but for one that waited so long.
LOST_PATIENCE_S = 60.0
# The age at which a generation is late: all but so many of its kind have ended by then.
LATE_AT = 0.95
# Up to this chance to have ended, a new one does not change what was planned for its page.
QUIET_AT = 0.005
# How sure the vendor's own estimates are taken to be, as the spread of the wait's logarithm.
HINT_SPREAD = 0.2
# A burst is judged as one: of many on a page, those within so many seconds are taken together.
MERGE_FROM, MERGE_S = 8, 0.5


@dataclass(frozen=True, slots=True)
class Single:
    """Ask for one generation's status."""

    job: Key


@dataclass(frozen=True, slots=True)
class Page:
    """Ask for a page of the history, 1 being the newest."""

    number: int


Look = Single | Page


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do next: at `at` make this look, or (None) plan anew."""

    at: float
    look: Look | None


class Schedule:
    """The open generations and the next look at them. Times are seconds of one steady clock."""

    def __init__(self, waits: Waits, windows: Windows, page: int = PAGE) -> None:
        self.waits, self.windows = waits, windows
        self._pages = Pages(page)
        # When each page is due, and when it is to be planned anew at the latest, also as a heap.
        self._due_at: dict[int, float] = {}
        self._meters: dict[int, Meter] = {}
        self._check_at: dict[int, float] = {}
        self._heap: list[tuple[float, int]] = []
        # Since when each page is due and was not looked at: the windows had no room, say.
        self._due_since: dict[int, float] = {}
        self._lost = Lost(self._pages)
        self._arrivals = Arrivals()
        self._gap_s = LEAST_GAP_S
        self._width_s = 30.0

    def __len__(self) -> int:
        return len(self._pages)

    def __contains__(self, job: Key) -> bool:
        return job in self._pages

    @property
    def gap_s(self) -> float:
        """The target gap between looks, as the last plan had it."""
        return self._gap_s

    def add(self, job: Key, kind: Hashable, submitted_at: float, now: float) -> None:
        """Start watching a generation; to be told in the order of submission."""
        one = self._pages.add(job, kind, submitted_at, self.waits.began(kind, submitted_at))
        self._arrivals.note(submitted_at)
        curve = self.waits.curve(kind)
        self._width_s += (2 * curve.shape.median_s * curve.shape.spread - self._width_s) / 8
        self._check_by(self._pages.page_of(one), max(now, submitted_at + curve.age_at(QUIET_AT)))

    def passed(self, count: int) -> None:
        """So many generations were submitted that are not watched: they shift the history."""
        self._pages.shift(count)

    def remember(self, submitted_at: Iterable[float]) -> None:
        """Take up when generations of the last day were submitted, oldest first."""
        for at in submitted_at:
            self._arrivals.note(at)

    def remove(self, job: Key) -> None:
        """Stop watching one, whatever became of it: its wait is not known."""
        if (one := self._pages.find(job)) is not None:
            one.sample.has_failed = True
        self._pages.remove(job)

    # What looks tell.

    def listed(self, job: Key) -> None:
        """Its page shows it; to be told before what the row says."""
        self._pages[job].unlisted = 0

    def unlisted(self, jobs: Iterable[Key], now: float) -> None:
        """Their page does not show these: each is asked for by itself, unless they are many."""
        self._lost.unlisted([self._pages[job] for job in jobs], now, self._gap_s)

    def saw_open(self, job: Key, now: float, *, left_s: float | None = None) -> None:
        """A look found it unfinished; `left_s` is what the vendor thinks it still takes.

        One that its page does not show goes on being asked for by itself, when that is worth it;
        where there are many, the page is tried again now and then.
        """
        one = self._pages[job]
        one.seen_at = one.looked_at = now
        one.sample.after_s = now - one.submitted_at
        one.misses, one.alone_at = 0, None
        if left_s is not None:
            total_s = round(now - one.submitted_at + max(left_s, 1.0))
            one.curve = curve_of(Shape(float(total_s), HINT_SPREAD))
        if one.unlisted and not self._lost.may_be_listed(one, now):
            curve = one.curve or self.waits.curve(one.kind)
            meter = Meter([Cell(1, curve, one.submitted_at, now)], now)
            self._lost.leave_alone(one, meter.due_at(now, self._gap_s, LEAST_GAP_S))

    def saw_completed(self, job: Key, now: float, took_s: float | None = None) -> None:
        """A look found it completed, `took_s` after its submission where the vendor tells."""
        one = self._pages[job]
        after_s, within_s = one.seen_at - one.submitted_at, now - one.submitted_at
        if took_s is not None and after_s - 2 <= took_s <= within_s + 2:
            after_s = within_s = took_s
        self.waits.ended(one.kind, one.sample, after_s, within_s, now)
        self._pages.remove(job)

    def saw_failed(self, job: Key) -> None:
        """A look found it failed."""
        self._pages[job].sample.has_failed = True
        self._pages.remove(job)

    def missed(self, job: Key, now: float, *, pause_s: float | None = None) -> None:
        """A look told nothing about it: it is asked for by itself, and no page waits for it.

        That is after `pause_s`, or ever more rarely the more looks tell nothing.
        """
        self._lost.missed(self._pages[job], now, pause_s=pause_s)

    def began_at(self, job: Key, submitted_at: float) -> None:
        """Somebody knows better when it was submitted."""
        one = self._pages[job]
        one.submitted_at = one.sample.submitted_at = submitted_at
        one.seen_at = max(one.seen_at, submitted_at)

    def looked(self, look: Look, now: float) -> None:
        """A look was answered, or failed: what it was about is planned anew."""
        if isinstance(look, Page):
            for one in self._pages.on(look.number):
                one.looked_at = now
            self._check_by(look.number, now)
        elif (only := self._pages.find(look.job)) is not None:
            only.looked_at = now
            self._lost.unanswered(only, now)
            self._check_by(self._pages.page_of(only), now)

    # What is known of one.

    def age_s(self, job: Key, now: float) -> float:
        """Return how long ago it was submitted; 0 for one that is not watched any more."""
        one = self._pages.find(job)
        return now - one.submitted_at if one else 0.0

    def seen_at(self, job: Key) -> float:
        """Return when it was last seen unfinished: its submission, or a look since."""
        return self._pages[job].seen_at

    def is_late(self, job: Key, now: float) -> bool:
        """Return whether nearly all of its kind are done at its age."""
        one = self._pages[job]
        return now - one.submitted_at > self.waits.curve(one.kind).age_at(LATE_AT)

    def left_s(self, job: Key, now: float) -> float | None:
        """Return how long one still takes as the vendor estimated, None where it did not."""
        one = self._pages.find(job)
        if one is None or one.curve is None:
            return None
        return max(0.0, one.submitted_at + one.curve.shape.median_s - now)

    def next_look_at(self, job: Key, now: float) -> float:
        """Return when one is likely to be looked at next, infinite when it is not watched."""
        one = self._pages.find(job)
        if one is None:
            return math.inf
        due_at = self._due_at.get(self._pages.page_of(one), now + self._gap_s)
        return self.windows.free_at(max(now, one.alone_at or due_at), look_reserve)

    def expected(self, look: Look) -> set[Key]:
        """Return those that a look should show, but for those that are lost already."""
        if isinstance(look, Single):
            return {look.job} if look.job in self._pages else set()
        return {one.key for one in self._pages.on(look.number) if one.alone_at is None}

    # What to do.

    def admit_at(self, now: float) -> float:
        """Return when a submit may go, so that what is left can watch all to their end."""
        watched = len(self._pages) + self.windows.booked
        return self.windows.free_at(now, lambda limit: watch_reserve(limit, watched))

    def next(self, now: float) -> Plan | None:
        """Return what to do next, or None with nothing open.

        It holds until something is told; then it is to be asked for again.
        """
        if not self._pages:
            self._forget_plans()
            return None
        pace = self._arrivals.pace(now, self._width_s)
        self._gap_s = gap_s(self.windows, pace, now)
        for number in self._lost.relist(now):
            self._check_by(number, now)
        self._replan(now, min(pace.recent / HOUR_S, MOST_FLOW))
        lost_at, lost = self._lost.first()
        due = {number: at for number, at in self._due_at.items() if at <= now}
        # A plan made anew has it due now, however long that has been so.
        self._due_since = {
            number: min(at, self._due_since.get(number, now)) for number, at in due.items()
        }
        if due and lost_at > now - max(self._gap_s, LOST_PATIENCE_S):
            [number] = due if len(due) == 1 else [max(due, key=lambda n: self._owed_s(n, now))]
            return self._plan_look(self._due_since[number], self._look_at(number), now)
        number, due_at = min(self._due_at.items(), key=lambda one: one[1], default=(0, math.inf))
        check_at = self._first_check()
        if lost is not None and (lost_at <= now or lost_at <= min(due_at, check_at)):
            return self._plan_lost(lost, lost_at, now)
        if check_at < due_at:
            return Plan(check_at, None)
        return self._plan_look(due_at, self._look_at(number), now)

    def _plan_lost(self, one: Open, at: float, now: float) -> Plan:
        """Return a look at one that is to be asked for by itself, or at its page after all."""
        is_for_page = one.is_for_page and at >= one.relist_at
        if at > now and (is_for_page or self._lost.may_be_listed(one, at)):
            return Plan(at, None)
        if is_for_page:
            one.alone_at = None
            return self._plan_look(at, Page(self._pages.page_of(one)), now)
        return self._plan_look(at, Single(one.key), now)

    def _plan_look(self, due_at: float, look: Look, now: float) -> Plan:
        """Return a look at the moment it is due, or later when the windows have no room for it."""
        at = max(due_at, now)
        free_at = self.windows.free_at(at, look_reserve)
        if free_at > at:
            urgent_at = due_at + URGENT_GAPS * self._gap_s
            at = min(free_at, max(urgent_at, self.windows.free_at(at, lambda _limit: 1)))
        return Plan(at, look)

    def _replan(self, now: float, flow: float) -> None:
        """Plan anew what is to be: with few pages all of them, else those whose time has come."""
        pages = self._pages.occupied()
        if len(pages) <= FEW_PAGES:
            self._forget_plans()
            for number in pages:
                self._plan(number, now, flow)
            return
        for number in pages - self._check_at.keys():
            self._check_by(number, now)
        while self._heap and self._heap[0][0] <= now:
            at, number = heapq.heappop(self._heap)
            if self._check_at.get(number) == at:
                del self._check_at[number]
                self._due_at.pop(number, None)
                self._meters.pop(number, None)
                if number in pages:
                    self._plan(number, now, flow)

    def _plan(self, number: int, now: float, flow: float) -> None:
        meter = Meter(*self._cells(number))
        due_at = meter.due_at(now, self._gap_s, LEAST_GAP_S, flow)
        stale_at = now + STALE_S
        if due_at < stale_at:
            self._due_at[number] = due_at
        self._meters[number] = meter
        # What is due stays due until it is looked at: it is not planned anew at every step.
        self._check_by(number, min(due_at, stale_at) if due_at > now else stale_at)

    def _forget_plans(self) -> None:
        self._due_at.clear()
        self._meters.clear()
        self._check_at.clear()
        self._heap.clear()

    def _cells(self, number: int) -> tuple[list[Cell], float]:
        """Return what a page would show, neighbours in time together, and when it last did."""
        ones = [one for one in self._pages.on(number) if one.alone_at is None]
        apart_s = MERGE_S if len(ones) > MERGE_FROM else 1e-6
        alike: dict[tuple[Hashable, float, float], tuple[Open, int]] = {}
        looked_at = -math.inf
        for one in ones:
            key = (one.curve or one.kind, one.submitted_at // apart_s, one.seen_at // apart_s)
            first, count = alike.get(key, (one, 0))
            alike[key] = (first, count + 1)
            looked_at = max(looked_at, one.looked_at)
        curve = self.waits.curve
        return [
            Cell(count, one.curve or curve(one.kind), one.submitted_at, one.seen_at)
            for one, count in alike.values()
        ], looked_at

    def _owed_s(self, number: int, now: float) -> float:
        return self._meters[number].owed_s(now)

    def _check_by(self, number: int, at: float) -> None:
        if at < self._check_at.get(number, math.inf):
            self._check_at[number] = at
            heapq.heappush(self._heap, (at, number))

    def _first_check(self) -> float:
        while self._heap:
            at, number = self._heap[0]
            if self._check_at.get(number) == at:
                return at
            heapq.heappop(self._heap)
        return math.inf

    def _look_at(self, number: int) -> Look:
        found = [one for one in self._pages.on(number) if one.alone_at is None]
        return Single(found[0].key) if len(found) == 1 else Page(number)
