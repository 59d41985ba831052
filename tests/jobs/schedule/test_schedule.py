"""Thousands of open jobs: each on its page, none forgotten, none left behind."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.schedule import Page, Schedule, Single, Waits, Windows
from jobs.schedule.curves import Curve
from jobs.schedule.law import MOST_GAP_S
from jobs.schedule.pages import Key
from tests.jobs.schedule.drive import Drive

PUBLISHED = (45.0, 90.0)


def _schedule(hour: int | None = None, day: int | None = None, page: int = 100) -> Schedule:
    return Schedule(Waits(lambda _kind: PUBLISHED), Windows(hour, day), page)


_move = st.one_of(
    st.tuples(st.just("add"), st.integers(1, 30)),
    st.tuples(st.just("end"), st.integers(0, 10_000)),
    st.tuples(st.just("strangers"), st.integers(1, 40)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_move, max_size=40), st.sampled_from([3, 10, 100]))
def test_each_is_expected_on_just_the_page_that_shows_it(
    moves: list[tuple[str, int]], page: int
) -> None:
    """Compared with a plain list of the history, newest first."""
    schedule = _schedule(page=page)
    history: list[int | None] = []
    open_jobs: set[int] = set()
    for kind, number in moves:
        if kind == "add":
            for _ in range(number):
                job = len(history)
                history.append(job)
                open_jobs.add(job)
                schedule.add(job, "kind", float(job), float(job))
        elif kind == "strangers":
            history += [None] * number
            schedule.passed(number)
        elif open_jobs:
            gone = sorted(open_jobs)[number % len(open_jobs)]
            open_jobs.remove(gone)
            schedule.remove(gone)
        newest_first = history[::-1]
        for start in range(0, len(history) + page, page):
            shown = {job for job in newest_first[start : start + page] if job in open_jobs}
            assert schedule.expected(Page(start // page + 1)) == shown
    assert len(schedule) == len(open_jobs)


class _Vendor:
    """Answers every look at once; a job has ended when `ends_at` says so."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.ends_at: dict[int, float] = {}
        self.looked_at: dict[int, float] = {}
        self.longest_s = 0.0
        self.looks = 0

    def add(self, now: float, wait_s: float, kind: str = "kind") -> None:
        job = len(self.ends_at)
        self.ends_at[job] = now + wait_s
        self.looked_at[job] = now
        self.schedule.add(job, kind, now, now)

    def play(self, now: float, until: float) -> float:
        """Follow the plans until then, or until nothing is open; return when that was."""
        for _ in range(200_000):
            plan = self.schedule.next(now)
            if plan is None or plan.at > until:
                return until if plan else now
            now = max(now, plan.at)
            if plan.look is not None:
                self._look(plan.look, now)
        raise AssertionError("it plans without an end")

    def _look(self, look: Single | Page, now: float) -> None:
        self.looks += 1
        self.schedule.windows.sent(now)
        for job in sorted(self.schedule.expected(look)):
            assert isinstance(job, int)
            self.longest_s = max(self.longest_s, now - self.looked_at[job])
            self.looked_at[job] = now
            if self.ends_at[job] <= now:
                self.schedule.saw_completed(job, now)
            else:
                self.schedule.saw_open(job, now)
        self.schedule.looked(look, now)


@pytest.mark.parametrize(("hour", "day"), [(None, None), (100, 1000)])
def test_no_open_job_is_forgotten_and_everything_ends(hour: int | None, day: int | None) -> None:
    schedule, random = _schedule(hour, day), Random(2)
    vendor = _Vendor(schedule)
    now = 0.0
    for _ in range(120):
        wait_s = random.lognormvariate(4.16, 0.27)
        vendor.add(now, 30_000.0 if random.random() < 0.05 else wait_s)
        now = vendor.play(now, now + random.expovariate(1 / 120))
    vendor.play(now, now + 100_000)
    assert len(schedule) == 0
    assert vendor.longest_s <= 2 * MOST_GAP_S


def test_a_burst_of_two_thousand_is_seen_to_its_end_and_leaves_nothing_behind() -> None:
    schedule, random = _schedule(), Random(3)
    vendor = _Vendor(schedule)
    for _ in range(2000):
        vendor.add(0.0, random.lognormvariate(4.16, 0.27))
    vendor.play(0.0, 10_000.0)
    assert len(schedule) == 0
    assert vendor.looks < 2000 * 0.8
    assert schedule.next(20_000.0) is None
    assert schedule.expected(Page(1)) == set()


def test_what_was_removed_is_neither_asked_for_nor_known() -> None:
    schedule = _schedule()
    for job in range(3):
        schedule.add(job, "kind", 0.0, 0.0)
    schedule.remove(1)
    schedule.remove(1)
    schedule.remove("never heard of")
    assert 1 not in schedule
    assert schedule.age_s(1, 50.0) == 0.0
    assert schedule.expected(Single(1)) == set()
    assert schedule.expected(Page(1)) == {0, 2}
    schedule.remove(0)
    plan = schedule.next(100.0)
    assert plan is not None
    assert plan.look == Single(2)


def test_one_alone_is_asked_for_by_itself_and_more_by_their_page() -> None:
    schedule = _schedule()
    schedule.add("one", "kind", 0.0, 0.0)
    first = schedule.next(60.0)
    schedule.add("two", "kind", 1.0, 1.0)
    second = schedule.next(60.0)
    assert first is not None
    assert second is not None
    assert (first.look, second.look) == (Single("one"), Page(1))


def _touched(jobs: int, monkeypatch: pytest.MonkeyPatch) -> float:
    """How often a curve is looked into per plan, while so many that came together wait."""
    schedule, count = _schedule(), [0]
    vendor = _Vendor(schedule)
    random = Random(5)
    for _ in range(jobs):
        vendor.add(0.0, random.lognormvariate(4.16, 0.27))
    plain = Curve.at

    def counted(self: Curve, age_s: float) -> Any:
        count[0] += 1
        return plain(self, age_s)

    monkeypatch.setattr(Curve, "at", counted)
    plans, next_ = [0], schedule.next

    def planned(now: float) -> Any:
        plans[0] += 1
        return next_(now)

    monkeypatch.setattr(schedule, "next", planned)
    vendor.play(0.0, 200.0)
    monkeypatch.undo()
    return count[0] / plans[0]


def test_a_plan_touches_hardly_more_with_many_open_than_with_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = _touched(500, monkeypatch), _touched(3000, monkeypatch)
    assert many < 3 * few


def test_one_that_its_page_never_shows_is_asked_for_by_itself_as_if_it_were_alone() -> None:
    schedule = Schedule(Waits(lambda _kind: (45, 90)), Windows())
    for job in ("listed", "unlisted"):
        schedule.add(job, "kling", 0.0, 0.0)
    looks: list[tuple[float, object]] = []
    now = 0.0
    while now < 600 and (plan := schedule.next(now)) is not None:
        now = max(now, plan.at)
        if plan.look is None:
            continue
        looks.append((now, plan.look))
        if isinstance(plan.look, Page):
            schedule.listed("listed")
            schedule.saw_open("listed", now)
            if "unlisted" in schedule.expected(plan.look):
                schedule.unlisted(["unlisted"], now)
        else:
            schedule.saw_open(plan.look.job, now)
        schedule.looked(plan.look, now)
    pages = [at for at, look in looks if isinstance(look, Page)]
    alone = [at for at, look in looks if look == Single("unlisted")]
    other = [at for at, look in looks if look == Single("listed")]
    assert len(pages) == 1
    assert abs(len(alone) - len(other)) <= 3


def test_one_empty_page_does_not_use_up_the_hour_with_questions_about_each() -> None:
    drive = Drive(100, 1000, wait_s=150.0)
    assert drive.submit(60, "slow") == 60
    drive.pass_time(1)
    drive.answers.append("empty")
    drive.pass_time(1800)
    assert not drive.jobs, "all of them are known to have ended"
    assert len(drive.asked) <= 5


def test_those_that_no_page_ever_shows_are_each_asked_for_by_themselves() -> None:
    schedule = Schedule(Waits(lambda _kind: (90, 180)), Windows())
    for job in range(36):
        schedule.add(job, "kling", 0.0, 0.0)
    alone: set[Key] = set()
    pages, now = 0, 0.0
    while now < 1200 and (plan := schedule.next(now)) is not None:
        now = max(now, plan.at)
        if isinstance(plan.look, Single):
            alone.add(plan.look.job)
            schedule.saw_open(plan.look.job, now)
        elif isinstance(plan.look, Page):
            pages += 1
            schedule.unlisted(schedule.expected(plan.look), now)
        if plan.look is not None:
            schedule.looked(plan.look, now)
    assert alone == set(range(36))
    assert pages <= 8


def _looks_at(count: int, is_shown: Callable[[int], bool]) -> tuple[int, int]:
    """Watch so many for 400 s without an end; say of each page whether it shows them.

    Return how many pages were looked at, and how often they were asked for singly.
    """
    schedule = Schedule(Waits(lambda _kind: (90, 180)), Windows())
    for job in range(count):
        schedule.add(job, "kling", 0.0, 0.0)
    pages = alone = 0
    now = 0.0
    while now < 400 and (plan := schedule.next(now)) is not None:
        now = max(now, plan.at)
        if isinstance(plan.look, Single):
            alone += 1
            schedule.saw_open(plan.look.job, now)
        elif isinstance(plan.look, Page):
            pages += 1
            expected = schedule.expected(plan.look)
            if not is_shown(pages):
                schedule.unlisted(expected, now)
                expected = set()
            for key in expected:
                schedule.listed(key)
                schedule.saw_open(key, now)
        if plan.look is not None:
            schedule.looked(plan.look, now)
    return pages, alone


def test_a_history_that_was_late_once_is_not_given_up_for_the_rest_of_their_lives() -> None:
    always, never_alone = _looks_at(36, lambda _page: True)
    pages, alone = _looks_at(36, lambda page: page > 1)
    assert never_alone == 0
    assert alone <= 2 * 36, "once to know how they are, and once more at most"
    assert pages <= always + 1


def test_a_history_that_never_shows_them_is_tried_ever_more_rarely() -> None:
    pages, _alone = _looks_at(36, lambda _page: False)
    assert pages <= 6


def test_those_that_looks_find_unfinished_teach_that_it_takes_longer() -> None:
    schedule = Schedule(Waits(lambda _kind: (45, 90)), Windows())
    for job in range(20):
        schedule.add(job, "kling", 0.0, 0.0)
    for now in range(5, 2000, 5):
        for job in range(20):
            schedule.saw_open(job, float(now))
    schedule.add("last", "kling", 1900.0, 1995.0)
    schedule.saw_completed("last", 2000.0)
    assert schedule.waits.curve("kling").shape.median_s > 500


def test_what_is_due_for_too_long_uses_what_is_kept_for_submits_however_often_planned() -> None:
    windows = Windows(hour=None, day=1000)
    windows.remember([-10.0 - 0.01 * number for number in range(985)])
    schedule = Schedule(Waits(lambda _kind: (45, 90)), windows)
    for job in range(3):
        schedule.add(job, "kling", 0.0, 0.0)
    now = 0.0
    while now < 4 * 3600:
        plan = schedule.next(now)
        assert plan is not None
        if plan.look is not None and plan.at <= now:
            break
        now = min(max(plan.at, now), now + 60.0)  # something wakes whoever plans
    assert now < 4 * 3600, "the room that is left was kept for submits that may not go either"
