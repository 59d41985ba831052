"""The policy as a judge drives it: clocks set anew, lost and broken answers, rows of strangers."""

import pytest

from bench.schedule_policy import make
from tests.jobs.schedule.drive import MODELS, Drive

HOUR_S = 3600.0


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 0.0, 1e7, -1e7])
@pytest.mark.parametrize("after_s", [1.0, 25.0, 58.0])
def test_a_clock_set_anew_makes_no_video_late_and_no_storm(jump_s: float, after_s: float) -> None:
    drive = Drive(None, None, wait_s=60.0)
    drive.submit(3)
    drive.pass_time(after_s)
    drive.jump(jump_s)
    drive.pass_time(90.0 - after_s)
    assert drive.jobs == {}
    assert len(drive.sends) < 30


def test_clocks_set_forth_and_back_while_it_waits_make_no_window_look_empty() -> None:
    drive = Drive(20, None, wait_s=1e6, has_headers=False)
    for _ in range(12):
        drive.submit(3)
        drive.pass_time(120)
        drive.jump(HOUR_S)
        drive.pass_time(1)
        drive.jump(-HOUR_S)
    assert drive.over == []


def test_a_clock_set_forth_while_nothing_is_open_makes_no_window_look_empty() -> None:
    drive = Drive(20, None, wait_s=60, has_headers=False)
    drive.submit(14)
    drive.pass_time(1200)
    assert drive.jobs == {}
    drive.jump(HOUR_S)
    drive.submit(20)
    drive.pass_time(300)
    assert drive.over == []


@pytest.mark.parametrize(("limit", "count"), [(100, 150), (5, 20), (1, 2)])
def test_of_a_burst_in_one_moment_no_more_are_admitted_than_the_window_holds(
    limit: int, count: int
) -> None:
    drive = Drive(limit, None)
    assert drive.submit(count) <= limit
    drive.pass_time(10)
    assert drive.over == []


@pytest.mark.parametrize(
    "answer",
    ["lost", "404", "500", "503", "503 5", "429", "429 5", "empty", "no rows", "strangers"],
)
@pytest.mark.parametrize("jobs", [1, 5])
def test_after_a_few_bad_answers_everything_is_found_all_the_same(answer: str, jobs: int) -> None:
    drive = Drive(None, None, answers=[answer] * 3, wait_s=60.0)
    drive.submit(jobs)
    drive.pass_time(600)
    assert drive.jobs == {}
    assert len(drive.sends) < jobs + 40


def test_rows_that_are_none_are_no_rows() -> None:
    drive = Drive(None, None, answers=["rows are None"], wait_s=60.0)
    drive.submit(2)
    drive.pass_time(600)
    assert drive.jobs == {}


@pytest.mark.parametrize("answer", ["503", "500", "429", "429 30"])
def test_an_outage_of_a_day_is_asked_about_no_more_than_once_a_minute_or_so(answer: str) -> None:
    drive = Drive(None, None, answers=[answer] * 100_000, wait_s=60.0)
    drive.submit(5)
    drive.pass_time(24 * HOUR_S, most_steps=100_000)
    assert len(drive.asked) <= (2.2 if answer == "429 30" else 1.1) * 24 * 60


@pytest.mark.parametrize("seconds", [7.0, 70.0, 4000.0])
@pytest.mark.parametrize("code", ["429", "503"])
def test_what_the_vendor_says_of_when_to_come_back_is_kept(code: str, seconds: float) -> None:
    drive = Drive(None, None, answers=[f"{code} {seconds}"], wait_s=30.0)
    drive.submit(1)
    drive.pass_time(6000)
    first, second = drive.asked[0][0], drive.asked[1][0]
    assert second >= first + seconds
    assert drive.jobs == {}


def test_one_that_no_answer_shows_is_asked_for_ever_more_rarely() -> None:
    drive = Drive(None, None, answers=["empty"] * 20_000, wait_s=1e6)
    drive.submit(1)
    drive.pass_time(6 * HOUR_S, most_steps=100_000)
    assert len(drive.asked) < 300


class _OneIsGone(Drive):
    """The vendor forgot the first of ours: no page shows it, and its status is a 404."""

    def _reply(self, request: tuple[object, ...], how: str) -> dict[str, object]:
        if request == ("get", "job 0"):
            return {"code": 404}
        return super()._reply(request, how)


@pytest.mark.parametrize("limits", [(None, None), (100, 1000)])
def test_one_that_the_vendor_forgot_makes_no_other_late(
    limits: tuple[int | None, int | None],
) -> None:
    drive = _OneIsGone(*limits, wait_s=60.0)
    drive.submit(3)
    drive.pass_time(1)
    drive.history.remove("job 0")
    drive.pass_time(200)
    assert set(drive.jobs) == {"job 0"}


def test_a_vendor_that_does_not_know_one_of_ours_is_no_outage() -> None:
    drive = _OneIsGone(None, None, wait_s=60.0)
    drive.submit(1)
    drive.pass_time(1)
    drive.history[0] = "somebody's"
    drive.pass_time(299)
    assert drive.asked[-1][1] == ("get", "job 0")
    assert drive.policy.admit(drive.told) == 0
    drive.submit(1)
    drive.pass_time(75)
    assert "job 1" in drive.seen


class _StatusKnowsNobody(Drive):
    """The vendor answers every question about one with a 404; its history is as ever."""

    def _reply(self, request: tuple[object, ...], how: str) -> dict[str, object]:
        return {"code": 404} if request[0] == "get" else super()._reply(request, how)


@pytest.mark.parametrize("limits", [(None, None), (100, 1000)])
def test_one_whose_status_is_not_told_is_found_on_its_page(
    limits: tuple[int | None, int | None],
) -> None:
    drive = _StatusKnowsNobody(*limits, wait_s=100.0)
    for _ in range(4):
        drive.submit(1)
        drive.pass_time(600)
    assert drive.jobs == {}
    assert len(drive.asked) <= 4 * 16, "two of its own between pages"


def test_a_job_that_only_its_own_status_shows_is_found() -> None:
    drive = Drive(None, None, wait_s=60.0)
    drive.submit(3)
    drive.pass_time(1)
    drive.history.remove("job 0")
    drive.pass_time(120)
    assert drive.jobs == {}


def test_a_failed_row_of_a_page_is_asked_for_its_reason_once() -> None:
    policy = make({"models": MODELS, "cap_hour": None, "cap_day": None, "page": 100})
    policy(0.0, ("submitted", "a", "usual"))
    policy(1.0, ("submitted", "b", "usual"))
    rows = [("b", "pending", None), ("a", "failed", None), ("a", "failed", None)]
    answer = policy(50.0, ("reply", ("list", 1, None), {"code": 200, "rows": rows}))
    assert answer is not None
    assert answer[1] == ("get", "a")
    after = {"code": 200, "rows": [("a", "failed", None)]}
    answer = policy(answer[0] + 0.3, ("reply", ("get", "a"), after))
    assert answer is not None
    assert answer[1] != ("get", "a")


def test_words_nobody_knows_and_rows_twice_do_no_harm() -> None:
    policy = make({"models": MODELS, "cap_hour": None, "cap_day": None, "page": 100})
    policy(0.0, ("submitted", "a", "usual"))
    policy(1.0, ("submitted", "b", "a model nobody published"))
    rows = [("b", "rendering", None), ("a", "rendering", None), ("a", "completed", 44.0)]
    answer = policy(50.0, ("reply", ("list", 1, None), {"code": 200, "rows": rows}))
    assert answer is not None
    assert answer[1] == ("get", "b")
    for reply in ({"code": 404}, {"code": 200, "rows": [("who?", "completed", 1.0)]}):
        assert policy(55.0, ("reply", ("get", "who?"), reply)) is not None


def test_with_nothing_open_nothing_is_asked() -> None:
    drive = Drive(None, None)
    drive.submit(1)
    drive.pass_time(200)
    before = len(drive.sends)
    drive.pass_time(48 * HOUR_S)
    assert drive.jobs == {}
    assert len(drive.sends) == before


@pytest.mark.parametrize("jobs", [1, 100, 250])
def test_after_a_restart_the_first_looks_show_all_that_is_open(jobs: int) -> None:
    drive = Drive(None, None, wait_s=60.0)
    drive.submit(jobs)
    drive.pass_time(5)
    before = len(drive.sends)
    drive.restart(300.0)
    drive.pass_time(20)
    assert drive.jobs == {}
    assert len(drive.sends) - before == max(1, (jobs + 99) // 100)
