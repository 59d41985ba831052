"""/budget pot: tokens of the budget for one channel or thread, until a date."""

import re

import discord
from discord import app_commands

from cogs.budget.common import (
    MOST_CHOICES,
    MOST_TOKENS,
    BudgetRoom,
    Reason,
    budget,
    by,
    require_admin,
)
from cogs.settings import Chosen, TextPlace
from errors import NotAllowedError
from jobs.acts import PotWish
from ui import budget as words
from ui.answers import answer
from ui.places import is_admin
from ui.text import inline, tokens

HOUR_S, DAY_S = 3600, 24 * 3600
MOST_DAYS = 92
_SPAN = re.compile(r"(\d{1,4})\s*(h|hour|hours|d|day|days|w|week|weeks)", re.IGNORECASE)
_UNITS = {"h": HOUR_S, "d": DAY_S, "w": 7 * DAY_S}

pot = app_commands.Group(
    name="pot", description="Tokens for one channel, until a date", parent=budget
)


class Pots(BudgetRoom):
    """Event pots."""

    @pot.command()
    @app_commands.describe(
        channel="The channel or thread that gets it",
        amount="How many tokens are set aside",
        lasts='For how long: "6 hours", "3 days", "2 weeks"',
        per_member="The most that one member may use of it",
        name="What members are shown",
        reason="Why; it stands in /budget log",
    )
    async def start(
        self,
        interaction: discord.Interaction,
        channel: app_commands.Transform[Chosen, TextPlace],
        amount: app_commands.Range[int, 1, MOST_TOKENS],
        lasts: app_commands.Range[str, 1, 20],
        per_member: app_commands.Range[int, 1, MOST_TOKENS] | None = None,
        name: app_commands.Range[str, 1, 60] = "event",
        reason: Reason | None = None,
    ) -> None:
        """Set tokens aside for a channel; what is not used comes back by itself."""
        guild_id = require_admin(interaction)
        ends_at = self.budgets.now() + _seconds(lasts)
        wish = PotWish(channel.id, amount, per_member, name, ends_at)
        made = await self.budgets.open_pot(guild_id, wish, by(interaction, reason))
        each = f", up to {tokens(per_member)} per member" if per_member else ""
        await answer(
            interaction,
            f"The pot {inline(made.name)} pays for videos in <#{made.channel_id}> now: "
            f"{tokens(made.tokens)}{each}, until <t:{ends_at}:F>. What is left then goes back to "
            "the budget it was taken from.",
        )

    @pot.command()
    @app_commands.describe(pot="Which one", reason="Why; it stands in /budget log")
    async def end(
        self,
        interaction: discord.Interaction,
        pot: app_commands.Range[str, 1, 20],
        reason: Reason | None = None,
    ) -> None:
        """End a pot before its date; what is left goes back now."""
        guild_id = require_admin(interaction)
        if not pot.isdecimal() or len(pot) > 15:
            raise NotAllowedError("Please pick a pot from the list. Nothing was changed.")
        ended, standing = await self.budgets.close_pot(guild_id, int(pot), by(interaction, reason))
        held = standing.use.held_tokens
        still = f" {tokens(held)} stay held for videos under way." if held else ""
        await answer(
            interaction,
            f"The pot {inline(ended.name)} has ended. {tokens(standing.use.spent_tokens)} were "
            f"spent from it; {tokens(standing.available_tokens)} went back.{still}",
        )

    @pot.command(name="list")
    async def running(self, interaction: discord.Interaction) -> None:
        """List the pots that run, and what is left in each."""
        guild_id = require_admin(interaction)
        setup = await self.budgets.setup(guild_id)
        lines = [words.pot_line(one, standing) for one, standing in setup.pots]
        text = words.fitting(lines, 1900)
        await answer(interaction, text or "No pot runs now. `/budget pot start` sets one up.")

    @end.autocomplete("pot")
    async def known(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer an admin the pots that run in this guild; anybody else gets none and no error."""
        if not interaction.is_guild_integration() or not is_admin(interaction):
            return []
        guild_id = require_admin(interaction)
        wanted = typed.casefold().strip()
        return [
            app_commands.Choice(
                name=f"{one.name} · {standing.available_tokens:,} left"[:100], value=str(one.id)
            )
            for one, standing in (await self.budgets.setup(guild_id)).pots
            if wanted in f"{one.name} {one.id}".casefold()
        ][:MOST_CHOICES]


def _seconds(text: str) -> int:
    """Return a span in seconds; raises NotAllowedError with what would do."""
    match = _SPAN.fullmatch(text.strip())
    seconds = int(match[1]) * _UNITS[match[2][0].casefold()] if match else 0
    if not HOUR_S <= seconds <= MOST_DAYS * DAY_S:
        raise NotAllowedError(
            f"Please say how long it lasts, from 1 hour to {MOST_DAYS} days: `6 hours`, `3 days` "
            "or `2 weeks`. Nothing was changed."
        )
    return seconds
