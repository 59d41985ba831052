"""The world a fresh local Discord starts with, and growing it.

Its ids are the same in every run, so that a bot restarted with yesterday's database still finds
its guilds and channels.
"""

import base64

from playground.discord import permissions as p
from playground.discord.snowflake import SnowflakeMaker, fixed
from playground.discord.world import (
    Channel,
    ChannelKind,
    Guild,
    Member,
    Overwrite,
    Role,
    User,
    World,
)

BOT_ID = fixed(1)

# View, send, send in threads, embed, attach, read history: what the bot is invited with.
BOT_PERMISSIONS = 274_878_024_704

EVERYONE_PERMISSIONS = (
    p.VIEW_CHANNEL
    | p.SEND_MESSAGES
    | p.SEND_MESSAGES_IN_THREADS
    | p.EMBED_LINKS
    | p.ATTACH_FILES
    | p.READ_MESSAGE_HISTORY
    | p.USE_EXTERNAL_EMOJIS
    | p.USE_APPLICATION_COMMANDS
)


def made_up_token(bot_id: int) -> str:
    """Return a token of the real shape: base64 of the bot's id, a time stamp, a signature."""
    head = base64.urlsafe_b64encode(str(bot_id).encode()).decode().rstrip("=")
    return f"{head}.LOCAL1.not-a-secret-only-the-local-discord-knows-it"


class Founder:
    """Adds guilds, channels, members and roles to a world."""

    def __init__(self, world: World, now: float) -> None:
        self.world = world
        self.now = now
        self._fixed = 10

    def _id(self, *, lasting: bool) -> int:
        if not lasting:
            return self.world.ids.next()
        self._fixed += 1
        return fixed(self._fixed)

    def guild(self, name: str, owner: str, *, lasting: bool = False) -> Guild:
        """Add a guild with the bot in it and an owner, who is its administrator."""
        guild_id = self._id(lasting=lasting)
        user = User(id=self._id(lasting=lasting), name=owner)
        guild = Guild(id=guild_id, name=name, owner_id=user.id, created_at=self.now)
        guild.roles[guild_id] = Role(
            id=guild_id, name="@everyone", permissions=EVERYONE_PERMISSIONS
        )
        self.world.guilds[guild_id] = guild
        bot = self.world.bot
        managed = self.role(guild, bot.name, BOT_PERMISSIONS, lasting=lasting)
        managed.managed_by = bot.id
        self.join(guild, bot, managed)
        admin = self.role(guild, "Admin", p.ADMINISTRATOR, lasting=lasting)
        self.world.users[user.id] = user
        self.join(guild, user, admin)
        return guild

    def role(self, guild: Guild, name: str, permissions: int = 0, *, lasting: bool = False) -> Role:
        """Add a role above those that exist."""
        role = Role(
            id=self._id(lasting=lasting),
            name=name,
            permissions=permissions,
            position=len(guild.roles),
        )
        guild.roles[role.id] = role
        return role

    def member(
        self, guild: Guild, name: str, *, bot: bool = False, lasting: bool = False
    ) -> Member:
        """Add a member, as the account of that name if there is one."""
        known = [u for u in self.world.users.values() if u.name == name]
        user = known[0] if known else User(id=self._id(lasting=lasting), name=name, bot=bot)
        self.world.users[user.id] = user
        return self.join(guild, user)

    def join(self, guild: Guild, user: User, *roles: Role) -> Member:
        member = Member(user, guild.id, self.now, role_ids=[role.id for role in roles])
        guild.members[user.id] = member
        return member

    def channel(
        self,
        guild: Guild,
        name: str,
        *,
        parent: Channel | None = None,
        kind: ChannelKind = ChannelKind.TEXT,
        topic: str | None = None,
        lasting: bool = False,
    ) -> Channel:
        """Add a text channel or another `kind`, or a thread in `parent`."""
        channel = Channel(
            id=self._id(lasting=lasting),
            name=name,
            kind=ChannelKind.THREAD if parent else kind,
            guild_id=guild.id,
            parent_id=parent.id if parent else None,
            owner_id=guild.owner_id if parent else None,
            position=len(guild.channels),
            topic=topic,
            created_at=self.now,
        )
        guild.channels[channel.id] = channel
        self.world.channels[channel.id] = channel
        return channel

    def dm(self, user: User) -> None:
        """Open the bot's direct messages with a user under an id that lasts."""
        channel_id = self._id(lasting=True)
        self.world.channels[channel_id] = Channel(
            id=channel_id, name=user.name, kind=ChannelKind.DM, recipient_id=user.id
        )


def found(ids: SnowflakeMaker, now: float) -> tuple[World, Founder]:
    """Return the world of the playground.

    "Reelbox Playground": #videos (with the thread "boats"), #general, and #quiet, where the bot may
    read only; Ada (owner), Ben, Cleo. "Second Server": #videos; Dora (owner), Ben.
    """
    world = World(ids, User(id=BOT_ID, name="Reelbox", bot=True))
    founder = Founder(world, now)
    first = founder.guild("Reelbox Playground", "Ada", lasting=True)
    videos = founder.channel(first, "videos", topic="Sentences become videos here", lasting=True)
    founder.channel(first, "general", topic="Anything else", lasting=True)
    quiet = founder.channel(first, "quiet", topic="The bot may only read here", lasting=True)
    muted = p.bits(["send_messages", "send_messages_in_threads", "attach_files", "embed_links"])
    quiet.overwrites[BOT_ID] = Overwrite(BOT_ID, of_member=True, allow=0, deny=muted)
    founder.channel(first, "boats", parent=videos, lasting=True)
    founder.member(first, "Ben", lasting=True)
    founder.member(first, "Cleo", lasting=True)
    second = founder.guild("Second Server", "Dora", lasting=True)
    founder.channel(second, "videos", lasting=True)
    founder.member(second, "Ben", lasting=True)
    for user in list(world.users.values()):
        if not user.bot:
            founder.dm(user)
    return world, founder
