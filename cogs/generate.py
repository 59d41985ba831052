"""/video: a sentence, and perhaps a picture, becomes a video."""

import discord
from discord import app_commands
from discord.ext import commands

from errors import PictureRefusedError
from jobs.orders import Orders, Wish
from jobs.service import JobService
from jobs.sources import Source
from models import LENGTHS_S, RATIOS
from ui import cards
from ui.desk import Desk, person
from ui.places import require_place

MOST_CHOICES = 25
LENGTHS: list[app_commands.Choice[int | str | float]] = [
    app_commands.Choice(name=f"{length} seconds", value=length) for length in LENGTHS_S
]
SHAPES: list[app_commands.Choice[int | str | float]] = [
    app_commands.Choice(name=cards.SHAPES[ratio].capitalize(), value=ratio) for ratio in RATIOS
]
TWO_PICTURES = "Please give either a picture or a link to one, not both. Nothing was charged."


class Generate(commands.Cog):
    """Start video generations."""

    def __init__(
        self, service: JobService, orders: Orders, desk: Desk, *, allows_links: bool
    ) -> None:
        self.service, self.orders, self.desk = service, orders, desk
        if not allows_links:
            # The host allows no links, so members are not shown an option that only refuses.
            self.video._params.pop("link")

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.describe(
        prompt="What the video should show, or what should happen to the picture",
        image="A picture to start from: PNG, JPEG, WebP or GIF",
        link="The address of a picture to start from",
        model="Who makes it; the list shows prices and usual waits",
        length="How long it runs; longer may cost more",
        ratio="Its shape; left empty, that of the picture",
        avoid="What should not be in the picture",
        spoiler="Blur the video until somebody clicks on it",
        private="Only you see it; after 15 minutes it comes as a direct message",
    )
    @app_commands.choices(length=LENGTHS, ratio=SHAPES)
    async def video(
        self,
        interaction: discord.Interaction,
        prompt: app_commands.Range[str, 1, 2000],
        image: discord.Attachment | None = None,
        link: app_commands.Range[str, 1, 2000] | None = None,
        model: app_commands.Range[str, 1, 100] | None = None,
        length: int | None = None,
        ratio: str | None = None,
        avoid: app_commands.Range[str, 1, 2000] | None = None,
        spoiler: bool | None = None,
        private: bool = False,
    ) -> None:
        """Make a short video from a sentence or a picture; the price is shown at once."""
        require_place(interaction)
        if image is not None and link is not None:
            raise PictureRefusedError(TWO_PICTURES)
        source = None
        if image is not None:
            source = Source(image.url, poster_id=interaction.user.id, is_spoiler=image.is_spoiler())
        elif link is not None:
            source = Source(link.strip(), is_link=True)
        wish = Wish(prompt, model, length, ratio, avoid, spoiler, private)
        ordering = self.orders.fresh(person(interaction), wish, source)
        await self.desk.take(interaction, ordering, is_private=private)

    @video.autocomplete("model")
    async def model_choices(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer models with price and usual wait, from memory; with a picture, fitting ones."""
        wanted = typed.casefold().strip()
        given = interaction.namespace
        has_picture = bool(getattr(given, "image", None) or getattr(given, "link", None))
        return [
            app_commands.Choice(name=cards.offer_line(offer)[:100], value=offer.slug)
            for offer in self.service.offers(with_picture=has_picture)
            if wanted in f"{offer.name} {offer.slug}".casefold()
        ][:MOST_CHOICES]
