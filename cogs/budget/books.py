"""/budget show, rules and log: how the budget stands, who set what, and when."""

import discord
from discord import app_commands

from cogs.budget.common import BudgetRoom, budget, require_admin
from ui import budget as words
from ui.places import asker, require_guild

# As many as one message holds when each has the longest reason: none may fall between two pages.
LOG_PAGE = 7
MOST_PAGES = 1000


class Books(BudgetRoom):
    """What can be read."""

    @budget.command()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show what this server and you can still use; for everyone who sees this command."""
        require_guild(interaction)
        view = await self.budgets.overview(asker(interaction).spender)
        await interaction.response.send_message(embed=words.overview_card(view), ephemeral=True)

    @budget.command()
    async def rules(self, interaction: discord.Interaction) -> None:
        """Show everything that is set: budget, caps, warnings, approval, pauses and pots."""
        setup = await self.budgets.setup(require_admin(interaction))
        card = words.setup_card(setup, self.budgets.allowed.period)
        await interaction.response.send_message(embed=card, ephemeral=True)

    @budget.command()
    @app_commands.describe(page="Older changes are on later pages")
    async def log(
        self, interaction: discord.Interaction, page: app_commands.Range[int, 1, MOST_PAGES] = 1
    ) -> None:
        """Show who changed what, from what to what, and why; nobody can edit it."""
        guild_id = require_admin(interaction)
        skip = (page - 1) * LOG_PAGE
        changes = await self.budgets.changes(guild_id, LOG_PAGE + 1, skip)
        older_page = page + 1 if len(changes) > LOG_PAGE else None
        card = words.log_card(changes[:LOG_PAGE], skip, older_page)
        await interaction.response.send_message(embed=card, ephemeral=True)
