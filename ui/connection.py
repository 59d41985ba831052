"""Speaking to Discord outside an interaction: once logged in, and with its answers translated."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord

from jobs.ports import (
    AwayError,
    FileTooLargeError,
    MessageGoneError,
    NotNowError,
    PlaceGoneError,
)
from ui.standing import Standing

UNKNOWN_MESSAGE, TOO_LARGE = 10008, 40005
# Unknown channel, unknown guild, missing access, missing permissions, archived thread, closed DMs.
# A forum that wants a tag we do not know.
PLACE_GONE = frozenset({10003, 10004, 40067, 50001, 50007, 50013, 50083})
# An interaction that can no longer be reached: unknown webhook, invalid token.
TOKEN_GONE = frozenset({10015, 50027})


@asynccontextmanager
async def connected(
    logged_in: asyncio.Event, standing: Standing, *, is_progress: bool = False
) -> AsyncIterator[None]:
    """Wait for the log-in, and translate what Discord answers into the errors of `jobs.ports`.

    Close to a ban nothing is sent: NotNowError.
    """
    await logged_in.wait()
    if not standing.allows(is_progress=is_progress):
        raise NotNowError(f"Discord refused {standing.refusals} requests within ten minutes")
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
        if error.status >= 500:
            raise AwayError(str(error)) from error
        raise NotNowError(str(error)) from error
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise AwayError(repr(error)) from error
