"""The live side of the page: a WebSocket per open page that says what changed."""

import asyncio
import weakref

from aiohttp import WSCloseCode, web

from playground.discord import LocalDiscord
from playground.discord.types import Json
from playground.discord.world import User
from playground.page.views import Views

# Real seconds. The NeuralBox side, the clock and the bot's connection have no event log, so they
# are compared this often while a page is open.
LOOK_S = 0.25
HEARTBEAT_S = 20.0


class Feeds:
    """All open feeds; `close` ends them when the server stops."""

    def __init__(self, discord: LocalDiscord, views: Views) -> None:
        self._discord = discord
        self._views = views
        self._open: weakref.WeakSet[web.WebSocketResponse] = weakref.WeakSet()

    async def serve(self, request: web.Request, viewer: User) -> web.StreamResponse:
        """Send a viewer every change after `since` until the page goes away."""
        since = request.query.get("since", "")
        start = int(since) if since.isdecimal() else len(self._discord.events)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S)
        await socket.prepare(request)
        self._open.add(socket)
        sender = asyncio.create_task(self._send(socket, viewer, start), name="page feed")
        try:
            async for _ in socket:  # the page only listens; this ends when it leaves
                pass
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return socket

    async def close(self, app: web.Application) -> None:
        """Close every feed, so that stopping the server does not wait for open pages."""
        for socket in list(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _send(self, socket: web.WebSocketResponse, viewer: User, index: int) -> None:
        sides: dict[str, Json] = {}
        while not socket.closed:
            for message in self._changed_sides(sides):
                await socket.send_json(message)
            while index < len(self._discord.events):
                told = self._views.event(self._discord.events[index], viewer)
                index += 1
                if told is not None:
                    await socket.send_json(told)
            try:
                await self._discord.events.wait_for(lambda _: True, timeout=LOOK_S, start_at=index)
            except TimeoutError:
                continue

    def _changed_sides(self, last: dict[str, Json]) -> list[Json]:
        """Return what has no events and is not as it was at the last look."""
        views = self._views
        now: dict[str, Json] = {
            "box": views.box(),
            "clock": {"speed": views.clock()["speed"]},
            "bot": {"connected": self._discord.connected},
        }
        changed = [name for name, value in now.items() if last.get(name) != value]
        last.update(now)
        content = {"box": {"box": now["box"]}, "clock": {"clock": views.clock()}, "bot": now["bot"]}
        return [{"type": name, **content[name]} for name in changed]
