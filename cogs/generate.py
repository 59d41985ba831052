"""/video: a sentence becomes a video."""

import logging

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from errors import MissingPermissionsError, WrongPlaceError
from jobs.service import JobService
from models import LENGTHS_S, RATIOS, Asker, Reservation
from storage.errors import DuplicateInteractionError
from ui import cards

log = logging.getLogger(__name__)

MOST_CHOICES = 25
LENGTHS: list[app_commands.Choice[int | str | float]] = [
    app_commands.Choice(name=f"{length} seconds", value=length) for length in LENGTHS_S
]
SHAPES: list[app_commands.Choice[int | str | float]] = [
    app_commands.Choice(name=cards.SHAPES[ratio].capitalize(), value=ratio) for ratio in RATIOS
]


class Generate(commands.Cog):
    """Start video generations."""

    def __init__(self, service: JobService) -> None:
        self.service = service

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.describe(
        prompt="What the video should show",
        model="Who makes it; the list shows prices and usual waits",
        length="How long it runs; longer may cost more",
        ratio="Its shape",
        avoid="What should not be in the picture",
    )
    @app_commands.choices(length=LENGTHS, ratio=SHAPES)
    async def video(
        self,
        interaction: discord.Interaction,
        prompt: app_commands.Range[str, 1, 2000],
        model: app_commands.Range[str, 1, 100] | None = None,
        length: int | None = None,
        ratio: str | None = None,
        avoid: app_commands.Range[str, 1, 2000] | None = None,
    ) -> None:
        """Make a short video from a sentence; the price is held first and shown at once."""
        require_place(interaction)
        request = self.service.request(prompt, model, length, ratio, avoid)
        try:
            reservation = await self.service.reserve(asker(interaction), request)
        except DuplicateInteractionError:
            return  # the gateway replayed it after a resume; the first one is being answered
        await self._promise(interaction, reservation)

    @video.autocomplete("model")
    async def model_choices(
        self, _interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer models with price and usual wait, from memory."""
        wanted = typed.casefold().strip()
        return [
            app_commands.Choice(name=cards.offer_line(offer)[:100], value=offer.slug)
            for offer in self.service.offers()
            if wanted in f"{offer.name} {offer.slug}".casefold()
        ][:MOST_CHOICES]

    async def _promise(self, interaction: discord.Interaction, reservation: Reservation) -> None:
        """Show the card; only an answer that Discord accepted lets the job go on."""
        job_id = reservation.job.id
        embed = cards.card(self.service.first_view(reservation))
        try:
            sent = await interaction.response.send_message(embed=embed)
        except (discord.NotFound, discord.InteractionResponded) as error:
            log.warning("job %d: its answer was refused: %s", job_id, error)
            await self.service.abandon(job_id, tell=False)
            return
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
            # It may be out all the same, so it is told through the interaction.
            log.warning("job %d: its answer may be lost: %s", job_id, error)
            await self.service.abandon(job_id, tell=True)
            return
        message_id = sent.message_id or (await interaction.original_response()).id
        await self.service.enqueue(job_id, interaction.channel_id or 0, message_id)


def asker(interaction: discord.Interaction) -> Asker:
    """Return who asked and where; raises WrongPlaceError outside a guild."""
    if interaction.guild_id is None or interaction.channel_id is None:
        raise WrongPlaceError
    return Asker(
        interaction_id=interaction.id,
        interaction_token=interaction.token,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id,
        user_id=interaction.user.id,
        upload_limit_bytes=interaction.filesize_limit,
    )


def require_place(interaction: discord.Interaction) -> None:
    """Raise unless this is a guild channel where the bot may show a finished video.

    Checked before anything is held: what is missing now would only be noticed after paying.
    """
    if interaction.guild_id is None or not interaction.is_guild_integration():
        raise WrongPlaceError
    granted = interaction.app_permissions
    is_thread = isinstance(interaction.channel, discord.Thread)
    needed = {
        "View Channel": granted.view_channel,
        "Send Messages in Threads" if is_thread else "Send Messages": (
            granted.send_messages_in_threads if is_thread else granted.send_messages
        ),
        "Embed Links": granted.embed_links,
        "Attach Files": granted.attach_files,
        "Read Message History": granted.read_message_history,
    }
    if missing := tuple(name for name, is_granted in needed.items() if not is_granted):
        raise MissingPermissionsError(missing)
