"""What a bot without the privileged message content intent gets to read."""

from playground.discord import LocalDiscord, Message
from playground.discord.gateway_session import DIRECT_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT
from tests.playground.discord.client import Api, Json, Socket, socket_to


async def heard(socket: Socket, message: Message) -> Json:
    while True:
        event = (await socket.event("MESSAGE_CREATE"))["d"]
        if event["id"] == str(message.id):
            return dict(event)


async def listen(socket: Socket, local: LocalDiscord, *, content: bool = False) -> None:
    intents = GUILD_MESSAGES | DIRECT_MESSAGES | (MESSAGE_CONTENT if content else 0)
    await socket.identify(local.token, intents)
    await socket.event("READY")


def is_open(written: Json) -> bool:
    if written["content"]:
        return True
    assert written["embeds"] == written["attachments"] == written["components"] == []
    return False


async def test_an_ordinary_message_arrives_empty(local: LocalDiscord, png: bytes) -> None:
    async with socket_to(local) as socket:
        await listen(socket, local)
        message = await local.say("secret", attachments=[("p.png", png)])
        event = await heard(socket, message)
        assert not is_open(event)
        assert event["author"]["username"] == "ben"
        assert "user" not in event["member"]


async def test_with_the_intent_everything_is_readable(local: LocalDiscord, png: bytes) -> None:
    local.message_content_enabled = True
    async with socket_to(local) as socket:
        await listen(socket, local, content=True)
        message = await local.say("open", attachments=[("p.png", png)])
        event = await heard(socket, message)
        assert is_open(event)
        assert len(event["attachments"]) == 1


async def test_a_mention_of_the_bot_opens_a_message(local: LocalDiscord, png: bytes) -> None:
    async with socket_to(local) as socket:
        await listen(socket, local)
        named = f"<@{local.world.bot.id}> this"
        message = await local.say(named, attachments=[("p.png", png)])
        event = await heard(socket, message)
        assert is_open(event)
        assert len(event["attachments"]) == 1


async def test_a_mention_does_not_open_the_message_it_replies_to(
    local: LocalDiscord, png: bytes
) -> None:
    async with socket_to(local) as socket:
        await listen(socket, local)
        picture = await local.say("mine", attachments=[("p.png", png)], member="Cleo")
        reply = await local.say(f"<@{local.world.bot.id}> animate", reply_to=picture)
        event = await heard(socket, reply)
        assert is_open(event)
        assert not is_open(event["referenced_message"])


async def test_direct_messages_are_open(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        await listen(socket, local)
        message = await local.say("hello bot", channel="dm")
        event = await heard(socket, message)
        assert is_open(event)
        assert "guild_id" not in event


async def test_a_reply_with_ping_opens_for_a_plain_message_of_the_bot_only(
    local: LocalDiscord, api: Api
) -> None:
    await api.register({"name": "hi", "description": "Hi"})
    plain = local.world.message((await api.send(content="plain")).json["id"])
    sent = await local.slash("hi")
    await api.answer(sent, 4, {"content": "answer"})
    answer = (await sent.answer()).message
    assert answer is not None
    async with socket_to(local) as socket:
        await listen(socket, local)
        for target, ping, opens in (
            (plain, True, True),
            (plain, False, False),
            (answer, True, False),
        ):
            reply = await local.say("thanks", reply_to=target, ping=ping)
            event = await heard(socket, reply)
            assert is_open(event) is opens
            assert is_open(event["referenced_message"])


async def test_the_bots_own_messages_are_open(local: LocalDiscord, api: Api) -> None:
    async with socket_to(local) as socket:
        await listen(socket, local)
        sent = (await api.send(content="mine")).json
        assert is_open(await heard(socket, local.world.message(sent["id"])))


async def test_over_rest_the_applications_switch_decides(local: LocalDiscord, api: Api) -> None:
    message = await local.say("secret")
    path = f"/channels/{message.channel_id}/messages/{message.id}"
    assert not is_open((await api.ask("GET", path)).json)
    local.message_content_enabled = True
    assert is_open((await api.ask("GET", path)).json)
