"""The shape of a command as it comes in: what was registered before an update may still be sent.

Discord checks options against what it has registered, and a client against what it has loaded;
neither has to be what this bot offers by now. discord.py believes them.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import discord
from discord import AppCommandOptionType as Kind
from discord import app_commands

if TYPE_CHECKING:
    from ui.client import Reelbox

_NESTS = (Kind.subcommand.value, Kind.subcommand_group.value)
_VALUES: dict[Kind, tuple[type, ...]] = {
    Kind.string: (str,),
    Kind.integer: (int,),
    Kind.number: (int, float),
    Kind.boolean: (bool,),
}


class CheckedTree(app_commands.CommandTree["Reelbox"]):
    """The commands; one in another shape than ours is refused before anything runs."""

    async def interaction_check(self, interaction: discord.Interaction["Reelbox"], /) -> bool:
        """Raise CommandSignatureMismatch for an option that we do not know or not so."""
        command = interaction.command
        if interaction.type is discord.InteractionType.application_command and isinstance(
            command, app_commands.Command
        ):
            data: Mapping[str, Any] = interaction.data or {}
            known = {parameter.display_name: parameter.type for parameter in command.parameters}
            sent_along = {one for group in (data.get("resolved") or {}).values() for one in group}
            if not all(_fits(option, known, sent_along) for option in _leaves(data)):
                raise app_commands.CommandSignatureMismatch(command)
        return True


def _leaves(data: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the options of the subcommand at the end, as they were given."""
    options: Sequence[Mapping[str, Any]] = data.get("options") or []
    while len(options) == 1 and options[0].get("type") in _NESTS:
        options = options[0].get("options") or []
    return options


def _fits(
    option: Mapping[str, Any], known: Mapping[str, Kind], sent_along: Collection[str]
) -> bool:
    kind, value = known.get(str(option.get("name"))), option.get("value")
    if kind is None or option.get("type") != kind.value:
        return False
    if kind in _VALUES:
        return type(value) in _VALUES[kind]
    # Of a picture, a person or a place the id is given, and the rest has to come along.
    return value in sent_along
