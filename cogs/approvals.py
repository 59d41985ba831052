"""What moderators press under a request for a dear video: yes, no, or yes to a smaller one."""

import discord
from discord.ext import commands

from errors import NoSuchJobError, NotAllowedError
from jobs.approvals import Approvals
from jobs.results import Results
from models import Job
from ui.answers import answer
from ui.forms import reason_form
from ui.places import is_admin, is_moderator, require_guild
from ui.router import Router, control_id, form_values
from ui.text import tokens

Arguments = tuple[str, ...]


class ApprovalButtons(commands.Cog):
    """Answer presses on requests, by the job's id in the button."""

    def __init__(self, approvals: Approvals, results: Results, router: Router) -> None:
        self.approvals, self.results = approvals, results
        router.on_press("approve", self.approve)
        router.on_press("smaller", self.approve_smaller)
        router.on_press("deny", self.ask_why)
        router.on_form("deny", self.deny)

    async def approve(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """Let it go on as it was asked for."""
        job = await self._job(interaction, arguments)
        _require_other(interaction, job)
        await self.approvals.approve(job, interaction.user.id)
        await answer(
            interaction,
            f"Approved: job {job.id} goes on, for up to {tokens(job.hold_tokens)}. Its card says "
            "so, and its requester is told when it is done.",
        )

    async def approve_smaller(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """Put the smaller one in its place."""
        job = await self._job(interaction, arguments)
        _require_other(interaction, job)
        made = await self.approvals.approve_smaller(job, interaction.user.id, interaction.id)
        await answer(
            interaction,
            f"Approved a smaller one: job {made.id} takes the place of job {job.id}, for up to "
            f"{tokens(made.hold_tokens)} instead of {job.hold_tokens:,}. Its card goes on with it.",
        )

    async def ask_why(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """A small form for the reason, which may stay empty."""
        job = await self._job(interaction, arguments)
        await self.approvals.require_waiting(job)
        title = f"Deny job {job.id}"
        form = reason_form(title, control_id("deny", job.public_id), "Its requester reads it")
        await interaction.response.send_modal(form)

    async def deny(self, interaction: discord.Interaction, arguments: Arguments) -> None:
        """The form came back: call it off."""
        job = await self._job(interaction, arguments)
        reason = form_values(interaction).get("reason", "")
        await self.approvals.deny(job, interaction.user.id, reason)
        await answer(
            interaction,
            f"Denied: job {job.id} is called off. Its {tokens(job.hold_tokens)} are free again, "
            "nothing was charged, and its requester is told.",
        )

    async def _job(self, interaction: discord.Interaction, arguments: Arguments) -> Job:
        """Return the job that a moderator presses about, in the channel where they are asked.

        Somebody who moderates another channel alone might send a press of their own making from
        there, so the place counts as well.
        """
        guild_id = require_guild(interaction)
        if not is_moderator(interaction):
            raise NotAllowedError(
                "Only members with **Manage Messages** or **Manage Server** decide about this. "
                "Nothing was changed."
            )
        if not arguments:
            raise NoSuchJobError
        job = await self.results.get(guild_id, arguments[0])
        notice = await self.approvals.find_notice(job)
        if notice is None or notice.channel_id != interaction.channel_id:
            raise NoSuchJobError
        return job


def _require_other(interaction: discord.Interaction, job: Job) -> None:
    """Raise NotAllowedError when a moderator without Manage Server approves their own."""
    if job.user_id == interaction.user.id and not is_admin(interaction):
        raise NotAllowedError(
            "You asked for this video yourself, so another moderator, or a member with **Manage "
            "Server**, has to approve it. Nothing was changed."
        )
