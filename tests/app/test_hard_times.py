"""Rare coincidences that once lost something: held files, wandering clocks, odd histories."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jobs.tidy import CARD_LOST_S
from models import State
from playground.clock import FakeClock
from playground.discord import fault
from playground.discord.world import Message
from playground.neuralbox import Profile, faults
from playground.neuralbox.faults import Match
from storage import settings, trace
from storage.connections import BUSY_TIMEOUT_S
from tests.app.wandering import Wandering
from tests.rig import Rig

EDIT = r"/channels/\d+/messages/\d+"


@pytest.fixture(autouse=True)
async def _quiet_start(rig: Rig) -> AsyncIterator[None]:
    """Prices are not what is asked here, so they are known before anything else happens."""
    await rig.start_bot()
    await rig.refreshed()
    yield


@contextmanager
def _held_by_another(rig: Rig) -> Iterator[None]:
    """Another process keeps the file from being written."""
    other = sqlite3.connect(rig.data / "reelbox.sqlite3", isolation_level=None, timeout=5)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def _history_requests(rig: Rig) -> int:
    return sum(seen.path == "/user/history" for seen in rig.box.requests)


@pytest.mark.fault("D1")
async def test_an_answer_that_comes_while_the_file_is_held_is_booked_afterwards(rig: Rig) -> None:
    rig.box.script(faults.hang_after(3))
    card = await rig.card()
    await rig.eventually(lambda: rig.posts() == 1)
    with _held_by_another(rig):
        await rig.clock.advance(4)
        await asyncio.sleep(BUSY_TIMEOUT_S + 0.5)  # the real time-out of the real file lock
    await rig.finished(card)
    assert rig.job_of(card).state is State.COMPLETED
    rig.sound()


@pytest.mark.usefixtures("never_put_off")
async def test_a_card_that_never_came_gives_its_tokens_back_without_a_restart(rig: Rig) -> None:
    callback = r"/interactions/\d+/.*/callback"
    rig.discord.script(fault("POST", callback, delay=30, after_effect=True))
    await rig.discord.slash("video", prompt="a card on its way for ever")
    await rig.eventually(lambda: len(rig.jobs_in(State.RESERVED)) == 1)
    await rig.run_until(lambda: len(rig.jobs_in(State.CANCELLED)) == 1, CARD_LOST_S + 120)
    assert rig.guild_account().held_tokens == 0
    rig.sound()


@pytest.mark.fault("P10")
@pytest.mark.parametrize("jump_s", [3600, -3600])
async def test_a_clock_set_anew_while_a_request_is_in_doubt_changes_nothing(
    rig: Rig, jump_s: int
) -> None:
    rig.bot_clock = clock = Wandering(rig.clock)
    swept = _history_requests(rig)
    await rig.restart_bot()
    await rig.eventually(lambda: _history_requests(rig) > swept)
    rig.box.script(
        faults.drop_after(), faults.status(503, None, html=True, on=faults.HISTORY, times=None)
    )
    card = await rig.card()
    await rig.eventually(lambda: rig.job_of(card).state is State.UNKNOWN)
    clock.wrong_by_s += jump_s
    rig.box.faults_left.clear()
    await rig.run_until(lambda: rig.job_of(card).state.is_final)
    assert rig.job_of(card).state is State.COMPLETED
    rig.sound()


@pytest.mark.parametrize("jump_s", [3600, -3600])
async def test_a_request_sent_before_the_vendors_clock_was_seen_is_found_whatever_ours_does(
    rig: Rig, jump_s: int
) -> None:
    card = await _in_doubt_before_any_answer(rig, faults.drop_after())
    rig.bot_clock.wrong_by_s += jump_s  # type: ignore[attr-defined]
    rig.box.faults_left.clear()
    await rig.run_until(lambda: rig.job_of(card).state.is_final)
    assert rig.job_of(card).state is State.COMPLETED
    rig.sound()


async def test_a_request_sent_before_the_vendors_clock_was_seen_is_given_a_whole_horizon(
    rig: Rig,
) -> None:
    card = await _in_doubt_before_any_answer(rig, faults.drop_after() & faults.history_lag(1000))
    rig.bot_clock.wrong_by_s += 3600  # type: ignore[attr-defined]
    rig.box.faults_left.clear()
    await rig.run_until(lambda: rig.job_of(card).state.is_final, limit_s=3600)
    assert rig.job_of(card).state is State.COMPLETED
    rig.sound()


async def test_a_sweep_under_way_while_the_clock_is_set_back_takes_no_job_for_anothers(
    rig: Rig,
) -> None:
    rig.bot_clock = clock = Wandering(rig.clock)
    asked = _history_requests(rig)
    rig.box.script(
        faults.hang(5, on=faults.HISTORY),
        faults.hang(60, on=faults.HISTORY),
        faults.drop_after(),
    )
    await rig.restart_bot()
    await rig.eventually(lambda: _history_requests(rig) == asked + 1)  # the sweep's
    card = await rig.card()
    await rig.eventually(lambda: _history_requests(rig) == asked + 2)  # about the job in doubt
    clock.wrong_by_s -= 3600
    await rig.run_until(lambda: rig.job_of(card).state.is_final)
    assert rig.job_of(card).state is State.COMPLETED
    rig.sound()


async def _in_doubt_before_any_answer(rig: Rig, fault: faults.Fault) -> Message:
    """Restart the bot with a job whose request is the first exchange, and is broken off."""
    rig.bot_clock = Wandering(rig.clock)
    rig.box.script(fault, faults.hang(5, on=Match("GET", faults.ANY.path), times=None))
    await rig.restart_bot()
    card = await rig.card()
    # Where the plan's limits are known and nothing is told yet, it waits while a look is leaving.
    await rig.run_until(lambda: rig.job_of(card).state is State.UNKNOWN, limit_s=4, step_s=1)
    return card


@pytest.mark.fault("V16")
async def test_a_history_in_no_order_proves_no_absence(tmp_path: Path) -> None:
    profile = Profile(history_order="shuffled")  # anew for each page, so pages overlap and miss
    async with Rig.open(tmp_path / "other", "shuffled", FakeClock(), profile=profile) as rig:
        await rig.start_bot()
        await rig.refreshed()
        for n in range(400):
            rig.box.add_foreign(
                prompt=f"old {n}", tokens=0, created_at=rig.clock.now() - 86_400 - n
            )
        rig.box.script(faults.drop_after())
        card = await rig.card()
        await rig.finished(card)
        assert rig.job_of(card).state is State.COMPLETED
        rig.sound()


async def test_a_first_look_that_was_not_told_whole_opens_nothing_and_ten_are_enough(
    rig: Rig,
) -> None:
    newest: list[Any] = []

    def moved(answer: dict[str, Any]) -> None:
        if answer["page"] == 1:
            newest[:] = answer["items"][:1]
            answer["items"].reverse()
        else:
            answer["items"][-1:] = newest  # it moved while the pages were read

    rig.box.allowance.limit_hour = rig.box.allowance.limit_day = None
    for n in range(110):
        rig.box.add_foreign(prompt=f"old {n}", tokens=0, created_at=rig.clock.now() - 600 * n)
    await rig.finished(await rig.card(model="luma-flash2"))
    await rig.stop_bot()
    (rig.data / trace.NAME).unlink()  # nothing vouches for the books
    rig.box.script(faults.edited(moved, on=faults.HISTORY, times=None))
    before = _history_requests(rig)
    await rig.start_bot()
    app = rig.app
    assert app is not None
    await rig.run_until(lambda: _history_requests(rig) >= before + 2 * 5, 900)
    assert "recovery" in app.intake.reasons
    await rig.run_until(lambda: "recovery" not in app.intake.reasons, 900)
    assert _history_requests(rig) >= before + 2 * 10


async def test_a_generation_listed_hours_late_is_still_booked(rig: Rig) -> None:
    rig.box.script(faults.drop_after() & faults.history_lag(7200))
    card = await rig.card()
    await rig.finished(card, limit_s=2000)
    assert rig.job_of(card).state is State.NOT_SUBMITTED
    await rig.run_until(lambda: rig.job_of(card).attention == "made after all", 4 * 3600, step_s=60)
    await rig.run_until(lambda: bool(rig.shown(card).files))
    rig.sound()


async def test_a_late_generation_that_failed_is_no_news(rig: Rig) -> None:
    rig.box.script(faults.drop_after() & faults.history_lag(2400) & faults.fails("boom"))
    card = await rig.card()
    await rig.finished(card, limit_s=2000)
    edits = rig.shown(card).edits
    await rig.run_until(lambda: rig.job_of(card).generation_id is not None, 4 * 3600, 60)
    await rig.clock.advance(600)
    assert rig.shown(card).edits == edits
    assert rig.job_of(card).attention is None
    rig.sound()


async def test_a_broken_history_does_not_hide_pending_jobs(rig: Rig) -> None:
    def broken(answer: dict[str, Any]) -> None:
        answer["items"].append({"id": None, "status": None})
        answer["total"] = None

    rig.box.script(faults.edited(broken, on=faults.HISTORY, times=None))
    cards = [await rig.card("one"), await rig.card("two", member="Cleo")]
    for card in cards:
        await rig.finished(card, limit_s=2 * 3600, step_s=30)
        assert rig.job_of(card).state is State.COMPLETED
    rig.sound()


async def test_a_crowded_history_does_not_hide_pending_jobs(rig: Rig) -> None:
    cards = [await rig.card("one"), await rig.card("two", member="Cleo")]
    await rig.eventually(lambda: len(rig.jobs_in(State.PENDING)) == 2)
    for n in range(350):
        rig.box.add_foreign(prompt=f"theirs {n}", tokens=0, created_at=rig.clock.now() + 20)
    for card in cards:
        await rig.finished(card, limit_s=2 * 3600, step_s=30)
    rig.sound()


async def test_a_job_left_to_a_person_costs_next_to_no_requests(rig: Rig) -> None:
    # Both are listed from the same moment on: whoever looks between would adopt the one.
    rig.box.script(faults.drop_after() & faults.history_lag(90))
    card = await rig.card("same")
    await rig.eventually(lambda: rig.job_of(card).state is State.UNKNOWN)
    rig.box.add_foreign(prompt="same", model="kling-v2.1", created_at=rig.clock.now() + 90)
    await rig.run_until(lambda: rig.job_of(card).attention is not None)
    await rig.clock.advance(3600)
    await rig.settle()
    before = _history_requests(rig)
    await rig.finished(await rig.card("another", member="Cleo"))
    assert _history_requests(rig) - before <= 3
    before = _history_requests(rig)
    ends_at = rig.clock.now() + 3600
    await rig.run_until(lambda: rig.clock.now() >= ends_at, 3600, 60)
    assert _history_requests(rig) - before <= 10


async def test_a_strangers_endless_generation_does_not_stop_the_sweep(rig: Rig) -> None:
    rig.box.add_foreign(prompt="website", status="pending", created_at=rig.clock.now() + 5)
    for hour in range(12):
        for n in range(20):
            rig.box.add_foreign(prompt=f"{hour}-{n}", created_at=rig.clock.now() + n)
        for _ in range(12):
            await rig.clock.advance(300)
            await asyncio.sleep(0.01)  # the sweep's requests go over real sockets
    recent = rig.clock.now() - 3 * 3600
    await rig.run_until(
        lambda: rig.read(lambda tx: settings.counter(tx, "swept_to")) > recent, 2 * 3600, 60
    )


@pytest.mark.fault("V27")
async def test_an_overrun_pauses_the_model_from_that_moment_on(rig: Rig) -> None:
    rig.box.script(faults.costs(150))
    await rig.finished(await rig.card(model="kling-v2.1"))
    assert "paused" in await rig.refusal(model="kling-v2.1")


@pytest.mark.fault("V8")
async def test_a_passing_401_closes_the_intake_for_minutes_not_hours(rig: Rig) -> None:
    refused = {"error": "not_authenticated", "message": "x"}
    await rig.clock.advance(200)
    rig.box.script(faults.status(401, refused))
    card = await rig.card()
    await rig.finished(card)
    assert rig.app is not None
    assert rig.app.intake.reasons == {}


async def test_a_model_that_comes_back_under_its_own_name_is_served_again(rig: Rig) -> None:
    rig.box.catalogue.withdrawn |= {"luma-flash2", "luma-ray2-flash"}
    card = await rig.card(model="luma-flash2")
    await rig.finished(card)
    assert rig.job_of(card).state is State.REJECTED
    assert rig.posts() == 2, "both spellings were tried"
    rig.box.catalogue.withdrawn -= {"luma-flash2"}
    card = await rig.card("again", model="luma-flash2")
    await rig.finished(card)
    assert rig.job_of(card).state is State.COMPLETED


async def test_a_model_known_by_its_other_name_alone_is_found_and_remembered(rig: Rig) -> None:
    rig.box.catalogue.withdrawn.add("luma-flash2")
    for posts in (2, 3):
        await rig.finished(await rig.card(f"try {posts}", model="luma-flash2"))
        assert rig.posts() == posts
    rig.sound()


@pytest.mark.fault("V32")
async def test_one_price_that_is_refused_keeps_no_other_from_being_known(tmp_path: Path) -> None:
    async with Rig.open(tmp_path / "other", "price", FakeClock()) as rig:
        refused = {"error": "insufficient_plan", "message": "no"}
        one = Match("POST", r"/models/kling-v2.1/calculate-price")
        rig.box.script(faults.status(403, refused, on=one, times=None))
        rig.is_furnished = False
        await rig.start_bot()
        stored = "SELECT count(*) FROM price"
        await rig.eventually(lambda: rig.read(lambda tx: tx.execute(stored).fetchone()[0]) == 14)
        await rig.settle()
        before = len(rig.box.requests)
        await rig.clock.advance(3600)
        await rig.settle()
        assert len(rig.box.requests) - before <= 3, "it is not asked for again and again"
        card = await rig.card(model="kling-v2.1")
        assert rig.job_of(card).hold_tokens == 94, "the published maximum is held"


async def test_a_proxys_403_is_not_discords_word(rig: Rig) -> None:
    card = await rig.card()
    await rig.run_until(lambda: rig.shown(card).edits == 1)
    rig.discord.script(fault("PATCH", EDIT, status=403, body="<html>blocked</html>"))
    done = await rig.finished(card)
    assert len(done.files) == 1


async def test_a_card_that_has_to_wait_says_so(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(3000))
    card = await rig.card()
    await rig.run_until(lambda: "queue" in rig.shown(card).embeds[0]["title"])
    assert "its turn comes about <t:" in rig.fields(rig.shown(card))["Ready"]


async def test_a_card_in_doubt_says_what_is_being_done(rig: Rig) -> None:
    rig.box.script(faults.drop_before())
    card = await rig.card()
    await rig.run_until(lambda: "Checking" in rig.shown(card).embeds[0]["title"])
    await rig.finished(card)


async def test_a_models_name_is_shown_only_if_it_is_a_name(rig: Rig) -> None:
    def hostile(answer: dict[str, Any]) -> None:
        for model in answer.get("items", answer.get("models", [])):
            model["name"] = "[free tokens](https://evil.example)"

    rig.box.script(faults.edited(hostile, on=faults.MODELS, times=None))
    asked = len(rig.box.requests)
    await rig.run_until(
        lambda: any(seen.path == "/models" for seen in rig.box.requests[asked:]), 26 * 3600, 300
    )
    await rig.eventually(lambda: rig.app is not None and not rig.app.intake.reasons)
    card = await rig.card()
    assert "evil" not in str(card.embeds)
    assert rig.fields(card)["Model"] == "Kling 2.1"
