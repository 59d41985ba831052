"""The local Discord: one aiohttp server with REST, gateway and file store, and its levers."""

from collections.abc import Callable, Iterable

from aiohttp import web

from playground.discord import permissions
from playground.discord.actions import Hands
from playground.discord.admin import Admin
from playground.discord.controls import Controls
from playground.discord.events import Event, EventLog
from playground.discord.parts import build
from playground.discord.posting import Posting
from playground.discord.sources import Sources
from playground.discord.stage import Who
from playground.discord.types import Clock, Json, Ref
from playground.discord.uploads import HARD_LIMIT
from playground.discord.world import Channel, ChannelKind, Guild, Message, World
from playground.record import Recorder


class LocalDiscord(Hands, Posting, Sources, Controls, Admin):
    """A Discord on 127.0.0.1, as strict as the real one.

    Token lives, link expiry, message times and the age of edits follow the injected clock; the
    three seconds for a first answer, rate limits, heartbeats and ids follow real time.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        port: int = 0,
        recorder: Recorder | None = None,
        rate_limits: bool = True,
    ) -> None:
        parts = build(clock, recorder, rate_limits=rate_limits)
        Hands.__init__(self, parts)
        self.port = port
        self.app = web.Application(client_max_size=HARD_LIMIT)
        self.app.router.add_get("/gateway", parts.gateway.handle)
        self.app.router.add_get("/gateway/", parts.gateway.handle)
        self.app.router.add_route("*", "/api/{tail:.*}", parts.rest.handle)
        self.app.add_routes(parts.cdn.routes())
        self._runner: web.AppRunner | None = None

    def mount(self, routes: Iterable[web.RouteDef]) -> None:
        """Add routes of the page, before start()."""
        self.app.add_routes(routes)

    async def start(self) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        # Hundreds of answers may arrive at once; a full backlog would cost each a second.
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=2048)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.parts.cdn.origin = self.origin
        self.parts.gateway.url = self.gateway_url

    async def stop(self) -> None:
        """Close every socket and the server. May be called twice."""
        if self._runner is not None:
            await self.parts.gateway.stop()
            await self._runner.cleanup()
            self._runner = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def rest_url(self) -> str:
        return f"{self.origin}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway"

    @property
    def token(self) -> str:
        return self.parts.token

    @property
    def world(self) -> World:
        return self.parts.world

    @property
    def bot_mention(self) -> str:
        """How a message mentions the bot."""
        return f"<@{self.world.bot.id}>"

    @property
    def events(self) -> EventLog:
        """Everything that happened, oldest first."""
        return self.parts.log

    @property
    def connected(self) -> bool:
        """True while the bot has an identified gateway session."""
        return self.parts.gateway.connected

    @property
    def message_content_enabled(self) -> bool:
        """The privileged intent's switch in the developer portal."""
        return self.parts.gateway.message_content_enabled

    @message_content_enabled.setter
    def message_content_enabled(self, on: bool) -> None:
        self.parts.gateway.message_content_enabled = on

    @property
    def rate_limits(self) -> bool:
        return self.parts.limits.on

    @rate_limits.setter
    def rate_limits(self, on: bool) -> None:
        self.parts.limits.on = on

    @property
    def invalid_requests(self) -> int:
        """Answers of 401, 403 and 429 in the last ten minutes; 10,000 ban the address."""
        return self.parts.limits.invalid_requests

    def messages(
        self, channel: Ref | Channel = "videos", *, guild: Ref | Guild | None = None
    ) -> list[Message]:
        """Return a channel's messages, oldest first, without ephemeral ones."""
        place = self.world.channel(channel, self.world.guild(guild))
        return [self.world.messages[message_id] for message_id in place.message_ids]

    def ephemerals(self, member: Who = "Ben") -> list[Message]:
        """Return the ephemeral messages only this member sees, oldest first."""
        owner = self.world.user(member).id
        return [one for one in self.world.messages.values() if one.ephemeral_for == owner]

    def message_json(self, message: Message | Ref) -> Json:
        """Return a message as a client shows it: everything, with fresh file links."""
        shown = message if isinstance(message, Message) else self.world.message(message)
        return self.parts.book.writer.full(shown)

    def commands_for(self, guild: Ref | Guild | None) -> list[Json]:
        """Return the commands to pick from on a guild, or (None) in the bot's direct messages."""
        home = None if guild is None else self.world.guild(guild).id
        return self.parts.commands.for_guild(home)

    def permissions(self, member: Who, channel: Ref | Channel) -> int:
        """Return a member's permissions in a channel."""
        place = self.world.channel(channel)
        if place.guild_id is None:
            return permissions.ALL
        guild = self.world.guilds[place.guild_id]
        return permissions.in_channel(guild, place, guild.members[self.world.user(member).id])

    def visible_channels(self, member: Who, guild: Ref | Guild | None = None) -> list[Channel]:
        """Return the channels and open threads of a guild that a member sees."""
        home = self.world.guild(guild)
        return [
            channel
            for channel in home.channels.values()
            if self.permissions(member, channel) & permissions.VIEW_CHANNEL
            and not (channel.kind is ChannelKind.THREAD and channel.archived)
        ]

    async def wait_for(
        self,
        predicate: Callable[[Event], bool],
        timeout: float = 5.0,
        start_at: int | None = None,
    ) -> Event:
        """Wait for an event, from index `start_at` of the log on (None: from now on).

        Take `len(discord.events)` before acting and pass it, and nothing is missed. Raises
        TimeoutError after so many real seconds.
        """
        return await self.parts.log.wait_for(predicate, timeout=timeout, start_at=start_at)
