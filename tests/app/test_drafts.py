"""Shrink to fit: what was too dear comes with the best that fits, one press away."""

from typing import Any

import pytest

from models import State
from playground.discord import fault
from playground.discord.world import Message
from tests.app.hands import (
    animate,
    asked,
    boat,
    card_of,
    consent,
    labels,
    press,
    reprice,
    said,
)
from tests.rig import Rig, outcome

GONE = "That question has ended"
USED = "You answered that already: it became job 1"


@pytest.fixture
async def tight(rig: Rig) -> Rig:
    """A server with 50 tokens, where 5 s of the usual model cost 44 and 10 s 88."""
    rig.configure("budget", guild_tokens=50)
    await rig.start_bot()
    await rig.refreshed()
    return rig


async def _refused(rig: Rig, **options: Any) -> Message:
    message = await asked(rig, length=10, **options)
    assert "needs up to 88 tokens" in message.content
    assert labels(message) == ["Shrink to fit · 5 s Kling 2.1 · 44"]
    return message


async def test_a_refused_video_is_made_shorter_for_the_price_on_the_button(tight: Rig) -> None:
    refused = await _refused(tight, prompt="a red boat", ratio="1:1", spoiler=True)
    assert tight.jobs_in() == []
    assert tight.guild_account().held_tokens == 0
    card = card_of(await press(tight, refused, "Shrink"))
    job = tight.job_of(card)
    request = job.request
    assert (request.model, request.duration_s, request.prompt) == ("kling-v2.1", 5, "a red boat")
    assert (request.aspect_ratio, job.is_spoiler, job.hold_tokens) == ("1:1", True, 44)
    assert tight.fields(card)["Asked by"] == f"<@{job.user_id}>"
    await tight.finished(card)
    assert tight.guild_account().spent_tokens == 44
    assert tight.account(f"member:{tight.guild_id}:{job.user_id}").spent_tokens == 44
    tight.sound()


async def test_where_no_shorter_one_fits_the_dearest_model_that_does_is_offered(tight: Rig) -> None:
    message = await asked(tight, model="minimax-video", length=5)
    assert labels(message) == ["Shrink to fit · 5 s Kling 2.1 · 44"]
    assert tight.job_of(card_of(await press(tight, message, "Shrink"))).hold_tokens == 44


async def test_a_refusal_without_anything_that_fits_has_no_button(rig: Rig) -> None:
    rig.configure("budget", guild_tokens=10)
    await rig.start_bot()
    await rig.refreshed()
    message = await asked(rig, length=10)
    assert "10 are left" in message.content
    assert labels(message) == []
    assert rig.read(lambda tx: tx.execute("SELECT count(*) FROM draft").fetchone()[0]) == 0


async def test_what_the_account_has_left_bounds_the_offer_too(rig: Rig) -> None:
    rig.box.balance = 60
    await rig.start_bot()
    await rig.refreshed()
    counted = "SELECT count(*) FROM meta WHERE k = 'balance_at'"
    await rig.eventually(lambda: bool(rig.read(lambda tx: tx.execute(counted).fetchone()[0])))
    message = await asked(rig, length=10)
    assert "the NeuralBox account behind this bot" in message.content
    assert "60" not in message.content
    assert labels(message) == ["Shrink to fit · 5 s Kling 2.1 · 44"]


async def test_a_picture_is_only_offered_models_that_take_one_and_stays(rig: Rig) -> None:
    rig.configure("video", without_picture=["kling-v2.1"])
    rig.configure("budget", guild_tokens=50)
    await rig.start_bot()
    await rig.refreshed()
    posted = await boat(rig)
    answer = await animate(rig, posted, prompt="it sails", model="minimax-video")
    assert "needs up to 88 tokens" in said(answer)
    assert labels(answer.message) == ["Shrink to fit · 5 s Luma Ray 2 Flash · 42"]
    assert answer.message is not None
    card = card_of(await press(rig, answer.message, "Shrink"))
    await rig.finished(card)
    job = rig.job_of(card)
    assert job.request.picture is not None
    assert job.origin.poster_id == posted.author.id
    assert rig.box.generations[rig.generation_id(card)].picture_sha256 is not None
    rig.sound()


async def test_a_poster_who_said_no_meanwhile_is_heard(tight: Rig) -> None:
    answer = await animate(tight, await boat(tight), prompt="it sails", length="10")
    assert answer.message is not None
    await consent(tight, "Ada", "no")
    assert "does not want it animated" in said(await press(tight, answer.message, "Shrink"))
    assert tight.jobs_in() == []


async def test_the_button_works_after_a_restart(tight: Rig) -> None:
    refused = await _refused(tight)
    await tight.restart_bot()
    card = card_of(await press(tight, refused, "Shrink"))
    assert tight.job_of(card).hold_tokens == 44


async def test_two_presses_make_one_video(tight: Rig) -> None:
    refused = await _refused(tight)
    button = refused.components[0]["components"][0]["custom_id"]
    presses = [await tight.discord.press(refused, button, member="Ben") for _ in range(2)]
    answers = [await outcome(pressed) for pressed in presses]
    assert sorted(answer.ephemeral for answer in answers) == [False, True]
    assert USED in next(said(answer) for answer in answers if answer.ephemeral)
    assert USED in said(await press(tight, refused, "Shrink"))
    assert len(tight.jobs_in()) == 1


async def test_a_replayed_press_makes_one_video(tight: Rig) -> None:
    refused = await _refused(tight)
    button = refused.components[0]["components"][0]["custom_id"]
    pressed = await tight.discord.press(refused, button, member="Ben")
    card_of(await outcome(pressed))
    tight.discord.replay(pressed)
    await tight.discord.autocomplete("video", "model", "")  # so the replay is handled as well
    assert len(pressed.messages) == len(tight.jobs_in()) == 1


@pytest.mark.usefixtures("never_put_off")
async def test_a_press_whose_card_got_lost_may_be_made_again(tight: Rig) -> None:
    refused = await _refused(tight)
    tight.discord.script(fault("POST", r"/interactions/\d+/.*/callback", status=404))
    button = refused.components[0]["components"][0]["custom_id"]
    await tight.discord.press(refused, button, member="Ben")
    await tight.eventually(lambda: len(tight.jobs_in(State.CANCELLED)) == 1)
    card = card_of(await press(tight, refused, "Shrink"))
    await tight.finished(card)
    assert tight.guild_account().spent_tokens == 44
    tight.sound()


async def test_a_price_that_rose_is_told_with_a_new_button(tight: Rig) -> None:
    refused = await _refused(tight)
    await reprice(tight, "kling-v2.1", 5, 46)
    answer = await press(tight, refused, "Shrink")
    assert "from 44 tokens to 46 tokens. Nothing was charged yet." in said(answer)
    assert labels(answer.message) == ["Shrink to fit · 5 s Kling 2.1 · 46"]
    assert tight.jobs_in() == []
    assert answer.message is not None
    assert tight.job_of(card_of(await press(tight, answer.message, "Shrink"))).hold_tokens == 46


async def test_a_price_that_fell_is_simply_taken(tight: Rig) -> None:
    refused = await _refused(tight)
    await reprice(tight, "kling-v2.1", 5, 40)
    assert tight.job_of(card_of(await press(tight, refused, "Shrink"))).hold_tokens == 40


async def test_a_model_that_was_withdrawn_is_refused_in_a_sentence(tight: Rig) -> None:
    refused = await _refused(tight)
    tight.configure("video", models=["luma-flash2"])
    await tight.restart_bot()
    assert "no model called" in said(await press(tight, refused, "Shrink"))
    assert tight.jobs_in() == []


async def test_an_offer_that_does_not_fit_any_more_comes_with_a_smaller_one(rig: Rig) -> None:
    rig.configure("budget", guild_tokens=100)
    await rig.start_bot()
    await rig.refreshed()
    message = await asked(rig, model="luma-ray2", length=5)
    first = labels(message)
    assert first == ["Shrink to fit · 5 s Kling 2.1 Pro · 88"]
    await rig.card(member="Cleo")
    answer = await press(rig, message, "Shrink")
    assert "needs up to 88 tokens, and 56 are left" in said(answer)
    assert labels(answer.message) == ["Shrink to fit · 5 s Kling 2.1 · 44"]
    assert answer.message is not None
    card = card_of(await press(rig, answer.message, "Shrink"))
    assert rig.job_of(card).hold_tokens == 44
    await rig.finished(card)
    assert "became job 2" in said(await press(rig, message, "Shrink"))
    rig.sound()


async def test_a_question_ends_after_15_minutes_and_is_forgotten_after_a_day(tight: Rig) -> None:
    refused = await _refused(tight)
    await tight.clock.advance(15 * 60)
    assert GONE in said(await press(tight, refused, "Shrink"))
    assert tight.jobs_in() == []
    counted = "SELECT count(*) FROM draft"
    await tight.run_until(
        lambda: tight.read(lambda tx: tx.execute(counted).fetchone()[0]) == 0,
        limit_s=3 * 24 * 3600,
        step_s=1800,
    )
    assert GONE in said(await press(tight, refused, "Shrink"))


async def test_nobody_else_and_no_other_server_can_answer(tight: Rig) -> None:
    refused = await _refused(tight)
    button = refused.components[0]["components"][0]["custom_id"]
    cleos = await asked(tight, length=10, member="Cleo")
    theirs = await asked(tight, length=10, member="Dora", guild="Second Server")
    for message, member, sentence in (
        (cleos, "Cleo", "Only whoever asked"),
        (theirs, "Dora", GONE),
    ):
        own = message.components[0]["components"][0]["custom_id"]
        genuine = await tight.discord.press(message, own, member=member)
        card_of(await outcome(genuine))
        forged = tight.discord.forge(genuine, button)
        assert sentence in said(await outcome(forged))
    assert len(tight.jobs_in()) == 2
    assert {job.user_id for job in tight.jobs_in()} == {
        tight.discord.world.user(name).id for name in ("Cleo", "Dora")
    }


@pytest.mark.parametrize("end", ["", ":0", ":0:x", ":9:44", ":0:44:1", ":-1:44", f":{'1' * 40}:1"])
async def test_a_forged_button_finds_nothing(tight: Rig, end: str) -> None:
    first, second = await _refused(tight), await _refused(tight)
    first_id, second_id = (m.components[0]["components"][0]["custom_id"] for m in (first, second))
    genuine = await tight.discord.press(first, first_id, member="Ben")
    card_of(await outcome(genuine))
    forged = tight.discord.forge(genuine, f"rb:make:{second_id.split(':')[2]}{end}")
    words = said(await outcome(forged))
    assert GONE in words or "do not know" in words
    assert len(tight.jobs_in()) == 1
