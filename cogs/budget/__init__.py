"""/budget and /tokens: the server's purse, in the hands of its admins and in everybody's sight."""

import discord
from discord import app_commands

from cogs.budget.books import Books
from cogs.budget.common import budget
from cogs.budget.limits import Limits
from cogs.budget.pots import Pots
from cogs.budget.reports import ReportCommands
from cogs.budget.stops import Stops
from jobs.budgets import Budgets
from jobs.export import Exports
from jobs.reports import Reports
from jobs.service import JobService
from jobs.simulate import Simulations
from ui import budget as words
from ui.places import asker, require_guild
from ui.router import Router


class Budget(Limits, Stops, Pots, Books, ReportCommands):
    """Every command about money, from five parts."""

    budget = budget

    def __init__(
        self,
        budgets: Budgets,
        service: JobService,
        reports: Reports,
        simulations: Simulations,
        exports: Exports,
        router: Router,
    ) -> None:
        self.budgets, self.service = budgets, service
        self.reports, self.simulations, self.exports = reports, simulations, exports
        router.on_press("undo", self.undo)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.allowed_installs(guilds=True, users=False)
    async def tokens(self, interaction: discord.Interaction) -> None:
        """Show how many tokens you and this server can still use, and until when."""
        require_guild(interaction)
        view = await self.budgets.overview(asker(interaction).spender)
        await interaction.response.send_message(embed=words.overview_card(view), ephemeral=True)
