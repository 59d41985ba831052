"""Another copy of the bot, elsewhere and with the same token: noticed by the answers that it wins.

Two hosts cannot see each other's lock. Of two answers to one interaction Discord takes the first
and refuses the second with 40060, so the copy that was refused sends nothing, and stops when that
has happened a few times.
"""

import asyncio
import logging
import re
from collections import OrderedDict
from types import SimpleNamespace

import aiohttp
import discord

from jobs.ports import Clock

log = logging.getLogger(__name__)

# Interaction has already been acknowledged.
ANSWERED = 40060
LOSSES_MOST = 3
WITHIN_S = 24 * 3600.0
REMEMBERED_MOST = 1000
_CALLBACK = re.compile(r"/interactions/(\d+)/[^/]+/callback\Z")


class OtherCopyError(Exception):
    """Another copy answers what is asked of this one."""


class Rivals:
    """Counts the interactions that somebody else answered before us."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: OrderedDict[int, int] = OrderedDict()
        self._lost: dict[int, float] = {}
        self._beaten = asyncio.Event()

    def watch(self, trace: aiohttp.TraceConfig) -> None:
        """Have every request to Discord reported here."""
        trace.on_request_start.append(self._begins)

    def has(self, interaction_id: int, error: BaseException) -> bool:
        """Say whether an answer was refused since somebody else has given one, and count that.

        Our own answer may be the one that was taken, when it went out more than once: discord.py
        repeats one whose confirmation got lost, and the gateway may hand an interaction over twice.
        """
        if not is_answered(error):
            return False
        if self._tries.get(interaction_id, 0) > 1:
            return False
        now = self._clock.monotonic()
        self._lost = {one: at for one, at in self._lost.items() if at > now - WITHIN_S}
        self._lost[interaction_id] = now
        log.error(
            "interaction %d was answered by another copy of this bot (%d of %d)",
            interaction_id,
            len(self._lost),
            LOSSES_MOST,
        )
        if len(self._lost) >= LOSSES_MOST:
            self._beaten.set()
        return True

    async def fail_when_beaten(self) -> None:
        """Never returns; raises OtherCopyError once too many answers were refused."""
        await self._beaten.wait()
        raise OtherCopyError

    async def _begins(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        params: aiohttp.TraceRequestStartParams,
    ) -> None:
        if match := _CALLBACK.search(params.url.path):
            interaction_id = int(match[1])
            self._tries[interaction_id] = self._tries.get(interaction_id, 0) + 1
            if len(self._tries) > REMEMBERED_MOST:
                self._tries.popitem(last=False)


def is_answered(error: BaseException) -> bool:
    """Say whether Discord refused an answer since the interaction has one."""
    return isinstance(error, discord.HTTPException) and error.code == ANSWERED
