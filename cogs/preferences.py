"""/preferences: what each member chooses for themselves."""

from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from jobs.choices import Choices
from storage.choices import Consent
from ui import choices as words
from ui.places import require_guild

CONSENTS: list[app_commands.Choice[int | str | float]] = [
    app_commands.Choice(name="Nobody animates my pictures", value="no"),
    app_commands.Choice(name="Anyone may, on this server", value="yes"),
    app_commands.Choice(name="As the server says", value="server"),
]


class Preferences(commands.Cog):
    """A member's own choices, effective at once."""

    preferences = app_commands.Group(
        name="preferences",
        description="What is yours to choose: who may animate your pictures, and pings",
        guild_only=True,
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )

    def __init__(self, choices: Choices) -> None:
        self.choices = choices

    @preferences.command()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show what you chose, and what it means on this server."""
        guild_id, user_id = require_guild(interaction), interaction.user.id
        card = words.preferences_card(
            await self.choices.consent_of(guild_id, user_id),
            await self.choices.wants_pings(user_id),
            await self.choices.of_guild(guild_id),
        )
        await interaction.response.send_message(embed=card, ephemeral=True)

    @preferences.command()
    @app_commands.describe(
        choice="“Nobody” holds on every server; you yourself can always animate your pictures"
    )
    @app_commands.choices(choice=CONSENTS)
    async def pictures(self, interaction: discord.Interaction, choice: str) -> None:
        """Say who else may make videos from pictures you posted."""
        guild_id, consent = require_guild(interaction), cast(Consent, choice)
        before = await self.choices.set_consent(guild_id, interaction.user.id, consent)
        text = words.consent_answer(before, consent, await self.choices.of_guild(guild_id))
        await interaction.response.send_message(text, ephemeral=True)

    @preferences.command()
    @app_commands.describe(on="Whether I mention you when your video is done, on every server")
    async def pings(self, interaction: discord.Interaction, on: bool) -> None:
        """Say whether I mention you when your video is done."""
        guild_id = require_guild(interaction)
        await self.choices.set_pings(interaction.user.id, on)
        text = words.wish_text(on, await self.choices.of_guild(guild_id))
        await interaction.response.send_message(text, ephemeral=True)
