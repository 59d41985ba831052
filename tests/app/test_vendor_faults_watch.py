"""What the vendor says of a video it has taken, and what it costs: V19, V23 to V29, V32, V34."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from storage import claims
from tests.app.counted import is_all_done
from tests.app.wide import all_in, all_over, held, wide, widen
from tests.rig import Rig

pytestmark = pytest.mark.long

__all__ = ["wide"]

HOUR_S, DAY_S = 3600, 86_400


async def _pass(rig: Rig, seconds: float, step_s: float = 30) -> None:
    ends_at = rig.clock.now() + seconds
    await rig.run_until(lambda: rig.clock.now() >= ends_at, seconds + step_s, step_s)


@pytest.mark.fault("V19")
async def test_six_hours_without_the_vendor_give_nothing_back_and_lose_nothing(rig: Rig) -> None:
    widen(rig)
    rig.configure("limits", in_flight_total=4)
    await rig.start_bot()
    await rig.refreshed()
    rig.box.script(faults.wait(HOUR_S), faults.wait(HOUR_S), faults.drop_after())
    cards = [await rig.card(f"sent {n}") for n in range(2)]
    await rig.eventually(all_in(rig, cards, State.PENDING))
    # Down before anybody can look up the third.
    rig.box.script(faults.status(503, html=True, on=faults.HISTORY, times=None))
    cards.append(await rig.card("in doubt", member="Cleo"))
    await rig.eventually(all_in(rig, cards[2:], State.UNKNOWN))
    rig.box.script(faults.status(503, html=True, on=faults.ANY, times=None))
    await _pass(rig, 120, 15)
    cards += [await rig.card(f"waits {n}", member="Ada") for n in range(3)]
    await _pass(rig, 600, 30)
    posts, edits = rig.posts(), [rig.shown(card).edits for card in cards]
    before = [rig.job_of(card).state for card in cards]
    assert before == [State.PENDING] * 2 + [State.UNKNOWN] + [State.QUEUED] * 3
    for _hour in range(6):
        await _pass(rig, HOUR_S, 60)
        assert [rig.job_of(card).state for card in cards] == before
        assert all(held(rig, card) == rig.job_of(card).hold_tokens for card in cards)
    assert rig.posts() == posts
    assert [rig.shown(card).edits for card in cards] == edits, "told once, if at all"
    rig.box.faults_left.clear()
    for card in cards:
        await rig.finished(card, 3 * HOUR_S, 15)
    assert all_in(rig, cards, State.COMPLETED)()
    assert rig.posts() == len(rig.box.generations) == len(cards)
    rig.sound()


UNKNOWN_ID: dict[str, Any] = {
    "code": 404,
    "body": {"error": "not_found", "message": "no such generation", "details": {}},
    "on": faults.STATUS,
}


@pytest.mark.fault("V23")
async def test_a_video_the_vendor_does_not_know_for_a_moment_is_asked_for_again(
    wide: Rig,
) -> None:
    wide.box.script(faults.status(**UNKNOWN_ID, times=2))
    card = await wide.card()
    await wide.finished(card)
    assert wide.job_of(card).state is State.COMPLETED
    assert wide.job_of(card).attention is None


@pytest.mark.fault("V23")
async def test_a_video_the_vendor_never_knows_again_is_before_the_host_after_an_hour(
    wide: Rig,
) -> None:
    wide.box.script(faults.status(**UNKNOWN_ID, times=None))
    card = await wide.card()
    await wide.eventually(all_in(wide, [card], State.PENDING))
    began = wide.clock.now()
    await wide.run_until(lambda: wide.job_of(card).attention is not None, 3 * HOUR_S, 30)
    assert wide.job_of(card).attention == "unknown to the vendor"
    assert wide.clock.now() - began >= HOUR_S - 60
    seen = _looks(wide)
    await _pass(wide, 24 * HOUR_S, 900)
    assert _looks(wide) - seen <= 30, "ever more rarely"
    assert wide.job_of(card).state is State.PENDING
    assert held(wide, card) == wide.job_of(card).hold_tokens
    wide.box.faults_left.clear()
    await wide.finished(card, 7 * HOUR_S, 300)
    assert wide.job_of(card).state is State.COMPLETED
    assert wide.job_of(card).attention is None


def _looks(rig: Rig) -> int:
    return sum(faults.STATUS.fits(seen.method, seen.path, None) for seen in rig.box.requests)


@pytest.mark.fault("V24")
async def test_videos_that_never_end_do_not_keep_all_others_from_being_made(rig: Rig) -> None:
    widen(rig)
    rig.configure("limits", in_flight_total=2, in_flight_per_guild=2, in_flight_per_member=2)
    await rig.start_bot()
    await rig.refreshed()
    rig.box.script(faults.stuck(), faults.stuck())
    cards = [await rig.card(f"stuck {n}", model="luma-flash2") for n in range(2)]
    await rig.eventually(all_in(rig, cards, State.PENDING))
    waits = await rig.card("waits")
    await _pass(rig, HOUR_S, 300)
    assert rig.job_of(waits).state is State.QUEUED
    await rig.finished(waits, 2 * DAY_S, 900)
    assert rig.job_of(waits).state is State.COMPLETED
    assert all_in(rig, cards, State.PENDING)()
    assert all(held(rig, card) == rig.job_of(card).hold_tokens for card in cards)
    rig.sound()


@pytest.mark.fault("V24")
async def test_a_video_that_never_ends_is_before_the_host_after_a_day(wide: Rig) -> None:
    wide.box.script(faults.stuck())
    card = await wide.card(model="luma-flash2")
    await wide.eventually(all_in(wide, [card], State.PENDING))
    began = wide.clock.now()
    await wide.run_until(lambda: wide.job_of(card).attention is not None, 2 * DAY_S, 900)
    assert wide.clock.now() - began >= DAY_S - 900
    assert wide.job_of(card).attention == "overdue"
    await _pass(wide, DAY_S, 900)
    assert wide.job_of(card).state is State.PENDING
    assert held(wide, card) == wide.job_of(card).hold_tokens
    wide.box.finish(wide.generation_id(card))
    await wide.finished(card, 3 * HOUR_S, 60)


@pytest.mark.fault("V25")
async def test_a_status_word_nobody_published_says_nothing_and_is_logged(
    wide: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    words = ["queued2", "Completed", "", "done", "FAILED", "cancelled"]
    wide.box.script(*[faults.unknown_status(word, 4) for word in words])
    cards = [await wide.card(f"boat {number}") for number in range(len(words))]
    for card in cards:
        await wide.finished(card)
    assert all_in(wide, cards, State.COMPLETED)()
    told = [record.getMessage() for record in caplog.records]
    said = [line for line in told if "nobody published" in line]
    for word, card in zip(words, cards, strict=True):
        assert sum(f"job {wide.job_of(card).id}:" in line for line in said) == 4, word
    assert len(said) == 4 * len(words)


NO_COSTS: list[Any] = [
    *(-1, -(2**62), 44.0, 0.5, "44", "", True, [44], {"tokens": 44}),
    *(2**63, 2**63 - 1, 10**15, 10**30, 1e300),
]


@pytest.mark.fault("V26")
async def test_what_is_no_amount_is_never_booked_as_a_cost(wide: Rig) -> None:
    wide.box.script(faults.stuck(times=len(NO_COSTS)))
    cards = [await wide.card(f"boat {number}") for number in range(len(NO_COSTS))]
    await wide.eventually(all_in(wide, cards, State.PENDING))
    for card, value in zip(cards, NO_COSTS, strict=True):
        _finished_showing(wide, card, value)
    await wide.run_until(
        lambda: all(wide.job_of(card).attention == "cost missing" for card in cards), HOUR_S
    )
    await _pass(wide, HOUR_S, 60)
    assert all_in(wide, cards, State.PENDING)()
    assert all(held(wide, card) == wide.job_of(card).hold_tokens for card in cards)
    assert wide.account("org").spent_tokens == 0
    for card in cards:
        assert "price is still to come" in wide.shown(card).embeds[0]["title"]
        _finished_showing(wide, card, faults.AS_BILLED)
    await wide.run_until(all_over(wide, cards), 12 * HOUR_S, 60)
    assert all_in(wide, cards, State.COMPLETED)()


def _finished_showing(rig: Rig, card: Message, cost: object) -> None:
    """Let a card's video be done; it has cost what it costs, and shows something as its cost."""
    generation = rig.box.generations[rig.generation_id(card)]
    if generation.status == "pending":
        rig.box.finish(generation.id)
    generation.twist = replace(generation.twist, shown_cost=cost)


@pytest.mark.fault("V27")
async def test_twice_the_hold_is_booked_flagged_and_pauses_that_model_alone(
    wide: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    wide.box.script(faults.costs(188))
    card = await wide.card(model="kling-v2.1")
    done = await wide.finished(card)
    job = wide.job_of(card)
    assert (job.state, job.attention, job.charged_tokens) == (State.COMPLETED, "overrun", 188)
    assert wide.guild_account().spent_tokens == 188 > job.hold_tokens
    assert len(done.files) == 1
    assert "paused" in await wide.refusal(model="kling-v2.1")
    assert not (await wide.card(model="luma-flash2")).ephemeral_for
    alerts = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert any("cost more than its hold" in record.getMessage() for record in alerts)


@pytest.mark.fault("V28")
async def test_a_failure_that_cost_something_is_booked_as_told_and_before_the_host(
    wide: Rig,
) -> None:
    wide.box.script(faults.fails("Provider error: out of memory", cost=17))
    card = await wide.card()
    done = await wide.finished(card)
    job = wide.job_of(card)
    assert (job.state, job.attention, job.charged_tokens) == (State.FAILED, "contradiction", 17)
    assert wide.guild_account().spent_tokens == wide.box.charged_total == 17
    assert held(wide, card) == 0
    assert "17 tokens" in wide.fields(done)["Cost"]


@pytest.mark.fault("V29")
async def test_what_ended_stays_as_it_was_booked_whatever_is_told_later(
    wide: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    later = {"fails after all": faults.AS_BILLED, "costs more": 1_000, "costs nothing": 0}
    cards = [await wide.card(how) for how in later]
    await wide.run_until(lambda: is_all_done(wide))
    booked = [wide.job_of(card) for card in cards]
    for card, (how, cost) in zip(cards, later.items(), strict=True):
        generation = wide.box.generations[wide.generation_id(card)]
        if how == "fails after all":
            generation.status, generation.error = "failed", "Provider error: on second thoughts"
        generation.twist = replace(generation.twist, shown_cost=cost)
    await wide.run_until(lambda: len(wide.read(claims.list_disputes)) == len(later), DAY_S, 60)
    await _pass(wide, 3 * HOUR_S, 300)
    assert [wide.job_of(card) for card in cards] == booked
    assert wide.account("org").spent_tokens == wide.box.charged_total
    told = [record for record in caplog.records if "stays so" in record.getMessage()]
    assert len(told) == len(later)


@pytest.mark.fault("V32")
async def test_a_price_of_nothing_is_none_and_nothing_is_made_without_a_hold(rig: Rig) -> None:
    widen(rig)
    rig.configure("video", models=["kling-v2.1", "kling-v21"])
    free = {"token_cost": 0, "min_token_cost": 0, "max_token_cost": 0, "pricing_type": "fixed"}
    rig.box.script(faults.junk(json.dumps(free).encode(), on=faults.PRICE, times=None))
    rig.is_furnished = False
    await rig.start_bot()
    await rig.run_until(lambda: _priced(rig) >= 2, 600)
    card = await rig.card(model="kling-v2.1")
    assert held(rig, card) == rig.job_of(card).hold_tokens == 94, "the published maximum"
    assert "not known yet" in await rig.refusal(model="kling-v21")
    await rig.finished(card)
    rig.sound()


def _priced(rig: Rig) -> int:
    return sum(faults.PRICE.fits(seen.method, seen.path, None) for seen in rig.box.requests)


HOSTILE = [
    "@everyone <@1> <@&2> <#3> free tokens",
    "```\n@here\n# Big\n[click](https://evil.example)",
    "``` ``` `x` ~~~",
    "https://evil.example/grabber.png <https://evil.example>",
    "||spoiler|| **bold** > quote\n-# small",
    "\u202etxet desrever\u2066 \u200b\u200d\ufeff",
    "a\u0000b\u0007\u001b[31mred\u001b[0m\r\nERROR root forged line",
    "Z" + "\u0335" * 200,
    "\ud800 \udfff lone",
    "x" * 50_000,
    "</t:1:R> <t:0:R> </video:1>",
    "{job} %s %(levelname)s {0.__class__}",
]


@pytest.mark.fault("V34")
@pytest.mark.parametrize("way", ["as a failure", "as a refusal"])
async def test_no_hostile_word_of_the_vendor_leaves_its_block_or_its_line(
    wide: Rig, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    caplog.set_level(logging.INFO)
    for text in HOSTILE:
        if way == "as a failure":
            wide.box.script(faults.fails(text))
        else:
            body = {"error": "validation_error", "message": text, "details": {"at": text}}
            wide.box.script(faults.status(422, body))
        card = await wide.card()
        done = await wide.finished(card)
        assert wide.job_of(card).state in (State.FAILED, State.REJECTED)
        said = wide.fields(done)["NeuralBox says"]
        assert said.startswith("```\n")
        assert said.endswith("\n```")
        inside = said[4:-4]
        assert "`" not in inside
        assert inside.isprintable()
        assert len(inside) <= 1000
        [ping] = wide.pings(card)
        assert (done.mentions, done.mention_everyone) == ([], False)
        assert (ping.mentions, ping.mention_everyone) == ([wide.job_of(card).user_id], False)
        assert "evil.example" not in ping.content
        others = {name: value for name, value in wide.fields(done).items() if value != said}
        assert "evil.example" not in str(others)
    lines = [record.getMessage() for record in caplog.records if record.name != "aiohttp.server"]
    assert [line for line in lines if not line.isprintable()] == []
    assert [line for line in lines if len(line) > 2_000] == []
