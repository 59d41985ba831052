"""Restarts, outages, other clients and jumping clocks, as the simulator plays them."""

from typing import Any

import pytest

from bench.simulate import patterns
from bench.simulate.loads import World
from bench.simulate.outcome import Outcome
from bench.simulate.run import run
from bench.simulate.vendor import Outage, Plan

ONE = ("kling-v2.1",)


class _Recorded:
    """Any policy, and what it was told and answered."""

    def __init__(self, ctx: dict[str, Any], log: list[tuple[float, tuple[Any, ...], Any]]) -> None:
        self._policy = patterns.every_5s(ctx)
        self._log = log

    def __call__(self, now: float, event: tuple[Any, ...]) -> tuple[float, Any] | None:
        answer = self._policy(now, event)
        self._log.append((now, event, answer))
        return answer

    def admit(self, now: float) -> float:
        return self._policy.admit(now)


def _run(world: World) -> tuple[Outcome, list[tuple[float, tuple[Any, ...], Any]]]:
    log: list[tuple[float, tuple[Any, ...], Any]] = []
    return run(lambda ctx: _Recorded(ctx, log), world, seed=3), log


def test_a_restart_begins_with_what_is_open_and_what_was_sent() -> None:
    outcome, log = _run(World(ONE, jobs=7, restarts=[(21.0, 400.0)]))
    at, (kind, jobs, sends), _ = next(each for each in log if each[1][0] == "restart")
    assert (at, kind) == (400.0, "restart")
    assert all(model == ONE[0] and submitted_at < 21 for _, model, submitted_at in jobs)
    assert 5 <= len(jobs) <= 7 < len(sends)
    assert max(sends) <= 21
    assert not [each for each in log if 21 < each[0] < 400]
    assert outcome.ended_while_down > 0
    assert outcome.unseen == 0
    assert len(outcome.lags) == 7


def test_a_clock_set_anew_moves_what_is_told_and_no_timer() -> None:
    plain, _ = _run(World(ONE, jobs=1))
    moved, log = _run(World(ONE, jobs=1, clock_jumps=[(12.0, -3600.0)]))
    told = [at for at, _, _ in log]
    assert min(told) < -3000
    assert max(told) < 20
    # What was asked for at 15 s comes at 15 s, though the clock shows an hour earlier by then.
    assert moved.lags == pytest.approx(plain.lags, abs=1e-6)
    assert moved.polls == plain.polls


@pytest.mark.parametrize("code", [429, 503])
def test_an_outage_answers_everything_alike_and_counts_nothing(code: int) -> None:
    outage = Outage(10.0, 200.0, code)
    outcome, log = _run(World(ONE, jobs=3, outages=[outage], plan=Plan(60)))
    replies = [(at, event[2]) for at, event, _ in log if event[0] == "reply"]
    within = [reply for at, reply in replies if 10.3 < at < 200]
    assert within
    assert {reply["code"] for reply in within} == {code}
    assert all(("retry_after" in reply) == (code == 429) for reply in within)
    after = next(reply for at, reply in replies if at > 200.3)
    before = [at for at, _ in replies if at < 10.3]
    # Three submits, what was answered before, and this one.
    assert after["rem_hour"] == 60 - 3 - len(before) - 1
    assert outcome.refused_429 == 0
    assert outcome.unseen == 0


def test_others_take_from_the_allowance_and_stand_in_the_history() -> None:
    world = World(ONE, per_hour=2, days=0.2, plan=Plan(1000), others_per_hour=100, others_rows=1.0)
    _, log = _run(world)
    first, last = (
        [event[2]["rem_hour"] for _, event, _ in log if event[0] == "reply"][place]
        for place in (0, -1)
    )
    assert last < first - 50


def test_others_leave_no_room_that_is_not_there() -> None:
    world = World(ONE, per_hour=2, days=0.2, plan=Plan(50), others_per_hour=500)
    outcome, _ = _run(world)
    assert outcome.refused_429 > 0
