"""What the bot hears when threads, channels, roles and guilds change, and what it may then do."""

import io
from collections.abc import AsyncIterator

import discord
import pytest

from playground.discord import LocalDiscord, NotPossibleError
from tests.playground.discord.client import Api, Bot, bot_on, eventually

MESSAGE = 4
EVENTS = (
    "thread_update",
    "thread_join",
    "raw_thread_delete",
    "guild_channel_update",
    "guild_channel_delete",
    "guild_role_create",
    "guild_role_update",
    "guild_join",
    "guild_remove",
    "raw_message_delete",
)


@pytest.fixture(autouse=True)
def without_limits(local: LocalDiscord) -> None:
    local.rate_limits = False


class Ears:
    """Notes what the library dispatches, by the names of its events."""

    def __init__(self, bot: Bot) -> None:
        self.heard: list[tuple[str, object]] = []
        for name in EVENTS:
            self._listen(bot, name)

    def _listen(self, bot: Bot, name: str) -> None:
        async def on(*args: object) -> None:
            self.heard.append((name, args[-1]))

        setattr(bot, f"on_{name}", on)

    async def hear(self, name: str) -> object:
        """Wait for the next event of that name, forgetting those before it."""
        await eventually(lambda: any(found == name for found, _ in self.heard))
        index = next(i for i, (found, _) in enumerate(self.heard) if found == name)
        thing = self.heard[index][1]
        del self.heard[: index + 1]
        return thing


@pytest.fixture
async def ears(local: LocalDiscord) -> AsyncIterator[Ears]:
    """A bot with the intents of guilds and guild messages, and nothing else."""
    intents = discord.Intents(guilds=True, guild_messages=True)
    found: list[Ears] = []
    async with bot_on(local, lambda bot: found.append(Ears(bot)), intents=intents):
        yield found[0]


async def test_a_thread_is_archived_and_opened_again_by_a_message(
    local: LocalDiscord, ears: Ears
) -> None:
    local.archive_thread("boats")
    changed = await ears.hear("thread_update")
    assert isinstance(changed, discord.Thread)
    assert (changed.archived, changed.locked) == (True, False)
    await local.say("who is there?", channel="boats")
    opened = await ears.hear("thread_join")  # the library forgets an archived thread
    assert isinstance(opened, discord.Thread)
    assert (opened.id, opened.archived) == (changed.id, False)


async def test_a_thread_is_opened_by_an_admin_too(local: LocalDiscord, ears: Ears) -> None:
    local.archive_thread("boats", locked=True)
    await ears.hear("thread_update")
    local.archive_thread("boats", archived=False)
    assert await ears.hear("thread_join")


async def test_a_locked_thread_takes_no_followup_either(local: LocalDiscord, api: Api) -> None:
    await api.register({"name": "hi", "description": "Hi"})
    sent = await local.slash("hi", channel="boats")
    await api.answer(sent, MESSAGE, {"content": "x"})
    local.archive_thread("boats")
    got = await api.ask("PATCH", api.hook(sent, "@original"), {"content": "y"})
    assert got.code == (400, 50083)
    assert (await api.ask("POST", api.hook(sent), {"content": "y"})).status == 200
    assert not local.world.channel("boats").archived
    local.archive_thread("boats", locked=True)
    assert (await api.ask("POST", api.hook(sent), {"content": "z"})).code == (400, 50083)


async def test_overwrites_and_roles_are_told_with_their_new_permissions(
    local: LocalDiscord, ears: Ears
) -> None:
    local.set_overwrite("videos", deny="send_messages")
    channel = await ears.hear("guild_channel_update")
    assert isinstance(channel, discord.TextChannel)
    assert not channel.permissions_for(channel.guild.me).send_messages
    local.set_overwrite("videos")
    await ears.hear("guild_channel_update")
    local.set_role("Reelbox", allow="view_channel")
    local.set_role("@everyone", allow=["view_channel", "send_messages"])
    for _ in range(2):
        role = await ears.hear("guild_role_update")
    assert isinstance(role, discord.Role)
    allowed = channel.permissions_for(channel.guild.me)
    assert (allowed.send_messages, allowed.attach_files) == (True, False)
    local.add_role("Movers", members=["Ben"])
    made = await ears.hear("guild_role_create")
    assert isinstance(made, discord.Role)
    assert made.name == "Movers"


async def test_a_role_that_is_not_there_cannot_be_changed(local: LocalDiscord) -> None:
    with pytest.raises(LookupError, match="Nobody"):
        local.set_role("Nobody", allow=0)


async def test_a_guild_is_left_and_joined(local: LocalDiscord, ears: Ears) -> None:
    local.remove_bot()
    left = await ears.hear("guild_remove")
    assert isinstance(left, discord.Guild)
    local.add_bot()
    joined = await ears.hear("guild_join")
    assert isinstance(joined, discord.Guild)
    assert left.id == joined.id == local.world.first_guild.id


async def test_deleted_messages_channels_and_threads_are_told(
    local: LocalDiscord, ears: Ears
) -> None:
    message = await local.say("soon gone")
    local.delete_message(message)
    told = await ears.hear("raw_message_delete")
    assert isinstance(told, discord.RawMessageDeleteEvent)
    assert told.message_id == message.id
    thread = local.world.channel("boats")
    local.delete_channel(thread)
    gone = await ears.hear("raw_thread_delete")
    assert isinstance(gone, discord.RawThreadDeleteEvent)
    assert gone.thread_id == thread.id
    local.delete_channel("videos")
    channel = await ears.hear("guild_channel_delete")
    assert isinstance(channel, discord.TextChannel)
    assert channel.name == "videos"


async def test_with_a_channel_go_its_private_messages_and_files(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    await api.register({"name": "hi", "description": "Hi"})
    public = (await api.send(files=[("p.png", png)])).json["attachments"][0]["url"]
    late = await local.slash("hi")
    sent = await local.slash("hi")
    data = {"flags": 64, "attachments": [{"id": 0}]}
    got = await api.answer(sent, MESSAGE, data, files=[("p.png", png)])
    private = got.json["resource"]["message"]["attachments"][0]["url"]
    local.delete_channel("videos")
    for url in (public, private):
        assert (await api.file(url))[0] == 404
    assert local.ephemerals() == []
    hook = api.hook(sent)
    for method, path in (
        ("POST", hook),
        ("GET", f"{hook}/messages/@original"),
        ("PATCH", f"{hook}/messages/@original"),
        ("DELETE", f"{hook}/messages/@original"),
    ):
        assert (await api.ask(method, path, {"content": "x"})).code == (404, 10003)
    assert (await api.answer(late, MESSAGE, {"content": "x"})).code == (404, 10003)


async def test_files_are_sent_to_a_member_who_takes_direct_messages(
    local: LocalDiscord, png: bytes
) -> None:
    async with bot_on(local) as bot:
        ben = await bot.fetch_user(local.world.user("Ben").id)
        file = discord.File(io.BytesIO(png), "p.png", description="a boat")
        sent = await ben.send("for you", file=file)
        assert await sent.attachments[0].read() == png
        local.close_dms("Ben")
        with pytest.raises(discord.Forbidden) as closed:
            await ben.send("again")
        local.close_dms("Ben", closed=False)
        await ben.send("again")
    assert closed.value.code == 50007
    dm = local.world.dm(local.world.user("Ben"))
    assert [m.content for m in local.messages(dm)] == ["for you", "again"]


async def test_without_a_server_in_common_nobody_can_be_written_to(
    local: LocalDiscord, api: Api
) -> None:
    dm = local.world.dm(local.world.user("Cleo"))
    assert (await api.send(dm.id, content="x")).status == 200
    local.remove_bot()
    assert (await api.send(dm.id, content="x")).code == (403, 50278)
    local.add_bot()
    assert (await api.send(dm.id, content="x")).status == 200


async def test_other_bots_join_once(local: LocalDiscord) -> None:
    for text in ("one", "two"):
        await local.say(text, as_bot="Painter")
    painters = [m for m in local.world.first_guild.members.values() if m.name == "Painter"]
    assert len(painters) == 1
    local.set_overwrite("videos", deny="send_messages", target=painters[0])
    with pytest.raises(NotPossibleError):
        await local.say("three", as_bot="Painter")
