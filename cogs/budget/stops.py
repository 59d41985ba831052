"""/budget pause, resume, warn, confirm, approval, brake: what holds spending up, who is told."""

import re

import discord
from discord import app_commands

from cogs.budget.common import (
    Amount,
    BudgetRoom,
    Reason,
    budget,
    by,
    require_admin,
    require_messages_channel,
)
from cogs.settings import Chosen, TextPlace
from errors import NoSuchJobError, NotAllowedError
from ui import budget as words
from ui.answers import answer
from ui.places import is_admin, is_moderator, require_guild

MOST_HOURS = 24 * 90
MOST_LEVELS = 5


class Stops(BudgetRoom):
    """What holds spending up, and who is told."""

    @budget.command()
    @app_commands.describe(
        reason="What members are told, and what stands in /budget log",
        member="Only this member; left empty, the whole server",
        hours="For how long; left empty, until /budget resume",
    )
    async def pause(
        self,
        interaction: discord.Interaction,
        reason: Reason,
        member: discord.User | None = None,
        hours: app_commands.Range[int, 1, MOST_HOURS] | None = None,
    ) -> None:
        """Take no new videos for now; those under way go on."""
        guild_id = require_admin(interaction)
        ends_at = None if hours is None else self.budgets.now() + 3600 * hours
        user_id = member.id if member else 0
        await self.budgets.stop(guild_id, user_id, ends_at, by(interaction, reason))
        whose = f"New videos of <@{user_id}>" if user_id else "New videos on this server"
        until = f"until <t:{ends_at}:F>" if ends_at else "until `/budget resume`"
        await answer(
            interaction, f"{whose} are paused {until}. Videos under way go on, and are charged."
        )

    @budget.command()
    @app_commands.describe(
        member="Whom to let go on; left empty, the whole server",
        reason="Why; it stands in /budget log",
    )
    async def resume(
        self,
        interaction: discord.Interaction,
        member: discord.User | None = None,
        reason: Reason | None = None,
    ) -> None:
        """Take new videos again."""
        guild_id = require_admin(interaction)
        user_id = member.id if member else 0
        was_paused = await self.budgets.lift(guild_id, user_id, by(interaction, reason))
        whose = f"<@{user_id}>" if user_id else "This server"
        if not was_paused:
            await answer(interaction, f"{whose} was not paused. Nothing was changed.")
            return
        await answer(interaction, f"{whose} can make new videos again.")

    @budget.command()
    @app_commands.describe(
        channel="Where warnings and changes are told; a channel your admins read",
        levels='Percentages, such as "50 80 95", or "off"',
    )
    async def warn(
        self,
        interaction: discord.Interaction,
        channel: app_commands.Transform[Chosen, TextPlace] | None = None,
        levels: app_commands.Range[str, 1, 40] | None = None,
    ) -> None:
        """Warn before the budget runs out, once in a period for each level."""
        guild_id = require_admin(interaction)
        values: dict[str, str | None] = {}
        if channel is not None:
            require_messages_channel(interaction, channel)
            values["channel"] = str(channel.id)
        if levels is not None:
            values["warn_at"] = _levels(levels)
        chosen = await self.budgets.choose(guild_id, values, by(interaction))
        await answer(interaction, words.warnings(chosen))

    @budget.command()
    @app_commands.describe(above="In tokens; left empty, nobody is asked")
    async def confirm(self, interaction: discord.Interaction, above: Amount | None = None) -> None:
        """Ask members first when a video costs more than this."""
        guild_id = require_admin(interaction)
        value = None if above is None else str(above)
        chosen = await self.budgets.choose(guild_id, {"confirm_above": value}, by(interaction))
        await answer(interaction, words.confirm(chosen))

    @budget.command()
    @app_commands.describe(
        above="In tokens; with both left empty, no video needs approval",
        channel="Where moderators are asked; left empty, as before",
    )
    async def approval(
        self,
        interaction: discord.Interaction,
        above: Amount | None = None,
        channel: app_commands.Transform[Chosen, TextPlace] | None = None,
    ) -> None:
        """Let moderators decide on videos that cost more than this."""
        guild_id = require_admin(interaction)
        values: dict[str, str | None] = {}
        if above is not None or channel is None:
            values["approve_above"] = None if above is None else str(above)
        if channel is not None:
            require_messages_channel(interaction, channel)
            values["approve_channel"] = str(channel.id)
        elif above is not None:
            known = (await self.budgets.setup(guild_id)).spending.approve_channel
            if known is None:
                raise NotAllowedError(
                    "Please say in which channel moderators are asked: "
                    "`/budget approval above: channel:`. Nothing was changed."
                )
        chosen = await self.budgets.choose(guild_id, values, by(interaction))
        await answer(interaction, words.approval(chosen))

    @budget.command()
    @app_commands.describe(
        percent="Of the budget, by one member; 0 switches the brake off",
        minutes="Within how many minutes",
    )
    async def brake(
        self,
        interaction: discord.Interaction,
        percent: app_commands.Range[int, 0, 100] | None = None,
        minutes: app_commands.Range[int, 1, 1440] | None = None,
    ) -> None:
        """Pause a member who spends unusually much in a short time."""
        guild_id = require_admin(interaction)
        values: dict[str, str | None] = {}
        if percent is not None:
            values["brake_percent"] = str(percent)
        if minutes is not None:
            values["brake_minutes"] = str(minutes)
        chosen = await self.budgets.choose(guild_id, values, by(interaction))
        await answer(interaction, f"Spend brake: {words.brake(chosen)}")

    async def undo(self, interaction: discord.Interaction, arguments: tuple[str, ...]) -> None:
        """Lift what the spend brake stopped; for moderators."""
        guild_id = require_guild(interaction)
        if not is_moderator(interaction):
            raise NotAllowedError(
                "Only moderators (**Manage Messages** or **Manage Server**) can undo this. "
                "Nothing was changed."
            )
        if len(arguments) != 1 or not arguments[0].isdecimal() or len(arguments[0]) > 15:
            raise NoSuchJobError
        halt = await self.budgets.undo(
            guild_id,
            int(arguments[0]),
            interaction.channel_id or 0,
            by(interaction),
            is_admin=is_admin(interaction),
        )
        await answer(interaction, f"<@{halt.user_id}> can make new videos again.")


def _levels(text: str) -> str:
    """Return percentages as they are stored; raises NotAllowedError with what would do."""
    if text.strip().casefold() == "off":
        return ""
    found = sorted({int(word) for word in re.findall(r"\d{1,4}", text)})
    is_odd = re.search(r"[^\d\s,;%]", text) or not found or len(found) > MOST_LEVELS
    if is_odd or found[0] < 1 or found[-1] > 100:
        raise NotAllowedError(
            f"Please give up to {MOST_LEVELS} percentages from 1 to 100, such as `50 80 95`, or "
            "`off`. Nothing was changed."
        )
    return " ".join(map(str, found))
