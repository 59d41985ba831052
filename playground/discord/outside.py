"""Interactions from outside a guild that added the bot, as Discord would write them.

No client offers a command there that is for guilds alone; so this is what a bot hears when a
command was registered otherwise before, or when somebody sends what no client would. Source:
"interactions/receiving-and-responding" (the object, its context and its owners).
"""

import enum

from playground.discord import permissions
from playground.discord.types import Json

_IN_GUILD, _IN_BOT_DM, _IN_PRIVATE_CHANNEL = 0, 1, 2
_DM, _GROUP_DM = 1, 3
_OF_GUILD = ("guild_id", "guild", "guild_locale")
STRANGE_GUILD = 1_111_111_111_111_111_111
"""A guild that the bot was never in."""


class Outside(enum.Enum):
    """Where an interaction comes from instead of a guild that added the bot."""

    DIRECT = "a direct message to the bot"
    GROUP = "a group's messages, by an app its user installed"
    USER_INSTALL = "a guild with the bot in it, by an app its user installed"
    STRANGE_GUILD = "a guild without the bot, by an app its user installed"


def moved(payload: Json, to: Outside) -> Json:
    """Return an interaction's event data as if it came from there; the person stays the same.

    In a guild the member then has every permission that there is, so that only the place speaks
    against what it asks for.
    """
    made = {**payload, "channel": dict(payload["channel"])}
    user = made["member"]["user"] if "member" in made else made["user"]
    owners = {"0": "0"} if to is Outside.DIRECT else {"1": user["id"]}
    made["authorizing_integration_owners"] = owners
    if to in (Outside.DIRECT, Outside.GROUP):
        for name in ("member", *_OF_GUILD):
            made.pop(name, None)
        is_direct = to is Outside.DIRECT
        channel = {"id": made["channel_id"], "type": _DM if is_direct else _GROUP_DM, "flags": 0}
        channel |= {"last_message_id": None, "recipients": [user]}
        if not is_direct:
            channel |= {"name": None, "icon": None, "owner_id": user["id"]}
        return made | {
            "user": user,
            "channel": channel,
            "context": _IN_BOT_DM if is_direct else _IN_PRIVATE_CHANNEL,
            "app_permissions": str(permissions.IN_DM),
        }
    made["context"] = _IN_GUILD
    made["member"] = {**made["member"], "permissions": str(permissions.ALL)}
    if to is Outside.STRANGE_GUILD:
        made["guild_id"] = str(STRANGE_GUILD)
        made["guild"] = {**made["guild"], "id": str(STRANGE_GUILD)}
        made["channel"] |= {"guild_id": str(STRANGE_GUILD)}
    return made
