"""Results as posts of a forum that a server's admins chose."""

from models import State
from playground.discord import fault
from playground.discord.world import Channel, Message
from tests.rig import Rig

NO_TAG = {"code": 40067, "message": "A tag is required to create a forum post in this channel"}


async def choose(rig: Rig, name: str) -> str:
    """As Ada, send results to that channel; return the answer."""
    used = await rig.discord.slash(
        "settings", subcommand="deliver", member="Ada", options={"channel": name}
    )
    answer = await used.answer()
    assert answer.message is not None
    return answer.message.content


def posts(rig: Rig, forum: Channel) -> list[Channel]:
    """The forum's posts."""
    home = rig.discord.world.guild(None)
    return [place for place in home.channels.values() if place.parent_id == forum.id]


def starter(rig: Rig, post: Channel) -> Message:
    """A post's first message, which has the post's id."""
    return next(m for m in rig.discord.messages(post) if m.id == post.id)


async def test_a_result_becomes_a_post_of_the_forum_and_the_card_points_there(play: Rig) -> None:
    forum = play.discord.add_forum("gallery")
    assert f"<#{forum.id}>" in await choose(play, "gallery")
    card = await play.card("a paper boat")
    done = await play.finished(card)
    [post] = posts(play, forum)
    assert post.name == "Job 1 · a paper boat"
    shown = starter(play, post)
    assert [file.content_type for file in shown.files] == ["video/mp4"]
    assert f"<#{post.id}>" in done.embeds[0]["description"]
    pressed = await play.discord.press(shown, "Info", member="Cleo")
    answer = await pressed.answer()
    assert answer.message is not None
    assert answer.message.embeds[0]["title"] == "Job 1"
    play.sound()


async def test_a_post_whose_answer_was_lost_is_not_opened_twice(play: Rig) -> None:
    forum = play.discord.add_forum("gallery")
    await choose(play, "gallery")
    play.discord.script(
        fault("POST", rf"/channels/{forum.id}/threads", status=503, after_effect=True)
    )
    card = await play.card()
    await play.finished(card)
    [post] = posts(play, forum)
    assert play.job_of(card).showing.message_id == post.id
    play.sound()


async def test_delete_takes_the_video_off_the_forum(play: Rig) -> None:
    forum = play.discord.add_forum("gallery")
    await choose(play, "gallery")
    card = await play.card()
    await play.finished(card)
    [post] = posts(play, forum)
    asked = await play.discord.press(starter(play, post), "Delete", member="Ben")
    answer = await asked.answer()
    assert answer.message is not None
    await (await play.discord.press(answer.message, "Delete it", member="Ben")).answer()
    await play.eventually(lambda: play.discord.messages(post) == [])
    await play.eventually(lambda: "taken down" in play.shown(card).embeds[0]["title"])


async def test_a_forum_that_wants_tags_is_refused_and_one_that_comes_to_is_passed_over(
    play: Rig,
) -> None:
    play.discord.add_forum("tagged", require_tag=True)
    assert "needs a tag" in await choose(play, "tagged")
    forum = play.discord.add_forum("gallery")
    await choose(play, "gallery")
    play.discord.script(fault("POST", rf"/channels/{forum.id}/threads", status=400, body=NO_TAG))
    card = await play.card()
    done = await play.finished(card)
    assert posts(play, forum) == []
    assert "channel for results cannot be used" in play.fields(done)["Note"]
    assert play.job_of(card).state is State.COMPLETED
