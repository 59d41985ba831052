"""Results that had no place to be shown: tried again when their server changes for the better."""

import discord
from discord.ext import commands

from jobs.ports import Clock
from jobs.results import Results

# A server that is being rearranged sends many changes; one try a minute is enough.
PAUSE_S = 60.0


class Returns(commands.Cog):
    """Listen for what may bring a place back: the bot invited again, a thread opened, a right."""

    def __init__(self, results: Results, clock: Clock) -> None:
        self.results, self.clock = results, clock
        self._tried: dict[int, float] = {}

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot is back."""
        await self._try(guild.id, pause_s=0.0)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """The session began with this guild in it: what changed meanwhile was not told."""
        await self._try(guild.id)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        """A thread was opened again: discord.py forgets archived ones."""
        await self._try(thread.guild.id, pause_s=0.0)

    @commands.Cog.listener()
    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        """A thread was opened or unlocked."""
        if (before.archived, before.locked) != (after.archived, after.locked):
            await self._try(after.guild.id, pause_s=0.0)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, _before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """A channel's permissions may have changed."""
        await self._try(after.guild.id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, _before: discord.Role, after: discord.Role) -> None:
        """A role's permissions may have changed."""
        await self._try(after.guild.id)

    async def _try(self, guild_id: int, pause_s: float = PAUSE_S) -> None:
        now = self.clock.monotonic()
        if now - self._tried.get(guild_id, float("-inf")) < pause_s:
            return
        self._tried[guild_id] = now
        await self.results.offer_again(guild_id)
