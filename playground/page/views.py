"""The world as one person sees it, as JSON for the page."""

from typing import Any

from playground.clock import PlayClock
from playground.discord import LocalDiscord, permissions
from playground.discord.events import Event
from playground.discord.types import Json
from playground.discord.world import Channel, ChannelKind, Guild, Member, Message, User
from playground.neuralbox import LocalNeuralBox

SHOWN_MESSAGES = 200

_DM_PERMISSIONS = permissions.IN_DM | permissions.VIEW_CHANNEL | permissions.SEND_MESSAGES
_WORLD_KINDS = {"commands_registered", "world"}
_DELETE_KINDS = {"message_delete", "ephemeral_delete"}


class Views:
    """Reads the local Discord and the local NeuralBox for the page."""

    def __init__(self, discord: LocalDiscord, box: LocalNeuralBox, clock: PlayClock) -> None:
        self.discord = discord
        self.world = discord.world
        self._box = box
        self._clock = clock

    def viewer(self, member: str | None) -> User:
        """Find whom the page acts as: that id, else the first who is no administrator."""
        if member is not None and member.isdecimal():
            user = self.world.users.get(int(member))
            if user is not None and not user.bot:
                return user
        people = [m for m in self.world.first_guild.members.values() if not m.user.bot]
        plain = [m for m in people if not _is_admin(self.world.first_guild, m)]
        return (plain or people)[0].user

    def state(self, viewer: User) -> Json:
        """Return everything; the keys stand in `routes.py`."""
        guilds = [g for g in self.world.guilds.values() if viewer.id in g.members]
        places = [c for guild in guilds for c in self._visible(guild, viewer)]
        dms = [c for c in self.world.channels.values() if c.recipient_id == viewer.id]
        return {
            "seq": len(self.discord.events),
            "clock": self.clock(),
            "viewer": str(viewer.id),
            "bot": self._user(self.world.bot) | {"connected": self.discord.connected},
            "people": [self._person(u) for u in self.world.users.values() if not u.bot],
            "users": {str(u.id): self._user(u) for u in self.world.users.values()},
            "guilds": [self._guild(guild, viewer) for guild in guilds],
            "dms": [self._dm(channel) for channel in dms],
            "commands": self._commands(guilds),
            "messages": {str(c.id): self._messages(c, viewer) for c in [*places, *dms]},
            "box": self.box(),
        }

    def clock(self) -> Json:
        """Return the playground's time and how fast it runs."""
        return {"now": self._clock.now(), "speed": self._clock.speed}

    def box(self) -> Json:
        """Return the NeuralBox side, without its time, so that two equal states compare equal."""
        state: dict[str, Any] = self._box.state()
        state.pop("now", None)
        return state

    def event(self, event: Event, viewer: User) -> Json | None:
        """Return what of an event the viewer learns, as an entry of the feed; None for nothing."""
        if event.kind in _WORLD_KINDS:
            return {"type": "world"}
        channel = self.world.channels.get(event.channel_id or 0)
        if channel is None or not self._may_view(channel, viewer):
            return None
        if event.kind == "typing":
            who = event.member_id or self.world.bot.id
            return {"type": "typing", "channel_id": str(channel.id), "user_id": str(who)}
        message = event.message
        if message is None or message.ephemeral_for not in (None, viewer.id):
            return None
        if event.kind in _DELETE_KINDS:
            return {"type": "delete", "channel_id": str(channel.id), "id": str(message.id)}
        return {"type": "message", "message": self.discord.message_json(message)}

    # Parts of the state

    def _may_view(self, channel: Channel, viewer: User) -> bool:
        if channel.guild_id is None:
            return channel.recipient_id == viewer.id
        guild = self.world.guilds[channel.guild_id]
        member = guild.members.get(viewer.id)
        return member is not None and bool(
            permissions.in_channel(guild, channel, member) & permissions.VIEW_CHANNEL
        )

    def _visible(self, guild: Guild, viewer: User) -> list[Channel]:
        return self.discord.visible_channels(viewer, guild)

    def _messages(self, channel: Channel, viewer: User) -> list[Json]:
        own = [
            message
            for message in self.world.messages.values()
            if message.channel_id == channel.id and message.ephemeral_for in (None, viewer.id)
        ]
        return [self.discord.message_json(m) for m in sorted(own, key=_id)[-SHOWN_MESSAGES:]]

    def _commands(self, guilds: list[Guild]) -> Json:
        listed: Json = {"dm": self.discord.commands_for(None)}
        for guild in guilds:
            listed[str(guild.id)] = self.discord.commands_for(guild) if guild.has_bot else []
        return listed

    def _user(self, user: User) -> Json:
        tint = list(self.world.users).index(user.id)  # the colour of the picture, one for each
        return {"id": str(user.id), "name": user.name, "bot": user.bot, "tint": tint}

    def _person(self, user: User) -> Json:
        guilds = [
            {"id": str(g.id), "name": g.name, "admin": _is_admin(g, g.members[user.id])}
            for g in self.world.guilds.values()
            if user.id in g.members
        ]
        return self._user(user) | {"guilds": guilds}

    def _guild(self, guild: Guild, viewer: User) -> Json:
        viewing = guild.members[viewer.id]
        return {
            "id": str(guild.id),
            "name": guild.name,
            "members": [_member(guild, member) for member in guild.members.values()],
            "roles": [
                {"id": str(r.id), "name": r.name, "color": r.color, "position": r.position}
                for r in sorted(guild.roles.values(), key=lambda role: role.position)
            ],
            "channels": [
                _channel(c) | {"permissions": str(permissions.in_channel(guild, c, viewing))}
                for c in self._visible(guild, viewer)
            ],
        }

    def _dm(self, channel: Channel) -> Json:
        named = {"name": self.world.bot.name, "permissions": str(_DM_PERMISSIONS)}
        return _channel(channel) | named


def _id(message: Message) -> int:
    return message.id


def _is_admin(guild: Guild, member: Member) -> bool:
    return bool(permissions.in_guild(guild, member) & permissions.ADMINISTRATOR)


def _member(guild: Guild, member: Member) -> Json:
    # From the lowest role to the highest: the last one that has a colour gives it to the name.
    roles = sorted((guild.roles[i] for i in member.role_ids), key=lambda role: role.position)
    return {
        "id": str(member.id),
        "nick": member.nick,
        "roles": [str(role.id) for role in roles],
        "admin": _is_admin(guild, member),
        "permissions": str(permissions.in_guild(guild, member)),
    }


def _channel(channel: Channel) -> Json:
    return {
        "id": str(channel.id),
        "name": channel.name,
        "type": int(channel.kind),
        "topic": channel.topic,
        "position": channel.position,
        "parent_id": str(channel.parent_id) if channel.parent_id else None,
        "thread": channel.kind is ChannelKind.THREAD,
    }
