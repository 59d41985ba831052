"""Shows jobs on Discord: edits by message id with the bot's own permissions, never a token's.

An interaction's token dies after 15 minutes and a video may take longer; only a card whose ids were
never learned is reached through it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord.http import Route

from jobs.ports import (
    FileTooLargeError,
    JobView,
    MessageGoneError,
    NotNowError,
    PlaceGoneError,
)
from ui import cards

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE, TOO_LARGE = 10008, 40005
# Unknown channel, unknown guild, missing access, missing permissions, archived thread.
PLACE_GONE = frozenset({10003, 10004, 50001, 50013, 50083})
# An interaction that can no longer be reached: unknown webhook, invalid token.
TOKEN_GONE = frozenset({10015, 50027})
NOBODY = discord.AllowedMentions.none()


class DiscordAnnouncer:
    """Implements the port that the job life announces through."""

    def __init__(self, client: discord.Client, logged_in: asyncio.Event) -> None:
        self._client = client
        self._logged_in = logged_in

    async def update(self, view: JobView) -> None:
        """Edit the card; its files, if any, stay."""
        async with self._connected():
            await self._message(view).edit(embed=cards.card(view), allowed_mentions=NOBODY)

    async def finish(self, view: JobView, file: Path | None) -> None:
        """Edit the card to its last form, with the video beside it."""
        async with self._connected():
            await self._message(view).edit(
                embed=cards.card(view),
                attachments=self._files(view, file),
                view=None,
                allowed_mentions=NOBODY,
            )

    async def post(self, view: JobView, file: Path | None, nonce: str) -> int:
        """Create the message anew; the nonce makes a repetition return the first one."""
        async with self._connected():
            message = await self._channel(view).send(
                embed=cards.card(view),
                files=self._files(view, file),
                nonce=nonce,
                allowed_mentions=NOBODY,
            )
            return message.id

    async def answer(self, view: JobView, interaction_token: str) -> None:
        """Edit the interaction's own answer, if it is this job's card.

        Another copy of the bot with the same token may have answered in our place; its card is
        not ours to change.
        """
        async with self._connected():
            application_id = self._client.application_id or 0
            facts: dict[str, Any] = {"application_id": application_id, "token": interaction_token}
            path = "/webhooks/{application_id}/{token}/messages/@original"
            card = cards.card(view).to_dict()
            shown = await self._client.http.request(Route("GET", path, **facts))
            if [embed.get("footer") for embed in shown["embeds"]] != [card.get("footer")]:
                raise MessageGoneError("the answer shown is not this job's card")
            await self._client.http.request(
                Route("PATCH", path, **facts),
                json={"embeds": [card], "allowed_mentions": {"parse": []}},
            )

    async def ping(self, view: JobView, nonce: str) -> None:
        """Reply to the card, mentioning the requester and nobody else."""
        async with self._connected():
            reference = discord.MessageReference(
                message_id=view.job.message_id or 0,
                channel_id=view.job.channel_id,
                guild_id=view.job.guild_id,
                fail_if_not_exists=False,
            )
            await self._channel(view).send(
                cards.ping_text(view),
                reference=reference,
                nonce=nonce,
                allowed_mentions=discord.AllowedMentions(
                    everyone=False,
                    roles=False,
                    users=[discord.Object(view.job.user_id)],
                    replied_user=False,
                ),
            )

    def _channel(self, view: JobView) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(view.job.channel_id, guild_id=view.job.guild_id)

    def _message(self, view: JobView) -> discord.PartialMessage:
        return self._channel(view).get_partial_message(view.job.message_id or 0)

    def _files(self, view: JobView, file: Path | None) -> list[discord.File]:
        if file is None:
            return []
        limit_bytes = view.job.upload_limit_bytes
        if guild := self._client.get_guild(view.job.guild_id):
            # The interaction told the larger of the guild's limit and the member's own.
            limit_bytes = min(limit_bytes, guild.filesize_limit)
        if file.stat().st_size > limit_bytes:
            raise FileTooLargeError(f"{file.stat().st_size} bytes, {limit_bytes} allowed")
        return [
            discord.File(
                file, filename=cards.file_name(view, file.suffix), description=cards.alt_text(view)
            )
        ]

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        """Wait for the log-in, and translate what Discord answers into the port's errors."""
        await self._logged_in.wait()
        try:
            yield
        except discord.HTTPException as error:
            # Only Discord's own words count: a proxy's 403 or 404 carries none of these numbers.
            if error.code == UNKNOWN_MESSAGE:
                raise MessageGoneError(str(error)) from error
            if error.code in PLACE_GONE | TOKEN_GONE:
                raise PlaceGoneError(str(error)) from error
            if error.code == TOO_LARGE or error.status == 413:
                raise FileTooLargeError(str(error)) from error
            raise NotNowError(str(error)) from error
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NotNowError(repr(error)) from error
