"""The least a discord.py bot can do with /video: one fixed embed, no storage, no vendor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import discord
import yarl
from discord import app_commands
from discord.ext import commands

from config import Config


@app_commands.command()
@app_commands.guild_only()
async def video(interaction: discord.Interaction, prompt: str, model: str | None = None) -> None:
    """Answer with an embed that says nothing of the request."""
    embed = discord.Embed(title="In the works", description="A video, some time")
    embed.add_field(name="Model", value="a model")
    embed.add_field(name="Price", value="a price")
    embed.set_footer(text="Job 0")
    await interaction.response.send_message(embed=embed)


class Bare(commands.Bot):
    """A bot with the same connection settings as ours and none of its work."""

    def __init__(self) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
        )
        self.connected = asyncio.Event()
        self.tree.add_command(video)

    async def setup_hook(self) -> None:
        """Register the command."""
        await self.tree.sync()

    async def on_connect(self) -> None:
        """The gateway session is up."""
        self.connected.set()


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Bare]:
    """Run it for the life of the block; inside it, Discord is connected."""
    discord.http.Route.BASE = config.discord.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(config.discord.gateway_url)
    async with Bare() as client:
        gateway = asyncio.create_task(client.start(config.discord.token), name="gateway")
        try:
            await client.connected.wait()
            yield client
        finally:
            gateway.cancel()
            with suppress(asyncio.CancelledError):
                await gateway
