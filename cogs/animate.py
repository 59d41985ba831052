"""Right-click a message → Apps → Animate image: a form, a price, a card."""

import discord
from discord import app_commands
from discord.ext import commands

from errors import NoSuchJobError, PictureRefusedError
from jobs.orders import Orders, Wish
from jobs.results import Results
from jobs.service import JobService
from jobs.sources import Picks, Source
from models import Origin, Way
from ui import buttons
from ui.cards import WORKING
from ui.desk import Desk, person
from ui.forms import video_form, wish_from
from ui.places import require_place
from ui.router import Router, control_id, form_values
from ui.sources import pictures_in

NAME = "Animate image"
NO_PICTURE = (
    "There is no picture in that message that I can animate. Files (PNG, JPEG, WebP, GIF), "
    "pictures of link previews, stickers and emoji that stand still will do. Nothing was charged."
)


class Animate(commands.Cog):
    """Turn a picture in a message into a video."""

    def __init__(
        self,
        service: JobService,
        orders: Orders,
        results: Results,
        picks: Picks,
        desk: Desk,
        router: Router,
    ) -> None:
        self.service, self.orders, self.results = service, orders, results
        self.picks, self.desk = picks, desk
        self.menu = app_commands.ContextMenu(
            name=NAME,
            callback=self.animate,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        router.on_press("pick", self.picked)
        router.on_form("animate", self.filled_in)

    async def animate(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Ask for the prompt, or first for which of several pictures is meant."""
        require_place(interaction)
        who = person(interaction)
        job = None
        if message.author.id == interaction.application_id:
            job = await self.results.find_by_message(who.guild_id, message.id)
            if job is None:
                raise NoSuchJobError  # whose picture that is, is not known any more
        sources = pictures_in(message, job)
        if not sources:
            raise PictureRefusedError(NO_PICTURE)
        first = sources[0]
        origin = Origin(Way.MENU, None, first.poster_id, first.poster_is_bot)
        await self.orders.require_consent(who, origin)
        pick_ids = await self.picks.keep(who.guild_id, who.user_id, sources)
        if len(sources) == 1:
            await interaction.response.send_modal(self._form(pick_ids[0]))
        else:
            await interaction.response.send_message(
                "Which picture should move?",
                embeds=[_thumbnail(source) for source in sources],
                view=buttons.numbered("pick", pick_ids),
                ephemeral=True,
            )

    async def picked(self, interaction: discord.Interaction, arguments: tuple[str, ...]) -> None:
        """A number in the picker was pressed: ask for the prompt."""
        who = person(interaction)
        pick_id = arguments[0] if arguments else ""
        await self.picks.get(who.guild_id, who.user_id, pick_id)
        await interaction.response.send_modal(self._form(pick_id))

    async def filled_in(self, interaction: discord.Interaction, arguments: tuple[str, ...]) -> None:
        """The form came back: make the video."""
        require_place(interaction)
        who = person(interaction)
        source = await self.picks.get(who.guild_id, who.user_id, arguments[0] if arguments else "")
        wish = wish_from(form_values(interaction))
        await self.desk.take(interaction, self.orders.fresh(who, wish, source, Way.MENU))

    def _form(self, pick_id: str) -> discord.ui.Modal:
        wish = Wish(
            model=self.service.default_model(with_picture=True),
            length_s=self.service.video.length_s,
        )
        offers = self.service.offers_for_picture()
        form_id = control_id("animate", pick_id)
        return video_form("Animate this picture", form_id, wish, offers, has_picture=True)


def _thumbnail(source: Source) -> discord.Embed:
    embed = discord.Embed(title=source.name, colour=WORKING)
    embed.set_thumbnail(url=source.url)
    return embed
