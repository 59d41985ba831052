"""The question before a dear video: nothing is held until its requester says yes."""

import pytest

from models import State, Way
from playground.discord import fault
from playground.discord.interactions import Answer, Interaction
from playground.discord.world import Message
from tests.app.hands import (
    animate,
    asked,
    boat,
    card_of,
    confirm_above,
    consent,
    labels,
    only_job,
    policy,
    press,
    reprice,
    said,
)
from tests.app.moderators import MODEL, is_asked, request
from tests.pictures import picture
from tests.rig import Rig, outcome


async def wary(rig: Rig, tokens: int = 50, **budget: int) -> None:
    """Start a bot whose first server asks above 50 tokens."""
    rig.configure("budget", **budget)
    await rig.start_bot()
    await rig.refreshed()
    await confirm_above(rig, tokens)


def untouched(rig: Rig) -> bool:
    return rig.jobs_in() == [] and rig.account("org").held_tokens == 0


def button_id(message: Message, number: int = 0) -> str:
    return str(message.components[0]["components"][number]["custom_id"])


async def test_a_dear_video_is_made_only_after_a_yes(rig: Rig) -> None:
    await wary(rig, guild_tokens=300)
    question = await asked(rig, "a red boat", length=10)
    said_first = question.content.splitlines()[0]
    assert said_first == (
        "This video costs up to 88 tokens; 300 are left for you here. Nothing was charged yet."
    )
    assert labels(question) == ["Make it · 88", "Shrink to fit · 5 s Kling 2.1 · 44"]
    assert untouched(rig)
    card = card_of(await press(rig, question, "Make it"))
    job = rig.job_of(card)
    assert (job.request.prompt, job.request.duration_s, job.hold_tokens) == ("a red boat", 10, 88)
    await rig.finished(card)
    assert rig.guild_account().spent_tokens == 88
    rig.sound()


async def test_without_any_limit_the_question_names_none(rig: Rig) -> None:
    await wary(rig, guild_tokens=0)
    question = await asked(rig, length=10)
    assert question.content.startswith("This video costs up to 88 tokens. Nothing was charged yet.")


async def test_what_costs_no_more_than_that_is_not_asked_about(rig: Rig) -> None:
    await wary(rig, 88)
    card = await rig.card(length=10)
    assert rig.job_of(card).hold_tokens == 88
    assert "Asked by" not in rig.fields(card)


async def test_of_a_question_either_the_dear_or_the_smaller_video_is_made(rig: Rig) -> None:
    await wary(rig)
    question = await asked(rig, length=10)
    card = card_of(await press(rig, question, "Shrink"))
    assert rig.job_of(card).hold_tokens == 44
    assert "became job 1" in said(await press(rig, question, "Make it"))
    assert len(rig.jobs_in()) == 1


async def test_two_yeses_at_once_make_one_video(rig: Rig) -> None:
    await wary(rig)
    question = await asked(rig, length=10)
    presses = [
        await rig.discord.press(question, button_id(question, number), member="Ben")
        for number in (0, 1)
    ]
    answers = [await outcome(pressed) for pressed in presses]
    assert sorted(answer.ephemeral for answer in answers) == [False, True]
    assert len(rig.jobs_in()) == 1


async def test_a_yes_after_15_minutes_comes_too_late_and_says_so_kindly(rig: Rig) -> None:
    await wary(rig)
    question = await asked(rig, length=10)
    ends_at = int(rig.clock.now()) + 15 * 60
    assert f"<t:{ends_at}:t>" in question.content
    await rig.clock.advance(15 * 60 - 5)
    await rig.clock.advance(5)
    words = said(await press(rig, question, "Make it"))
    assert words.startswith("That question has ended")
    assert "Nothing was charged" in words
    assert untouched(rig)


async def test_a_yes_works_after_a_restart(rig: Rig) -> None:
    await wary(rig)
    question = await asked(rig, length=10, attachments={"image": ("boat.png", picture())})
    await rig.restart_bot()
    card = card_of(await press(rig, question, "Make it"))
    await rig.finished(card)
    assert rig.box.generations[rig.generation_id(card)].picture_sha256 is not None
    rig.sound()


async def test_what_would_be_refused_is_refused_and_not_asked_about(rig: Rig) -> None:
    await wary(rig, guild_tokens=60)
    refused = await asked(rig, length=10)
    assert "needs up to 88 tokens, and 60 are left" in refused.content
    assert labels(refused) == ["Shrink to fit · 5 s Kling 2.1 · 44"]


async def test_a_smaller_video_above_the_price_is_asked_about_too(rig: Rig) -> None:
    await wary(rig, 40, guild_tokens=60)
    refused = await asked(rig, length=10)
    answer = await press(rig, refused, "Shrink")
    assert "costs up to 44 tokens; 60 are left for you here" in said(answer)
    assert labels(answer.message) == ["Make it · 44"]
    assert untouched(rig)
    assert answer.message is not None
    card = card_of(await press(rig, answer.message, "Make it"))
    assert rig.job_of(card).hold_tokens == 44
    assert "became job 1" in said(await press(rig, refused, "Shrink"))


async def test_a_yes_to_a_price_that_rose_is_asked_for_again(rig: Rig) -> None:
    await wary(rig)
    question = await asked(rig, length=10)
    await reprice(rig, "kling-v2.1", 10, 90)
    answer = await press(rig, question, "Make it")
    assert "from 88 tokens to 90 tokens" in said(answer)
    assert labels(answer.message) == ["Make it · 90"]
    assert untouched(rig)
    assert answer.message is not None
    assert rig.job_of(card_of(await press(rig, answer.message, "Make it"))).hold_tokens == 90


async def test_a_yes_that_does_not_fit_any_more_is_offered_what_does(rig: Rig) -> None:
    await wary(rig, guild_tokens=100)
    question = await asked(rig, length=10)
    await rig.card(member="Cleo")
    answer = await press(rig, question, "Make it")
    assert "needs up to 88 tokens, and 56 are left" in said(answer)
    assert labels(answer.message) == ["Shrink to fit · 5 s Kling 2.1 · 44"]


async def test_again_edit_and_continue_ask_above_the_price(rig: Rig) -> None:
    await wary(rig, 200)
    done = await rig.finished(await rig.card(length=10))
    first = rig.job_of(done)
    await confirm_above(rig, 50)
    for label, way in (("Again", Way.AGAIN), ("Edit", Way.EDIT), ("Continue", Way.CONTINUE)):
        answer = await press(rig, done, label, member="Cleo")
        if answer.kind == "modal":
            answer = await _filled(rig, done, label)
        assert "costs up to 88 tokens" in said(answer)
        assert answer.message is not None
        card = card_of(await press(rig, answer.message, "Make it", member="Cleo"))
        job = rig.job_of(card)
        assert (job.origin.way, job.origin.parent_id) == (way, first.id)
        await rig.finished(card)
    assert len(rig.jobs_in(State.COMPLETED)) == 4
    rig.sound()


async def _filled(rig: Rig, done: Message, label: str) -> Answer:
    number = next(text for text in labels(done) if text.startswith(label))
    pressed: Interaction = await rig.discord.press(done, number, member="Cleo")
    await pressed.answer()
    sent = await rig.discord.submit_modal(pressed, {"prompt": "it sinks", "length": "10"})
    return await outcome(sent)


async def test_a_server_that_closed_its_buttons_meanwhile_is_heard(rig: Rig) -> None:
    await wary(rig, 200)
    done = await rig.finished(await rig.card(length=10))
    await confirm_above(rig, 50)
    answer = await press(rig, done, "Again", member="Cleo")
    assert answer.message is not None
    await policy(rig, buttons="requester")
    told = said(await press(rig, answer.message, "Make it", member="Cleo"))
    assert "Here only moderators and whoever asked" in told
    assert len(rig.jobs_in()) == 1


async def test_a_picture_is_asked_about_and_its_poster_heard_at_the_yes(rig: Rig) -> None:
    await wary(rig)
    posted = await boat(rig)
    first = await animate(rig, posted, prompt="it sails", length="10")
    second = await animate(rig, posted, prompt="it sinks", length="10")
    assert first.message is not None
    assert second.message is not None
    await rig.finished(card_of(await press(rig, first.message, "Make it")))
    await consent(rig, "Ada", "no")
    told = said(await press(rig, second.message, "Make it"))
    assert "does not want it animated" in told
    assert len(rig.jobs_in()) == 1
    rig.sound()


async def test_a_private_video_stays_private(rig: Rig) -> None:
    await wary(rig)
    question = await asked(rig, length=10, private=True)
    answer = await press(rig, question, "Make it")
    assert answer.ephemeral
    card = answer.message
    assert card is not None
    await rig.run_until(lambda: any(file.content_type == "video/mp4" for file in card.files))
    assert only_job(rig).is_private
    assert rig.discord.messages("videos") == []


@pytest.mark.usefixtures("never_put_off")
async def test_a_yes_that_comes_from_a_direct_message_is_refused(rig: Rig) -> None:
    await wary(rig)
    question = await asked(rig, length=10)
    rig.discord.script(fault("POST", r"/interactions/\d+/.*/callback", status=404))
    pressed = await rig.discord.press(question, button_id(question), member="Ben")
    await rig.eventually(lambda: not rig.discord.parts.faults.faults)
    await rig.eventually(lambda: len(rig.jobs_in(State.CANCELLED)) == 1)
    payload = pressed.payload
    payload["user"] = payload.pop("member")["user"]
    del payload["guild_id"]
    payload.pop("guild", None)
    payload |= {"context": 1, "authorizing_integration_owners": {"0": "0"}}
    rig.discord.replay(pressed)
    assert "in a server channel" in said(await pressed.answer())
    assert len(rig.jobs_in()) == 1


async def test_a_channel_closed_meanwhile_takes_no_yes(rig: Rig) -> None:
    await wary(rig)
    question = await asked(rig, length=10, channel="videos")
    rig.discord.set_overwrite("videos", deny=["attach_files"])
    assert "Attach Files" in said(await press(rig, question, "Make it"))
    assert untouched(rig)


async def test_one_question_makes_one_video_also_after_a_moderator_made_it_smaller(
    strict: Rig,
) -> None:
    await confirm_above(strict, 50)
    question = await asked(strict, model=MODEL, length=10)
    card = card_of(await press(strict, question, "Make it"))
    await strict.eventually(lambda: is_asked(strict) and bool(request(strict).components))
    assert "Approved a smaller one" in said(
        await press(strict, request(strict), "Approve smaller", "Ada")
    )
    for label in ("Make it", "Shrink"):
        assert "became job 2" in said(await press(strict, question, label))
    assert len(strict.jobs_in()) == 2
    await strict.finished(card)
    assert "became job 2" in said(await press(strict, question, "Make it"))
    assert strict.posts() == 1
