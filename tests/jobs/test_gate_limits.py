"""What the gate believes of the plan's limits: headers come and go, clocks are set anew."""

from jobs.gate import ENDLESS, SILENT_ANSWERS
from neuralbox import Allowance
from tests.jobs.gate_world import HOUR_S, PURPOSES, World, open_for


async def test_limits_come_and_go_as_the_headers_tell(world: World) -> None:
    for _ in range(60):
        await world.ask("look", hour=None, day=None)
    assert await world.written() == 0
    assert open_for(world.gate) == list(PURPOSES)
    # From here on there is a limit: what went before belongs to it, and is written down.
    await world.ask("look")
    assert await world.written() == 61
    assert open_for(world.gate) == ["submit", "again", "look"]
    await world.restart()
    assert open_for(world.gate) == ["submit", "again", "look"]
    await world.ask("look", hour=None, day=None)
    assert open_for(world.gate) == list(PURPOSES)
    await world.restart()
    assert open_for(world.gate) == list(PURPOSES)


async def test_a_limit_too_large_to_reach_is_none(world: World) -> None:
    await world.ask(hour=ENDLESS, day=ENDLESS)
    assert not world.gate.windows.is_limited
    await world.ask()
    assert world.gate.windows.is_limited


async def test_others_on_the_account_are_seen_in_the_headers(world: World) -> None:
    await world.ask(others=97)
    assert open_for(world.gate) == ["again"], "of one hundred two are left"
    await world.ask("again", others=98)
    assert open_for(world.gate) == []
    await world.clock.advance(world.gate.wait_s("again"))
    assert world.clock.now() <= world.sent_at[-1] + HOUR_S + 5, "whether it is over is asked for"


async def test_requests_before_the_clock_was_set_back_are_not_forgotten(world: World) -> None:
    for _ in range(98):
        await world.ask("again")
    world.clock.set_wall(world.clock.now() - 7200)
    await world.restart()
    assert open_for(world.gate) == ["again"]


async def test_a_clock_that_was_ahead_for_a_moment_makes_nothing_forgotten(world: World) -> None:
    for _ in range(60):
        await world.ask("again")
    world.clock.set_wall(world.clock.now() + 25 * 3600)
    await world.ask("again")
    world.clock.set_wall(world.clock.now() - 25 * 3600)
    await world.restart()
    assert world.gate.windows.own(world.gate.windows.hour, world.clock.monotonic()) == 61
    await world.clock.advance(HOUR_S + 60)
    await world.restart()
    assert open_for(world.gate) == list(PURPOSES), "and none counts for longer than it should"


async def test_a_header_that_says_nothing_lifts_no_limit(world: World) -> None:
    for _ in range(98):
        await world.ask("again")
    world.gate.answered(429, Allowance(None, 2, 1000, 900, None, 0, tells_day=True))
    world.gate.answered(200, Allowance(None, None, None, None, None, 0))
    assert open_for(world.gate) == ["again"]
    world.gate.answered(200, Allowance(None, None, None, None, None, 0, True, True))
    assert open_for(world.gate) == list(PURPOSES), "0 is no limit"


async def test_a_plan_that_long_tells_no_limit_has_none(world: World) -> None:
    for _ in range(98):
        await world.ask("again")
    for _ in range(SILENT_ANSWERS):
        assert world.gate.windows.is_limited
        world.gate.answered(200, None)
    assert not world.gate.windows.is_limited
