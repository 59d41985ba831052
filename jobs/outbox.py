"""Bringing the outbox to Discord: the video's file first, then the message, then the ping.

Money was settled before; nothing here can change it. Every step may run twice: edits replace, new
messages carry a nonce made of the job's random id, and steps already taken are noted in the row.
"""

import asyncio
import logging
import sqlite3
from functools import partial

from jobs.alarm import Alarm
from jobs.board import Board
from jobs.delivery import Delivery
from jobs.endings import end
from jobs.ports import (
    Announcer,
    AwayError,
    Clock,
    JobView,
    MessageGoneError,
    NotNowError,
    PlaceGoneError,
    nonce_of,
)
from jobs.submit import Submitter
from media import FetchFailedError
from models import Job, State, Way
from neuralbox import NeuralBoxError
from storage import choices, jobs, outbox
from storage.database import Database

log = logging.getLogger(__name__)

RETRY_S = (5, 15, 60, 300, 900, 3600)
# While Discord is away: how soon it is asked again whether it is back.
PROBE_S = (5.0, 15.0, 60.0)
# How long a message without a place is left alone, whatever changes in its guild meanwhile.
PARK_PAUSE_S = (30, 300, 1800, 3600)
# A week of hourly tries.
PARK_AFTER_ATTEMPTS = 173
# Many, since one that has to be made smaller first keeps its place for half a minute.
AT_ONCE = 16
# A progress whose job has moved on is not worth an edit.
STAGE_STATES = {
    "waiting": (State.QUEUED,),
    "checking": (State.UNKNOWN,),
    "rendering": (State.PENDING,),
    "late": (State.PENDING,),
    "down": (State.QUEUED, State.PENDING),
    "unpriced": (State.PENDING,),
    "fitting": (),
}


class Deliverer:
    """The loop over open outbox rows. `alarm` wakes it when a row was written."""

    def __init__(
        self,
        db: Database,
        board: Board,
        announcer: Announcer,
        delivery: Delivery,
        submitter: Submitter,
        clock: Clock,
    ) -> None:
        self._db, self._board, self._announcer = db, board, announcer
        self._delivery, self._submitter, self._clock = delivery, submitter, clock
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._is_away = False
        self._probes, self._probe_at = 0, 0.0
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        try:
            while True:
                await self.alarm.wait(await self._round())
        finally:
            await end(self._busy.values())

    async def _round(self) -> float | None:
        if self._is_away and (wait_s := await self._look_for_discord()) > 0:
            return wait_s
        now = int(self._clock.now())
        free = AT_ONCE - len(self._busy)
        if free > 0:
            for row in await self._db.read(outbox.list_due, now, free, frozenset(self._busy)):
                if row.job_id in self._busy:
                    continue
                task = asyncio.create_task(self._bring(row), name=f"deliver-{row.job_id}")
                self._busy[row.job_id] = task
                task.add_done_callback(partial(self._brought, row.job_id))
        if len(self._busy) >= AT_ONCE:
            return None  # whoever is done nudges
        next_at = await self._db.read(outbox.find_next_at, frozenset(self._busy))
        # 0: it fell due while this round read, and is looked for again at once.
        return None if next_at is None else max(0.0, next_at - self._clock.now())

    async def _look_for_discord(self) -> float:
        """Ask whether Discord is there; 0 when it is, else how long to wait (s).

        An outage costs one small request a minute, and no message a try. What waited goes first
        after it, the oldest first of all.
        """
        if (wait_s := self._probe_at - self._clock.monotonic()) > 0:
            return wait_s
        try:
            await self._announcer.reach()
        except NotNowError as error:
            delay_s = PROBE_S[min(self._probes, len(PROBE_S) - 1)]
            log.warning("Discord gives no proper answer; asking again in %d s: %s", delay_s, error)
            self._probes += 1
            self._probe_at = self._clock.monotonic() + delay_s
            return delay_s
        if self._probes:
            log.info("Discord answers again")
            await self._db.insist(outbox.hurry)
        self._is_away, self._probes = False, 0
        return 0.0

    def _brought(self, job_id: int, task: asyncio.Task[None]) -> None:
        del self._busy[job_id]
        if not task.cancelled() and (error := task.exception()):
            log.error("job %d: its message is still to be brought", job_id, exc_info=error)
        self.alarm.nudge()

    async def _bring(self, row: outbox.OutboxRow) -> None:
        """Bring one row; whatever happens, it is closed, parked or due again later."""
        try:
            if row.kind == "progress":
                await self._progress(row)
            elif row.kind == "redraw":
                await self._redraw(row)
            else:
                await self._final(row)
        except (NotNowError, FetchFailedError, NeuralBoxError) as error:
            await self._again(row, error)
        except PlaceGoneError as error:
            log.warning("job %d: its place is gone, the result is kept: %s", row.job_id, error)
            await self._park(row)
        except Exception:
            log.exception("job %d: bringing its message failed in an unforeseen way", row.job_id)
            await self._again(row, None)

    async def _again(self, row: outbox.OutboxRow, error: Exception | None) -> None:
        """Note a failed try. A progress is overtaken by the next thing to tell; a final never."""
        self._is_away = self._is_away or isinstance(error, AwayError)
        if row.kind == "progress":
            await self._db.insist(outbox.finish_unless_renewed, row)
        elif row.attempts >= PARK_AFTER_ATTEMPTS:
            log.error("job %d: its message cannot be brought; the result is kept", row.job_id)
            await self._park(row)
        else:
            delay_s = RETRY_S[min(row.attempts, len(RETRY_S) - 1)]
            log.warning("job %d: message again in %d s: %s", row.job_id, delay_s, error)
            await self._db.insist(outbox.postpone, row.id, int(self._clock.now()) + delay_s)

    async def _park(self, row: outbox.OutboxRow) -> None:
        pause_s = PARK_PAUSE_S[min(row.attempts, len(PARK_PAUSE_S) - 1)]
        await self._db.insist(outbox.park, row, int(self._clock.now()) + pause_s)

    async def _progress(self, row: outbox.OutboxRow) -> None:
        stage = row.body["stage"]
        place = self._submitter.place_of(row.job_id)
        view = await self._board.progress(row.job_id, stage, place, row.body.get("why", ""))
        is_stale = view.job.state not in STAGE_STATES[stage]
        if not is_stale and view.job.message_id is not None:
            try:
                await self._announcer.update(view)
            except MessageGoneError:
                log.info("job %d: its card was deleted; the video will be posted anew", row.job_id)
        await self._db.insist(outbox.finish_unless_renewed, row)

    async def _redraw(self, row: outbox.OutboxRow) -> None:
        """Show a result as it is now; one that is not out yet is brought so anyway."""
        last = await self._db.read(outbox.find_last_word, row.job_id)
        view = await self._board.shown(row.job_id)
        if view.job.showing.hidden == "removed":
            # First, since it was promised whatever becomes of the message.
            await self._delivery.drop_files(view.job)
        if last.body.get("shown"):
            try:
                await self._announcer.redraw(view)
            except MessageGoneError:
                log.info("job %d: what was to be redrawn is gone", row.job_id)
        await self._db.insist(outbox.finish_unless_renewed, row)

    async def _final(self, row: outbox.OutboxRow) -> None:
        view = await self._board.final(row)
        may_be_told = row.body.get("again", False)
        if view.job.message_id is None:
            if may_be_told:
                log.info("job %d: its card is not known, and none is made anew", row.job_id)
                await self._db.insist(outbox.finish, row.id)
                return
            await self._answer(row, view)
            return
        if not row.body.get("shown"):
            row = await self._delivery.show(row, view)
        view = await self._board.final(row)  # it may have become another message
        # On a mere suspicion the ping is looked for, and sent where there is none.
        if view.job.showing.hidden is None and (not may_be_told or row.body.get("suspected")):
            await self._ping(row, view)
        await self._db.insist(outbox.finish, row.id)

    async def _ping(self, row: outbox.OutboxRow, view: JobView) -> None:
        if not await self._db.read(_wants_ping, view.job):
            return
        try:
            ping_id = await self._announcer.ping(view, nonce_of(view.job, f"{row.kind} ping"))
        except (MessageGoneError, PlaceGoneError) as error:
            log.info("job %d is shown, but its requester cannot be pinged: %s", row.job_id, error)
        else:
            if ping_id is not None:
                await self._db.insist(_remember_ping, row.job_id, ping_id)

    async def _answer(self, row: outbox.OutboxRow, view: JobView) -> None:
        """Tell a job whose card's ids were never learned, while its interaction can be reached."""
        now = int(self._clock.now())
        token = await self._db.read(jobs.find_interaction_token, row.job_id, now)
        if view.job.origin.way is Way.MENTION:
            await self._answer_mention(view)
        elif token is not None:
            try:
                await self._announcer.answer(view, token)
            except (MessageGoneError, PlaceGoneError):
                log.info("job %d: its card never came out", row.job_id)
        await self._db.insist(outbox.finish, row.id)

    async def _answer_mention(self, view: JobView) -> None:
        """As `_answer` for a card that was a message: the same nonce finds it, if it is out."""
        job = view.job
        try:
            message_id = await self._announcer.post(view, None, nonce_of(job, "card"))
            await self._db.insist(jobs.set_message, job.id, job.channel_id, message_id)
            view = await self._board.shown(job.id)
            await self._announcer.finish(view, None, nonce_of(job, "card"))
        except (MessageGoneError, PlaceGoneError) as error:
            log.info("job %d: its card cannot be found: %s", job.id, error)


def _wants_ping(tx: sqlite3.Connection, job: Job) -> bool:
    return choices.of_guild(tx, job.guild_id).pings and choices.wants_pings(tx, job.user_id)


def _remember_ping(tx: sqlite3.Connection, job_id: int, ping_id: int) -> None:
    jobs.show(tx, job_id, ping_id=ping_id)
