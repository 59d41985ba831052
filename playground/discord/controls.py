"""Levers that no member has: faults, cuts, limits, permissions, guilds that come and go."""

from collections.abc import Iterable

from playground.discord import gateway_session as gs
from playground.discord import permissions
from playground.discord.faults import Fault
from playground.discord.parts import Parts
from playground.discord.payloads import channel_json, guild_create_json, guild_json
from playground.discord.stage import Who
from playground.discord.types import Json, Ref
from playground.discord.world import Channel, Emoji, Guild, Member, Overwrite, Role

Bits = int | str | Iterable[str]


class Controls:
    """What the playground and its tests do to the local Discord itself."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def script(self, *faults: Fault) -> None:
        """Let the next matching REST requests meet these faults. See fault()."""
        self.parts.faults.add(*faults)

    def clear_faults(self) -> None:
        self.parts.faults.clear()

    def drop_gateway(self) -> None:
        """Cut every gateway socket without a goodbye: the bot resumes."""
        self.parts.gateway.cut_all()

    def reconnect_gateway(self) -> None:
        """Ask the bot to reconnect and resume (op 7)."""
        for connection in list(self.parts.gateway.connections):
            connection.send_op(7)

    def invalidate_session(self, *, resumable: bool = False) -> None:
        """Tell the bot its session is invalid (op 9); unless resumable it must identify anew."""
        gateway = self.parts.gateway
        for session in list(gateway.sessions.values()):
            if session.connection is not None:
                session.connection.send_op(9, resumable)
            if not resumable:
                gateway.end(session)

    def close_gateway(self, code: int) -> None:
        """Close every gateway socket with a close code."""
        self.parts.gateway.close_all(code)

    def outage(self, on: bool) -> None:
        """Take the whole service down: REST answers 503, the gateway cannot be reached."""
        self.parts.gateway.down = self.parts.rest.down = on
        if on:
            self.parts.gateway.cut_all()

    def set_upload_limit(self, guild: Ref | Guild | None, limit_bytes: int) -> None:
        """Set what one file uploaded to a guild may have, as its boosts would."""
        target = self.parts.world.guild(guild)
        target.upload_limit = limit_bytes
        self._tell("GUILD_UPDATE", guild_json(target), target)

    def set_overwrite(
        self,
        channel: Ref | Channel,
        *,
        allow: Bits = 0,
        deny: Bits = 0,
        target: Who | Role | None = None,
        guild: Ref | Guild | None = None,
    ) -> None:
        """Replace a channel's overwrite for a member or role (None: the bot). Bits or names."""
        world = self.parts.world
        home = world.guild(guild)
        place = world.channel(channel, home)
        home = world.guilds[place.guild_id or home.id]
        if isinstance(target, Role):
            whom = target.id
        else:
            whom = world.bot.id if target is None else world.user(target).id
        made = Overwrite(
            whom,
            of_member=whom not in home.roles,
            allow=permissions.bits(allow),
            deny=permissions.bits(deny),
        )
        place.overwrites[whom] = made
        if not made.allow and not made.deny:
            del place.overwrites[whom]
        self._tell("CHANNEL_UPDATE", channel_json(world, place), home)

    def archive_thread(
        self, thread: Ref | Channel, *, archived: bool = True, locked: bool = False
    ) -> None:
        """Archive or reopen a thread; a locked one stays shut for the bot."""
        place = self.parts.world.channel(thread)
        place.archived, place.locked = archived, locked
        guild = self.parts.world.guilds[place.guild_id or 0]
        self._tell("THREAD_UPDATE", channel_json(self.parts.world, place), guild)

    def delete_channel(self, channel: Ref | Channel, *, guild: Ref | Guild | None = None) -> None:
        """Delete a channel with its threads and messages."""
        world = self.parts.world
        place = world.channel(channel, world.guild(guild))
        home = world.guilds[place.guild_id or 0]
        written = channel_json(world, place)
        for inner in [c for c in home.channels.values() if place.id in (c.id, c.parent_id)]:
            del home.channels[inner.id], world.channels[inner.id]
            for message_id in inner.message_ids:
                gone = world.messages.pop(message_id)
                gone.deleted = True
        self._tell("CHANNEL_DELETE", written, home)

    def remove_bot(self, guild: Ref | Guild | None = None) -> None:
        """Let an admin remove the bot from a guild."""
        target = self.parts.world.guild(guild)
        target.has_bot = False
        self._tell("GUILD_DELETE", {"id": str(target.id)}, target)

    def return_bot(self, guild: Ref | Guild | None = None) -> None:
        """Invite the bot to a guild again."""
        target = self.parts.world.guild(guild)
        target.has_bot = True
        created = guild_create_json(self.parts.world, target, all_members=False)
        self._tell("GUILD_CREATE", created, target)

    def add_guild(self, name: str, *, owner: str = "Owner") -> Guild:
        """Add a guild with a #videos channel, an owner and the bot."""
        guild = self.parts.founder.guild(name, owner)
        self.parts.founder.channel(guild, "videos")
        created = guild_create_json(self.parts.world, guild, all_members=False)
        self._tell("GUILD_CREATE", created, guild)
        return guild

    def add_channel(
        self,
        name: str,
        *,
        guild: Ref | Guild | None = None,
        parent: Ref | Channel | None = None,
    ) -> Channel:
        """Add a text channel, or a thread in `parent`."""
        world = self.parts.world
        home = world.guild(guild)
        above = None if parent is None else world.channel(parent, home)
        channel = self.parts.founder.channel(home, name, parent=above)
        event = "THREAD_CREATE" if above else "CHANNEL_CREATE"
        self._tell(event, channel_json(world, channel), home)
        return channel

    def add_member(
        self, name: str, *, guild: Ref | Guild | None = None, bot: bool = False
    ) -> Member:
        """Add a member; the bot hears of it only by what the member does."""
        member = self.parts.founder.member(self.parts.world.guild(guild), name, bot=bot)
        self.parts.log.add("world", member_id=member.id)
        return member

    def add_role(
        self,
        name: str,
        *,
        allow: Bits = 0,
        members: Iterable[Who] = (),
        guild: Ref | Guild | None = None,
    ) -> Role:
        """Add a role and give it to members."""
        home = self.parts.world.guild(guild)
        role = self.parts.founder.role(home, name, permissions.bits(allow))
        for who in members:
            home.members[self.parts.world.user(who).id].role_ids.append(role.id)
        self._tell("GUILD_UPDATE", guild_json(home), home)
        return role

    def add_emoji(self, name: str, picture: bytes, *, guild: Ref | Guild | None = None) -> str:
        """Add a static emoji; returns how it is written in a message."""
        home = self.parts.world.guild(guild)
        emoji = Emoji(self.parts.ids.next(), name)
        home.emojis[emoji.id] = emoji
        self.parts.cdn.put(f"/emojis/{emoji.id}.png", picture, "image/png")
        self._tell("GUILD_UPDATE", guild_json(home), home)
        return f"<:{name}:{emoji.id}>"

    def _tell(self, event: str, data: Json, guild: Guild) -> None:
        self.parts.log.add("world", event=event)
        if guild.has_bot or event == "GUILD_DELETE":
            self.parts.gateway.dispatch(event, data, intent=gs.GUILDS, guild_id=guild.id)
