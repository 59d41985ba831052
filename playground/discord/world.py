"""What exists on the local Discord: guilds, channels, members, messages.

Ids are int here and text on the wire. Times are epoch seconds of the injected clock.
"""

import copy
import dataclasses
import enum
from collections.abc import Iterator
from typing import TypeVar

from playground.discord.snowflake import SnowflakeMaker
from playground.discord.types import Json, Ref

# Uploads of a bot to a guild without boosts, or to a DM. Source: "reference" (uploads).
DEFAULT_UPLOAD_LIMIT = 10 * 1024 * 1024

FLAG_SUPPRESS_EMBEDS = 1 << 2
FLAG_EPHEMERAL = 1 << 6
FLAG_LOADING = 1 << 7
FLAG_SUPPRESS_NOTIFICATIONS = 1 << 12
FLAG_COMPONENTS_V2 = 1 << 15

# A user's flag: the account stands for a team. Source: "resources/user" (user flags).
FLAG_TEAM_USER = 1 << 10

# A forum's flag: every post needs a tag. Source: "resources/channel" (channel flags).
CHANNEL_FLAG_REQUIRE_TAG = 1 << 4

T = TypeVar("T")


class ChannelKind(enum.IntEnum):
    """Discord's channel types that exist here."""

    TEXT = 0
    DM = 1
    THREAD = 11
    FORUM = 15


class MessageKind(enum.IntEnum):
    """Discord's message types that exist here."""

    DEFAULT = 0
    REPLY = 19
    SLASH_ANSWER = 20
    CONTEXT_MENU_ANSWER = 23


@dataclasses.dataclass(slots=True, eq=False)
class User:
    """An account. `upload_limit` is what it paid for (bytes); None for an ordinary one.

    A webhook has no account, but writes messages like a bot with an id of its own. A `team` has
    one in its name that does nothing.
    """

    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"
    dms_open: bool = True
    upload_limit: int | None = None
    webhook: bool = False
    team: bool = False

    def __post_init__(self) -> None:
        self.bot = self.bot or self.webhook


@dataclasses.dataclass(slots=True, eq=False)
class TeamMember:
    """`role` is "admin", "developer" or "read_only"; whoever was invited may not have accepted."""

    user: User
    role: str
    accepted: bool = True


@dataclasses.dataclass(slots=True, eq=False)
class Team:
    """People who own an application together, in the developer portal."""

    id: int
    name: str
    owner_id: int
    members: list[TeamMember]


@dataclasses.dataclass(slots=True, eq=False)
class Role:
    id: int
    name: str
    permissions: int
    position: int = 0
    color: int = 0
    mentionable: bool = False
    managed_by: int | None = None


@dataclasses.dataclass(slots=True)
class Overwrite:
    """A channel's exception for one role or (`of_member`) one member."""

    id: int
    of_member: bool
    allow: int
    deny: int


@dataclasses.dataclass(slots=True, eq=False)
class ForumTag:
    """What a forum's posts can be filed under."""

    id: int
    name: str


@dataclasses.dataclass(slots=True, eq=False)
class Channel:
    """A text channel, a forum, a thread in either, or a direct message with the bot.

    A forum has `available_tags`, a post in it (a thread with the id of its first message) has
    `applied_tags`; `auto_archive_min` is minutes, `slowmode_s` is what a client makes people wait.
    """

    id: int
    name: str
    kind: ChannelKind = ChannelKind.TEXT
    guild_id: int | None = None
    parent_id: int | None = None
    recipient_id: int | None = None
    owner_id: int | None = None
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    archived: bool = False
    locked: bool = False
    flags: int = 0
    slowmode_s: int = 0
    auto_archive_min: int = 10_080
    available_tags: list[ForumTag] = dataclasses.field(default_factory=list)
    applied_tags: list[int] = dataclasses.field(default_factory=list)
    created_at: float = 0.0
    overwrites: dict[int, Overwrite] = dataclasses.field(default_factory=dict)
    message_ids: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True, eq=False)
class Member:
    user: User
    guild_id: int
    joined_at: float
    role_ids: list[int] = dataclasses.field(default_factory=list)
    nick: str | None = None

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.nick or self.user.name


@dataclasses.dataclass(slots=True, eq=False)
class Emoji:
    id: int
    name: str
    animated: bool = False


@dataclasses.dataclass(slots=True, eq=False)
class Guild:
    """`upload_limit` is bytes a file; `has_bot` turns false when the bot was removed."""

    id: int
    name: str
    owner_id: int
    locale: str = "en-US"
    upload_limit: int = DEFAULT_UPLOAD_LIMIT
    has_bot: bool = True
    created_at: float = 0.0
    roles: dict[int, Role] = dataclasses.field(default_factory=dict)
    channels: dict[int, Channel] = dataclasses.field(default_factory=dict)
    members: dict[int, Member] = dataclasses.field(default_factory=dict)
    emojis: dict[int, Emoji] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True, eq=False)
class Attachment:
    """A file of a message. `embedded` ones are shown by an embed and left out of the list."""

    id: int
    channel_id: int
    filename: str
    size: int
    content_type: str
    path: str
    description: str | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    ephemeral: bool = False
    spoiler: bool = False
    embedded: bool = False


@dataclasses.dataclass(slots=True, eq=False)
class Message:
    """One message. Lists are replaced at an edit, never changed, so a copy keeps its state."""

    id: int
    channel_id: int
    guild_id: int | None
    author: User
    created_at: float
    kind: MessageKind = MessageKind.DEFAULT
    content: str = ""
    flags: int = 0
    tts: bool = False
    embeds: list[Json] = dataclasses.field(default_factory=list)
    files: list[Attachment] = dataclasses.field(default_factory=list)
    components: list[Json] = dataclasses.field(default_factory=list)
    stickers: list[Json] = dataclasses.field(default_factory=list)
    mentions: list[int] = dataclasses.field(default_factory=list)
    mention_roles: list[int] = dataclasses.field(default_factory=list)
    mention_everyone: bool = False
    notified: frozenset[int] = frozenset()
    names_bot: bool = False
    nonce: str | int | None = None
    reference: int | None = None
    reference_channel_id: int | None = None
    interaction_metadata: Json | None = dataclasses.field(default=None, repr=False)
    interaction: Json | None = dataclasses.field(default=None, repr=False)
    application_id: int | None = None
    webhook_id: int | None = None
    edited_at: float | None = None
    edits: int = 0
    ephemeral_for: int | None = None
    deleted: bool = False

    @property
    def author_id(self) -> int:
        return self.author.id

    @property
    def ephemeral(self) -> bool:
        return self.ephemeral_for is not None

    @property
    def loading(self) -> bool:
        """True while it only says that the bot is thinking."""
        return bool(self.flags & FLAG_LOADING)

    @property
    def attachments(self) -> list[Attachment]:
        return [file for file in self.files if not file.embedded]

    def as_it_was(self) -> "Message":
        """Return a copy that later edits do not touch."""
        return copy.copy(self)


class World:
    """Everything there is, with look-ups by id or by name."""

    def __init__(self, ids: SnowflakeMaker, bot: User) -> None:
        self.ids = ids
        self.bot = bot
        self.users: dict[int, User] = {bot.id: bot}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.app_owner: User | Team | None = None
        """Who owns the bot's application; None is the first guild's owner."""

    @property
    def members(self) -> Iterator[Member]:
        """Every member of every guild, the bot included."""
        for guild in self.guilds.values():
            yield from guild.members.values()

    @property
    def first_guild(self) -> Guild:
        return next(iter(self.guilds.values()))

    def guild(self, ref: "Ref | Guild | None") -> Guild:
        """Find a guild by id or name; None means the first one. Raises LookupError."""
        if ref is None:
            return self.first_guild
        if isinstance(ref, Guild):
            return ref
        return _find(self.guilds, ref, "guild")

    def channel(self, ref: "Ref | Channel", guild: Guild | None = None) -> Channel:
        """Find a channel by id, or by name ("videos", "#videos") in a guild. Raises LookupError."""
        if isinstance(ref, Channel):
            return ref
        where = (guild or self.first_guild).channels
        if isinstance(ref, int) or ref.isdigit():
            where = self.channels
        return _find(where, ref, "channel")

    def member(self, ref: "Ref | Member", guild: Guild) -> Member:
        """Find a member of a guild by id or name. Raises LookupError."""
        if isinstance(ref, Member):
            ref = ref.id
        return _find(guild.members, ref, f"member of {guild.name}")

    def user(self, ref: "Ref | User | Member") -> User:
        """Find an account by id or name. Raises LookupError."""
        if isinstance(ref, Member):
            return ref.user
        if isinstance(ref, User):
            return ref
        return _find(self.users, ref, "user")

    def message(self, ref: "Ref | Message") -> Message:
        """Find a message (ephemeral ones too) by id. Raises LookupError when it is gone."""
        key = ref.id if isinstance(ref, Message) else int(ref)
        if key not in self.messages:
            raise LookupError(f"no message {key}")
        return self.messages[key]

    def dm(self, user: User) -> Channel:
        """Return the bot's direct messages with a user, opening them if need be."""
        for channel in self.channels.values():
            if channel.recipient_id == user.id:
                return channel
        channel = Channel(
            id=self.ids.next(), name=user.name, kind=ChannelKind.DM, recipient_id=user.id
        )
        self.channels[channel.id] = channel
        return channel

    def upload_limit(self, channel: Channel) -> int:
        """Return the bytes one uploaded file may have in a channel."""
        if channel.guild_id is None:
            return DEFAULT_UPLOAD_LIMIT
        return self.guilds[channel.guild_id].upload_limit


def _find(where: dict[int, T], ref: Ref, what: str) -> T:
    if isinstance(ref, int) or (ref.isdigit() and int(ref) in where):
        if int(ref) in where:
            return where[int(ref)]
    else:
        wanted = ref.lstrip("#@").casefold()
        for thing in where.values():
            if str(getattr(thing, "name", "")).casefold() == wanted:
                return thing
    raise LookupError(f"no {what} {ref!r}")
