"""Shows jobs on Discord: edits by message id with the bot's own permissions, never a token's.

An interaction's token dies after 15 minutes and a video may take longer; only a private card, and
one whose ids were never learned, is reached through it.
"""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import discord
from discord.http import Route

from jobs.ports import (
    FileTooLargeError,
    JobView,
    MessageGoneError,
    NotNowError,
    PlaceGoneError,
)
from models import Job
from ui import buttons, cards, forums, private
from ui.attached import closing, picture_files, picture_url, start_files, videos_on
from ui.connection import connected
from ui.noticeboard import REQUESTS
from ui.repeats import Shown, find_own, pressable, told
from ui.standing import Standing
from ui.text import NOBODY

log = logging.getLogger(__name__)

LOADING_FLAG = 1 << 7
# What any direct message takes. Source: "reference" (uploading files).
DM_ROOM_BYTES = 10 * 1024 * 1024


class DiscordAnnouncer:
    """Implements the port that the job life announces through."""

    def __init__(
        self, client: discord.Client, logged_in: asyncio.Event, standing: Standing
    ) -> None:
        self._client = client
        self._logged_in, self._standing = logged_in, standing

    async def update(self, view: JobView) -> None:
        """Edit the card; its files, if any, stay."""
        async with self._connected(is_progress=True):
            if view.job.is_private:
                if view.token is not None:
                    await private.edit(self._client, view, None)
                return
            await self._message(view).edit(
                embed=cards.card(view), view=buttons.beneath(view), allowed_mentions=NOBODY
            )

    async def picture_link(self, view: JobView) -> str:
        """Read the card anew: Discord then signs a fresh link to the picture on it."""
        async with self._connected():
            if view.job.is_private:
                return await private.picture_link(self._client, view)
            message = await self._message(view).fetch()
            if url := picture_url(message):
                return url
            if view.picture is None:
                raise PlaceGoneError("the picture is neither on the card nor kept")
            edited = await message.edit(
                embed=cards.card(view),
                attachments=picture_files(view),
                view=buttons.beneath(view),
                allowed_mentions=NOBODY,
            )
            if url := picture_url(edited):
                return url
            raise NotNowError("the card was edited, but does not show its picture")

    async def finish(self, view: JobView, file: Path | None, nonce: str) -> None:
        """Edit the card to its last form, with the video beside it and its picture still on it."""
        async with self._connected():
            with closing(self._files(view, file, self.room_bytes(view))) as files:
                if view.job.is_private:
                    await private.finish(self._client, view, files, nonce)
                    return
                await self._message(view).edit(
                    embed=cards.card(view),
                    attachments=[*picture_files(view), *files],
                    view=buttons.beneath(view),
                    allowed_mentions=NOBODY,
                )

    async def post(self, view: JobView, file: Path | None, nonce: str) -> int:
        """Create the message anew; one that is out already becomes what this would have been."""
        async with self._connected():
            channel_id = view.job.channel_id
            found = await self._find(view, channel_id)
            files = [*picture_files(view), *self._files(view, file, self.room_bytes(view))]
            return await self._put(view, channel_id, found, cards.card(view), files, nonce)

    async def publish(
        self, view: JobView, file: Path | None, nonce: str, channel_id: int
    ) -> tuple[int, int]:
        """Send the result to a channel, or open a post in a forum, which takes no nonce."""
        async with self._connected():
            guild = self._client.get_guild(view.job.guild_id)
            place = guild.get_channel(channel_id) if guild else None
            if isinstance(place, discord.ForumChannel):
                post_id = await forums.open_post(self._client, place, view)
                await (
                    self._channel(view, post_id)
                    .get_partial_message(post_id)
                    .edit(
                        embed=cards.result(view),
                        attachments=self._all_files(view, file),
                        view=buttons.beneath(view),
                        allowed_mentions=NOBODY,
                    )
                )
                return post_id, post_id
            found = await self._find(view, channel_id) if view.may_be_out else None
            files, embed = self._all_files(view, file), cards.result(view)
            return channel_id, await self._put(view, channel_id, found, embed, files, nonce)

    async def redraw(self, view: JobView) -> None:
        """Edit what is shown, or take it away; the files on it stay or go with it."""
        async with self._connected():
            if view.job.is_private:
                if view.token is not None:
                    await private.edit(self._client, view, None)
                return
            channel_id, message_id = view.job.result_place
            message = self._channel(view, channel_id).get_partial_message(message_id or 0)
            if view.job.showing.hidden is not None:
                await self._take_away(view, message)
                if view.job.showing.message_id is not None:
                    await self._message(view).edit(
                        embed=cards.card(view),
                        view=buttons.beneath(view),
                        allowed_mentions=NOBODY,
                    )
                return
            kept = videos_on(await message.fetch())
            for one in kept:
                one.description = cards.alt_text(view)
            await message.edit(
                embed=cards.result(view),
                attachments=[*start_files(view), *kept],
                view=buttons.beneath(view),
                allowed_mentions=NOBODY,
            )

    async def answer(self, view: JobView, interaction_token: str) -> None:
        """Edit the interaction's own answer, if it is this job's card or still to come.

        Another copy of the bot with the same token may have answered in our place; its card is
        not ours to change.
        """
        async with self._connected():
            application_id = self._client.application_id or 0
            facts: dict[str, Any] = {"application_id": application_id, "token": interaction_token}
            path = "/webhooks/{application_id}/{token}/messages/@original"
            embed = cards.card(view)
            shown = await self._client.http.request(Route("GET", path, **facts))
            is_waiting = bool(shown.get("flags", 0) & LOADING_FLAG)
            if not (is_waiting or _is_card_of(view, shown, embed)):
                raise MessageGoneError("the answer shown is not this job's card")
            card = embed.to_dict()
            card.pop("thumbnail", None)
            await self._client.http.request(
                Route("PATCH", path, **facts),
                json={
                    "embeds": [card],
                    "components": [],
                    "attachments": [],
                    "allowed_mentions": {"parse": []},
                },
            )

    async def reach(self) -> None:
        """Ask who we are."""
        async with self._connected():
            await self._client.http.request(Route("GET", "/users/@me"))

    async def ping(self, view: JobView, nonce: str) -> int | None:
        """Reply to the card, mentioning the requester and nobody else.

        A private card has nobody to notify in public: it was edited in sight of its requester, or
        came as a direct message, which notifies by itself.
        """
        if view.job.is_private:
            return None
        async with self._connected():
            text, card_id = cards.ping_text(view), view.job.message_id or 0
            if view.may_be_out:

                def is_it(message: Shown) -> bool:
                    reference = message.get("message_reference") or {}
                    is_reply = int(reference.get("message_id") or 0) == card_id
                    return is_reply and message["content"] == text

                found = await find_own(self._client, view.job.channel_id, card_id, is_it)
                if found is not None:
                    return int(found["id"])
            reference = discord.MessageReference(
                message_id=card_id,
                channel_id=view.job.channel_id,
                guild_id=view.job.guild_id,
                fail_if_not_exists=False,
            )
            message = await self._channel(view).send(
                text,
                reference=reference,
                nonce=nonce,
                suppress_embeds=True,
                allowed_mentions=discord.AllowedMentions(
                    everyone=False,
                    roles=False,
                    users=[discord.Object(view.job.user_id)],
                    replied_user=False,
                ),
            )
            return message.id

    def may_move(self, job: Job, channel_id: int) -> bool:
        """Compare who may see the two channels, as far as the roles of everybody tell."""
        guild = self._client.get_guild(job.guild_id)
        if guild is None:
            return False
        own, other = (
            guild.get_channel_or_thread(job.channel_id),
            guild.get_channel_or_thread(channel_id),
        )
        if own is None or other is None:
            return other is None  # where there is none, trying says so
        if _is_restricted(own) and not _is_restricted(other):
            return False
        return _is_open(own, guild) or not _is_open(other, guild)

    def room_bytes(self, view: JobView) -> int:
        """Return the smaller of what the interaction told and what the guild's level allows."""
        if view.job.is_private:
            return view.job.upload_limit_bytes if view.token else DM_ROOM_BYTES
        guild = self._client.get_guild(view.job.guild_id)
        # The interaction told the larger of the guild's limit and the member's own.
        told = view.job.upload_limit_bytes
        return min(told, guild.filesize_limit) if guild else told

    async def _take_away(self, view: JobView, message: discord.PartialMessage) -> None:
        """Delete the result, and the reply that announced it."""
        if view.job.showing.ping_id is not None:
            ping = self._channel(view).get_partial_message(view.job.showing.ping_id)
            try:
                await ping.delete()
            except discord.NotFound:
                log.debug("job %d: its ping is gone already", view.job.id)
        await message.delete()

    def _channel(self, view: JobView, channel_id: int | None = None) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(
            channel_id or view.job.channel_id, guild_id=view.job.guild_id
        )

    async def _put(
        self,
        view: JobView,
        channel_id: int,
        found: int | None,
        embed: discord.Embed,
        files: list[discord.File],
        nonce: str,
    ) -> int:
        """Edit the message that is out, or send it; return its id."""
        channel, under = self._channel(view, channel_id), buttons.beneath(view)
        if found is not None:
            await channel.get_partial_message(found).edit(
                embed=embed, attachments=files, view=under, allowed_mentions=NOBODY
            )
            return found
        message = await channel.send(
            embed=embed,
            files=files,
            view=under or discord.utils.MISSING,
            nonce=nonce,
            allowed_mentions=NOBODY,
        )
        return message.id

    async def _find(self, view: JobView, channel_id: int) -> int | None:
        """Return the id of this job's message in a channel, where it is out without our knowing."""
        card = cards.card(view)

        def is_it(message: Shown) -> bool:
            if any(title in REQUESTS for title, _, _ in told(message)):
                return False
            # Without buttons only a number is left to know it by, so the words are to be the same.
            is_told = pressable(message) or [one[1] for one in told(message)] == [card.description]
            return bool(is_told) and _is_card_of(view, message, card)

        found = await find_own(self._client, channel_id, view.job.interaction_id, is_it)
        return None if found is None else int(found["id"])

    def _message(self, view: JobView) -> discord.PartialMessage:
        return self._channel(view).get_partial_message(view.job.message_id or 0)

    def _all_files(self, view: JobView, file: Path | None) -> list[discord.File]:
        return [*start_files(view), *self._files(view, file, self.room_bytes(view))]

    def _files(self, view: JobView, file: Path | None, room_bytes: int) -> list[discord.File]:
        if file is None:
            return []
        if file.stat().st_size > room_bytes:
            raise FileTooLargeError(f"{file.stat().st_size} bytes, {room_bytes} allowed")
        return [
            discord.File(
                file, filename=cards.file_name(view, file.suffix), description=cards.alt_text(view)
            )
        ]

    def _connected(self, *, is_progress: bool = False) -> AbstractAsyncContextManager[None]:
        return connected(self._logged_in, self._standing, is_progress=is_progress)


def _is_card_of(view: JobView, shown: Shown, card: discord.Embed) -> bool:
    """Return whether a message is this very job's card, as it was sent or told its end already.

    Another copy with books of its own counts its jobs anew, so that a number proves nothing.
    """
    if ids := pressable(shown):
        return any(view.job.public_id in one for one in ids)
    return [foot for _, _, foot in told(shown)] == [card.footer.text]


def _is_open(place: discord.abc.GuildChannel | discord.Thread, guild: discord.Guild) -> bool:
    """Return whether everybody in the guild sees a channel; a private thread is seen by few."""
    if isinstance(place, discord.Thread):
        parent = place.parent
        return not place.is_private() and parent is not None and _is_open(parent, guild)
    return place.permissions_for(guild.default_role).view_channel


def _is_restricted(place: discord.abc.GuildChannel | discord.Thread) -> bool:
    is_nsfw = getattr(place, "is_nsfw", None)
    return bool(is_nsfw and is_nsfw())
