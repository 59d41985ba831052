"""Routes about the bot, its application, guilds, channels and people."""

from playground.discord import permissions, ratelimit
from playground.discord.access import Access
from playground.discord.errors import Form, refusal, snowflake
from playground.discord.events import EventLog
from playground.discord.gateway import IDENTIFIES_A_DAY, Gateway
from playground.discord.payloads import (
    application_json,
    channel_json,
    guild_json,
    member_json,
    own_user_json,
    role_json,
    user_json,
)
from playground.discord.rest import NO_CONTENT, Call, Reply, Route, route
from playground.discord.world import World


class AccountRoutes:
    """What a client asks at login, and look-ups by id."""

    def __init__(self, world: World, gateway: Gateway, access: Access, log: EventLog) -> None:
        self.world = world
        self.gateway = gateway
        self.access = access
        self.log = log

    def routes(self) -> list[Route]:
        other = ratelimit.OTHER
        return [
            route("GET", "/users/@me", self.me, other),
            route("GET", "/users/{id}", self.user, other),
            route("GET", "/oauth2/applications/@me", self.application, other),
            route("GET", "/applications/@me", self.application, other),
            route("GET", "/gateway", self.gateway_url, other),
            route("GET", "/gateway/bot", self.gateway_bot, other),
            route("POST", "/users/@me/channels", self.open_dm, ratelimit.DM_OPEN),
            route("GET", "/channels/{id}", self.channel, other, major=1),
            route("POST", "/channels/{id}/typing", self.typing, ratelimit.TYPING, major=1),
            route("GET", "/guilds/{id}", self.guild, other, major=1),
            route("GET", "/guilds/{id}/channels", self.channels, other, major=1),
            route("GET", "/guilds/{id}/roles", self.roles, other, major=1),
            route("GET", "/guilds/{id}/members/{id}", self.member, other, major=1),
        ]

    async def me(self, _: Call) -> Reply:
        return Reply(own_user_json(self.world.bot))

    async def user(self, call: Call) -> Reply:
        user = self.world.users.get(call.number(0))
        if user is None or user.webhook:
            raise refusal("unknown_user")
        return Reply(user_json(user))

    async def application(self, _: Call) -> Reply:
        return Reply(application_json(self.world, flags=self.gateway.app_flags))

    async def gateway_url(self, _: Call) -> Reply:
        return Reply({"url": self.gateway.url})

    async def gateway_bot(self, _: Call) -> Reply:
        starts = {
            "total": IDENTIFIES_A_DAY,
            "remaining": self.gateway.identifies_left,
            "reset_after": 86_400_000,
            "max_concurrency": 1,
        }
        return Reply({"url": self.gateway.url, "shards": 1, "session_start_limit": starts})

    async def open_dm(self, call: Call) -> Reply:
        wanted = snowflake((call.json or {}).get("recipient_id"))
        if wanted is None:
            form = Form()
            form.required(("recipient_id",))
            form.check()
        user = self.world.users.get(wanted or 0)
        if user is None:
            raise refusal("unknown_user")
        if user.bot:
            raise refusal("user_closed")
        known = len(self.world.channels)
        channel = self.world.dm(user)
        if len(self.world.channels) > known:
            self.log.add("world", event="CHANNEL_CREATE", channel_id=channel.id)
        return Reply(channel_json(self.world, channel))

    async def channel(self, call: Call) -> Reply:
        return Reply(channel_json(self.world, self.access.see(call.number(0))))

    async def typing(self, call: Call) -> Reply:
        channel = self.access.see(call.number(0))
        self.access.need(channel, permissions.sending(channel))
        self.log.add("typing", channel_id=channel.id)
        return NO_CONTENT

    async def guild(self, call: Call) -> Reply:
        guild = self.access.guild(call.number(0))
        counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
        return Reply(guild_json(guild) | (counts if call.query.get("with_counts") == "1" else {}))

    async def channels(self, call: Call) -> Reply:
        guild = self.access.guild(call.number(0))
        written = [channel_json(self.world, c) for c in guild.channels.values() if not c.parent_id]
        return Reply(written)

    async def roles(self, call: Call) -> Reply:
        return Reply([role_json(r) for r in self.access.guild(call.number(0)).roles.values()])

    async def member(self, call: Call) -> Reply:
        member = self.access.guild(call.number(0)).members.get(call.number(1))
        if member is None:
            raise refusal("unknown_member")
        return Reply(member_json(member))
