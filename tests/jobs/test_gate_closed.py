"""What closes the gate, and for how long: a 429, a refused key, a vendor that is down."""

import asyncio

import pytest

from jobs.schedule.breaker import BREAK_AFTER, TRIAL_S
from jobs.schedule.breaker import PAUSES_S as BREAK_S
from neuralbox import NotAuthenticatedError, RateLimitedError, ServiceFailedError
from tests.jobs.gate_world import PURPOSES, World, open_for


async def test_a_429_closes_the_gate_for_everything_and_for_exactly_as_long(
    world: World,
) -> None:
    with pytest.raises(RateLimitedError):
        async with world.gate.passing("look"):
            raise RateLimitedError(retry_after_s=40)
    assert {world.gate.wait_s(purpose) for purpose in PURPOSES} == {40}
    await world.clock.advance(15)
    await world.restart()
    assert {world.gate.wait_s(purpose) for purpose in PURPOSES} == {25}
    await world.clock.advance(25)
    assert open_for(world.gate) == list(PURPOSES)


async def test_a_shorter_429_after_a_longer_one_opens_nothing(world: World) -> None:
    for retry_after_s in (4000, 40):
        world.gate.learn(RateLimitedError(retry_after_s=retry_after_s))
        await world.gate.keep()
    assert world.gate.wait_s("look") == 4000
    await world.restart()
    assert world.gate.wait_s("look") == 4000


async def test_a_clock_that_is_set_back_makes_no_cool_down_longer_than_it_was_told(
    world: World,
) -> None:
    world.gate.learn(RateLimitedError(retry_after_s=3000))
    await world.gate.keep()
    world.clock.set_wall(world.clock.now() - 30 * 86_400)
    await world.restart()
    assert world.gate.wait_s("look") == 3000
    world.gate.learn(RateLimitedError(retry_after_s=40))
    await world.gate.keep()
    world.clock.set_wall(world.clock.now() - 30 * 86_400)
    await world.restart()
    assert world.gate.wait_s("look") == 3000


async def test_a_vendor_that_breaks_off_every_answer_is_down(world: World) -> None:
    for _ in range(BREAK_AFTER):
        async with world.gate.passing("look"):
            world.gate.sent()
            world.gate.answered(None, None)
    assert world.gate.down_since is not None


async def test_many_that_fail_together_make_no_longer_pause(world: World) -> None:
    async def one() -> None:
        async with world.gate.passing("look"):
            world.gate.sent()
            await asyncio.sleep(0)
            world.gate.answered(503, None)

    await asyncio.gather(*(one() for _ in range(20)))
    assert world.gate.wait_s("look") <= 1.25 * BREAK_S[0]


async def test_a_refused_key_is_tried_once_a_minute(world: World) -> None:
    with pytest.raises(NotAuthenticatedError):
        async with world.gate.passing("look"):
            raise NotAuthenticatedError(status=401)
    assert {world.gate.wait_s(purpose) for purpose in PURPOSES} == {60}


async def test_an_error_of_another_kind_closes_nothing(world: World) -> None:
    with pytest.raises(ServiceFailedError):
        async with world.gate.passing("look"):
            raise ServiceFailedError(status=503)
    assert open_for(world.gate) == list(PURPOSES)


async def test_the_breaker_opens_after_a_few_failures_in_a_row(world: World) -> None:
    turns: list[float | None] = []
    world.gate.on_turn = lambda: turns.append(world.gate.down_since)
    for _ in range(BREAK_AFTER - 1):
        await world.fail()
    world.gate.answered(404, None)  # an answer all the same
    for _ in range(BREAK_AFTER - 1):
        await world.fail()
    assert world.gate.down_since is None
    await world.fail()
    assert turns == [world.clock.now()]
    for purpose in PURPOSES:
        assert 0.75 * BREAK_S[0] <= world.gate.wait_s(purpose) <= 1.25 * BREAK_S[0]


async def test_while_the_vendor_is_down_one_request_at_a_time_tries(world: World) -> None:
    for _ in range(BREAK_AFTER):
        await world.fail()
    await world.clock.advance(BREAK_S[0] * 1.25)
    assert world.gate.wait_s("look") == 0
    assert world.gate.wait_s("submit") > 0, "a submit that fails would be in doubt"
    async with world.gate.passing("look"):
        assert world.gate.wait_s("look") == TRIAL_S
        world.gate.answered(200, None)
    assert world.gate.down_since is None
    assert open_for(world.gate) == list(PURPOSES)


async def test_a_trial_that_is_never_answered_does_not_keep_the_gate_shut(world: World) -> None:
    for _ in range(BREAK_AFTER):
        await world.fail()
    await world.clock.advance(BREAK_S[0] * 1.25)
    async with world.gate.passing("look"):
        pass
    await world.clock.advance(TRIAL_S)
    assert world.gate.wait_s("look") == 0


async def test_pauses_grow_within_the_bounds_of_their_jitter(world: World) -> None:
    for _ in range(BREAK_AFTER - 1):
        await world.fail()
    for pause_s in [*BREAK_S, BREAK_S[-1]]:
        await world.fail_when_open()
        assert 0.75 * pause_s <= world.gate.wait_s("look") <= 1.25 * pause_s


async def test_no_answer_at_all_counts_as_a_failure(world: World) -> None:
    for _ in range(BREAK_AFTER):
        world.gate.answered(None, None)
    assert world.gate.down_since == world.clock.now()


async def test_mending_takes_no_cool_down_away(world: World) -> None:
    world.gate.learn(RateLimitedError(retry_after_s=500))
    for _ in range(BREAK_AFTER):
        world.gate.answered(503, None)
    world.gate.answered(200, None)
    assert world.gate.wait_s("look") == 500
