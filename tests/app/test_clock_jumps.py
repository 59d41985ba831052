"""The wall clock is set anew: no hold is given back by that, and no amount changes its period."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models import State
from playground.clock import FakeClock
from playground.discord import fault
from playground.neuralbox import faults
from tests.app.moderators import ABOVE, choose, general
from tests.app.wandering import Wandering
from tests.rig import Rig

HOUR_S, DAY_S = 3600, 86_400
JUMPS = pytest.mark.parametrize(
    "jump_s",
    [HOUR_S, -HOUR_S, DAY_S, -DAY_S],
    ids=["an hour on", "an hour back", "a day on", "a day back"],
)
CALLBACK = r"/interactions/\d+/.*/callback"
OPEN = (State.RESERVED, State.QUEUED, State.SUBMITTING, State.UNKNOWN, State.PENDING)


@pytest.fixture
async def clock(rig: Rig) -> AsyncIterator[Wandering]:
    """The bot runs on a clock that the test may set."""
    rig.bot_clock = clock = Wandering(rig.clock)
    await rig.start_bot()
    await rig.refreshed()
    yield clock
    rig.sound()


@pytest.mark.fault("P10")
@JUMPS
async def test_no_open_job_loses_its_hold_and_each_ends_as_it_would_have(
    rig: Rig, clock: Wandering, jump_s: int
) -> None:
    await choose(rig, approve_above=ABOVE, approve_channel=str(general(rig)))
    rig.box.script(
        faults.wait(2 * HOUR_S),
        faults.drop_before(),
        faults.status(503, None, html=True, on=faults.HISTORY, times=None),
    )
    pending = await rig.card("at the vendor", model="luma-flash2")
    await rig.eventually(lambda: rig.job_of(pending).state is State.PENDING)
    unknown = await rig.card("in doubt", model="luma-flash2", member="Cleo")
    await rig.eventually(lambda: rig.job_of(unknown).state is State.UNKNOWN)
    dear = await rig.card("a dear one", model="kling-v2.1", length=10, member="Ada")
    await rig.eventually(lambda: rig.job_of(dear).state is State.QUEUED)
    held = rig.guild_account().held_tokens
    clock.wrong_by_s += jump_s
    await rig.clock.advance(600)
    assert len(rig.jobs_in(*OPEN)) == 3
    assert rig.guild_account().held_tokens == held
    rig.box.faults_left.clear()
    await rig.run_until(lambda: rig.job_of(dear).state.is_final, HOUR_S, 60)
    assert rig.job_of(dear).state is State.CANCELLED, "nobody decided within an hour"
    for card, state in ((pending, State.COMPLETED), (unknown, State.NOT_SUBMITTED)):
        await rig.finished(card, 4 * HOUR_S, 60)
        assert rig.job_of(card).state is state


@pytest.mark.fault("P10")
async def test_what_could_not_be_sent_is_given_back_after_15_minutes_and_not_after_a_jump(
    rig: Rig, clock: Wandering
) -> None:
    await rig.stop_bot()
    rig.configure("neuralbox", base_url="http://127.0.0.1:1/v1")  # nobody listens there
    await rig.start_bot()
    card = await rig.card("nobody answers", model="luma-flash2")
    await rig.run_until(lambda: rig.job_of(card).tried_at is not None)
    clock.wrong_by_s += HOUR_S
    await rig.clock.advance(600)
    assert rig.job_of(card).state is State.QUEUED
    assert rig.guild_account().held_tokens > 0
    await rig.run_until(lambda: rig.job_of(card).state.is_final, 600, 30)
    assert rig.job_of(card).state is State.CANCELLED


@pytest.mark.fault("P10")
async def test_what_waits_for_another_try_waits_no_longer_by_a_clock_that_was_set_back(
    rig: Rig, clock: Wandering
) -> None:
    rig.box.script(faults.rate_limited(60))
    card = await rig.card("once more", model="luma-flash2")
    await rig.run_until(lambda: rig.job_of(card).next_at > 0)
    clock.wrong_by_s -= DAY_S
    await rig.finished(card, HOUR_S, 15)
    assert rig.job_of(card).state is State.COMPLETED


@pytest.mark.fault("P10")
@pytest.mark.usefixtures("never_put_off")
async def test_a_card_on_its_way_is_not_given_up_by_a_jump(rig: Rig, clock: Wandering) -> None:
    heard = asyncio.Event()
    rig.discord.script(fault("POST", CALLBACK, after_effect=True, until=heard))
    await rig.discord.slash("video", prompt="a slow card", model="luma-flash2")
    await rig.eventually(lambda: len(rig.jobs_in(State.RESERVED)) == 1)
    clock.wrong_by_s += HOUR_S
    await rig.clock.advance(65)
    await rig.settle()
    assert len(rig.jobs_in(State.RESERVED)) == 1
    heard.set()
    await rig.eventually(lambda: len(rig.jobs_in(State.RESERVED)) == 0)
    await rig.eventually(lambda: len(rig.jobs_in(State.PENDING)) == 1)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.fault("P10")
@pytest.mark.parametrize(
    ("period", "before", "jump_s"),
    [
        ("month", datetime(2026, 12, 31, 23, 50, tzinfo=BERLIN), 0),
        ("month", datetime(2027, 1, 1, 0, 10, tzinfo=BERLIN), -HOUR_S),
        ("day", datetime(2027, 3, 28, 1, 50, tzinfo=BERLIN), 0),
        ("day", datetime(2027, 10, 31, 2, 50, tzinfo=BERLIN), -HOUR_S),
        ("day", datetime(2027, 6, 1, 12, 0, tzinfo=BERLIN), DAY_S),
        ("day", datetime(2027, 6, 1, 12, 0, tzinfo=BERLIN), -DAY_S),
    ],
    ids=["year end", "back over it", "clocks forward", "clocks back", "a day on", "a day back"],
)
async def test_what_was_held_in_a_period_is_settled_in_it(
    tmp_path: Path, period: str, before: datetime, jump_s: int
) -> None:
    async with Rig.open(tmp_path, f"period-{period}", FakeClock(before.timestamp())) as rig:
        rig.configure("budget", period=period, time_zone="Europe/Berlin")
        rig.bot_clock = clock = Wandering(rig.clock)
        await rig.start_bot()
        await rig.refreshed()
        rig.box.script(faults.wait(1200))
        card = await rig.card("over the end", model="luma-flash2")
        held_in = _cells(rig)
        clock.wrong_by_s += jump_s
        await rig.finished(card, 2 * HOUR_S, 30)
        assert rig.job_of(card).state is State.COMPLETED
        spent_in = _cells(rig)
        assert {name for name, held, spent in held_in if held} == {
            name for name, held, spent in spent_in if spent
        }
        assert not any(held for _name, held, _spent in spent_in)
        rig.sound()


def _cells(rig: Rig) -> list[tuple[str, int, int]]:
    """Return each period's account with what it holds and has spent."""
    query = "SELECT id, held, spent FROM account WHERE id LIKE '%@%'"
    found = rig.read(lambda tx: [tuple(row) for row in tx.execute(query)])
    assert found, "budgets begin anew here"
    return found
