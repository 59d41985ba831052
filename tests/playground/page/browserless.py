"""The page's requests without a browser, over a real socket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from playground.discord import LocalDiscord

Json = dict[str, Any]


class Page:
    """What an open page sends for its acting member."""

    def __init__(self, local: LocalDiscord, session: aiohttp.ClientSession, name: str) -> None:
        self.local, self.session = local, session
        self.member = str(local.world.user(name).id)
        self.guild = local.world.first_guild

    async def state(self) -> Json:
        """Read everything as this member sees it."""
        url = f"{self.local.origin}/play/state"
        async with self.session.get(url, params={"member": self.member}) as answer:
            assert answer.status == 200, await answer.text()
            state: Json = await answer.json()
            return state

    async def post(
        self,
        action: str,
        *,
        channel: str = "videos",
        files: dict[str, tuple[str, bytes]] | None = None,
        headers: dict[str, str] | None = None,
        **body: Any,
    ) -> tuple[int, Json]:
        """Send one action; returns the status and the answer."""
        place = self.local.world.channel(channel, self.guild)
        order = {"member": self.member, "guild": str(self.guild.id), "channel": str(place.id)}
        form = aiohttp.FormData()
        form.add_field("json", json.dumps(order | body))
        for field, (filename, data) in (files or {}).items():
            form.add_field(f"file:{field}", data, filename=filename)
        headers = {"Origin": self.local.origin} if headers is None else headers
        url = f"{self.local.origin}/play/{action}"
        async with self.session.post(url, data=form, headers=headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else {}

    async def act(self, action: str, **body: Any) -> Json:
        """Send one action that is accepted."""
        status, answer = await self.post(action, **body)
        assert status == 200, answer
        return answer

    @asynccontextmanager
    async def feed(self, since: int | None = None) -> AsyncIterator["Feed"]:
        """Follow what changes for this member."""
        params = {"member": self.member}
        if since is not None:
            params["since"] = str(since)
        url = f"{self.local.origin}/play/feed"
        headers = {"Origin": self.local.origin}
        async with self.session.ws_connect(url, params=params, headers=headers) as socket:
            yield Feed(socket)


class Feed:
    """An open feed: what it said, in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.told: list[Json] = []

    async def next(self, kind: str) -> Json:
        """Return the next entry of a kind."""
        while True:
            message = await self.socket.receive_json(timeout=5)
            self.told.append(message)
            if message["type"] == kind:
                found: Json = message
                return found
