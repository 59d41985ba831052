import asyncio

import pytest
from aiohttp import WSMsgType

from playground.discord import LocalDiscord
from playground.discord.gateway_session import (
    GUILD_MEMBERS,
    GUILD_MESSAGES,
    GUILDS,
    MESSAGE_CONTENT,
)
from tests.playground.discord.client import Api, Socket, socket_to

ZLIB = "v=10&encoding=json&compress=zlib-stream"


async def resume(socket: Socket, local: LocalDiscord, session_id: str, seq: int) -> None:
    await socket.send(6, {"token": local.token, "session_id": session_id, "seq": seq})


async def test_every_heartbeat_is_acknowledged_even_before_identify(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        for seq in (None, 3):
            assert socket.hello["d"]["heartbeat_interval"] == 41_250
            await socket.send(1, seq)
            assert (await socket.receive())["op"] == 11


async def test_one_zlib_stream_carries_binary_frames_when_asked(local: LocalDiscord) -> None:
    async with socket_to(local, ZLIB) as socket:
        await socket.identify(local.token, GUILDS)
        ready = await socket.event("READY")
        await socket.event("GUILD_CREATE")
        assert set(socket.frames) == {WSMsgType.BINARY}
        assert ready["d"]["resume_gateway_url"] == local.gateway_url
        assert ready["d"]["application"]["id"] == str(local.world.bot.id)


async def test_identify_gets_ready_then_each_guild_with_the_bot_alone(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        await socket.identify(local.token, GUILDS)
        ready = await socket.event("READY")
        guilds = [(await socket.event("GUILD_CREATE"))["d"] for _ in ready["d"]["guilds"]]
        assert [guild["name"] for guild in guilds] == ["Reelbox Playground", "Second Server"]
        assert [len(guild["members"]) for guild in guilds] == [1, 1]
        assert guilds[0]["member_count"] == 4
        assert [thread["name"] for thread in guilds[0]["threads"]] == ["boats"]
        assert local.connected


@pytest.mark.parametrize(
    ("intents", "code"),
    [
        (MESSAGE_CONTENT, 4014),
        (GUILD_MEMBERS, 4014),
        (1 << 40, 4013),
        (1 << 18, 4013),
        (-1, 4013),
        ("all", 4013),
    ],
)
async def test_intents_that_are_not_allowed_close_the_socket(
    local: LocalDiscord, intents: int, code: int
) -> None:
    async with socket_to(local) as socket:
        await socket.identify(local.token, intents)
        assert await socket.receive() == {"closed": code}


async def test_the_content_intent_is_allowed_once_it_is_switched_on(local: LocalDiscord) -> None:
    local.message_content_enabled = True
    async with socket_to(local) as socket:
        await socket.identify(local.token, MESSAGE_CONTENT | GUILD_MESSAGES)
        ready = await socket.event("READY")
        assert ready["d"]["application"]["flags"] == 1 << 19


async def test_a_wrong_token_is_refused_for_good(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        await socket.identify("wrong")
        assert await socket.receive() == {"closed": 4004}


async def test_identifying_twice_closes_the_socket(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        await socket.identify(local.token)
        await socket.event("READY")
        await socket.identify(local.token)
        assert await socket.receive() == {"closed": 4005}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 99}', 4001),
        ('{"d": 1}', 4001),
        ("not json", 4002),
        ('{"op": 1, "d": "' + "x" * 5000 + '"}', 4002),
        ('{"op": 2, "d": {"token": "t"}}', 4002),
    ],
)
async def test_what_the_gateway_cannot_take_closes_it(
    local: LocalDiscord, sent: str, code: int
) -> None:
    async with socket_to(local) as socket:
        await socket.raw.send_str(sent)
        assert await socket.receive() == {"closed": code}


async def test_a_bad_shard_closes_the_socket(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        await socket.identify(local.token, shard=[2, 2])
        assert await socket.receive() == {"closed": 4010}


@pytest.mark.parametrize(("query", "code"), [("v=6", 4012), ("v=10&encoding=etf", 4002)])
async def test_an_unknown_version_or_encoding_is_closed(
    local: LocalDiscord, query: str, code: int
) -> None:
    async with socket_to(local, query) as socket:
        assert socket.hello == {"closed": code}


async def test_more_than_120_messages_a_minute_close_the_socket(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        for _ in range(121):
            await socket.send(1)
        answers = [await socket.receive() for _ in range(121)]
        assert answers[-1] == {"closed": 4008}


async def test_a_client_without_heartbeats_is_closed(local: LocalDiscord) -> None:
    local.parts.gateway.heartbeat_interval_ms = 60
    async with socket_to(local) as socket:
        assert await socket.receive() == {"closed": 4009}


async def test_resume_replays_what_was_missed_and_nothing_else(
    local: LocalDiscord, api: Api
) -> None:
    async with socket_to(local, ZLIB) as socket:
        await socket.identify(local.token, GUILDS | GUILD_MESSAGES)
        session_id = (await socket.event("READY"))["d"]["session_id"]
        await local.say("before")
        seen = (await socket.event("MESSAGE_CREATE"))["s"]
        local.drop_gateway()
        assert "closed" in await socket.receive()
    await local.say("one")
    await local.say("two")
    async with socket_to(local, ZLIB) as socket:
        await resume(socket, local, session_id, seen)
        missed = [await socket.receive() for _ in range(3)]
        assert [(m["s"], m["t"]) for m in missed] == [
            (seen + 1, "MESSAGE_CREATE"),
            (seen + 2, "MESSAGE_CREATE"),
            (seen + 3, "RESUMED"),
        ]
        await local.say("three")
        assert (await socket.receive())["s"] == seen + 4


async def test_an_unknown_session_is_invalid_and_may_identify_on_the_same_socket(
    local: LocalDiscord,
) -> None:
    async with socket_to(local) as socket:
        await resume(socket, local, "unknown", 1)
        answer = await socket.receive()
        assert (answer["op"], answer["d"]) == (9, False)
        await socket.identify(local.token)
        await socket.event("READY")


async def test_a_sequence_from_the_future_closes_the_socket(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        await socket.identify(local.token)
        session_id = (await socket.event("READY"))["d"]["session_id"]
        local.drop_gateway()
        await socket.receive()
    async with socket_to(local) as socket:
        await resume(socket, local, session_id, 99)
        assert await socket.receive() == {"closed": 4007}


async def test_a_proper_goodbye_ends_the_session(local: LocalDiscord) -> None:
    async with socket_to(local) as socket:
        await socket.identify(local.token)
        session_id = (await socket.event("READY"))["d"]["session_id"]
        await socket.raw.close(code=1000)
    await local.wait_for(lambda event: event.kind == "disconnected", start_at=0)
    assert not local.connected
    async with socket_to(local) as socket:
        await resume(socket, local, session_id, 1)
        assert (await socket.receive())["op"] == 9


async def test_the_server_can_ask_for_a_reconnect_and_invalidate_a_session(
    local: LocalDiscord,
) -> None:
    async with socket_to(local) as socket:
        await socket.identify(local.token)
        await socket.event("READY")
        local.reconnect_gateway()
        assert (await socket.receive())["op"] == 7
        local.invalidate_session(resumable=True)
        assert (await socket.receive())["d"] is True
        local.invalidate_session()
        assert (await socket.receive())["d"] is False
        local.close_gateway(4000)
        assert await socket.receive() == {"closed": 4000}


async def test_events_go_only_to_sessions_whose_intents_ask_for_them(local: LocalDiscord) -> None:
    async with socket_to(local) as deaf, socket_to(local) as listening:
        await deaf.identify(local.token)
        await listening.identify(local.token, GUILD_MESSAGES)
        await deaf.event("READY")
        await listening.event("READY")
        await local.say("hello")
        assert (await listening.receive())["t"] == "MESSAGE_CREATE"
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(deaf.receive(), 0.1)


async def test_messages_in_a_channel_the_bot_cannot_see_are_not_told(local: LocalDiscord) -> None:
    local.set_overwrite("general", deny="view_channel")
    async with socket_to(local) as socket:
        await socket.identify(local.token, GUILD_MESSAGES)
        await socket.event("READY")
        await local.say("hidden", channel="general")
        seen = await local.say("shown")
        assert (await socket.event("MESSAGE_CREATE"))["d"]["id"] == str(seen.id)


async def test_the_day_has_a_thousand_identifies(local: LocalDiscord, api: Api) -> None:
    async with socket_to(local) as socket:
        await socket.identify(local.token)
        await socket.event("READY")
    got = await api.ask("GET", "/gateway/bot")
    assert got.json["session_start_limit"]["remaining"] == 999
    local.parts.gateway.identifies_left = 0
    async with socket_to(local) as socket:
        await socket.identify(local.token)
        assert await socket.receive() == {"closed": 4004}
