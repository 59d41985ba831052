from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jobs.schedule import LONGEST_GAP_S, SHORTEST_GAP_S, Schedule

KLING = (45, 90)
NOW = 1_000_000.0


def _run(schedule: Schedule, job_id: int, until: float) -> list[float]:
    """Answer "not finished" at every look; return when the looks were."""
    looks = []
    while (at := schedule.next_at()) is not None and at < until:
        assert job_id in schedule.due(at)
        looks.append(at)
        schedule.unfinished(job_id, at)
    return looks


def test_the_first_look_comes_at_the_models_published_minimum() -> None:
    schedule = Schedule()
    schedule.add(1, KLING, NOW, NOW)
    assert schedule.next_at() == NOW + 45
    assert schedule.due(NOW + 44) == []


def test_looks_are_spread_over_the_range_and_then_grow_rarer_up_to_a_bound() -> None:
    schedule = Schedule()
    schedule.add(1, KLING, NOW, NOW)
    looks = [at - NOW for at in _run(schedule, 1, NOW + 20_000)]
    in_range = [at for at in looks if at <= 90]
    assert 4 <= len(in_range) <= 5
    gaps = [b - a for a, b in pairwise(looks)]
    assert gaps == sorted(gaps)
    assert max(gaps) == LONGEST_GAP_S
    assert len([at for at in looks if at <= 3600]) <= 20


def test_a_job_found_after_a_restart_is_looked_at_at_once() -> None:
    schedule = Schedule()
    schedule.add(1, KLING, NOW - 500, NOW)
    assert schedule.due(NOW) == [1]


def test_jobs_due_together_are_asked_about_together_and_others_are_not() -> None:
    schedule = Schedule()
    for job_id, submitted_at in ((1, NOW), (2, NOW + 3), (3, NOW + 60)):
        schedule.add(job_id, KLING, submitted_at, NOW)
    assert schedule.due(NOW + 45) == [1, 2]


def test_a_finished_job_is_asked_about_no_more() -> None:
    schedule = Schedule()
    schedule.add(1, KLING, NOW, NOW)
    schedule.remove(1)
    assert schedule.next_at() is None
    assert len(schedule) == 0


@given(
    ages=st.lists(st.floats(0, 5000), min_size=1, max_size=30),
    low=st.integers(1, 200),
    width=st.integers(0, 300),
)
def test_no_look_is_ever_in_the_past_or_closer_than_the_shortest_gap(
    ages: list[float], low: int, width: int
) -> None:
    schedule = Schedule()
    for job_id, age in enumerate(ages):
        schedule.add(job_id, (low, low + width), NOW - age, NOW)
    now = NOW
    seen: dict[int, float] = {}
    for _ in range(50):
        at = schedule.next_at()
        assert at is not None
        assert at >= now
        now = at
        for job_id in schedule.due(now):
            if job_id in seen:
                assert now - seen[job_id] >= SHORTEST_GAP_S - 5
            seen[job_id] = now
            schedule.unfinished(job_id, now)
