"""The gate alone, over a real database: who waits how long, and what a restart remembers."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobs.gate import ENDLESS, SILENT_ANSWERS, Gate
from jobs.schedule.breaker import BREAK_AFTER, TRIAL_S
from jobs.schedule.breaker import PAUSES_S as BREAK_S
from neuralbox import (
    Allowance,
    NotAuthenticatedError,
    RateLimitedError,
    ServiceFailedError,
)
from playground.clock import FakeClock
from storage import requests
from storage.database import Database, open_database

PURPOSES = ("submit", "again", "look", "upkeep")
HOUR_S = 3600


@dataclass
class _Headers:
    skew_s: float = 0.0


class _World:
    """A gate, and a vendor that counts a sliding hour and day."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FakeClock()
        self.headers = _Headers()
        self.gate = self.anew()
        self.sent_at: list[float] = []

    def anew(self) -> Gate:
        """Return a gate as after a restart, still to be loaded."""
        self.gate = Gate(self.db, self.headers, self.clock)
        return self.gate

    async def restart(self) -> None:
        await self.anew().load()

    def answer(
        self, *, hour: int | None = 100, day: int | None = 1000, others: int = 0, status: int = 200
    ) -> None:
        """The vendor answers truly: what is left of each window."""
        now = self.clock.now()
        in_hour = others + sum(at > now - HOUR_S for at in self.sent_at)
        in_day = others + sum(at > now - 24 * HOUR_S for at in self.sent_at)
        told = Allowance(
            hour,
            None if hour is None else max(0, hour - in_hour),
            day,
            None if day is None else max(0, day - in_day),
            None,
            int(now),
            tells_hour=True,
            tells_day=True,
        )
        self.gate.answered(status, told)

    async def ask(self, purpose: str = "look", **told: int | None) -> None:
        """One request that may go at once, and its answer."""
        assert self.gate.wait_s(purpose) == 0
        async with self.gate.passing(purpose):
            self.gate.sent()
            self.sent_at.append(self.clock.now())
            self.answer(**told)  # type: ignore[arg-type]

    async def fail(self) -> None:
        """One request that the vendor does not answer properly."""
        async with self.gate.passing("again"):
            self.gate.sent()
            self.gate.answered(503, None)

    async def fail_when_open(self) -> None:
        """The same, after the pause that there is."""
        await self.clock.advance(self.gate.wait_s("again"))
        await self.fail()

    async def written(self) -> int:
        return len(await self.db.read(requests.list_since, 0))


@pytest.fixture
async def world(db: Database) -> AsyncIterator[_World]:
    world = _World(db)
    await world.gate.load()
    yield world


def _open(gate: Gate) -> list[str]:
    return [purpose for purpose in PURPOSES if gate.wait_s(purpose) == 0]


def test_before_the_first_answer_everything_may_go(world: _World) -> None:
    assert _open(world.gate) == list(PURPOSES)


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
    world: _World, used: int, may_go: list[str]
) -> None:
    for _ in range(used):
        await world.ask("again")
    assert _open(world.gate) == may_go


async def test_a_submit_leaves_enough_to_watch_what_is_on_its_way(world: _World) -> None:
    for _ in range(95):
        await world.ask("again")
    assert world.gate.wait_s("submit") == 0
    world.gate.watched = lambda: 3
    assert world.gate.wait_s("submit") == 0, "one page shows many, so few requests are enough"
    for _ in range(2):
        await world.ask("again")
    assert world.gate.wait_s("submit") > 0


async def test_a_window_opens_again_when_its_requests_have_left_it(world: _World) -> None:
    for _ in range(99):
        await world.ask("again")
        await world.clock.advance(10)
    wait_s = world.gate.wait_s("again")
    assert HOUR_S - 990 <= wait_s <= HOUR_S - 990 + 10
    await world.clock.advance(wait_s)
    await world.ask("again")
    assert world.gate.wait_s("again") == pytest.approx(10)


async def test_no_hour_and_no_day_ever_holds_more_than_it_allows(world: _World) -> None:
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


async def test_limits_come_and_go_as_the_headers_tell(world: _World) -> None:
    for _ in range(60):
        await world.ask("look", hour=None, day=None)
    assert await world.written() == 0
    assert _open(world.gate) == list(PURPOSES)
    # From here on there is a limit: what went before belongs to it, and is written down.
    await world.ask("look")
    assert await world.written() == 61
    assert _open(world.gate) == ["submit", "again", "look"]
    await world.restart()
    assert _open(world.gate) == ["submit", "again", "look"]
    await world.ask("look", hour=None, day=None)
    assert _open(world.gate) == list(PURPOSES)
    await world.restart()
    assert _open(world.gate) == list(PURPOSES)


async def test_a_limit_too_large_to_reach_is_none(world: _World) -> None:
    await world.ask(hour=ENDLESS, day=ENDLESS)
    assert not world.gate.windows.is_limited
    await world.ask()
    assert world.gate.windows.is_limited


async def test_the_very_first_requests_are_written_down_too(world: _World) -> None:
    async with world.gate.passing("look"):
        world.gate.sent()
    assert await world.written() == 0, "nobody told of a limit yet"
    await world.ask("upkeep")
    assert await world.written() == 2


async def test_a_request_that_nobody_booked_is_counted_and_written(world: _World) -> None:
    await world.ask()
    async with world.gate.passing("look"):
        world.gate.sent()
        world.gate.sent()  # the same again under its other address
    assert world.gate.windows.own(world.gate.windows.hour, world.clock.monotonic()) == 3
    assert await world.written() == 3


async def test_a_request_that_never_left_hides_no_other(world: _World) -> None:
    await world.ask()
    for _ in range(5):
        async with world.gate.passing("look"):
            pass  # there was no connection
    async with world.gate.passing("look"):
        world.gate.sent()
        world.gate.sent()
    assert await world.written() == 1 + 5 + 2


async def test_requests_of_several_tasks_are_not_taken_for_each_other(world: _World) -> None:
    await world.ask()

    async def one(requests_made: int) -> None:
        async with world.gate.passing("look"):
            for _ in range(requests_made):
                await asyncio.sleep(0)
                world.gate.sent()

    await asyncio.gather(one(1), one(2), one(1), one(3))
    assert await world.written() == 1 + 7


async def test_a_booking_is_written_before_its_request_leaves(world: _World) -> None:
    await world.ask()
    async with world.gate.passing("look"):
        assert await world.written() == 2
    ticket, notes = world.gate.book("submit"), world.gate.notes()
    assert [booking.purpose for booking in notes.bookings] == ["submit"]
    world.gate.void(ticket)
    world.gate.put_back(notes)  # its transaction failed
    await world.gate.keep()
    assert await world.written() == 3


async def test_others_on_the_account_are_seen_in_the_headers(world: _World) -> None:
    await world.ask(others=97)
    assert _open(world.gate) == ["again"], "of one hundred two are left"
    await world.ask("again", others=98)
    assert _open(world.gate) == []
    await world.clock.advance(world.gate.wait_s("again"))
    assert world.clock.now() <= world.sent_at[-1] + HOUR_S + 5, "whether it is over is asked for"


async def test_a_429_closes_the_gate_for_everything_and_for_exactly_as_long(
    world: _World,
) -> None:
    with pytest.raises(RateLimitedError):
        async with world.gate.passing("look"):
            raise RateLimitedError(retry_after_s=40)
    assert {world.gate.wait_s(purpose) for purpose in PURPOSES} == {40}
    await world.clock.advance(15)
    await world.restart()
    assert {world.gate.wait_s(purpose) for purpose in PURPOSES} == {25}
    await world.clock.advance(25)
    assert _open(world.gate) == list(PURPOSES)


async def test_a_shorter_429_after_a_longer_one_opens_nothing(world: _World) -> None:
    for retry_after_s in (4000, 40):
        world.gate.learn(RateLimitedError(retry_after_s=retry_after_s))
        await world.gate.keep()
    assert world.gate.wait_s("look") == 4000
    await world.restart()
    assert world.gate.wait_s("look") == 4000


async def test_a_cool_down_from_a_clock_set_anew_ends_within_a_day(world: _World) -> None:
    world.gate.learn(RateLimitedError(retry_after_s=3000))
    await world.gate.keep()
    world.clock.set_wall(world.clock.now() - 30 * 86_400)
    await world.restart()
    assert world.gate.wait_s("look") <= 86_400


async def test_requests_before_the_clock_was_set_back_are_not_forgotten(world: _World) -> None:
    for _ in range(98):
        await world.ask("again")
    world.clock.set_wall(world.clock.now() - 7200)
    await world.restart()
    assert _open(world.gate) == ["again"]


async def test_a_clock_that_was_ahead_for_a_moment_makes_nothing_forgotten(world: _World) -> None:
    for _ in range(60):
        await world.ask("again")
    world.clock.set_wall(world.clock.now() + 25 * 3600)
    await world.ask("again")
    world.clock.set_wall(world.clock.now() - 25 * 3600)
    await world.restart()
    assert world.gate.windows.own(world.gate.windows.hour, world.clock.monotonic()) == 61
    await world.clock.advance(HOUR_S + 60)
    await world.restart()
    assert _open(world.gate) == list(PURPOSES), "and none counts for longer than it should"


async def test_a_header_that_says_nothing_lifts_no_limit(world: _World) -> None:
    for _ in range(98):
        await world.ask("again")
    world.gate.answered(429, Allowance(None, 2, 1000, 900, None, 0, tells_day=True))
    world.gate.answered(200, Allowance(None, None, None, None, None, 0))
    assert _open(world.gate) == ["again"]
    world.gate.answered(200, Allowance(None, None, None, None, None, 0, True, True))
    assert _open(world.gate) == list(PURPOSES), "0 is no limit"


async def test_a_plan_that_long_tells_no_limit_has_none(world: _World) -> None:
    for _ in range(98):
        await world.ask("again")
    for _ in range(SILENT_ANSWERS):
        assert world.gate.windows.is_limited
        world.gate.answered(200, None)
    assert not world.gate.windows.is_limited


async def test_a_request_counts_from_when_it_leaves_and_not_from_when_it_was_booked(
    world: _World,
) -> None:
    await world.ask()
    async with world.gate.passing("look"):
        await world.clock.advance(40)  # the database was held
        world.gate.sent()
    await world.clock.advance(HOUR_S - 20)
    assert world.gate.windows.own(world.gate.windows.hour, world.clock.monotonic()) == 1


async def test_right_after_a_start_one_request_at_a_time_asks_how_things_stand(
    world: _World,
) -> None:
    await world.ask()
    await world.restart()
    async with world.gate.passing("look"):
        assert world.gate.wait_s("submit") > 0
        world.gate.sent()
        world.answer()
    assert _open(world.gate) == list(PURPOSES)


async def test_a_vendor_that_breaks_off_every_answer_is_down(world: _World) -> None:
    for _ in range(BREAK_AFTER):
        async with world.gate.passing("look"):
            world.gate.sent()
            world.gate.answered(None, None)
    assert world.gate.down_since is not None


async def test_many_that_fail_together_make_no_longer_pause(world: _World) -> None:
    async def one() -> None:
        async with world.gate.passing("look"):
            world.gate.sent()
            await asyncio.sleep(0)
            world.gate.answered(503, None)

    await asyncio.gather(*(one() for _ in range(20)))
    assert world.gate.wait_s("look") <= 1.25 * BREAK_S[0]


async def test_a_refused_key_is_tried_once_a_minute(world: _World) -> None:
    with pytest.raises(NotAuthenticatedError):
        async with world.gate.passing("look"):
            raise NotAuthenticatedError(status=401)
    assert {world.gate.wait_s(purpose) for purpose in PURPOSES} == {60}


async def test_an_error_of_another_kind_closes_nothing(world: _World) -> None:
    with pytest.raises(ServiceFailedError):
        async with world.gate.passing("look"):
            raise ServiceFailedError(status=503)
    assert _open(world.gate) == list(PURPOSES)


async def test_the_breaker_opens_after_a_few_failures_in_a_row(world: _World) -> None:
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


async def test_while_the_vendor_is_down_one_request_at_a_time_tries(world: _World) -> None:
    for _ in range(BREAK_AFTER):
        await world.fail()
    await world.clock.advance(BREAK_S[0] * 1.25)
    assert world.gate.wait_s("look") == 0
    assert world.gate.wait_s("submit") > 0, "a submit that fails would be in doubt"
    async with world.gate.passing("look"):
        assert world.gate.wait_s("look") == TRIAL_S
        world.gate.answered(200, None)
    assert world.gate.down_since is None
    assert _open(world.gate) == list(PURPOSES)


async def test_a_trial_that_is_never_answered_does_not_keep_the_gate_shut(world: _World) -> None:
    for _ in range(BREAK_AFTER):
        await world.fail()
    await world.clock.advance(BREAK_S[0] * 1.25)
    async with world.gate.passing("look"):
        pass
    await world.clock.advance(TRIAL_S)
    assert world.gate.wait_s("look") == 0


async def test_pauses_grow_within_the_bounds_of_their_jitter(world: _World) -> None:
    for _ in range(BREAK_AFTER - 1):
        await world.fail()
    for pause_s in [*BREAK_S, BREAK_S[-1]]:
        await world.fail_when_open()
        assert 0.75 * pause_s <= world.gate.wait_s("look") <= 1.25 * pause_s


async def test_no_answer_at_all_counts_as_a_failure(world: _World) -> None:
    for _ in range(BREAK_AFTER):
        world.gate.answered(None, None)
    assert world.gate.down_since == world.clock.now()


async def test_mending_takes_no_cool_down_away(world: _World) -> None:
    world.gate.learn(RateLimitedError(retry_after_s=500))
    for _ in range(BREAK_AFTER):
        world.gate.answered(503, None)
    world.gate.answered(200, None)
    assert world.gate.wait_s("look") == 500


async def test_more_submits_never_wait_shorter(world: _World) -> None:
    luck = random.Random(3)
    for _ in range(70):
        await world.ask("again")
        await world.clock.advance(luck.expovariate(1 / 40))
    waits = [world.gate.wait_for_s(count) for count in range(1, 600)]
    assert waits == sorted(waits)
    assert waits[0] == world.gate.wait_s("submit")


async def test_a_long_queue_is_foreseen_beyond_one_hour(world: _World) -> None:
    await world.ask()
    # Of one hundred an hour about half can be submits, since each has to be watched.
    assert world.gate.wait_for_s(20) == 0
    assert 2 * HOUR_S <= world.gate.wait_for_s(300) <= 8 * HOUR_S


def test_without_a_limit_no_number_of_submits_waits(world: _World) -> None:
    assert world.gate.wait_for_s(10_000) == 0


async def test_a_gate_on_a_fresh_file_knows_nothing(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        world = _World(db)
        await world.restart()
        assert _open(world.gate) == list(PURPOSES)
        assert not world.gate.windows.is_limited
