"""Permission bits and Discord's way of adding them up.

Source: "topics/permissions" (bits, and "permission overwrites" for the order).
"""

from collections.abc import Iterable

from playground.discord.world import Channel, ChannelKind, Guild, Member

MANAGE_GUILD = 1 << 5
ADMINISTRATOR = 1 << 3
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_EXTERNAL_EMOJIS = 1 << 18
USE_APPLICATION_COMMANDS = 1 << 31
SEND_MESSAGES_IN_THREADS = 1 << 38
ALL = (1 << 53) - 1

_NAMES = {
    "administrator": ADMINISTRATOR,
    "manage_guild": MANAGE_GUILD,
    "view_channel": VIEW_CHANNEL,
    "send_messages": SEND_MESSAGES,
    "manage_messages": MANAGE_MESSAGES,
    "embed_links": EMBED_LINKS,
    "attach_files": ATTACH_FILES,
    "read_message_history": READ_MESSAGE_HISTORY,
    "mention_everyone": MENTION_EVERYONE,
    "use_external_emojis": USE_EXTERNAL_EMOJIS,
    "use_application_commands": USE_APPLICATION_COMMANDS,
    "send_messages_in_threads": SEND_MESSAGES_IN_THREADS,
}

# What the app may do in a direct message, where no roles exist. Source: "interactions" (object).
IN_DM = ATTACH_FILES | EMBED_LINKS | MENTION_EVERYONE | USE_EXTERNAL_EMOJIS


def bits(permissions: int | str | Iterable[str]) -> int:
    """Turn bits, one name or several names ("send_messages") into bits."""
    if isinstance(permissions, int):
        return permissions
    names = [permissions] if isinstance(permissions, str) else list(permissions)
    total = 0
    for name in names:
        if name not in _NAMES:
            raise ValueError(f"no permission called {name!r}; known: {', '.join(sorted(_NAMES))}")
        total |= _NAMES[name]
    return total


def in_guild(guild: Guild, member: Member) -> int:
    """Return a member's permissions before any channel has its say."""
    if guild.owner_id == member.id:
        return ALL
    total = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        total |= guild.roles[role_id].permissions
    return ALL if total & ADMINISTRATOR else total


def in_channel(guild: Guild, channel: Channel, member: Member) -> int:
    """Return a member's permissions in a channel (a thread uses its parent's overwrites).

    Overwrites apply in Discord's order: @everyone, then all roles together, then the member. Who
    may not view a channel may do nothing in it.
    """
    total = in_guild(guild, member)
    if total & ADMINISTRATOR:
        return ALL
    if channel.kind is ChannelKind.THREAD and channel.parent_id is not None:
        channel = guild.channels[channel.parent_id]
    everyone = channel.overwrites.get(guild.id)
    if everyone is not None:
        total = total & ~everyone.deny | everyone.allow
    allow = deny = 0
    for role_id in member.role_ids:
        overwrite = channel.overwrites.get(role_id)
        if overwrite is not None:
            allow |= overwrite.allow
            deny |= overwrite.deny
    total = total & ~deny | allow
    personal = channel.overwrites.get(member.id)
    if personal is not None:
        total = total & ~personal.deny | personal.allow
    return total if total & VIEW_CHANNEL else 0


def sending(channel: Channel) -> int:
    """Return the permission that sending there needs."""
    return SEND_MESSAGES_IN_THREADS if channel.kind is ChannelKind.THREAD else SEND_MESSAGES
