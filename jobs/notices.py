"""Bringing notices to a guild's admins. What they tell of was decided and committed before.

Every step may run twice: an edit replaces, and a new message carries the notice's own random nonce.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from jobs.alarm import Alarm
from jobs.approvals import call_off_unasked
from jobs.endings import end
from jobs.ports import (
    Clock,
    MessageGoneError,
    NoticeBoard,
    NotNowError,
    PlaceGoneError,
    may_be_out,
)
from storage import notices
from storage.database import Database
from storage.notices import Notice

log = logging.getLogger(__name__)

RETRY_S = (5, 15, 60, 300, 900, 3600)
# How long one without a place is left alone, whatever changes in its guild meanwhile.
PARK_PAUSE_S = (30, 300, 1800, 3600)
# How long a job's own card may be on its way before it is looked at again.
CARD_PAUSE_S = 5
# A day of hourly tries; older news helps nobody.
PARK_AFTER_ATTEMPTS = 28
AT_ONCE = 8
# Whoever writes one nudges; what was written without is found within this.
LOOK_EVERY_S = 600.0


class NoticeBearer:
    """The loop over open notices. `alarm` wakes it when one was written.

    `on_change` is called when a job ended since nobody could be asked about it.
    """

    def __init__(self, db: Database, board: NoticeBoard, clock: Clock) -> None:
        self._db, self._board, self._clock = db, board, clock
        self._busy: dict[int, asyncio.Task[None]] = {}
        self.alarm = Alarm(clock)
        self.on_change: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Never returns."""
        try:
            while True:
                await self.alarm.wait(await self._round())
        finally:
            await end(self._busy.values())

    async def _round(self) -> float | None:
        now = int(self._clock.now())
        free = AT_ONCE - len(self._busy)
        if free > 0:
            for notice in await self._db.read(notices.list_due, now, free, frozenset(self._busy)):
                task = asyncio.create_task(self._bring(notice), name=f"notice-{notice.id}")
                self._busy[notice.id] = task
                task.add_done_callback(partial(self._brought, notice.id))
        if len(self._busy) >= AT_ONCE:
            return None  # whoever is done nudges
        next_at = await self._db.read(notices.find_next_at, frozenset(self._busy))
        wait_s = LOOK_EVERY_S if next_at is None else next_at - self._clock.now()
        return min(LOOK_EVERY_S, max(0.0, wait_s))  # 0: it fell due while this round read

    def _brought(self, notice_id: int, task: asyncio.Task[None]) -> None:
        del self._busy[notice_id]
        if not task.cancelled() and (error := task.exception()):
            log.error("notice %d is still to be brought", notice_id, exc_info=error)
        self.alarm.nudge()

    async def _bring(self, notice: Notice) -> None:
        """Bring one; whatever happens, it is closed, parked or due again later."""
        try:
            if notice.message_id is None:
                message_id = await self._board.post(notice, await self._told(notice))
                await self._db.insist(notices.remember_message, notice, message_id)
            else:
                await self._board.edit(notice)
            await self._db.insist(notices.finish, notice)
        except MessageGoneError:
            log.info("notice %d was deleted", notice.id)
            await self._db.insist(notices.finish, notice)
        except PlaceGoneError as error:
            log.warning("notice %d: its channel is out of reach: %s", notice.id, error)
            await self._without_place(notice)
        except NotNowError as error:
            await self._again(notice, error)
        except Exception:
            log.exception("notice %d: bringing it failed in an unforeseen way", notice.id)
            await self._again(notice, None)

    async def _told(self, notice: Notice) -> frozenset[int] | None:
        """Return what else the channel was told, if this may be out already; else None."""
        if not may_be_out(notice.attempts, notice.next_at, self._clock.now()):
            return None
        return await self._db.read(notices.list_messages, notice.channel_id)

    async def _again(self, notice: Notice, error: Exception | None) -> None:
        if notice.attempts >= PARK_AFTER_ATTEMPTS:
            log.error("notice %d cannot be brought and is given up", notice.id)
            await self._park(notice)
            return
        delay_s = RETRY_S[min(notice.attempts, len(RETRY_S) - 1)]
        log.warning("notice %d again in %d s: %s", notice.id, delay_s, error)
        next_at = int(self._clock.now()) + delay_s
        await self._db.insist(notices.postpone, notice, next_at)

    async def _without_place(self, notice: Notice) -> None:
        """Set one aside; a request that nobody ever saw is answered at once."""
        if notice.kind == "approval" and notice.message_id is None:
            now = int(self._clock.now())
            if not await self._db.insist(call_off_unasked, notice, now):
                await self._db.insist(notices.postpone, notice, now + CARD_PAUSE_S)
                return
            self.on_change()
        await self._park(notice)

    async def _park(self, notice: Notice) -> None:
        pause_s = PARK_PAUSE_S[min(notice.attempts, len(PARK_PAUSE_S) - 1)]
        await self._db.insist(notices.park, notice, int(self._clock.now()) + pause_s)
