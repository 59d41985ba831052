"""A private video: seen by one member alone, from its card to its file, however long it takes."""

from typing import Any

import discord
import pytest

from models import State
from playground.discord import NotPossibleError, fault
from playground.discord.interactions import Interaction
from playground.discord.types import Json
from playground.discord.world import Message
from playground.neuralbox import faults
from tests.app.hands import kept, only_job, press, said
from tests.pictures import picture
from tests.rig import Rig, outcome

IMAGE = {"image": ("secret.png", picture(360, 640))}


async def _private(play: Rig, **options: Any) -> Message:
    """Ask for a private video; return its card, which nobody else sees."""
    answer = await play.ask(private=True, **options)
    assert answer.ephemeral
    assert answer.message is not None
    assert answer.message.embeds, answer.message.content
    return answer.message


def _dm(play: Rig, member: str = "Ben") -> list[Message]:
    return play.discord.messages(play.discord.world.dm(play.discord.world.user(member)))


def _nothing_public(play: Rig) -> bool:
    return all(
        play.discord.messages(channel) == []
        for guild in play.discord.world.guilds.values()
        for channel in guild.channels.values()
    )


def _videos(message: Message) -> list[str]:
    return [file.content_type for file in message.files if file.content_type == "video/mp4"]


async def _over(play: Rig, limit_s: float = 7200, step_s: float = 30) -> None:
    """Let the clock run until the job has ended and everything is told, or waits to be fetched."""

    await play.run_until(lambda: only_job(play).state.is_final, limit_s, step_s)
    # The clock stands still meanwhile: the card is in reach for a quarter of an hour of it, and
    # to fetch and to send a file takes real time.
    await play.eventually(lambda: _is_told(play))


def _is_told(play: Rig) -> bool:
    count = "SELECT count(*) FROM outbox WHERE done = 0"
    return play.read(lambda tx: not tx.execute(count).fetchone()[0])


async def _fetched_again(play: Rig, member: str = "Ben") -> Message:
    job = only_job(play)
    used = await play.discord.slash("videos", subcommand="get", job=job.public_id, member=member)
    return await used.final()


async def test_a_private_video_comes_on_its_own_card_and_leaves_no_trace(play: Rig) -> None:
    card = await _private(play, attachments=IMAGE)
    await _over(play, step_s=5)
    assert _videos(card) == ["video/mp4"]
    assert card.embeds[0]["title"] == "Your video is ready"
    assert "thumbnail" in card.embeds[0]
    assert _dm(play) == []
    assert _nothing_public(play)
    play.sound()


async def test_after_fifteen_minutes_it_comes_as_a_direct_message(play: Rig) -> None:
    play.box.script(faults.wait(1800))
    card = await _private(play)
    await _over(play)
    [message] = _dm(play)
    assert _videos(message) == ["video/mp4"]
    assert message.embeds[0]["title"] == "Your video is ready"
    assert _videos(card) == []
    assert _nothing_public(play)
    play.sound()


async def test_with_closed_direct_messages_it_waits_and_can_be_fetched(play: Rig) -> None:
    play.discord.close_dms()
    play.box.script(faults.wait(1800))
    await _private(play)
    await _over(play)
    assert (_dm(play), only_job(play).state) == ([], State.COMPLETED)
    used = await play.discord.slash("videos", subcommand="get")
    listed = (await used.answer()).message
    assert listed is not None
    assert "waiting for you" in listed.embeds[0]["description"]
    assert "https://" not in listed.embeds[0]["description"]
    assert _videos(await _fetched_again(play)) == ["video/mp4"]
    assert _nothing_public(play)
    play.sound()


@pytest.mark.parametrize("dms_open", [True, False])
async def test_a_private_picture_is_fetched_by_the_vendor_also_after_a_long_queue(
    play: Rig, dms_open: bool
) -> None:
    play.discord.close_dms(closed=not dms_open)
    play.box.script(faults.rate_limited(1200))
    await _private(play, attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1)
    await _over(play)
    job = only_job(play)
    assert (job.state, job.request.aspect_ratio) == (State.COMPLETED, "9:16")
    assert job.generation_id is not None
    assert play.box.generations[job.generation_id].picture_sha256 is not None
    if dms_open:
        start, result = _dm(play)
        assert "NeuralBox fetches it from here" in start.content
        assert _videos(result) == ["video/mp4"]
    else:
        assert _videos(await _fetched_again(play)) == ["video/mp4"]
    assert _nothing_public(play)
    play.sound()


async def test_each_of_two_private_videos_is_made_from_its_own_picture(play: Rig) -> None:
    play.box.script(faults.rate_limited(1200))
    for shade in (40, 200):
        files = {"image": ("boat.png", picture(720, 1280, shade=shade))}
        await _private(play, prompt=f"a boat of {shade}", attachments=files)
    done = "SELECT count(*) FROM job WHERE state = 'completed'"
    await play.run_until(
        lambda: play.read(lambda tx: bool(tx.execute(done).fetchone()[0] == 2)), 7200, 30
    )
    made = list(play.box.generations.values())
    assert sorted(one.prompt for one in made) == ["a boat of 200", "a boat of 40"]
    assert len({one.picture_sha256 for one in made} - {None}) == 2
    assert sum("NeuralBox fetches it from here" in one.content for one in _dm(play)) == 2
    await play.eventually(lambda: _is_told(play))
    play.sound()


async def test_without_card_and_direct_messages_the_picture_has_no_place_and_costs_nothing(
    play: Rig,
) -> None:
    play.discord.close_dms()
    play.box.script(faults.rate_limited(1200))
    await _private(play, attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1)
    await play.restart_bot()
    await _over(play)
    assert only_job(play).state is State.CANCELLED
    assert play.guild_account().held_tokens == 0
    assert _nothing_public(play)
    play.sound()


async def test_a_restart_in_the_queue_and_in_the_making_loses_nothing(play: Rig) -> None:
    play.discord.rate_limits = False  # they run in real time, far slower than the clock
    play.box.script(faults.rate_limited(60), faults.wait(400))
    card = await _private(play, attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1)
    await play.restart_bot()
    await play.run_until(lambda: only_job(play).state is State.PENDING, 1800)
    await play.restart_bot()
    await _over(play, step_s=10)
    assert _videos(card) == ["video/mp4"]
    assert (play.posts(), _dm(play)) == (2, [])
    assert _nothing_public(play)
    play.sound()


async def test_a_restart_after_the_fifteen_minutes_still_brings_the_direct_message_once(
    play: Rig,
) -> None:
    play.box.script(faults.wait(1800))
    await _private(play)
    await play.run_until(lambda: only_job(play).state is State.PENDING)
    await play.clock.advance(1000)
    await play.restart_bot()
    await _over(play)
    await play.restart_bot()
    await play.clock.advance(600)
    assert [_videos(message) for message in _dm(play)] == [["video/mp4"]]
    assert _nothing_public(play)


async def test_a_private_card_that_was_dismissed_becomes_a_direct_message(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    card = await _private(play)
    await play.eventually(lambda: only_job(play).state is State.PENDING)
    play.discord.delete_message(card)
    await _over(play, step_s=5)
    [message] = _dm(play)
    assert _videos(message) == ["video/mp4"]
    assert "unforeseen" not in caplog.text
    assert _nothing_public(play)
    play.sound()


async def test_telling_how_it_stands_leaves_the_private_picture_where_the_vendor_looks_for_it(
    play: Rig,
) -> None:
    play.box.script(faults.rate_limited(60))
    card = await _private(play, attachments=IMAGE)
    [picture_before] = [file.path for file in card.files]
    await play.run_until(lambda: only_job(play).state is State.PENDING)
    await play.eventually(lambda: card.embeds[0]["title"] == "Your video is being made")
    assert [file.path for file in card.files] == [picture_before]


async def test_a_private_card_that_was_dismissed_in_the_queue_keeps_its_picture_private(
    play: Rig,
) -> None:
    play.box.script(faults.rate_limited(180))
    card = await _private(play, attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1)
    play.discord.delete_message(card)
    await _over(play, step_s=5)
    assert only_job(play).state is State.COMPLETED
    assert len(_dm(play)) == 2
    assert _nothing_public(play)
    play.sound()


async def test_a_private_video_that_fails_late_says_so_in_a_direct_message(play: Rig) -> None:
    play.box.script(faults.wait(1800) & faults.fails("Content policy violation"))
    await _private(play, attachments=IMAGE)
    await _over(play)
    [message] = _dm(play)
    assert message.embeds[0]["title"] == "This video could not be made"
    assert _nothing_public(play)
    play.sound()


def _forged(play: Rig, card: Message, custom_id: str, member: str) -> Interaction:
    """A press on a private card by somebody who only knows its ids."""
    hands = play.discord
    control = {"type": 2, "custom_id": custom_id, "id": 1}
    owner, card.ephemeral_for = card.ephemeral_for, hands.world.user(member).id
    try:
        return hands._use(card, member, control, {})
    finally:
        card.ephemeral_for = owner


async def test_nobody_else_sees_or_presses_what_is_under_a_private_video(play: Rig) -> None:
    card = await _private(play, attachments=IMAGE)
    await _over(play, step_s=5)
    job = only_job(play)
    with pytest.raises(NotPossibleError):
        await press(play, card, "Info", "Cleo")
    buttons: list[Json] = [one for row in card.components for one in row["components"]]
    for button in buttons:
        words = said(await outcome(_forged(play, card, button["custom_id"], "Cleo")))
        assert job.request.prompt not in words
        assert "private" in words or "Only whoever asked" in words, button["label"]
    assert "do not know a video" in (await _fetched_again(play, "Cleo")).content
    assert (len(play.jobs_in()), len(kept(play, "videos"))) == (1, 1)


async def test_what_follows_from_a_private_video_is_private_too(play: Rig) -> None:
    card = await _private(play, attachments=IMAGE)
    await _over(play, step_s=5)
    again = await press(play, card, "Again")
    assert again.ephemeral
    form = await play.discord.press(card, "Continue")
    assert (await form.answer()).kind == "modal"
    sent = await play.discord.submit_modal(form, {"prompt": "and on"})
    assert (await sent.final()).ephemeral
    assert [job.is_private for job in play.jobs_in()] == [True, True, True]
    await play.run_until(lambda: all(job.state.is_final for job in play.jobs_in()))
    assert _nothing_public(play)


async def test_a_private_video_deleted_by_its_requester_is_gone_everywhere(play: Rig) -> None:
    card = await _private(play, attachments=IMAGE)
    await _over(play, step_s=5)
    asked = await press(play, card, "Delete")
    assert asked.message is not None
    said(await (await play.discord.press(asked.message, "Delete it")).answer())
    await play.eventually(lambda: kept(play, "videos") == kept(play, "pictures") == [])
    await play.eventually(lambda: card.files == [])
    assert _nothing_public(play)


async def test_a_late_private_answer_is_put_off_in_private(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.desk.FIRST_ANSWER_S", 0.0)
    interaction = await play.discord.slash(
        "video", prompt="a boat", private=True, attachments=IMAGE
    )
    first = await interaction.answer()
    assert (first.kind, first.ephemeral) == ("deferred", True)
    card = await interaction.final()
    assert card.ephemeral
    await _over(play, step_s=5)
    assert _videos(card) == ["video/mp4"]
    assert _nothing_public(play)


async def test_a_stop_in_the_middle_of_a_delivery_leaves_no_file_open(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[discord.File] = []

    class Watched(discord.File):
        def __init__(self, *facts: Any, **named: Any) -> None:
            super().__init__(*facts, **named)
            opened.append(self)

    monkeypatch.setattr(discord, "File", Watched)
    await _private(play)
    slow = fault("GET", r"/webhooks/\d+/[^/]+/messages/\d+$", delay=2.0)
    play.discord.script(slow)
    await play.run_until(lambda: only_job(play).state.is_final)
    await play.eventually(lambda: slow.hits == 1)
    await play.stop_bot()
    assert opened
    assert all(file.fp.closed for file in opened)
    await play.start_bot()
    await play.run_until(lambda: _is_told(play), 7200, 30)
