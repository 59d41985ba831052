"""Every way a member may give a picture, with every kind of source, over the wire."""

import io
from typing import Any

import pytest
from PIL import Image

from jobs.notes import SCOPE
from jobs.service import GENTLE_MOTIONS
from models import State, Way
from playground.discord.interactions import Answer
from playground.discord.world import Message
from storage import settings
from tests.pictures import moving_gif, picture
from tests.rig import Rig, outcome

ANIMATE = "Animate image"


async def animate(rig: Rig, message: Message, member: str = "Ben", **values: Any) -> Answer:
    """Right-click a message with one picture and send the form; return what comes of it."""
    menu = await rig.discord.message_command(ANIMATE, message, member=member)
    assert (await menu.answer()).kind == "modal"
    return await outcome(await rig.discord.submit_modal(menu, values))


async def the_card(answer: Answer) -> Message:
    assert answer.message is not None
    assert not answer.ephemeral, answer.message.content
    return answer.message


async def given_to_the_vendor(rig: Rig, card: Message) -> Image.Image:
    """The picture that the vendor fetched, itself."""
    await rig.eventually(lambda: rig.job_of(card).state is State.PENDING)
    generation = rig.box.generations[rig.generation_id(card)]
    await rig.eventually(lambda: generation.picture_sha256 is not None)
    assert generation.picture_sha256 is not None
    [file] = [
        stored.data
        for path, stored in rig.discord.parts.cdn.files.items()
        if "reelbox-start" in path
    ]
    return Image.open(io.BytesIO(file))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_an_attached_picture_starts_the_video_and_gives_it_its_shape(
    play: Rig, kind: str
) -> None:
    file = picture(360, 640, kind)
    card = await play.card("the boat sails away", attachments={"image": (f"boat.{kind}", file)})
    given = await given_to_the_vendor(play, card)
    assert given.format in ("PNG", "JPEG")
    assert given.size[0] < given.size[1]
    done = await play.finished(card)
    job = play.job_of(card)
    assert (job.state, job.request.aspect_ratio, job.origin.way) == (
        State.COMPLETED,
        "9:16",
        Way.COMMAND,
    )
    assert [file.content_type for file in done.files if not file.embedded] == ["video/mp4"]
    shown = play.discord.message_json(done)["embeds"][0]["thumbnail"]["url"]
    assert shown.startswith(f"{play.discord.origin}/attachments/")
    play.sound()


async def test_the_form_of_a_right_click_makes_a_video_of_anybodys_picture(play: Rig) -> None:
    posted = await play.discord.say(member="Ada", attachments=[("boat.png", picture())])
    answer = await animate(play, posted, prompt="the sail fills", length="10")
    card = await the_card(answer)
    await given_to_the_vendor(play, card)
    await play.finished(card)
    job = play.job_of(card)
    assert (job.request.prompt, job.request.duration_s) == ("the sail fills", 10)
    assert (job.origin.way, job.origin.poster_id) == (Way.MENU, posted.author.id)
    assert job.user_id != posted.author.id
    play.sound()


async def test_an_empty_prompt_in_the_form_becomes_a_gentle_motion(play: Rig) -> None:
    posted = await play.discord.say(attachments=[("boat.png", picture())])
    card = await the_card(await animate(play, posted))
    assert play.job_of(card).request.prompt in GENTLE_MOTIONS


@pytest.mark.parametrize(
    "source", ["attachment", "gif", "link preview", "sticker", "gif sticker", "emoji"]
)
async def test_every_kind_of_picture_in_a_message_can_be_animated(play: Rig, source: str) -> None:
    discord = play.discord
    given: dict[str, Any] = {"content": "look"}
    if source == "attachment":
        given["attachments"] = [("photo.jpg", picture(kind="JPEG"))]
    elif source == "gif":
        given["attachments"] = [("moving.gif", moving_gif())]
    elif source == "link preview":
        given["embeds"] = [discord.link_embed("https://example.com/boat.png", picture())]
    elif source == "gif sticker":
        given["stickers"] = [("boat", moving_gif(320, 320))]
    elif source == "sticker":
        given["stickers"] = [("boat", picture(320, 320))]
    else:
        given["content"] = f"look {discord.add_emoji('boat', picture(64, 64))}"
    posted = await discord.say(member="Ada", **given)
    card = await the_card(await animate(play, posted, prompt="it moves"))
    given_picture = await given_to_the_vendor(play, card)
    assert min(given_picture.size) >= 100
    if "gif" in source:
        assert given_picture.convert("RGB").getpixel((5, 5)) == (255, 0, 0), "the first frame"
    play.sound()


async def test_several_pictures_are_offered_privately_with_thumbnails(play: Rig) -> None:
    files = [(f"{n}.png", picture(shade=60 * n)) for n in (1, 2, 3)]
    posted = await play.discord.say(member="Ada", attachments=files)
    menu = await play.discord.message_command(ANIMATE, posted)
    answer = await menu.answer()
    assert answer.ephemeral
    assert answer.message is not None
    assert [embed["thumbnail"]["url"] is not None for embed in answer.message.embeds] == [True] * 3
    pressed = await play.discord.press(answer.message, "2")
    assert (await pressed.answer()).kind == "modal"
    form = await play.discord.submit_modal(pressed, {"prompt": "the second one"})
    card = await the_card(await outcome(form))
    given = await given_to_the_vendor(play, card)
    assert given.convert("RGB").getpixel((5, 5)) == (20, 120, 160)


async def test_a_message_without_a_picture_gets_a_private_sentence(play: Rig) -> None:
    posted = await play.discord.say("no picture here", member="Ada")
    answer = await (await play.discord.message_command(ANIMATE, posted)).answer()
    assert answer.ephemeral
    assert answer.message is not None
    assert "There is no picture" in answer.message.content


async def test_a_form_filled_in_after_a_restart_still_works(play: Rig) -> None:
    posted = await play.discord.say(member="Ada", attachments=[("boat.png", picture())])
    menu = await play.discord.message_command(ANIMATE, posted)
    assert (await menu.answer()).kind == "modal"
    await play.restart_bot()
    await play.eventually(lambda: not play.app.intake.reasons if play.app else False)
    form = await play.discord.submit_modal(menu, {"prompt": "later"})
    await the_card(await outcome(form))


async def test_a_reply_that_mentions_the_bot_animates_the_picture_with_the_intent(
    rig: Rig,
) -> None:
    rig.discord.message_content_enabled = True
    rig.configure("discord", message_content=True)
    await rig.start_bot()
    posted = await rig.discord.say(member="Ada", attachments=[("boat.png", picture())])
    await rig.discord.say(
        f"{rig.discord.bot_mention} make it rock in the waves, 10 seconds, square",
        reply_to=posted,
    )
    await rig.eventually(lambda: len(rig.jobs_in(State.PENDING)) == 1)
    [job] = rig.jobs_in()
    assert job.request.prompt == "make it rock in the waves"
    assert (job.request.duration_s, job.request.aspect_ratio) == (10, "1:1")
    assert (job.origin.way, job.origin.poster_id) == (Way.MENTION, posted.author.id)
    [card] = [m for m in rig.discord.messages() if m.id == job.message_id]
    done = await rig.finished(card)
    assert any(file.content_type == "video/mp4" for file in done.files)
    rig.sound()


async def test_without_the_intent_a_reply_gets_a_pointer_that_goes_away(play: Rig) -> None:
    posted = await play.discord.say(member="Ada", attachments=[("boat.png", picture())])
    asked = await play.discord.say(f"{play.discord.bot_mention} make it move", reply_to=posted)
    await play.eventually(lambda: len(play.pings(asked)) == 1)
    [note] = play.pings(asked)
    assert "Animate image" in note.content
    await play.run_until(lambda: play.pings(asked) == [], limit_s=600)
    assert play.jobs_in() == []


async def test_a_note_that_a_restart_left_standing_goes_at_the_next_start(play: Rig) -> None:
    posted = await play.discord.say(member="Ada", attachments=[("boat.png", picture())])
    asked = await play.discord.say(f"{play.discord.bot_mention} make it move", reply_to=posted)
    await play.eventually(lambda: len(play.pings(asked)) == 1)
    # It is out before it is written down.
    await play.eventually(lambda: bool(play.read(lambda tx: settings.list_scope(tx, SCOPE))))
    await play.restart_bot()
    await play.eventually(lambda: play.pings(asked) == [])


async def test_without_the_intent_a_picture_in_the_mentioning_message_is_animated(
    play: Rig,
) -> None:
    asked = await play.discord.say(
        f"{play.discord.bot_mention} it sails away", attachments=[("boat.png", picture())]
    )
    await play.eventually(lambda: len(play.jobs_in(State.PENDING)) == 1)
    [job] = play.jobs_in()
    assert (job.request.prompt, job.user_id) == ("it sails away", asked.author.id)
    assert [m.id for m in play.pings(asked)] == [job.message_id]


async def test_a_reply_to_a_card_that_only_pings_the_bot_starts_nothing(play: Rig) -> None:
    card = await play.card()
    await play.discord.say("nice one!", reply_to=card, attachments=[("boat.png", picture())])
    await play.discord.say("and so on")
    await play.finished(card)
    assert len(play.jobs_in()) == 1
