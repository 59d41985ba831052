"""From an order to its card: the first answer of every way in.

The card is public and must come within Discord's three seconds, while a refusal must be private.
So the work is given a moment; only when it takes longer is the answer put off in public, and a
refusal then takes the public sign of waiting away before it is told privately.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

import aiohttp
import discord

from jobs.drafts import AskFirstError, Drafts
from jobs.orders import Person
from jobs.ports import JobView
from jobs.service import JobService
from models import Asker, Order, Reservation
from storage.errors import DuplicateInteractionError
from ui import buttons, cards, drafts
from ui.attached import picture_files
from ui.places import asker, is_moderator, parent_of
from ui.rivals import Rivals, is_answered

log = logging.getLogger(__name__)

# Real seconds until there is a sign: within one of them in all, of the three that Discord gives.
FIRST_ANSWER_S = 0.8
# What goes up within the rest of the three seconds also from behind a slow line.
HEAVY_BYTES = 512 * 1024


class Desk:
    """Takes orders that come as interactions."""

    def __init__(self, service: JobService, drafts: Drafts, rivals: Rivals) -> None:
        self._service, self._drafts, self._rivals = service, drafts, rivals
        self._taking: set[int] = set()

    async def take(
        self,
        interaction: discord.Interaction,
        ordering: Coroutine[Any, Any, Order],
        *,
        is_private: bool = False,
    ) -> bool:
        """Finish the order, hold its price, show its card and promise it; True when it is promised.

        Raises what `ordering` raises and what a reservation may: then nothing is held, and nothing
        public is left. The same holds where a press of the member decides first, who is then asked.
        """
        if interaction.id in self._taking:
            # The gateway replayed it after a resume, and the first one is still at work.
            ordering.close()
            return False
        self._taking.add(interaction.id)
        try:
            return await self._take(interaction, ordering, is_private=is_private)
        except AskFirstError as asking:
            await drafts.ask(interaction, asking)
            return False
        finally:
            self._taking.discard(interaction.id)

    async def _take(
        self,
        interaction: discord.Interaction,
        ordering: Coroutine[Any, Any, Order],
        *,
        is_private: bool,
    ) -> bool:
        try:
            self._service.admit(interaction.guild_id or 0, interaction.user.id)
        except BaseException:
            ordering.close()
            raise
        making = asyncio.create_task(
            self._reserve(asker(interaction), ordering), name=f"order-{interaction.id}"
        )
        is_late = False
        try:
            await asyncio.wait({making}, timeout=FIRST_ANSWER_S)
            view = self._service.first_view(making.result()) if making.done() else None
            if view is None or _is_heavy(view):
                await interaction.response.defer(ephemeral=is_private, thinking=True)
                is_late = True
            view = view or self._service.first_view(await making)
        except DuplicateInteractionError:
            return False  # a replay of one that is answered already
        except BaseException as error:
            await self._drop(making)
            # Only a sign of waiting that is our own is taken away.
            if is_late and not is_private:
                with contextlib.suppress(discord.HTTPException):
                    await interaction.delete_original_response()
            if self._rivals.has(interaction.id, error) or is_answered(error):
                return False
            raise
        return await self._promise(interaction, view, is_late=is_late)

    async def _reserve(self, asked_by: Asker, ordering: Coroutine[Any, Any, Order]) -> Reservation:
        return await self._drafts.reserve(asked_by, await ordering)

    async def _drop(self, making: asyncio.Task[Reservation]) -> None:
        """Nobody waits for it any more: give back what it may have held."""
        making.cancel()
        [made] = await asyncio.gather(making, return_exceptions=True)
        if isinstance(made, Reservation):
            await self._service.abandon(made.job.id, tell=False)

    async def _promise(
        self, interaction: discord.Interaction, view: JobView, *, is_late: bool
    ) -> bool:
        """Show the card; only an answer that Discord accepted lets the job go on."""
        job_id = view.job.id
        try:
            message_id = await _show(interaction, view, is_late=is_late)
        except (discord.NotFound, discord.InteractionResponded) as error:
            log.warning("job %d: its answer was refused: %s", job_id, error)
            await self._service.abandon(job_id, tell=False)
            return False
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
            if self._rivals.has(interaction.id, error):
                # The card that stands there is not ours, and nothing is told through it.
                await self._service.abandon(job_id, tell=False)
                return False
            # It may be out all the same, so it is told through the interaction.
            log.warning("job %d: its answer may be lost: %s", job_id, error)
            await self._service.abandon(job_id, tell=True)
            return False
        await self._service.enqueue(job_id, interaction.channel_id or 0, message_id)
        return True


def _is_heavy(view: JobView) -> bool:
    """Say whether a card carries a picture that may take long to send."""
    return view.picture is not None and view.picture.stat().st_size > HEAVY_BYTES


async def _show(interaction: discord.Interaction, view: JobView, *, is_late: bool) -> int:
    """Show the card as the interaction's answer; return its message id."""
    embed, under = cards.card(view), buttons.beneath(view) or discord.utils.MISSING
    files = picture_files(view)
    if is_late:
        message = await interaction.edit_original_response(
            embed=embed, attachments=files, view=under
        )
        return message.id
    sent = await interaction.response.send_message(
        embed=embed, files=files, view=under, ephemeral=view.job.is_private
    )
    return sent.message_id or (await interaction.original_response()).id


def person(interaction: discord.Interaction) -> Person:
    """Return who asks; raises WrongPlaceError outside a guild."""
    asked_by = asker(interaction)
    return Person(
        asked_by.guild_id,
        asked_by.channel_id,
        asked_by.user_id,
        is_moderator=is_moderator(interaction),
        parent_id=parent_of(interaction.channel),
    )
