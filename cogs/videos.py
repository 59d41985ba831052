"""/videos: what you have made, what is on its way, and for moderators what everybody waits for."""

import discord
from discord import app_commands
from discord.ext import commands

from errors import NoSuchJobError, NotAllowedError
from jobs.results import Results
from jobs.service import JobService
from models import Job
from ui.info import listing, made_line
from ui.places import is_moderator, require_guild
from ui.resend import resend
from ui.router import Router, chosen, control_id

MOST_CHOICES = 25
SHOWN = 10


@app_commands.guild_only()
@app_commands.allowed_installs(guilds=True, users=False)
class Videos(commands.GroupCog, group_name="videos", group_description="Your videos here"):
    """List and fetch videos, privately."""

    def __init__(self, service: JobService, results: Results, router: Router) -> None:
        self.service, self.results = service, results
        router.on_press("fetch", self.fetch)

    @app_commands.command()
    @app_commands.describe(job="Which one; left empty, you get the list")
    async def get(
        self, interaction: discord.Interaction, job: app_commands.Range[str, 1, 40] | None = None
    ) -> None:
        """Get one of your videos again, also one that could not be shown in its channel."""
        guild_id = require_guild(interaction)
        if job is not None:
            await self._show(interaction, await self._mine(interaction, job))
            return
        made = (await self.results.list_made(guild_id, interaction.user.id))[:SHOWN]
        under: discord.ui.View = discord.utils.MISSING
        if made:
            select: discord.ui.Select[discord.ui.View] = discord.ui.Select(
                custom_id=control_id("fetch"),
                placeholder="Show me …",
                options=[
                    discord.SelectOption(label=made_line(item)[:100], value=item.job.public_id)
                    for item in made
                ],
            )
            under = discord.ui.View(timeout=None)
            under.add_item(select)
            under.stop()
        empty = "You have made no videos on this server yet. `/video` makes one."
        await interaction.response.send_message(
            embed=listing("Your videos", made, empty, interaction.user.id),
            view=under,
            ephemeral=True,
        )

    @get.autocomplete("job")
    async def jobs_made(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer one's own videos of this server, newest first."""
        if interaction.guild_id is None or not interaction.is_guild_integration():
            return []
        wanted = typed.casefold().strip()
        made = await self.results.list_made(interaction.guild_id, interaction.user.id)
        return [
            app_commands.Choice(name=made_line(item)[:100], value=item.job.public_id)
            for item in made
            if wanted in made_line(item).casefold()
        ][:MOST_CHOICES]

    @app_commands.command()
    async def jobs(self, interaction: discord.Interaction) -> None:
        """Your videos that are on their way, with place and expected time."""
        guild_id = require_guild(interaction)
        items = await self.results.list_open(guild_id, interaction.user.id)
        empty = "None of your videos is on its way on this server. `/videos get` lists those done."
        await interaction.response.send_message(
            embed=listing("On their way", items, empty, interaction.user.id), ephemeral=True
        )

    @app_commands.command()
    async def queue(self, interaction: discord.Interaction) -> None:
        """For moderators: every video of this server that is on its way."""
        guild_id = require_guild(interaction)
        if not is_moderator(interaction):
            raise NotAllowedError(
                "Only moderators (who may manage messages) see everybody's videos. `/videos jobs` "
                "shows yours."
            )
        items = await self.results.list_open(guild_id, None)
        await interaction.response.send_message(
            embed=listing(
                "This server's queue", items, "Nothing is on its way.", interaction.user.id
            ),
            ephemeral=True,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    async def fetch(self, interaction: discord.Interaction, _arguments: tuple[str, ...]) -> None:
        """One of the list was chosen: show it."""
        job = await self._mine(interaction, chosen(interaction) or "")
        await self._show(interaction, job)

    async def _show(self, interaction: discord.Interaction, job: Job) -> None:
        self.service.require_pace(job.guild_id, interaction.user.id)
        await resend(interaction, self.results, job)

    async def _mine(self, interaction: discord.Interaction, given: str) -> Job:
        """Return a member's own job of this server, by its random id or its number."""
        guild_id = require_guild(interaction)
        number = given.strip()
        if number.isascii() and number.isdecimal() and len(number) < 19:
            own = await self.results.find_own(guild_id, interaction.user.id, int(number))
            if own is None:
                raise NoSuchJobError
            return own
        job = await self.results.get(guild_id, number)
        if job.user_id != interaction.user.id:
            raise NoSuchJobError
        return job
