"""No sequence of events makes the policy send more than any way of counting allows."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.schedule.windows import PROBE_S
from tests.jobs.schedule.drive import LONGEST_TRIP_S, MODELS, Drive

WAYS = ("sliding", "fixed", "first request", "bucket")
ANSWERS = ("rows", "rows", "rows", "lost", "empty", "no rows", "strangers")
CODES = ("404", "429", "429 5", "429 4000", "500", "503", "503 7")

_pass = st.tuples(
    st.just("pass"), st.one_of(st.floats(0, 30), st.floats(0, 900), st.sampled_from([3500, 7000]))
)
_submit = st.tuples(
    st.just("submit"),
    st.tuples(
        st.one_of(st.integers(1, 5), st.integers(1, 120)),
        st.sampled_from(sorted(MODELS)),
        st.sampled_from([200, 200, 200, 200, 429, 500, 503]),
    ),
)
_restart = st.tuples(st.just("restart"), st.sampled_from([0.0, 1.0, 90.0, 4000.0]))
_jump = st.tuples(
    st.just("jump"), st.sampled_from([0.0, -3600.0, 3600.0, -1e6, 1e6, -7.0, 95.0, 700.0])
)
_others = st.tuples(st.just("others"), st.integers(1, 30))
LIMITS = st.one_of(st.none(), st.integers(1, 8), st.integers(9, 150))


def _drives(**more: Any) -> st.SearchStrategy[Drive]:
    return st.builds(
        Drive,
        LIMITS,
        st.one_of(st.none(), st.integers(1, 40), st.integers(100, 1000)),
        phase=st.floats(0, 0.999),
        way=st.sampled_from(WAYS),
        has_headers=st.booleans(),
        trip_s=st.floats(0, LONGEST_TRIP_S),
        answers=st.lists(st.sampled_from(ANSWERS + CODES), max_size=40),
        wait_s=st.sampled_from([1.0, 60.0, 400.0, 100_000.0]),
        **more,
    )


def _play(drive: Drive, events: list[tuple[str, Any]]) -> None:
    for kind, fact in events:
        if kind == "pass":
            drive.pass_time(fact)
        elif kind == "submit":
            drive.submit(*fact)
        elif kind == "restart":
            drive.restart(fact)
        elif kind == "jump":
            drive.jump(fact)
        else:
            drive.others(fact)
    drive.pass_time(200)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(_drives(), st.lists(st.one_of(_pass, _submit, _submit, _restart), max_size=25))
def test_nothing_that_happens_makes_it_send_a_single_request_too_many(
    drive: Drive, events: list[tuple[str, Any]]
) -> None:
    _play(drive, events)
    assert drive.over == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_drives(), st.lists(st.one_of(_pass, _submit, _submit, _jump), max_size=25))
def test_a_clock_set_anew_makes_it_send_no_more(
    drive: Drive, events: list[tuple[str, Any]]
) -> None:
    _play(drive, events)
    assert drive.over == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_drives(), st.lists(st.one_of(_pass, _submit, _submit, _others, _restart), max_size=25))
def test_with_others_about_it_is_over_only_by_what_nobody_could_know(
    drive: Drive, events: list[tuple[str, Any]]
) -> None:
    """Each request too many has an excuse: since the last answer the others took room, or for
    minutes nothing was sent, and only a request can find out."""
    _play(drive, events)
    for at, ways in drive.over:
        if not any(way.startswith(drive.way) for way in ways):
            continue  # this vendor does not count that way
        told_at = max((each for each in drive.told_at if each < at), default=-1.0)
        taken_since = any(told_at - 2 * LONGEST_TRIP_S <= each <= at for each in drive.others_at)
        before = [each for each in drive.sends if each < at]
        is_probe = not before or at - before[-1] >= PROBE_S - 2 * LONGEST_TRIP_S
        assert taken_since or is_probe or not drive.has_headers, (at, ways)
