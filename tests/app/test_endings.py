"""How a job can end without a video, and what the member and the ledger say of it."""

import pytest

from models import State
from playground.neuralbox import faults
from tests.rig import Rig


async def _ended_free(play: Rig, state: State) -> dict[str, str]:
    card = await play.card()
    done = await play.finished(card)
    assert play.job_of(card).state is state
    assert done.files == []
    fields = play.fields(done)
    assert fields["Cost"].startswith("Not charged")
    assert "Not charged" in play.pings(card)[0].content
    assert play.guild_account().held_tokens == 0
    assert play.guild_account().spent_tokens == 0
    play.sound()
    return fields


async def test_a_failed_generation_costs_nothing_and_shows_the_reason(play: Rig) -> None:
    play.box.script(faults.fails("Provider error: upstream exploded"))
    fields = await _ended_free(play, State.FAILED)
    assert "upstream exploded" in fields["NeuralBox says"]
    assert "try again" in fields["Why, and what next"]


async def test_a_policy_refusal_asks_for_another_prompt(play: Rig) -> None:
    play.box.script(faults.fails("Provider error: content policy violation"))
    fields = await _ended_free(play, State.FAILED)
    assert "content rules" in fields["Why, and what next"]
    assert "describe something else" in fields["Why, and what next"]


@pytest.mark.fault("V6")
@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (402, {"error": "insufficient_tokens", "message": "used up"}, "run out of tokens"),
        (403, {"error": "insufficient_plan", "message": "no"}, "plan does not include"),
        (422, {"error": "validation_error", "message": "duration"}, "did not accept"),
        (400, {"error": "bad_request", "message": "bad"}, "did not accept"),
        (404, {"error": "not_found", "message": "model"}, "does not know this model"),
    ],
)
async def test_a_refusal_in_the_vendors_own_words_is_final_and_free(
    play: Rig, code: int, body: dict[str, str], words: str
) -> None:
    play.box.script(faults.status(code, body))
    fields = await _ended_free(play, State.REJECTED)
    assert words in fields["Why, and what next"]
    assert play.posts() == 1


async def test_after_402_no_new_videos_are_taken_until_there_are_tokens(play: Rig) -> None:
    await play.balance_known()
    play.box.script(faults.status(402, {"error": "insufficient_tokens", "message": "used up"}))
    play.box.balance = 0
    await play.finished(await play.card())
    assert "run out of tokens" in await play.refusal()
    play.box.balance = 1000
    await play.run_until(lambda: play.app is not None and not play.app.intake.reasons, 7 * 3600)
    await play.finished(await play.card())
    play.sound()


@pytest.mark.fault("V5")
async def test_a_429_waits_as_long_as_the_vendor_says_and_sends_again(play: Rig) -> None:
    play.box.script(faults.rate_limited(90))
    card = await play.card()
    await play.eventually(lambda: play.posts() == 1)
    await play.eventually(lambda: play.job_of(card).state is State.QUEUED)
    await play.clock.advance(80)
    assert play.posts() == 1
    await play.finished(card)
    assert play.posts() == 2
    assert play.job_of(card).state is State.COMPLETED
    play.sound()


@pytest.mark.fault("V8")
async def test_a_refused_key_holds_jobs_and_closes_the_intake(play: Rig) -> None:
    await play.refreshed()  # else the first price refused would close the intake already
    refused = {"error": "not_authenticated", "message": "who are you"}
    play.box.script(faults.status(401, refused, on=faults.ANY, times=None))
    card = await play.card()
    await play.run_until(lambda: play.app is not None and "key" in play.app.intake.reasons)
    assert "does not accept this bot's key" in await play.refusal()
    seen = len(play.box.requests)
    await play.clock.advance(600)
    assert len(play.box.requests) - seen <= 40, "no storm of retries"
    assert play.guild_account().held_tokens > 0
    play.box.faults_left.clear()
    await play.finished(card)
    play.sound()


@pytest.mark.fault("V1")
async def test_a_vendor_that_cannot_be_reached_for_a_quarter_of_an_hour_frees_the_tokens(
    play: Rig,
) -> None:
    await play.box.stop()
    card = await play.card()
    done = await play.finished(card, limit_s=3600)
    assert play.job_of(card).state is State.CANCELLED
    assert "could not be reached" in play.fields(done)["Why, and what next"]
    assert play.guild_account().held_tokens == 0
    assert play.posts() == 0


async def test_a_vendor_that_comes_back_in_time_makes_the_video(play: Rig) -> None:
    await play.box.stop()
    card = await play.card()
    await play.clock.advance(300)
    await play.box.start()
    await play.finished(card)
    assert play.job_of(card).state is State.COMPLETED
    play.sound()


@pytest.mark.fault("V27")
async def test_a_charge_above_the_price_is_booked_as_it_is_and_pauses_the_model(play: Rig) -> None:
    play.box.script(faults.costs(150))
    card = await play.card(model="kling-v2.1")
    done = await play.finished(card)
    job = play.job_of(card)
    assert (job.charged_tokens, job.attention) == (150, "overrun")
    assert "150 tokens" in play.fields(done)["Charged"]
    assert play.guild_account().spent_tokens == 150
    await play.restart_bot()
    await play.run_until(lambda: play.app is not None and not play.app.intake.reasons)
    assert "paused" in await play.refusal(model="kling-v2.1")
    play.sound()


@pytest.mark.fault("V26")
async def test_a_video_without_a_price_keeps_its_hold_and_says_so(play: Rig) -> None:
    play.box.script(faults.no_cost())
    card = await play.card()
    await play.run_until(lambda: play.job_of(card).attention == "cost missing")
    await play.run_until(lambda: "price is still to come" in play.shown(card).embeds[0]["title"])
    assert play.job_of(card).state is State.PENDING
    assert play.guild_account().held_tokens == play.job_of(card).hold_tokens


@pytest.mark.fault("V24")
async def test_a_job_that_takes_far_too_long_says_so_once_and_is_still_delivered(play: Rig) -> None:
    play.box.script(faults.stuck())
    card = await play.card(model="luma-flash2")
    await play.run_until(lambda: "longer than usual" in play.shown(card).embeds[0]["title"])
    edits = play.shown(card).edits
    await play.clock.advance(7200)
    assert play.shown(card).edits == edits
    play.box.finish(play.generation_id(card))
    await play.finished(card)
    assert play.job_of(card).state is State.COMPLETED
    play.sound()


@pytest.mark.fault("V25")
async def test_a_status_nobody_published_is_no_information(play: Rig) -> None:
    play.box.script(faults.unknown_status("queued2", 3))
    card = await play.card()
    await play.finished(card)
    assert play.job_of(card).state is State.COMPLETED
    play.sound()
