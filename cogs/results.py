"""What can be done with a card: the buttons beneath it, and Video info on a right-click."""

import discord
from discord import app_commands
from discord.ext import commands

from errors import NoSuchJobError, NotAllowedError, TooLateError
from jobs.orders import Orders, wish_of
from jobs.results import Results
from jobs.rights import require_own
from jobs.service import JobService
from models import Job
from ui import buttons
from ui.cards import alt_text
from ui.desk import Desk, person
from ui.forms import alt_text_form, video_form, wish_from
from ui.info import details, files
from ui.places import is_moderator, require_guild, require_place
from ui.router import Router, control_id, form_values
from ui.text import tokens

Arguments = tuple[str, ...]
Style = discord.ButtonStyle
NAME = "Video info"
TAKEN_DOWN = {"poster": "Taken down. ", "requester": "Deleted. ", "moderator": "Deleted. "}


class ResultButtons(commands.Cog):
    """Answer presses on cards and results, by the job's id in the button."""

    def __init__(
        self,
        service: JobService,
        orders: Orders,
        results: Results,
        desk: Desk,
        router: Router,
    ) -> None:
        self.service, self.orders, self.results, self.desk = service, orders, results, desk
        self.menu = app_commands.ContextMenu(
            name=NAME,
            callback=self.info_of_message,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        for action, handler in (
            ("again", self.again),
            ("edit", self.edit),
            ("continue", self.go_on),
            ("info", self.info),
            ("alt", self.describe),
            ("delete", self.ask_to_delete),
            ("really", self.delete),
            ("cancel", self.cancel),
            ("hide", self.hide),
        ):
            router.on_press(action, handler)
        router.on_form("edit", self.edited)
        router.on_form("continue", self.went_on)
        router.on_form("alt", self.described)

    async def again(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """The same once more, at the presser's expense; a dearer price is told first."""
        require_place(interaction)
        job = await self._job(interaction, arguments)
        quote = self.service.quote(job.request)
        promised = arguments[1] if len(arguments) > 1 else ""
        if promised.isdecimal() and quote.tokens > int(promised):
            await self.orders.require_press(person(interaction), job)
            await interaction.response.send_message(
                f"The price went up since that card was shown: from {tokens(int(promised))} to "
                f"{tokens(quote.tokens)}. Nothing was charged yet.",
                view=buttons.one(
                    "again",
                    f"Again · {quote.tokens:,}",
                    Style.primary,
                    job.public_id,
                    quote.tokens,
                ),
                ephemeral=True,
            )
            return
        ordering = self.orders.again(person(interaction), job)
        await self.desk.take(interaction, ordering, is_private=job.is_private)

    async def edit(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """A form with everything filled in."""
        await self._ask(interaction, arguments, "edit")

    async def edited(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """The form came back: make it."""
        require_place(interaction)
        job = await self._job(interaction, arguments)
        wish = wish_from(form_values(interaction))
        ordering = self.orders.edited(person(interaction), job, wish)
        await self.desk.take(interaction, ordering, is_private=job.is_private)

    async def go_on(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """A form for what happens next."""
        await self._ask(interaction, arguments, "continue")

    async def went_on(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """The form came back: start where the video ended."""
        require_place(interaction)
        job = await self._job(interaction, arguments)
        wish = wish_from(form_values(interaction))
        ordering = self.orders.continued(person(interaction), job, wish)
        await self.desk.take(interaction, ordering, is_private=job.is_private)

    async def info(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """Everything there is to tell."""
        await self._tell_all(interaction, await self._job(interaction, arguments))

    async def info_of_message(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> None:
        """The same, for a message that was right-clicked."""
        guild_id = require_guild(interaction)
        job = await self.results.find_by_message(guild_id, message.id)
        if job is None:
            raise NoSuchJobError
        await self._tell_all(interaction, job)

    async def describe(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """A form for the alt text."""
        job = await self._own(interaction, arguments)
        view = await self.results.view(job)
        form = alt_text_form(control_id("alt", job.public_id), alt_text(view))
        await interaction.response.send_modal(form)

    async def described(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """The form came back: change the alt text."""
        job = await self._own(interaction, arguments)
        await self.results.describe(job, form_values(interaction).get("text", ""))
        await interaction.response.send_message(
            "The description is changed; screen readers will say it.", ephemeral=True
        )

    async def ask_to_delete(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """One press takes a clip down for who posted its picture; others are asked once more."""
        job = await self._job(interaction, arguments)
        role = require_own(job, interaction.user.id, is_moderator=is_moderator(interaction))
        if role == "poster":
            await self.delete(interaction, arguments)
            return
        view = await self.results.view(job)
        await interaction.response.send_message(
            f"Delete the video of job {job.id}? It cannot be brought back, and deleting refunds "
            f"nothing: it cost {tokens(view.charged_tokens)}.",
            view=buttons.one("really", "Delete it", Style.danger, job.public_id),
            ephemeral=True,
        )

    async def delete(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """Take the result away, with the files that are kept of it."""
        job = await self._job(interaction, arguments)
        role = require_own(job, interaction.user.id, is_moderator=is_moderator(interaction))
        if not await self.results.hide(job, "removed", interaction.user.id, role):
            raise TooLateError(f"Job {job.id} was taken down already.")
        view = await self.results.view(job)
        await interaction.response.send_message(
            f"{TAKEN_DOWN[role]}The video of job {job.id} is taken off this channel and off my "
            f"disk. Nothing is refunded; it cost {tokens(view.charged_tokens)}.",
            ephemeral=True,
        )

    async def cancel(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """Call a job off while that is free; later say so, and offer to hide what comes."""
        job = await self._job(interaction, arguments)
        role = require_own(job, interaction.user.id, is_moderator=is_moderator(interaction))
        try:
            await self.results.cancel(job, role)
        except TooLateError as error:
            if not error.is_sent:
                raise
            action = "Take the result down" if role == "poster" else "Hide the result"
            await interaction.response.send_message(
                str(error),
                view=buttons.one("hide", action, Style.secondary, job.public_id),
                ephemeral=True,
            )
            return
        await interaction.response.send_message(
            f"Job {job.id} is cancelled. Nothing was sent, and nothing was charged.",
            ephemeral=True,
        )

    async def hide(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """Keep a result out of the channel; who posted its picture takes it down for good."""
        job = await self._job(interaction, arguments)
        role = require_own(job, interaction.user.id, is_moderator=is_moderator(interaction))
        how = "removed" if role == "poster" else "hidden"
        if not await self.results.hide(job, how, interaction.user.id, role):
            raise TooLateError(f"The result of job {job.id} is hidden already.")
        rest = "" if how == "removed" else " `/videos get` shows it to whoever asked for it."
        await interaction.response.send_message(
            f"The result of job {job.id} will not be shown here.{rest} It is charged when it is "
            "done.",
            ephemeral=True,
        )

    async def _ask(
        self, interaction: discord.Interaction, arguments: Arguments, action: str
    ) -> None:
        """Show the form whose answer comes back under the same action: "edit" or "continue"."""
        require_place(interaction)
        job = await self._job(interaction, arguments)
        await self.orders.require_press(person(interaction), job)
        is_edit = action == "edit"
        has_picture = not is_edit or job.request.picture is not None
        form = video_form(
            f"{action.capitalize()} job {job.id}",
            control_id(action, job.public_id),
            wish_of(job),
            self.service.offers_for_picture() if has_picture else self.service.offers(),
            has_picture=has_picture,
            asks_all=is_edit,
        )
        await interaction.response.send_modal(form)

    async def _tell_all(self, interaction: discord.Interaction, job: Job) -> None:
        if job.is_private and job.user_id != interaction.user.id:
            raise NotAllowedError("This video is private.")
        view, line = await self.results.view(job), await self.results.line(job)
        is_own = job.user_id == interaction.user.id
        under = discord.utils.MISSING
        if is_own and view.has_video and job.showing.hidden is None:
            under = buttons.one("alt", "Edit description", Style.secondary, job.public_id)
        await interaction.response.send_message(
            embed=details(view, line), files=files(job), view=under, ephemeral=True
        )

    async def _job(self, interaction: discord.Interaction, arguments: Arguments) -> Job:
        """Return the job a press is about, of the guild it was pressed in and no other."""
        guild_id = require_guild(interaction)
        if not arguments:
            raise NoSuchJobError
        return await self.results.get(guild_id, arguments[0])

    async def _own(self, interaction: discord.Interaction, arguments: Arguments) -> Job:
        job = await self._job(interaction, arguments)
        if job.user_id != interaction.user.id:
            raise NotAllowedError("Only whoever asked for this video may describe it.")
        return job
