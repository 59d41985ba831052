"""Results that had no place to be shown: tried again when their server changes for the better."""

import discord
from discord.ext import commands

from jobs.results import Results


class Returns(commands.Cog):
    """Listen for what may bring a place back: the bot invited again, a thread opened, a right.

    A server that is being rearranged sends many changes; each message keeps its own pauses.
    """

    def __init__(self, results: Results) -> None:
        self.results = results

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot is back."""
        await self.results.offer_again(guild.id, is_sure=True)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """The session began with this guild in it: what changed meanwhile was not told."""
        await self.results.offer_again(guild.id, is_sure=False)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        """A thread was opened again: discord.py forgets archived ones."""
        await self.results.offer_again(thread.guild.id, is_sure=True)

    @commands.Cog.listener()
    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        """A thread was opened or unlocked."""
        if (before.archived, before.locked) != (after.archived, after.locked):
            await self.results.offer_again(after.guild.id, is_sure=True)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, _before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """A channel's permissions may have changed."""
        await self.results.offer_again(after.guild.id, is_sure=False)

    @commands.Cog.listener()
    async def on_guild_role_update(self, _before: discord.Role, after: discord.Role) -> None:
        """A role's permissions may have changed."""
        await self.results.offer_again(after.guild.id, is_sure=False)
