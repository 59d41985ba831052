"""The gate: who waits how long, what is booked, and what a restart remembers."""

import asyncio
import random
from pathlib import Path

import pytest

from storage.database import open_database
from tests.jobs.gate_world import HOUR_S, PURPOSES, World, open_for


def test_before_the_first_answer_everything_may_go(world: World) -> None:
    assert open_for(world.gate) == list(PURPOSES)


@pytest.mark.parametrize(
    ("used", "may_go"),
    [
        (49, ["submit", "again", "look", "upkeep"]),
        (50, ["submit", "again", "look"]),
        (97, ["again", "look"]),
        (98, ["again"]),
        (99, []),
    ],
)
async def test_the_last_requests_of_the_hour_are_kept_for_what_matters_most(
    world: World, used: int, may_go: list[str]
) -> None:
    for _ in range(used):
        await world.ask("again")
    assert open_for(world.gate) == may_go


async def test_a_submit_leaves_enough_to_watch_what_is_on_its_way(world: World) -> None:
    for _ in range(95):
        await world.ask("again")
    assert world.gate.wait_s("submit") == 0
    world.gate.watched = lambda: 3
    assert world.gate.wait_s("submit") == 0, "one page shows many, so few requests are enough"
    for _ in range(2):
        await world.ask("again")
    assert world.gate.wait_s("submit") > 0


async def test_a_window_opens_again_when_its_requests_have_left_it(world: World) -> None:
    for _ in range(99):
        await world.ask("again")
        await world.clock.advance(10)
    wait_s = world.gate.wait_s("again")
    assert HOUR_S - 990 <= wait_s <= HOUR_S - 990 + 10
    await world.clock.advance(wait_s)
    await world.ask("again")
    assert world.gate.wait_s("again") == pytest.approx(10)


async def test_no_hour_and_no_day_ever_holds_more_than_it_allows(world: World) -> None:
    luck = random.Random(5)
    for _ in range(3000):
        purpose = luck.choice(PURPOSES)
        if world.gate.wait_s(purpose) == 0:
            now = world.clock.now()
            await world.ask(purpose)
            assert sum(at > now - HOUR_S for at in world.sent_at) <= 100
            assert sum(at > now - 24 * HOUR_S for at in world.sent_at) <= 1000
        await world.clock.advance(luck.expovariate(1 / 30))
        if luck.random() < 0.01:
            await world.restart()
    assert len(world.sent_at) > 950


async def test_the_very_first_requests_are_written_down_too(world: World) -> None:
    async with world.gate.passing("look"):
        world.gate.sent()
    assert await world.written() == 0, "nobody told of a limit yet"
    await world.ask("upkeep")
    assert await world.written() == 2


async def test_a_request_that_nobody_booked_is_counted_and_written(world: World) -> None:
    await world.ask()
    async with world.gate.passing("look"):
        world.gate.sent()
        world.gate.sent()  # the same again under its other address
    assert world.gate.windows.own(world.gate.windows.hour, world.clock.monotonic()) == 3
    assert await world.written() == 3


async def test_a_request_that_never_left_hides_no_other(world: World) -> None:
    await world.ask()
    for _ in range(5):
        async with world.gate.passing("look"):
            pass  # there was no connection
    async with world.gate.passing("look"):
        world.gate.sent()
        world.gate.sent()
    assert await world.written() == 1 + 5 + 2


async def test_requests_of_several_tasks_are_not_taken_for_each_other(world: World) -> None:
    await world.ask()

    async def one(requests_made: int) -> None:
        async with world.gate.passing("look"):
            for _ in range(requests_made):
                await asyncio.sleep(0)
                world.gate.sent()

    await asyncio.gather(one(1), one(2), one(1), one(3))
    assert await world.written() == 1 + 7


async def test_a_booking_is_written_before_its_request_leaves(world: World) -> None:
    await world.ask()
    async with world.gate.passing("look"):
        assert await world.written() == 2
    ticket, notes = world.gate.book("submit"), world.gate.notes()
    assert [booking.purpose for booking in notes.bookings] == ["submit"]
    world.gate.void(ticket)
    world.gate.put_back(notes)  # its transaction failed
    await world.gate.keep()
    assert await world.written() == 3


async def test_a_request_counts_from_when_it_leaves_and_not_from_when_it_was_booked(
    world: World,
) -> None:
    await world.ask()
    async with world.gate.passing("look"):
        await world.clock.advance(40)  # the database was held
        world.gate.sent()
    await world.clock.advance(HOUR_S - 20)
    assert world.gate.windows.own(world.gate.windows.hour, world.clock.monotonic()) == 1


async def test_right_after_a_start_one_request_at_a_time_asks_how_things_stand(
    world: World,
) -> None:
    await world.ask()
    await world.restart()
    turns: list[float] = []
    world.gate.on_turn = lambda: turns.append(world.gate.wait_s("submit"))
    async with world.gate.passing("look"):
        assert world.gate.wait_s("submit") > 0
        world.gate.sent()
        world.answer()
    assert open_for(world.gate) == list(PURPOSES)
    await world.ask()
    assert turns == [0], "who waited for the answer is woken by it, once"


async def test_more_submits_never_wait_shorter(world: World) -> None:
    luck = random.Random(3)
    for _ in range(70):
        await world.ask("again")
        await world.clock.advance(luck.expovariate(1 / 40))
    waits = [world.gate.wait_for_s(count) for count in range(1, 600)]
    assert waits == sorted(waits)
    assert waits[0] == world.gate.wait_s("submit")


async def test_a_long_queue_is_foreseen_beyond_one_hour(world: World) -> None:
    await world.ask()
    # Of one hundred an hour about half can be submits, since each has to be watched.
    assert world.gate.wait_for_s(20) == 0
    assert 2 * HOUR_S <= world.gate.wait_for_s(300) <= 8 * HOUR_S


def test_without_a_limit_no_number_of_submits_waits(world: World) -> None:
    assert world.gate.wait_for_s(10_000) == 0


async def test_a_gate_on_a_fresh_file_knows_nothing(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        world = World(db)
        await world.restart()
        assert open_for(world.gate) == list(PURPOSES)
        assert not world.gate.windows.is_limited
