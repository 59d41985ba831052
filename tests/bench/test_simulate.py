"""The simulated vendor counts and answers as it says, so that what it judges is judged rightly."""

from random import Random

import pytest

from bench.simulate import bound, patterns, shared_bound
from bench.simulate.loads import UNLIMITED, World
from bench.simulate.run import run
from bench.simulate.vendor import PAGE_ROWS, Plan, Vendor
from bench.simulate.waits import PLAIN
from bench.simulate.windows import HOUR_S, KINDS, window


def _vendor(plan: Plan = UNLIMITED) -> Vendor:
    return Vendor(plan, PLAIN, (), Random(3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_answers_no_more_than_its_cap_until_it_said_there_is_room(kind: str) -> None:
    counted = window(kind, 10, HOUR_S, Random(1))
    # Away from the unknown edge of the fixed window.
    at = 0.0 if counted.wait_s(0.0) or kind != "fixed" else HOUR_S
    while counted.remaining(at) and at < 2 * HOUR_S:
        counted.take(at)
    assert counted.remaining(at) == 0
    wait_s = counted.wait_s(at)
    assert 0 < wait_s <= HOUR_S
    assert counted.wait_s(at + wait_s - 0.01) > 0
    assert counted.wait_s(at + wait_s) == pytest.approx(0, abs=1e-6)


def test_a_sliding_window_forgets_each_request_after_its_width() -> None:
    counted = window("sliding", 2, HOUR_S, Random(1))
    counted.take(0.0)
    counted.take(100.0)
    assert counted.wait_s(200.0) == HOUR_S - 200
    assert counted.remaining(HOUR_S) == 1


def test_a_bucket_fills_by_the_second() -> None:
    counted = window("bucket", 3600, HOUR_S, Random(1))
    for _ in range(3600):
        counted.take(0.0)
    assert counted.remaining(0.5) == 0
    assert counted.remaining(7.0) == 7


def test_a_vendor_over_its_cap_refuses_and_says_until_when() -> None:
    vendor = _vendor(Plan(cap_hour=3))
    codes = [vendor.answer(float(at), ("list", 1, None))["code"] for at in range(4)]
    assert codes == [200, 200, 200, 429]
    assert vendor.answer(4.0, ("list", 1, None))["retry_after"] == HOUR_S - 4
    assert vendor.refused == 2


def test_a_page_has_a_hundred_rows_newest_first() -> None:
    vendor = _vendor()
    made = [vendor.begin(float(at), "kling-v2.1").id for at in range(250)]
    pages = [
        [row[0] for row in vendor.answer(300.0, ("list", page, None))["rows"]]
        for page in (1, 2, 3, 4)
    ]
    assert [len(page) for page in pages] == [PAGE_ROWS, PAGE_ROWS, 50, 0]
    assert [id_ for page in pages for id_ in page] == made[::-1]


@pytest.mark.parametrize("status", ["pending", "completed", "failed"])
def test_a_filter_shows_only_its_status_newest_first(status: str) -> None:
    vendor = _vendor()
    made = [vendor.begin(at / 2, "kling-v2.1") for at in range(400)]
    rows = vendor.answer(200.0, ("list", 1, status))["rows"]
    ended = [each for each in made if (each.ends_at <= 200) == (status != "pending")]
    fitting = [each.id for each in ended if status in ("pending", each.final_status)]
    assert rows == [(id_, status, None) for id_ in fitting[::-1][:PAGE_ROWS]]
    assert rows


def test_a_status_call_tells_how_long_a_completed_job_took() -> None:
    vendor = _vendor()
    made = next(each for _ in iter(int, 1) if not (each := vendor.begin(5, "luma-ray2")).has_failed)
    assert vendor.answer(6.0, ("get", made.id))["rows"] == [(made.id, "pending", None)]
    rows = vendor.answer(made.ends_at, ("get", made.id))["rows"]
    assert rows == [(made.id, "completed", made.ends_at - 5)]


def test_asking_every_five_seconds_is_two_and_a_half_seconds_late() -> None:
    outcome = run(patterns.every_5s, World(("kling-v2.1",), jobs=1500, pause_s=30, latency_s=0))
    assert outcome.unseen == 0
    assert outcome.lag_mean == pytest.approx(2.5, abs=0.15)
    assert outcome.polls_per_job == pytest.approx(15, abs=0.6)


def test_a_burst_seen_by_one_listing_costs_little_more_than_one_job_alone() -> None:
    alone = bound.best("kling-v2.1", 4.0)
    burst = shared_bound.burst("kling-v2.1", 50.0)
    assert burst.lag_s < alone.lag_s
    assert burst.polls * shared_bound.PAGE < 8 * alone.polls
    assert burst.lag_s * burst.polls < alone.lag_s * alone.polls / 20


def test_a_flow_costs_about_what_even_looks_at_it_cost() -> None:
    """Even looks g apart at f endings a second: g / 2 of lag for 1 / (f * g) looks a job."""
    flow = shared_bound.flow(("kling-v2.1",), 600, 2.0, jobs=500)
    assert 0.75 < flow.lag_s * flow.polls * 2 * 600 / HOUR_S < 1.05


def test_one_in_twenty_is_later_than_the_bounds_p95_says() -> None:
    fives = bound.every("kling-v2.1", 5.0)
    assert fives.p95_s == pytest.approx(4.75, abs=0.15)


def test_the_fewest_polls_for_a_p95_keep_it_with_fewer_than_even_ones() -> None:
    fives, best = bound.every("luma-flash2", 5.0), bound.best_with_p95("luma-flash2", 5.0)
    assert best.p95_s <= 5.0
    assert best.polls < fives.polls * 0.7
