"""Answers to the question before a dear video, and to the offer of a smaller one."""

from typing import Any, cast

import discord
from discord.ext import commands

from errors import DraftGoneError
from jobs.drafts import Drafts, promised
from jobs.orders import Orders
from ui.desk import Desk, person
from ui.notes import PassingNotes
from ui.places import require_place
from ui.router import Router

Arguments = tuple[str, ...]


class DraftButtons(commands.Cog):
    """Make what a button promised, for whoever was asked and nobody else."""

    def __init__(
        self, drafts: Drafts, orders: Orders, desk: Desk, notes: PassingNotes, router: Router
    ) -> None:
        self.drafts, self.orders, self.desk, self.notes = drafts, orders, desk, notes
        router.on_press("make", self.make)
        router.on_press("shrink", self.shrink)

    async def make(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """A yes to the price: it is not asked again."""
        await self._go_on(interaction, arguments, is_yes=True)

    async def shrink(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """Take the smaller video; a guild may want that asked about as well."""
        await self._go_on(interaction, arguments, is_yes=False)

    async def _go_on(
        self, interaction: discord.Interaction, arguments: Arguments, *, is_yes: bool
    ) -> None:
        require_place(interaction)
        if len(arguments) != 3 or not (arguments[1] + arguments[2]).isdecimal():
            raise DraftGoneError
        who = person(interaction)
        draft = await self.drafts.get(who.guild_id, who.user_id, arguments[0], interaction.id)
        order = promised(draft, int(arguments[1]), int(arguments[2]), is_yes=is_yes)
        ordering = self.orders.recalled(who, order)
        is_taken = await self.desk.take(interaction, ordering, is_private=order.is_private)
        asked_in = interaction.message
        if is_taken and asked_in is not None and carries_pressed(interaction, asked_in):
            self.notes.take_back(asked_in.channel.id, asked_in.id)


def carries_pressed(interaction: discord.Interaction, message: discord.Message) -> bool:
    """Return whether a message in the channel really has the button that was pressed.

    A press of somebody's own making may name another message, which is then not theirs to remove.
    """
    pressed = cast(dict[str, Any], interaction.data or {}).get("custom_id")
    return not message.flags.ephemeral and any(
        getattr(part, "custom_id", None) == pressed
        for row in message.components
        for part in getattr(row, "children", ())
    )
