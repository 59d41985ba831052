"""How a result is shown: behind a spoiler, described, in another channel, announced or not."""

import pytest

from models import State
from playground.discord import fault
from playground.discord.world import Attachment, Message
from tests.app.hands import animate, card_of, only_job, press, roomy, said, use
from tests.pictures import picture
from tests.rig import Rig

EDIT = r"/channels/\d+/messages/\d+"
IMAGE = {"image": ("boat.png", picture())}


def _video(message: Message) -> Attachment:
    [file] = [one for one in message.files if one.content_type == "video/mp4"]
    return file


async def _settled(play: Rig, *cards: Message) -> None:
    await play.run_until(lambda: all(play.job_of(card).state.is_final for card in cards))
    open_rows = "SELECT count(*) FROM outbox WHERE done = 0"
    await play.run_until(lambda: not play.read(lambda tx: tx.execute(open_rows).fetchone()[0]))


async def test_a_spoiler_is_asked_for_or_comes_with_the_channel_and_its_threads(
    rig: Rig,
) -> None:
    roomy(rig)
    await rig.start_bot()
    plain = await rig.card()
    asked = await rig.card(spoiler=True)
    words = await use(rig, "settings", "spoilers", on=True)
    assert "Its threads follow it" in words
    default = await rig.card(attachments=IMAGE)
    in_thread = await rig.card(channel="boats")
    openly = await rig.card(spoiler=False)
    openly_in_thread = await rig.card(channel="boats", spoiler=False)
    elsewhere = await rig.card(channel="general")
    await _settled(rig, plain, asked, default, in_thread, openly, openly_in_thread, elsewhere)
    veiled = {
        name: _video(rig.shown(card)).spoiler
        for name, card in {
            "plain": plain,
            "asked": asked,
            "default": default,
            "thread": in_thread,
            "openly": openly,
            "openly in thread": openly_in_thread,
            "elsewhere": elsewhere,
        }.items()
    }
    assert [name for name, is_veiled in veiled.items() if is_veiled] == [
        "asked",
        "default",
        "thread",
    ]
    shown = rig.shown(default)
    assert all(file.spoiler for file in shown.files), "its picture too"
    assert "thumbnail" not in shown.embeds[0]


async def test_a_mention_in_a_thread_of_a_spoiler_channel_makes_a_spoiler(play: Rig) -> None:
    await use(play, "settings", "spoilers", on=True)
    await play.discord.say(
        f"{play.discord.bot_mention} it sails",
        channel="boats",
        attachments=[("boat.png", picture())],
    )
    await play.eventually(lambda: len(play.jobs_in(State.PENDING)) == 1)
    assert only_job(play).is_spoiler


@pytest.mark.parametrize("way", ["attachment", "right-click"])
async def test_a_spoilered_picture_makes_a_spoilered_card_and_video(play: Rig, way: str) -> None:
    file = ("SPOILER_boat.png", picture())
    if way == "attachment":
        card = await play.card(attachments={"image": file})
    else:
        posted = await play.discord.say(member="Ada", attachments=[file])
        card = card_of(await animate(play, posted))
    assert [one.spoiler for one in card.files] == [True]
    assert "thumbnail" not in card.embeds[0]
    done = await play.finished(card)
    assert [one.spoiler for one in done.files] == [True, True]
    again = card_of(await press(play, done, "Again"))
    assert play.job_of(again).is_spoiler


async def _describe(play: Rig, card: Message, text: str, member: str = "Ben") -> str:
    info = await press(play, play.shown(card), "Info", member)
    assert info.message is not None
    form = await play.discord.press(info.message, "Edit description", member=member)
    assert (await form.answer()).kind == "modal"
    sent = await play.discord.submit_modal(form, {"text": text})
    return said(await sent.answer())


async def _described(play: Rig, card: Message, text: str) -> None:
    await play.eventually(lambda: _video(play.shown(card)).description == text)


async def test_a_video_is_described_by_its_prompt_until_its_requester_says_better(
    play: Rig,
) -> None:
    play.discord.rate_limits = False
    card = await play.card("a paper boat in the rain")
    done = await play.finished(card)
    path = _video(done).path
    default = "5-second video: a paper boat in the rain"
    assert _video(done).description == default
    hostile = "@everyone <@1> `x` \u202e\u200bend\x00 " + "y" * 900
    cleaned = "@everyone <@1> `x` end " + "y" * 900
    for text, shown in (
        ("A boat drifts left.", "A boat drifts left."),
        (hostile, cleaned),
        ("z" * 1024, "z" * 1024),
        ("", default),
    ):
        assert "description is changed" in await _describe(play, card, text)
        await _described(play, card, shown)
    assert _video(play.shown(card)).path == path, "the file itself stayed"
    assert play.shown(card).mentions == []
    assert len(play.pings(card)) == 1


async def test_a_prompt_longer_than_a_description_is_cut(play: Rig) -> None:
    card = await play.card("x" * 1500)
    described = _video(await play.finished(card)).description or ""
    assert len(described) == 1024
    assert described.endswith("x…")


async def test_only_the_requester_may_describe_a_video(play: Rig) -> None:
    card = await play.card()
    done = await play.finished(card)
    info = await press(play, done, "Info", "Cleo")
    assert info.message is not None
    assert info.message.components == []


async def _delivered(play: Rig, card: Message) -> Message:
    """Wait for the result in #general."""
    await play.run_until(lambda: bool(play.pings(card)))
    [result] = play.discord.messages("general")
    return result


async def test_results_go_to_the_channel_that_the_server_chose(play: Rig) -> None:
    await use(play, "settings", "deliver", channel="general")
    card = await play.card(attachments=IMAGE)
    result = await _delivered(play, card)
    done, [ping] = play.shown(card), play.pings(card)
    link = f"https://discord.com/channels/{play.guild_id}/{result.channel_id}/{result.id}"
    assert _video(result).size > 0
    assert link in done.embeds[0]["description"]
    assert done.files == []
    assert link in ping.content
    again = card_of(await press(play, result, "Again", "Cleo"))
    assert again.channel_id == result.channel_id
    assert "description is changed" in await _describe(play, result, "A boat.")
    await play.eventually(lambda: _video(play.shown(result)).description == "A boat.")
    asked = await press(play, result, "Delete")
    assert asked.message is not None
    said(await (await play.discord.press(asked.message, "Delete it")).answer())
    await play.eventually(lambda: result.id not in [m.id for m in play.discord.messages("general")])
    play.sound()


@pytest.mark.parametrize("trouble", ["gone", "forbidden"])
async def test_without_that_channel_the_result_is_here_with_a_note(play: Rig, trouble: str) -> None:
    await use(play, "settings", "deliver", channel="general")
    card = await play.card()
    if trouble == "gone":
        play.discord.delete_channel("general")
    else:
        play.discord.set_overwrite("general", deny="view_channel")
    done = await play.finished(card)
    assert _video(done).size > 0
    assert "channel for results cannot be used" in play.fields(done)["Note"]
    play.sound()


async def test_a_restart_between_the_result_and_its_card_posts_it_once(play: Rig) -> None:
    await use(play, "settings", "deliver", channel="general")
    card = await play.card()
    await play.eventually(lambda: play.shown(card).edits == 1)
    play.discord.script(fault("PATCH", EDIT, status=503, times=1000))
    await play.run_until(lambda: len(play.discord.messages("general")) == 1)
    # What is chosen meanwhile holds for the next one; this one is out already.
    await use(play, "settings", "deliver")
    await play.restart_bot()
    play.discord.clear_faults()
    await play.run_until(lambda: bool(play.pings(card)), 7200)
    assert len(play.discord.messages("general")) == 1
    assert play.shown(card).files == []
    assert "This server shows its videos in" in play.shown(card).embeds[0]["description"]
    play.sound()


async def test_a_result_hidden_before_its_card_was_edited_is_taken_away_where_it_is(
    play: Rig,
) -> None:
    await use(play, "settings", "deliver", channel="general")
    card = await play.card()
    await play.eventually(lambda: play.shown(card).edits == 1)
    play.discord.script(fault("PATCH", EDIT, status=503, times=1000))
    await play.run_until(lambda: len(play.discord.messages("general")) == 1)
    [result] = play.discord.messages("general")
    asked = await press(play, result, "Delete")
    assert asked.message is not None
    said(await (await play.discord.press(asked.message, "Delete it")).answer())
    play.discord.clear_faults()
    await _settled(play, card)
    assert play.discord.messages("general") == []
    assert play.shown(card).embeds[0]["title"] == "This video was taken down"


async def test_a_hidden_result_whose_card_is_gone_is_not_announced_anew(play: Rig) -> None:
    card = await play.card(attachments=IMAGE)
    await play.eventually(lambda: only_job(play).state is State.PENDING)
    answer = await press(play, play.shown(card), "Cancel")
    assert answer.message is not None
    said(await (await play.discord.press(answer.message, "Hide the result")).answer())
    play.discord.delete_message(card)
    await _settled(play, card)
    assert play.discord.messages() == []
    play.sound()


@pytest.mark.parametrize("who", ["the server", "the member"])
async def test_nobody_is_pinged_where_pings_are_switched_off(play: Rig, who: str) -> None:
    if who == "the server":
        await use(play, "settings", "pings", on=False)
    else:
        await use(play, "preferences", "pings", "Ben", on=False)
    card = await play.card()
    await _settled(play, card)
    assert _video(play.shown(card)).size > 0
    assert play.pings(card) == []
