"""What a person's client refuses before anything is sent: wrong options of a slash command."""

from collections.abc import Callable, Mapping
from typing import Any

from playground.discord import option_rules as rules
from playground.discord.interaction_payload import Resolver
from playground.discord.types import Json
from playground.discord.world import Attachment, Channel, Guild, Member, Role

MAX_TYPED = 6_000

StoreFile = Callable[[str, bytes], Attachment]
"""Uploads a file as a client does before the command is sent; returns the attachment."""


class NotPossibleError(ValueError):
    """A person could not do this in a real client; says why."""


def pick(command: Json, subcommand: str | tuple[str, ...] | None) -> tuple[list[Json], list[Json]]:
    """Return the chain of group and subcommand chosen, and the options that can be filled."""
    words = (subcommand or ()) if not isinstance(subcommand, str) else tuple(subcommand.split())
    chain: list[Json] = []
    options: list[Json] = command.get("options") or []
    for word in words:
        found = [one for one in options if one["name"] == word and one["type"] in (1, 2)]
        if not found:
            raise NotPossibleError(f"/{command['name']} has no subcommand {word!r}")
        chain.append(found[0])
        options = found[0].get("options") or []
    if any(one["type"] in (rules.SUBCOMMAND, rules.GROUP) for one in options):
        names = ", ".join(one["name"] for one in options)
        raise NotPossibleError(f"/{command['name']} needs a subcommand: {names}")
    return chain, options


def full_name(command: Json, chain: list[Json]) -> str:
    return " ".join([command["name"], *(one["name"] for one in chain)])


def nest(chain: list[Json], filled: list[Json]) -> list[Json]:
    """Wrap filled options into the chosen group and subcommand."""
    for one in reversed(chain):
        filled = [{"name": one["name"], "type": one["type"], "options": filled}]
    return filled


class Filler:
    """Turns what a person typed into option values, as the client's form does."""

    def __init__(self, resolver: Resolver, guild: Guild | None, store: StoreFile) -> None:
        self.resolver = resolver
        self.guild = guild
        self.store = store

    def fill(
        self, options: list[Json], typed: Mapping[str, Any], *, complete: bool = True
    ) -> list[Json]:
        """Return the options to send, in the order typed.

        Raises NotPossibleError for unknown names, missing required ones (if `complete`), values
        outside choices or bounds, and what is not of the option's type.
        """
        known = {option["name"]: option for option in options}
        unknown = [name for name in typed if name not in known]
        if unknown:
            raise NotPossibleError(
                f"no option called {', '.join(unknown)}; there are {list(known)}"
            )
        missing = [
            name for name, option in known.items() if option.get("required") and name not in typed
        ]
        if missing and complete:
            raise NotPossibleError(f"required: {', '.join(missing)}")
        return [
            {"name": name, "type": known[name]["type"], "value": self._value(known[name], value)}
            for name, value in typed.items()
        ]

    def _value(self, option: Json, value: Any) -> Any:
        kind = option["type"]
        if kind in rules.WITH_CHOICES and option.get("choices"):
            return _choice(option, value)
        match kind:
            case rules.STRING:
                return _text(option, value)
            case rules.INTEGER | rules.NUMBER:
                return _number(option, value)
            case rules.BOOLEAN:
                if not isinstance(value, bool):
                    raise NotPossibleError(f"{option['name']}: True or False, not {value!r}")
                return value
            case rules.ATTACHMENT:
                filename, data = value
                file = self.store(filename, data)
                self.resolver.attachment(file)
                return str(file.id)
        return self.mention(kind, value)

    def mention(self, kind: int, value: Any) -> str:
        """Resolve a user, channel, role or mentionable; returns its id as text."""
        if isinstance(value, (Member, Channel, Role)):
            value = value.id
        world = self.resolver.world
        try:
            if kind in (rules.USER, rules.MENTIONABLE):
                member = world.member(value, self.guild) if self.guild else None
                user = member.user if member else world.user(value)
                self.resolver.user(user)
                return str(user.id)
            if kind == rules.CHANNEL:
                channel = world.channel(value, self.guild)
                if self.guild is None or channel.guild_id != self.guild.id:
                    raise NotPossibleError(f"{channel.name} is not a channel of this server")
                self.resolver.channel(channel)
                return str(channel.id)
        except LookupError as error:
            if kind != rules.MENTIONABLE:
                raise NotPossibleError(str(error)) from None
        return self._role(value)

    def _role(self, value: Any) -> str:
        for role in self.guild.roles.values() if self.guild else ():
            if str(value) in (str(role.id), role.name):
                self.resolver.role(role.id)
                return str(role.id)
        raise NotPossibleError(f"no role {value!r}")


def _choice(option: Json, value: Any) -> Any:
    for choice in option["choices"]:
        if value in (choice["value"], choice["name"]):
            return choice["value"]
    names = [choice["name"] for choice in option["choices"]]
    raise NotPossibleError(f"{option['name']}: {value!r} is not one of {names}")


def _text(option: Json, value: Any) -> str:
    if not isinstance(value, str):
        raise NotPossibleError(f"{option['name']}: text, not {value!r}")
    text = value.strip()
    low, high = option.get("min_length", 0), option.get("max_length", MAX_TYPED)
    if not text:
        raise NotPossibleError(f"{option['name']}: cannot be empty")
    if not low <= len(text) <= high:
        raise NotPossibleError(f"{option['name']}: {low} to {high} characters, not {len(text)}")
    return text


def _number(option: Json, value: Any) -> int | float:
    whole = option["type"] == rules.INTEGER
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise NotPossibleError(f"{option['name']}: a number, not {value!r}")
    low = option.get("min_value", -rules.MAX_SAFE)
    high = option.get("max_value", rules.MAX_SAFE)
    if not low <= value <= high:
        raise NotPossibleError(f"{option['name']}: {low} to {high}, not {value}")
    number: int | float = value
    return number
