"""The commands the bot has registered, global and per guild."""

import collections
from typing import Any

from playground.discord.command_rules import MESSAGE_MENU, SLASH, USER_MENU, check_commands
from playground.discord.errors import ApiError, refusal
from playground.discord.events import EventLog
from playground.discord.snowflake import SnowflakeMaker
from playground.discord.types import Clock, Json

CREATES_A_DAY = 200
DAY_S = 24 * 3600.0

_KEPT = (
    "name_localizations",
    "description_localizations",
    "default_member_permissions",
    "options",
    "nsfw",
)


class CommandStore:
    """Registered commands by scope: None for global ones, else the guild's id."""

    def __init__(self, ids: SnowflakeMaker, clock: Clock, log: EventLog, app_id: int) -> None:
        self.ids = ids
        self.clock = clock
        self.log = log
        self.app_id = app_id
        self.user_install = False
        self._scopes: dict[int | None, dict[int, Json]] = collections.defaultdict(dict)
        self._created: dict[int | None, list[float]] = collections.defaultdict(list)

    def listed(self, scope: int | None) -> list[Json]:
        """Return the commands of one scope, as registered."""
        return list(self._scopes[scope].values())

    def for_guild(self, guild_id: int | None) -> list[Json]:
        """Return what a member can pick there: the guild's own commands hide global ones."""
        own = self._scopes[guild_id].values() if guild_id is not None else []
        chosen = {(one["type"], one["name"]): one for one in self._scopes[None].values()}
        chosen |= {(one["type"], one["name"]): one for one in own}
        place = 1 if guild_id is None else 0
        return [one for one in chosen.values() if place in _contexts(one)]

    def find(self, guild_id: int | None, name: str, kind: int) -> Json:
        """Return one command of a kind by name. Raises LookupError."""
        for command in self.for_guild(guild_id):
            if command["type"] == kind and command["name"] == name:
                return command
        what = {SLASH: "slash", USER_MENU: "user", MESSAGE_MENU: "message"}[kind]
        raise LookupError(f"no {what} command {name!r} is registered here")

    def get(self, scope: int | None, command_id: int) -> Json:
        if command_id not in self._scopes[scope]:
            raise refusal("unknown_command")
        return self._scopes[scope][command_id]

    def overwrite(self, scope: int | None, payload: Any) -> list[Json]:
        """Replace a scope's whole set, as PUT does. Commands of the same name keep their id."""
        commands = check_commands(
            payload, in_guild=scope is not None, user_install=self.user_install
        )
        old = {(one["type"], one["name"]): one for one in self._scopes[scope].values()}
        written = [self._written(scope, command, old) for command in commands]
        self._count_creations(scope, len([one for one in written if _key(one) not in old]))
        self._scopes[scope] = {int(one["id"]): one for one in written}
        self.log.add("commands_registered", scope=scope, names=[one["name"] for one in written])
        return written

    def upsert(self, scope: int | None, payload: Any) -> tuple[Json, bool]:
        """Add or replace one command, as POST does; tells whether it is new."""
        others = [
            one
            for one in self._scopes[scope].values()
            if not isinstance(payload, dict)
            or _key(one) != (payload.get("type") or SLASH, payload.get("name"))
        ]
        known = len(self._scopes[scope])
        self.overwrite(scope, [*others, payload])
        return self.listed(scope)[-1], len(self._scopes[scope]) > known

    def remove(self, scope: int | None, command_id: int) -> None:
        self.get(scope, command_id)
        del self._scopes[scope][command_id]
        self.log.add("commands_registered", scope=scope, names=[])

    def _written(self, scope: int | None, command: Json, old: dict[tuple[int, str], Json]) -> Json:
        kind = command.get("type") or SLASH
        same = old.get((kind, command["name"]))
        written: Json = {
            "id": same["id"] if same else str(self.ids.next()),
            "application_id": str(self.app_id),
            "version": str(self.ids.next()),
            "type": kind,
            "name": command["name"],
            "description": command.get("description") or "",
            "dm_permission": command.get("dm_permission") is not False,
            "default_member_permissions": None,
            "nsfw": False,
        }
        written |= {name: command[name] for name in _KEPT if command.get(name) is not None}
        if written["default_member_permissions"] is not None:
            written["default_member_permissions"] = str(written["default_member_permissions"])
        if scope is None:
            written["contexts"] = command.get("contexts")
            written["integration_types"] = command.get("integration_types") or [0]
        else:
            written["guild_id"] = str(scope)
        if "options" in written:
            written["options"] = [_without_nulls(option) for option in written["options"]]
        if same is not None and same | {"version": ""} == written | {"version": ""}:
            return same
        return written

    def _count_creations(self, scope: int | None, new: int) -> None:
        edge = self.clock.now() - DAY_S
        recent = [at for at in self._created[scope] if at > edge]
        if len(recent) + new > CREATES_A_DAY:
            text = "Max number of daily application command creates has been reached (200)"
            raise ApiError(400, 30034, text)
        self._created[scope] = recent + [self.clock.now()] * new


def _key(command: Json) -> tuple[int, str]:
    return command["type"], command["name"]


def _contexts(command: Json) -> list[int]:
    """Return where a command can be used: on guilds (0) and with the bot (1) unless it says."""
    return command.get("contexts") or ([0, 1] if command["dm_permission"] else [0])


def _without_nulls(option: Json) -> Json:
    """Return an option as Discord gives it back: what is null or empty is left out."""
    kept: Json = {}
    for name, value in option.items():
        if name in ("options", "choices"):
            if value:
                kept[name] = [_without_nulls(one) for one in value]
        elif value is not None and not (name == "autocomplete" and value is False):
            kept[name] = value
    return kept
