"""Sentences in a channel that are for one member and need not stay: they take themselves back."""

import asyncio
import logging

import aiohttp
import discord

from jobs.notes import Notes
from jobs.ports import Clock

log = logging.getLogger(__name__)

NOTE_LIFE_S = 25.0
NOTE_END = "\n-# This note goes away by itself."
TROUBLE = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)


class PassingNotes:
    """Leaves notes and takes them back; what a stop left standing goes at the next start."""

    def __init__(self, client: discord.Client, notes: Notes, clock: Clock) -> None:
        self._client, self._notes, self._clock = client, notes, clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def leave(
        self,
        message: discord.Message,
        text: str,
        under: discord.ui.View = discord.utils.MISSING,
        until: int | None = None,
    ) -> None:
        """Answer a message for a while, or with buttons `under` it until a moment (epoch s)."""
        try:
            note = await message.channel.send(
                text + NOTE_END,
                view=under,
                reference=message.to_reference(fail_if_not_exists=False),
                suppress_embeds=True,
                allowed_mentions=discord.AllowedMentions.none(),
            )
        except TROUBLE as error:
            log.warning("a note could not be left: %s", error)
            return
        await self._notes.put(message.channel.id, note.id, until)
        life_s = NOTE_LIFE_S if until is None else until - self._clock.now()
        self.take_back(message.channel.id, note.id, life_s)

    async def sweep(self) -> None:
        """Take back what an earlier process left standing."""
        if not self._tasks:
            for channel_id, message_id, left_s in await self._notes.left_over():
                self.take_back(channel_id, message_id, left_s)

    def stop(self) -> None:
        """Leave no task behind."""
        for task in self._tasks:
            task.cancel()

    def take_back(self, channel_id: int, message_id: int, after_s: float = 0.0) -> None:
        """Take a note back, at once or after some seconds."""
        removing = self._remove(channel_id, message_id, after_s)
        task = asyncio.create_task(removing, name=f"note-{message_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _remove(self, channel_id: int, message_id: int, after_s: float) -> None:
        await self._clock.sleep(after_s)
        place = self._client.get_partial_messageable(channel_id)
        try:
            await place.get_partial_message(message_id).delete()
        except TROUBLE as error:
            log.info("a note is gone, or stays: %s", error)
        await self._notes.drop(channel_id, message_id)
