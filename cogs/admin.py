"""/admin: what the host of this bot decides for every server."""

import discord
from discord import app_commands
from discord.ext import commands

from jobs.switch import HostSwitch
from ui import host as words
from ui.host import Hosts
from ui.places import require_guild
from ui.text import NOBODY


class Admin(commands.Cog):
    """The host's switch for new videos."""

    admin = app_commands.Group(
        name="admin",
        description="What holds on every server; for the host of this bot",
        guild_only=True,
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        default_permissions=discord.Permissions(administrator=True),
    )

    def __init__(self, switch: HostSwitch, hosts: Hosts) -> None:
        self.switch, self.hosts = switch, hosts

    @admin.command()
    @app_commands.describe(reason="What members are told on every server")
    async def pause(
        self, interaction: discord.Interaction, reason: app_commands.Range[str, 1, 300]
    ) -> None:
        """Take no new videos on any server for now; those asked for go on."""
        await self._require_host(interaction)
        pause = await self.switch.pause(interaction.id, interaction.user.id, reason)
        await _answer(interaction, words.paused(pause))

    @admin.command()
    async def resume(self, interaction: discord.Interaction) -> None:
        """Take new videos again."""
        await self._require_host(interaction)
        was = await self.switch.resume(interaction.id, interaction.user.id)
        closed = (await self.switch.standing()).closed
        await _answer(interaction, words.resumed(was, closed))

    @admin.command()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show whether new videos are taken, and what is on its way."""
        await self._require_host(interaction)
        card = words.standing_card(await self.switch.standing())
        await interaction.response.send_message(embed=card, ephemeral=True, allowed_mentions=NOBODY)

    async def _require_host(self, interaction: discord.Interaction) -> None:
        require_guild(interaction)
        await self.hosts.require(interaction)


async def _answer(interaction: discord.Interaction, text: str) -> None:
    await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)
