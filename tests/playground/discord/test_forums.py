"""Forums: posts are threads, and what keeps a bot from opening one."""

import io
from typing import Any

import discord
import pytest

from playground.discord import Channel, ChannelKind, LocalDiscord, NotPossibleError
from tests.playground.discord.client import Api, Bot, Got, bot_on, eventually


@pytest.fixture
def forum(local: LocalDiscord) -> Channel:
    local.rate_limits = False
    return local.add_forum("gallery")


async def post(api: Api, forum: Channel, **body: Any) -> Got:
    """Open a post named "Boats" that says "x", but for what `body` says otherwise."""
    files = body.pop("files", None)
    body = {"name": "Boats", "message": {"content": "x"}} | body
    return await api.ask("POST", f"/channels/{forum.id}/threads", body, files=files)


def seen_forum(bot: Bot, forum: Channel) -> discord.ForumChannel:
    seen = bot.get_channel(forum.id)
    assert isinstance(seen, discord.ForumChannel)
    return seen


async def test_the_library_opens_edits_and_lists_a_post(local: LocalDiscord, png: bytes) -> None:
    forum = local.add_forum("gallery", tags=["boats", "cats"])
    async with bot_on(local) as bot:
        seen = seen_forum(bot, forum)
        assert not seen.flags.require_tag
        assert [tag.name for tag in seen.available_tags] == ["boats", "cats"]
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Again", custom_id="again"))
        thread, first = await seen.create_thread(
            name="A boat",
            embed=discord.Embed(title="A boat").set_image(url="attachment://a.png"),
            files=[discord.File(io.BytesIO(png), "a.png"), discord.File(io.BytesIO(b"x"), "b.txt")],
            view=view,
            applied_tags=[seen.available_tags[1]],
        )
        assert thread.id == first.id
        assert (thread.parent_id, thread.owner_id) == (forum.id, local.world.bot.id)
        assert [tag.name for tag in thread.applied_tags] == ["cats"]
        assert first.embeds[0].image.width == 6
        assert [file.filename for file in first.attachments] == ["b.txt"]
        await bot.hears(str(first.id))
        assert seen.guild.get_thread(thread.id) is not None
        assert seen.last_message_id == thread.id
        await first.edit(content="done", view=None)
        await thread.send("more")
        [active] = [t for t in await seen.guild.active_threads() if t.parent_id == forum.id]
        assert (active.id, active.message_count) == (thread.id, 1)
        await first.delete()
        with pytest.raises(discord.NotFound):
            await thread.fetch_message(first.id)
        assert [m.content for m in local.messages(local.world.channel(thread.id))] == ["more"]


async def test_a_forum_made_while_connected_is_known_at_once(local: LocalDiscord) -> None:
    async with bot_on(local) as bot:
        forum = local.add_channel("gallery", kind=ChannelKind.FORUM)
        await eventually(lambda: bot.get_channel(forum.id) is not None)
        thread, _ = await seen_forum(bot, forum).create_thread(name="A boat", content="x")
        assert isinstance(thread, discord.Thread)
        fetched = await bot.fetch_channel(forum.id)
        assert isinstance(fetched, discord.ForumChannel)
        assert fetched.last_message_id == thread.id


async def test_a_post_is_told_as_a_thread_then_as_a_message(
    local: LocalDiscord, api: Api, forum: Channel
) -> None:
    mark = len(local.events)
    made = await post(api, forum)
    assert made.status == 201
    assert made.json["id"] == made.json["message"]["id"] == made.json["message"]["channel_id"]
    assert (made.json["type"], made.json["message_count"]) == (11, 0)
    told = [(event.kind, event.detail.get("event")) for event in local.events[mark:]]
    assert told == [("world", "THREAD_CREATE"), ("message_create", None)]


async def test_a_post_takes_a_form_with_files(api: Api, forum: Channel, png: bytes) -> None:
    message = {"content": "x", "attachments": [{"id": 0, "description": "a boat"}]}
    made = await post(api, forum, message=message, files=[("a.png", png)])
    [file] = made.json["message"]["attachments"]
    assert (file["filename"], file["description"], file["width"]) == ("a.png", "a boat", 6)


@pytest.mark.parametrize(
    ("denied", "body", "code"),
    [
        ("view_channel", {}, (403, 50001)),
        ("send_messages", {}, (403, 50013)),
        ("embed_links", {"message": {"embeds": [{"title": "x"}]}}, (403, 50013)),
        (
            "attach_files",
            {"message": {"attachments": [{"id": 0}]}, "files": [("a.txt", b"x")]},
            (403, 50013),
        ),
    ],
)
async def test_a_post_needs_the_permissions_of_a_message(
    local: LocalDiscord,
    api: Api,
    forum: Channel,
    denied: str,
    body: dict[str, Any],
    code: tuple[int, int],
) -> None:
    local.set_overwrite(forum, deny=denied)
    assert (await post(api, forum, **body)).code == code
    local.set_overwrite(forum)
    assert (await post(api, forum, **body)).status == 201


async def test_the_library_raises_forbidden_without_the_permission(local: LocalDiscord) -> None:
    forum = local.add_forum("gallery")
    local.set_overwrite(forum, deny="send_messages")
    async with bot_on(local) as bot:
        with pytest.raises(discord.Forbidden) as refused:
            await seen_forum(bot, forum).create_thread(name="A boat", content="x")
    assert refused.value.code == 50013


async def test_a_forum_may_require_a_tag(local: LocalDiscord, api: Api) -> None:
    forum = local.add_forum("gallery", require_tag=True, tags=["boats"])
    async with bot_on(local) as bot:
        seen = seen_forum(bot, forum)
        assert seen.flags.require_tag
        with pytest.raises(discord.HTTPException) as refused:
            await seen.create_thread(name="A boat", content="x")
        assert (refused.value.status, refused.value.code) == (400, 40067)
        await seen.create_thread(name="A boat", content="x", applied_tags=seen.available_tags)
    assert (await post(api, forum, applied_tags=["5"])).code == (404, 10087)


async def test_a_refused_post_leaves_nothing_behind(
    local: LocalDiscord, api: Api, forum: Channel
) -> None:
    known = set(local.world.channels)
    many = [str(number) for number in range(6)]
    refused = await post(api, forum, name="n" * 101, auto_archive_duration=7, applied_tags=many)
    assert refused.faults() == [
        "name: BASE_TYPE_MAX_LENGTH",
        "auto_archive_duration: BASE_TYPE_CHOICES",
        "applied_tags: BASE_TYPE_MAX_LENGTH",
    ]
    assert (await post(api, forum, message={"content": "y" * 2001})).faults() == [
        "message.content: BASE_TYPE_MAX_LENGTH"
    ]
    assert (await post(api, forum, message={})).code == (400, 50006)
    bare = await api.ask("POST", f"/channels/{forum.id}/threads", {})
    assert bare.faults() == ["name: BASE_TYPE_REQUIRED", "message: BASE_TYPE_REQUIRED"]
    assert set(local.world.channels) == known


async def test_a_forum_itself_takes_no_messages(
    local: LocalDiscord, api: Api, forum: Channel
) -> None:
    await api.register({"name": "hi", "description": "Hi"})
    assert (await api.send(forum, content="x")).code == (400, 50008)
    with pytest.raises(NotPossibleError, match="forum"):
        await local.say("x", channel=forum)
    with pytest.raises(NotPossibleError, match="forum"):
        await local.slash("hi", channel=forum)
    videos = local.world.channel("videos")
    assert (await post(api, videos)).code == (400, 50024)


async def test_people_answer_in_a_post_and_an_archived_one_is_not_listed(
    local: LocalDiscord, api: Api, forum: Channel
) -> None:
    made = (await post(api, forum)).json
    await local.say("nice", channel=made["id"])
    active = f"/guilds/{local.world.first_guild.id}/threads/active"
    listed = (await api.ask("GET", active)).json
    boats = str(local.world.channel("boats").id)
    assert [one["id"] for one in listed["threads"]] == [made["id"], boats]
    assert [one["id"] for one in listed["members"]] == [made["id"], boats]
    local.archive_thread(made["id"])
    edit = f"/channels/{made['id']}/messages/{made['id']}"
    assert (await api.ask("PATCH", edit, {"content": "y"})).code == (400, 50083)
    left = (await api.ask("GET", active)).json["threads"]
    assert [one["id"] for one in left] == [boats]


async def test_a_deleted_forum_takes_its_posts_along(
    local: LocalDiscord, api: Api, forum: Channel
) -> None:
    made = (await post(api, forum)).json
    local.delete_channel(forum)
    got = await api.ask("GET", f"/channels/{made['id']}")
    assert got.code == (404, 10003)
