"""Who a message mentions, and whom it may ping. Source: "resources/message" (allowed mentions)."""

import dataclasses
import re
from typing import Any

from playground.discord.errors import Form, Path, snowflake
from playground.discord.types import Json
from playground.discord.world import Guild, Message, World

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
_PARSES = ("users", "roles", "everyone")


@dataclasses.dataclass(slots=True)
class Allowed:
    """Which mentions of a message count. A set of ids narrows; True means all."""

    users: bool | frozenset[int] = True
    roles: bool | frozenset[int] = True
    everyone: bool = True
    replied_user: bool = True


def defaults(*, of_interaction: bool) -> Allowed:
    """Without allowed_mentions everything counts; in an interaction's messages only users do."""
    if of_interaction:
        return Allowed(roles=False, everyone=False)
    return Allowed()


def read_allowed(form: Form, path: Path, value: Any, *, of_interaction: bool) -> Allowed:
    """Read `allowed_mentions`; None means the defaults, of an edit too."""
    if value is None:
        return defaults(of_interaction=of_interaction)
    if not isinstance(value, dict):
        form.fault(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used")
        return Allowed()
    parse = value.get("parse") or []
    for index, kind in enumerate(parse):
        if kind not in _PARSES:
            text = f"Value must be one of {_PARSES}."
            form.fault((*path, "parse", index), "BASE_TYPE_CHOICES", text)
    listed: dict[str, frozenset[int]] = {}
    for name in ("users", "roles"):
        ids = value.get(name) or []
        if ids and name in parse:
            text = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            form.fault((*path, "parse"), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)
        form.length((*path, name), ids, 0, 100, what="list")
        listed[name] = frozenset(found for item in ids if (found := snowflake(item)) is not None)
    return Allowed(
        users="users" in parse or listed["users"],
        roles="roles" in parse or listed["roles"],
        everyone="everyone" in parse,
        # Left out, the reply pings. Given without it, it does not.
        replied_user=bool(value.get("replied_user", False)),
    )


def apply(
    world: World, message: Message, allowed: Allowed, *, may_ping_all: bool, created: bool
) -> None:
    """Work out a message's mentions from its text, layout texts and reply.

    Embeds never mention anybody. `may_ping_all` is the author's permission for @everyone and
    roles. Only a creation notifies (`message.notified`); an edit does not.
    """
    text = "\n".join([message.content, *_texts(message.components)])
    guild = world.guilds.get(message.guild_id or 0)
    message.mentions = _unique(
        user_id
        for user_id in map(int, _USER.findall(text))
        if user_id in world.users and _counts(allowed.users, user_id)
    )
    message.names_bot = world.bot.id in message.mentions
    _reply(world, message, allowed)
    message.mention_roles = _unique(
        role_id
        for role_id in map(int, _ROLE.findall(text))
        if _role_counts(guild, role_id, allowed)
    )
    wanted = bool(_EVERYONE.search(text)) and guild is not None
    message.mention_everyone = wanted and allowed.everyone and may_ping_all
    if created:
        message.notified = _notified(guild, message, may_ping_all=may_ping_all)


def _reply(world: World, message: Message, allowed: Allowed) -> None:
    target = world.messages.get(message.reference or 0)
    if target is None or not allowed.replied_user or target.author.id not in world.users:
        return
    if target.author.id not in message.mentions:
        message.mentions = [*message.mentions, target.author.id]
    # A reply with ping opens the message to the bot, unless it answers a command's message.
    if target.author is world.bot and target.interaction_metadata is None:
        message.names_bot = True


def _role_counts(guild: Guild | None, role_id: int, allowed: Allowed) -> bool:
    return guild is not None and role_id in guild.roles and _counts(allowed.roles, role_id)


def _notified(guild: Guild | None, message: Message, *, may_ping_all: bool) -> frozenset[int]:
    """Return who hears of a new message by a ping."""
    pinged = set(message.mentions)
    if guild is not None:
        for role_id in message.mention_roles:
            if may_ping_all or guild.roles[role_id].mentionable:
                pinged |= {m.id for m in guild.members.values() if role_id in m.role_ids}
        if message.mention_everyone:
            pinged |= set(guild.members)
        # Whoever has left or was banned hears of nothing there.
        pinged &= set(guild.members)
    return frozenset(pinged - {message.author.id})


def _counts(allowed: bool | frozenset[int], one: int) -> bool:
    return allowed if isinstance(allowed, bool) else one in allowed


def _unique(ids: Any) -> list[int]:
    return list(dict.fromkeys(ids))


def _texts(components: list[Json]) -> list[str]:
    found = []
    for part in components:
        if "content" in part:
            found.append(part["content"])
        found += _texts(part.get("components") or [])
    return found
