"""Clients for the tests: the API by hand, the gateway by hand, and a small real bot."""

import asyncio
import dataclasses
import io
import json
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands

from playground.discord import Channel, Interaction, LocalDiscord, Message

Json = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Got:
    """An answer of the API."""

    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> tuple[int, int]:
        """HTTP status and Discord's code."""
        return self.status, self.json["code"]

    def faults(self) -> list[str]:
        """The field faults, as "path: NAME"."""
        return list(_faults(self.json.get("errors", {}), ""))


def _faults(node: Json, path: str) -> Any:
    for key, value in node.items():
        if key == "_errors":
            for fault in value:
                yield f"{path}: {fault['name']}"
        else:
            yield from _faults(value, f"{path}.{key}" if path else key)


class Api:
    """The REST API as a bot without a library uses it."""

    def __init__(self, local: LocalDiscord, session: aiohttp.ClientSession) -> None:
        self.local = local
        self._session = session

    async def ask(
        self,
        method: str,
        path: str,
        payload: Any = None,
        *,
        files: list[tuple[str, bytes]] | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Got:
        """Send one request; with `files` as a form."""
        sent = {"Authorization": f"Bot {token or self.local.token}"} | (headers or {})
        data: Any = None
        if files is not None:
            data = aiohttp.FormData(quote_fields=False)
            data.add_field("payload_json", json.dumps(payload or {}), content_type="text/plain")
            for index, (name, content) in enumerate(files):
                kind = "application/octet-stream"
                file = io.BytesIO(content)
                data.add_field(f"files[{index}]", file, filename=name, content_type=kind)
        elif payload is not None:
            data = json.dumps(payload)
            sent.setdefault("Content-Type", "application/json")
        url = yarl.URL(self.local.rest_url + path, encoded=True)
        async with self._session.request(method, url, data=data, headers=sent) as answer:
            text = await answer.text()
            body = json.loads(text) if answer.content_type == "application/json" else text
            return Got(answer.status, body, answer.headers)

    async def send(self, channel: Channel | int | str = "videos", **payload: Any) -> Got:
        """Create a message with the bot's token."""
        files = payload.pop("files", None)
        place = self.local.world.channel(channel)
        return await self.ask("POST", f"/channels/{place.id}/messages", payload, files=files)

    async def edit(self, message: Message | int | str, **payload: Any) -> Got:
        """Edit a message with the bot's token."""
        files = payload.pop("files", None)
        found = self.local.world.message(message)
        path = f"/channels/{found.channel_id}/messages/{found.id}"
        return await self.ask("PATCH", path, payload, files=files)

    async def answer(
        self, interaction: Interaction, kind: int, data: Json | None = None, **options: Any
    ) -> Got:
        """Send the first answer to an interaction."""
        path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=1"
        payload = {"type": kind} | ({"data": data} if data is not None else {})
        return await self.ask("POST", path, payload, **options)

    def hook(self, interaction: Interaction, message: str = "") -> str:
        """The path of an interaction's webhook, or of one of its messages."""
        path = f"/webhooks/{self.local.world.bot.id}/{interaction.token}"
        return f"{path}/messages/{message}" if message else path

    async def register(self, *commands: Json, guild: int | None = None) -> Got:
        """Replace the registered commands."""
        scope = f"/guilds/{guild}" if guild is not None else ""
        path = f"/applications/{self.local.world.bot.id}{scope}/commands"
        return await self.ask("PUT", path, list(commands))

    async def file(self, url: str, **headers: str) -> tuple[int, bytes, Any]:
        """Fetch a file: status, bytes, headers."""
        async with self._session.get(yarl.URL(url, encoded=True), headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it holds; fails after five seconds."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


class Socket:
    """The gateway without a library: one zlib stream, or plain frames."""

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw
        self._zlib = zlib.decompressobj()
        self.frames: list[aiohttp.WSMsgType] = []
        self.hello: Json = {}

    async def send(self, op: int, data: Any = None) -> None:
        await self.raw.send_str(json.dumps({"op": op, "d": data}))

    async def receive(self) -> Json:
        """Return the next message; a close is `{"closed": code}`."""
        frame = await self.raw.receive(timeout=5)
        self.frames.append(frame.type)
        if frame.type is aiohttp.WSMsgType.TEXT:
            return dict(json.loads(frame.data))
        if frame.type is aiohttp.WSMsgType.BINARY:
            assert frame.data.endswith(b"\x00\x00\xff\xff")
            return dict(json.loads(self._zlib.decompress(frame.data)))
        return {"closed": self.raw.close_code}

    async def event(self, name: str) -> Json:
        """Return the data of the next event of that name."""
        while True:
            message = await self.receive()
            assert "closed" not in message, message
            if message["t"] == name:
                return message

    async def identify(self, token: str, intents: int = 0, **more: Any) -> None:
        who = {"os": "linux", "browser": "test", "device": "test"}
        await self.send(2, {"token": token, "intents": intents, "properties": who} | more)


@asynccontextmanager
async def socket_to(
    local: LocalDiscord, query: str = "v=10&encoding=json"
) -> AsyncIterator[Socket]:
    """Open the gateway and take its HELLO."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{local.gateway_url}?{query}", max_msg_size=0) as raw,
    ):
        socket = Socket(raw)
        socket.hello = await socket.receive()
        yield socket


class Bot(discord.Client):
    """A client with a command tree that counts what it hears."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(
            intents=intents,
            guild_ready_timeout=0.05,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.tree: app_commands.CommandTree[Bot] = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.resumes = 0

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_resumed(self) -> None:
        self.resumes += 1

    async def hears(self, part: str) -> discord.Message:
        """Wait for a message of somebody else whose id or text fits."""

        def fitting() -> list[discord.Message]:
            return [m for m in self.heard if part in (str(m.id), m.content)]

        await eventually(lambda: bool(fitting()))
        return fitting()[0]


@asynccontextmanager
async def bot_on(
    local: LocalDiscord,
    setup: Callable[[Bot], Any] | None = None,
    *,
    intents: discord.Intents | None = None,
) -> AsyncIterator[Bot]:
    """Run a bot, connected and its commands registered; `setup` adds the commands.

    The library finds the local server by its class attributes, as documented for proxies.
    """
    discord.http.Route.BASE = local.rest_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(local.gateway_url)
    bot = Bot(intents or discord.Intents.default())
    if setup is not None:
        setup(bot)
    mark = len(local.events)
    running = asyncio.create_task(bot.start(local.token), name="test bot")
    try:
        await local.wait_for(lambda event: event.kind == "connected", start_at=mark)
        await bot.wait_until_ready()
        if bot.tree.get_commands():
            await bot.tree.sync()
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)
