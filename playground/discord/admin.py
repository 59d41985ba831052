"""What admins change: limits, permissions, channels, roles, guilds that come and go."""

from collections.abc import Iterable, Mapping

from playground.discord import permissions
from playground.discord.parts import Parts
from playground.discord.payloads import channel_json, guild_create_json, guild_json, role_json
from playground.discord.stage import Who
from playground.discord.types import Json, Ref
from playground.discord.world import (
    CHANNEL_FLAG_REQUIRE_TAG,
    Channel,
    ChannelKind,
    ForumTag,
    Guild,
    Member,
    Overwrite,
    Role,
    Team,
    TeamMember,
)

Bits = int | str | Iterable[str]


class Admin:
    """Changes to guilds and to who may do what in them; the bot hears of each as on Discord."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

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
        self.parts.book.thread_changed(place)

    def delete_channel(self, channel: Ref | Channel, *, guild: Ref | Guild | None = None) -> None:
        """Delete a channel with its threads, messages and files; or one thread."""
        world = self.parts.world
        place = world.channel(channel, world.guild(guild))
        home = world.guilds[place.guild_id or 0]
        written = channel_json(world, place)
        gone = {c.id for c in home.channels.values() if place.id in (c.id, c.parent_id)}
        for message in [m for m in world.messages.values() if m.channel_id in gone]:
            self.parts.book.forget(message)
        for channel_id in gone:
            del home.channels[channel_id], world.channels[channel_id]
        if place.kind is ChannelKind.THREAD:
            names = ("id", "guild_id", "parent_id", "type")
            self._tell("THREAD_DELETE", {name: written[name] for name in names}, home)
        else:
            self._tell("CHANNEL_DELETE", written, home)

    def remove_bot(self, guild: Ref | Guild | None = None) -> None:
        """Let an admin remove the bot from a guild."""
        target = self.parts.world.guild(guild)
        target.has_bot = False
        self._tell("GUILD_DELETE", {"id": str(target.id)}, target)

    def add_bot(self, guild: Ref | Guild | None = None) -> None:
        """Invite the bot to a guild again, with the permissions it had."""
        target = self.parts.world.guild(guild)
        target.has_bot = True
        self._tell_join(target)

    def add_guild(self, name: str, *, owner: str = "Owner") -> Guild:
        """Add a guild with a #videos channel, an owner and the bot."""
        guild = self.parts.founder.guild(name, owner)
        self.parts.founder.channel(guild, "videos")
        self._tell_join(guild)
        return guild

    def add_channel(
        self,
        name: str,
        *,
        guild: Ref | Guild | None = None,
        parent: Ref | Channel | None = None,
        kind: ChannelKind = ChannelKind.TEXT,
    ) -> Channel:
        """Add a text channel or a forum, or (whatever `kind` says) a thread in `parent`."""
        if kind not in (ChannelKind.TEXT, ChannelKind.THREAD, ChannelKind.FORUM):
            raise ValueError(f"a guild has no channel of the kind {kind.name}")
        if kind is ChannelKind.THREAD and parent is None:
            raise ValueError("a thread needs its parent")
        world = self.parts.world
        home = world.guild(guild)
        above = None if parent is None else world.channel(parent, home)
        channel = self.parts.founder.channel(home, name, parent=above, kind=kind)
        event = "THREAD_CREATE" if above else "CHANNEL_CREATE"
        self._tell(event, channel_json(world, channel), home)
        return channel

    def add_forum(
        self,
        name: str,
        *,
        require_tag: bool = False,
        tags: Iterable[str] = (),
        guild: Ref | Guild | None = None,
    ) -> Channel:
        """Add a forum whose posts may (or must) carry some of these tags."""
        world = self.parts.world
        home = world.guild(guild)
        forum = self.parts.founder.channel(home, name, kind=ChannelKind.FORUM)
        forum.flags = CHANNEL_FLAG_REQUIRE_TAG if require_tag else 0
        forum.available_tags = [ForumTag(self.parts.ids.next(), tag) for tag in tags]
        self._tell("CHANNEL_CREATE", channel_json(world, forum), home)
        return forum

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
        self._tell_role("GUILD_ROLE_CREATE", role, home)
        return role

    def set_role(self, role: Role | Ref, *, allow: Bits, guild: Ref | Guild | None = None) -> Role:
        """Change what a role may do; "@everyone" and the bot's own role by their names too."""
        home = self.parts.world.guild(guild)
        wanted = role.id if isinstance(role, Role) else role
        fitting = [r for r in home.roles.values() if str(wanted) in (str(r.id), r.name)]
        if not fitting:
            raise LookupError(f"no role {wanted!r}")
        fitting[0].permissions = permissions.bits(allow)
        self._tell_role("GUILD_ROLE_UPDATE", fitting[0], home)
        return fitting[0]

    def give_application(self, owner: Who) -> None:
        """Make somebody the owner of the bot's application in the developer portal."""
        self.parts.world.app_owner = self.parts.world.user(owner)

    def give_application_to_team(
        self, owner: Who, roles: Mapping[str, str], *, invited: Iterable[str] = ()
    ) -> None:
        """Make a team own it: its owner, and others with their role; some have not accepted yet.

        A role is "admin", "developer" or "read_only".
        """
        if odd := set(roles.values()) - {"admin", "developer", "read_only"}:
            raise ValueError(f"a team has no role {odd}")
        world, asked = self.parts.world, set(invited)
        chief = world.user(owner)
        others = [TeamMember(world.user(w), role, w not in asked) for w, role in roles.items()]
        world.app_owner = Team(
            self.parts.ids.next(), "Makers", chief.id, [TeamMember(chief, "admin"), *others]
        )

    def close_dms(self, member: Who = "Ben", *, closed: bool = True) -> None:
        """Let somebody refuse direct messages of the bot (50007), or take them again."""
        self.parts.world.user(member).dms_open = not closed

    def _tell_join(self, guild: Guild) -> None:
        created = guild_create_json(self.parts.world, guild, all_members=False)
        # Only at the start of a session this says false; a client takes its absence for a join.
        del created["unavailable"]
        self._tell("GUILD_CREATE", created, guild)

    def _tell_role(self, event: str, role: Role, guild: Guild) -> None:
        self._tell(event, {"guild_id": str(guild.id), "role": role_json(role)}, guild)

    def _tell(self, event: str, data: Json, guild: Guild) -> None:
        self.parts.log.add("world", event=event)
        self.parts.book.tell_guild(event, data, guild)
