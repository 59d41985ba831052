"""The buttons under a card: after a restart, by strangers, twice, from another server."""

from typing import Any

import pytest

from models import State, Way
from playground.discord.interactions import Interaction
from playground.discord.world import Message
from playground.neuralbox import faults
from tests.app.wide import unbrought
from tests.pictures import picture
from tests.rig import Rig


async def done_card(rig: Rig, **options: Any) -> Message:
    return await rig.finished(await rig.card(**options))


def labels(message: Message) -> list[str]:
    return [part["label"] for row in message.components for part in row["components"]]


async def private_words(pressed: Interaction) -> str:
    answer = await pressed.answer()
    assert answer.ephemeral
    assert answer.message is not None
    return answer.message.content


async def the_card(pressed: Interaction) -> Message:
    card = await pressed.final()
    assert not card.ephemeral, card.content
    return card


async def press(rig: Rig, message: Message, label: str, member: str = "Ben") -> Interaction:
    """Press the button whose label begins so."""
    found = next(text for text in labels(rig.shown(message)) if text.startswith(label))
    return await rig.discord.press(message, found, member=member)


async def test_a_finished_card_carries_its_buttons_with_the_price_and_delete_last(
    play: Rig,
) -> None:
    done = await done_card(play)
    assert labels(done) == ["Again · 44", "Edit", "Continue", "Info", "Delete"]
    last = done.components[0]["components"][-1]
    assert last["style"] == 4


@pytest.mark.fault("C13")
async def test_again_after_a_restart_makes_the_same_at_the_pressers_expense(play: Rig) -> None:
    done = await done_card(play)
    first = play.job_of(done)
    await play.restart_bot()
    await play.eventually(lambda: play.app is not None and not play.app.intake.reasons)
    pressed = await press(play, done, "Again", member="Cleo")
    card = await the_card(pressed)
    again = play.job_of(card)
    assert again.request == first.request
    assert (again.origin.way, again.origin.parent_id) == (Way.AGAIN, first.id)
    assert again.user_id != first.user_id
    await play.finished(card)
    assert play.account(f"member:{play.guild_id}:{again.user_id}").spent_tokens == 44
    play.sound()


async def test_again_works_after_the_pictures_links_have_run_out(play: Rig) -> None:
    file = picture(360, 640)
    done = await done_card(play, attachments={"image": ("boat.png", file)})
    await play.clock.advance(26 * 3600)
    card = await the_card(await press(play, done, "Again"))
    await play.finished(card)
    first, again = play.job_of(done), play.job_of(card)
    assert again.request.picture == first.request.picture is not None
    given = [play.box.generations[play.generation_id(one)] for one in (done, card)]
    assert given[0].picture_sha256 == given[1].picture_sha256 is not None
    play.sound()


@pytest.mark.fault("H21")
async def test_a_double_press_makes_one_video_and_a_private_sentence(play: Rig) -> None:
    done = await done_card(play)
    first, second = await press(play, done, "Again"), await press(play, done, "Again")
    shown = [await first.final(), await second.final()]
    assert sorted(message.ephemeral for message in shown) == [False, True]
    assert "a moment ago" in next(message.content for message in shown if message.ephemeral)
    assert len(play.jobs_in()) == 2


async def test_a_replayed_press_makes_one_video(play: Rig) -> None:
    done = await done_card(play)
    pressed = await press(play, done, "Again")
    await the_card(pressed)
    play.discord.replay(pressed)
    await play.discord.say("later")
    await play.clock.advance(5)
    assert len(play.jobs_in()) == 2


async def test_a_dearer_price_is_told_before_anything_is_held(play: Rig) -> None:
    await play.refreshed()
    done = await done_card(play)
    play.box.catalogue.set_price("kling-v2.1", 50, 88)
    request = play.job_of(done).request
    await play.run_until(
        lambda: play.app is not None and play.app.service.quote(request).tokens == 50,
        limit_s=26 * 3600,
        step_s=600,
    )
    pressed = await press(play, done, "Again")
    assert "from 44 tokens to 50 tokens" in await private_words(pressed)
    assert len(play.jobs_in()) == 1
    answer = await pressed.answer()
    assert answer.message is not None
    sure = await play.discord.press(answer.message, "Again · 50", member="Ben")
    card = await the_card(sure)
    assert play.job_of(card).hold_tokens == 50


async def test_edit_comes_filled_in_and_changes_only_what_was_changed(play: Rig) -> None:
    done = await done_card(play, ratio="9:16", avoid="rain", prompt="a boat")
    pressed = await press(play, done, "Edit", member="Cleo")
    modal = (await pressed.answer()).modal
    assert modal is not None
    assert "a boat" in str(modal)
    assert "rain" in str(modal)
    sent = await play.discord.submit_modal(pressed, {"prompt": "a red boat", "length": "10"})
    card = await the_card(sent)
    job = play.job_of(card)
    assert (job.request.prompt, job.request.duration_s) == ("a red boat", 10)
    assert (job.request.aspect_ratio, job.request.negative_prompt) == ("9:16", "rain")
    assert (job.origin.way, job.origin.parent_id) == (Way.EDIT, play.job_of(done).id)


async def test_edit_keeps_the_picture(play: Rig) -> None:
    done = await done_card(play, attachments={"image": ("boat.png", picture())})
    pressed = await press(play, done, "Edit")
    await pressed.answer()
    sent = await play.discord.submit_modal(pressed, {"prompt": "it sinks"})
    card = await the_card(sent)
    assert play.job_of(card).request.picture == play.job_of(done).request.picture is not None


async def test_info_tells_the_line_and_what_it_cost_in_all(play: Rig) -> None:
    done = await done_card(play)
    card = await the_card(await press(play, done, "Again"))
    again = await play.finished(card)
    pressed = await press(play, again, "Info", member="Cleo")
    answer = await pressed.answer()
    assert answer.ephemeral
    assert answer.message is not None
    fields = {field["name"]: field["value"] for field in answer.message.embeds[0]["fields"]}
    assert "88 tokens in all" in fields["Where it came from"]
    assert "/video prompt:a paper boat in the rain" in fields["To make it again"]
    assert labels(answer.message) == [], "Cleo did not ask for it"


async def test_video_info_works_on_the_card_and_on_the_reply(play: Rig) -> None:
    done = await done_card(play)
    await play.eventually(lambda: not unbrought(play))  # its id is known to the bot
    for message in (done, play.pings(done)[0]):
        answer = await (await play.discord.message_command("Video info", message)).answer()
        assert answer.ephemeral
        assert answer.message is not None
        assert answer.message.embeds[0]["title"] == f"Job {play.job_of(done).id}"


async def test_video_info_on_anything_else_is_a_private_sentence(play: Rig) -> None:
    posted = await play.discord.say("hello", member="Ada")
    menu = await play.discord.message_command("Video info", posted)
    assert "do not know a video" in await private_words(menu)


async def test_delete_asks_once_refunds_nothing_and_takes_card_reply_and_file_away(
    play: Rig,
) -> None:
    done = await done_card(play)
    spent = play.guild_account().spent_tokens
    asked = await press(play, done, "Delete")
    assert "refunds nothing: it cost 44 tokens" in await private_words(asked)
    answer = await asked.answer()
    assert answer.message is not None
    sure = await play.discord.press(answer.message, "Delete it", member="Ben")
    assert "it cost 44 tokens" in await private_words(sure)
    await play.eventually(lambda: done.id not in [m.id for m in play.discord.messages()])
    await play.eventually(lambda: play.pings(done) == [])
    await play.eventually(lambda: list((play.data / "videos").iterdir()) == [])
    assert play.guild_account().spent_tokens == spent
    again = await play.discord.press(answer.message, "Delete it", member="Ben")
    assert "taken down already" in await private_words(again)
    play.sound()


@pytest.mark.fault("H20")
@pytest.mark.parametrize("label", ["Delete", "Cancel"])
async def test_a_stranger_may_neither_delete_nor_cancel(play: Rig, label: str) -> None:
    card = await play.card()
    if label == "Delete":
        card = await play.finished(card)
    words = await private_words(await press(play, card, label, member="Cleo"))
    assert "Only whoever asked" in words
    assert play.job_of(card).showing.hidden is None


async def test_a_moderator_may_delete(play: Rig) -> None:
    done = await done_card(play)
    asked = await press(play, done, "Delete", member="Ada")
    answer = await asked.answer()
    assert answer.message is not None
    await (await play.discord.press(answer.message, "Delete it", member="Ada")).answer()
    await play.eventually(lambda: done.id not in [m.id for m in play.discord.messages()])


@pytest.mark.fault("H19")
async def test_a_button_pressed_from_another_server_finds_nothing(play: Rig) -> None:
    done = await done_card(play)
    other = await play.discord.slash("video", prompt="x", member="Dora", guild="Second Server")
    theirs = await other.final()
    await play.finished(theirs)
    ours = play.job_of(done)
    for action in ("again", "edit", "continue", "info", "delete", "really", "cancel", "hide"):
        forged = await play.discord.press(theirs, "Info", member="Dora")
        await forged.answer()
        assert "do not know a video" in await _forged(play, forged, f"rb:{action}:{ours.public_id}")
    assert play.job_of(done).showing.hidden is None
    assert len(play.jobs_in()) == 2


@pytest.mark.fault("C13")
@pytest.mark.fault("H30")
@pytest.mark.parametrize(
    "custom_id",
    ["rb:again:", "rb:again:0", "rb:nothing:1", "other:1", "rb:info:' OR 1=1", "rb:" + "a" * 90],
)
async def test_old_and_forged_ids_get_a_private_sentence(play: Rig, custom_id: str) -> None:
    done = await done_card(play)
    pressed = await press(play, done, "Info")
    await pressed.answer()
    assert "do not know a video" in await _forged(play, pressed, custom_id)


async def _forged(rig: Rig, pressed: Interaction, custom_id: str) -> str:
    """Send the press again as another interaction with another custom id."""
    again = rig.discord.forge(pressed, custom_id)
    return await private_words(again)


@pytest.mark.fault("H31")
async def test_cancel_is_free_while_nothing_was_sent(play: Rig) -> None:
    await play.refreshed()
    play.box.script(faults.rate_limited(600))
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is State.QUEUED and play.posts() == 1)
    words = await private_words(await press(play, card, "Cancel"))
    assert "nothing was charged" in words
    assert play.job_of(card).state is State.CANCELLED
    await play.run_until(lambda: "not started" in play.shown(card).embeds[0]["title"])
    assert play.guild_account().held_tokens == 0
    assert labels(play.shown(card)) == ["Try again · 44", "Edit", "Info"]
    play.sound()


async def test_cancel_after_sending_is_honest_and_offers_to_hide(play: Rig) -> None:
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is State.PENDING)
    pressed = await press(play, card, "Cancel")
    assert "cannot cancel" in await private_words(pressed)
    answer = await pressed.answer()
    assert answer.message is not None
    hidden = await play.discord.press(answer.message, "Hide the result", member="Ben")
    assert "will not be shown" in await private_words(hidden)
    await play.run_until(lambda: "hidden" in play.shown(card).embeds[0]["title"])
    shown = play.shown(card)
    assert shown.files == []
    assert play.pings(card) == []
    assert play.fields(shown)["Cost"] == "Charged 44 tokens"
    got = await play.discord.slash("videos", subcommand="get", options={"job": "1"})
    assert [f.content_type for f in (await got.final()).files] == ["video/mp4"]
    play.sound()


async def test_a_failure_offers_to_try_again_and_to_edit(play: Rig) -> None:
    await play.refreshed()
    play.box.script(faults.fails("Provider error: out of paint"))
    done = await done_card(play)
    assert labels(done) == ["Try again · 44", "Edit", "Info"]
    card = await the_card(await press(play, done, "Try again"))
    await play.finished(card)
    assert play.job_of(card).state is State.COMPLETED
    play.sound()


@pytest.mark.fault("H31")
@pytest.mark.parametrize("state", [State.SUBMITTING, State.UNKNOWN])
async def test_cancel_is_too_late_as_soon_as_anything_may_have_been_sent(
    play: Rig, state: State
) -> None:
    await play.refreshed()
    if state is State.SUBMITTING:
        play.box.script(faults.slow(20))
    else:
        lost = faults.status(503, None, html=True, on=faults.HISTORY, times=None)
        play.box.script(faults.drop_after(), lost)
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is state)
    assert "cannot cancel" in await private_words(await press(play, card, "Cancel"))
    assert play.job_of(card).state is state
    play.box.faults_left.clear()
    done = await play.finished(card)
    assert len(done.files) == 1
    assert play.posts() == 1
    play.sound()


async def test_cancel_and_the_turn_to_send_at_once_leave_one_of_two_clean_endings(
    play: Rig,
) -> None:
    for _ in range(5):
        card = await play.card()
        pressed = await press(play, card, "Cancel")
        words = await private_words(pressed)
        if "cannot cancel" in words:
            await play.finished(card)
            assert play.job_of(card).state is State.COMPLETED
        else:
            assert play.job_of(card).state is State.CANCELLED
            assert play.job_of(card).generation_id is None
    completed = len(play.jobs_in(State.COMPLETED))
    assert play.posts() == completed
    play.sound()
