"""/budget report, simulate, export: where the tokens went, and where they would have gone."""

import asyncio
import contextlib
import io
from typing import cast

import discord
from discord import app_commands

from cogs.budget.common import (
    PERIODS,
    Amount,
    BudgetRoom,
    Choices,
    budget,
    period_kind,
    require_admin,
)
from errors import NotAllowedError
from jobs.export import Exports, What
from jobs.plain import clean
from jobs.purse import cap_period
from jobs.reports import Report, Reports, Which
from jobs.service import JobService
from jobs.simulate import Rule, Rules, Simulations
from storage.budgets import Pool
from ui import chart
from ui import report as words
from ui.chart_parts import Theme
from ui.chart_words import describe

MOST_DAYS = 366
# A file beside a few words, well within what any place takes.
EXPORT_BYTES = 9 * 1024 * 1024
STRETCHES: Choices = [
    app_commands.Choice(name="The period under way", value="this"),
    app_commands.Choice(name="The period before", value="last"),
]
THEMES: Choices = [
    app_commands.Choice(name="Dark", value="dark"),
    app_commands.Choice(name="Light", value="light"),
]
FILES: Choices = [
    app_commands.Choice(name="Ledger: every movement of tokens", value="ledger"),
    app_commands.Choice(name="Jobs: every video asked for", value="jobs"),
]


class ReportCommands(BudgetRoom):
    """What can be read of the past."""

    reports: Reports
    simulations: Simulations
    exports: Exports
    service: JobService

    @budget.command()
    @app_commands.describe(
        period="Which period; left empty, the one under way",
        days="The last so many days instead",
        theme="For which of Discord's themes the picture is drawn",
    )
    @app_commands.choices(period=STRETCHES, theme=THEMES)
    async def report(
        self,
        interaction: discord.Interaction,
        period: str = "this",
        days: app_commands.Range[int, 1, MOST_DAYS] | None = None,
        theme: str = "dark",
    ) -> None:
        """Show who used how much for what, and how long the budget lasts."""
        guild_id = require_admin(interaction)
        if period not in ("this", "last") or theme not in ("dark", "light"):
            raise NotAllowedError("I do not know that period or theme. Nothing was changed.")
        which = cast(Which, period) if days is None else days
        await interaction.response.defer(ephemeral=True, thinking=True)
        report = await self.reports.report(guild_id, which)
        if report.never_was:
            await interaction.edit_original_response(content=words.NEVER_WAS)
            return
        names = await _names(interaction.guild, report)
        drawn = await asyncio.to_thread(chart.draw, report, cast(Theme, theme), names)
        await interaction.edit_original_response(
            embed=words.report_card(report),
            attachments=[
                discord.File(io.BytesIO(drawn), words.CHART, description=describe(report, names))
            ],
            allowed_mentions=discord.AllowedMentions.none(),
        )

    @budget.command()
    @app_commands.describe(
        per_member="A limit for each member, in tokens",
        member_period="How often that begins anew; left empty, with the budget",
        budget="A limit for the whole server, in tokens",
        budget_period="How often that begins anew; left empty, as now",
        days="Over how many of the last days",
    )
    @app_commands.choices(member_period=PERIODS, budget_period=PERIODS)
    async def simulate(
        self,
        interaction: discord.Interaction,
        per_member: Amount | None = None,
        member_period: str | None = None,
        budget: Amount | None = None,
        budget_period: str | None = None,
        days: app_commands.Range[int, 1, MOST_DAYS] = 30,
    ) -> None:
        """Play the past again under other limits; nothing is changed."""
        guild_id = require_admin(interaction)
        if per_member is None and budget is None:
            raise NotAllowedError(
                "Please give a limit to try, for example `/budget simulate per_member:50 "
                "member_period:Day`. Nothing was changed."
            )
        pool = (await self.budgets.setup(guild_id)).pool
        pool = pool or Pool(None, self.budgets.allowed.period)
        rules = Rules(
            _rule(budget, budget_period, pool),
            _rule(per_member, member_period, pool),
        )
        await interaction.response.defer(ephemeral=True, thinking=True)
        outcome = await self.simulations.simulate(guild_id, rules, days)
        await interaction.edit_original_response(content=words.simulation_text(rules, outcome))

    @budget.command()
    @app_commands.describe(
        what="Which of the two files",
        prompts="Whether the prompts are in it; those of private videos never are",
    )
    @app_commands.choices(what=FILES)
    async def export(
        self, interaction: discord.Interaction, what: str, prompts: bool = False
    ) -> None:
        """Get the ledger or the jobs as a CSV file, for a spreadsheet."""
        guild_id = require_admin(interaction)
        if what not in ("ledger", "jobs"):
            raise NotAllowedError("I do not know that file. Nothing was changed.")
        await interaction.response.defer(ephemeral=True, thinking=True)
        most_bytes = min(EXPORT_BYTES, interaction.filesize_limit)
        file = await self.exports.export(
            guild_id,
            cast(What, what),
            most_bytes,
            with_prompts=prompts,
            name_of=self.service.name_of,
        )
        await interaction.edit_original_response(
            content=words.export_text(file),
            attachments=[discord.File(io.BytesIO(file.content), file.name)],
        )


def _rule(tokens: int | None, period: str | None, pool: Pool) -> Rule | None:
    """Return a limit to try; a period that is left empty is the pool's own."""
    kind = period_kind(period)
    return None if tokens is None else Rule(tokens, cap_period(kind, pool))


async def _names(guild: discord.Guild | None, report: Report) -> dict[str, str]:
    """Return the names of the members that the picture shows, as far as Discord tells them."""
    if guild is None:
        return {}
    shown = [one.label for one in report.members[: chart.ROWS] if one.label.isdecimal()]
    found = await asyncio.gather(*(_name(guild, int(user_id)) for user_id in shown))
    return {user_id: name for user_id, name in zip(shown, found, strict=True) if name}


async def _name(guild: discord.Guild, user_id: int) -> str | None:
    """Return a member's name; without a list of members each one has to be asked for."""
    with contextlib.suppress(discord.HTTPException):
        member = guild.get_member(user_id) or await guild.fetch_member(user_id)
        return clean(member.display_name) or None
    return None
