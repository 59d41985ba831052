"""Bringing the outbox to Discord: the video's file first, then the message, then the ping.

Money was settled before; nothing here can change it. Every step may run twice: edits replace, new
messages carry a nonce made of the row's number, and steps already taken are noted in the row.
"""

import asyncio
import logging
from functools import partial

from jobs.alarm import Alarm
from jobs.board import Board
from jobs.ports import (
    Announcer,
    Clock,
    FileTooLargeError,
    JobView,
    MessageGoneError,
    NotNowError,
    PlaceGoneError,
)
from jobs.submit import Submitter
from jobs.videos import Video, Videos
from media import FetchFailedError
from models import State
from neuralbox import NeuralBoxError
from storage import jobs, outbox
from storage.database import Database

log = logging.getLogger(__name__)

RETRY_S = (5, 15, 60, 300, 900, 3600)
# A week of hourly tries.
PARK_AFTER_ATTEMPTS = 173
AT_ONCE = 4
# A progress whose job has moved on is not worth an edit.
STAGE_STATES = {
    "waiting": (State.QUEUED,),
    "checking": (State.UNKNOWN,),
    "rendering": (State.PENDING,),
    "late": (State.PENDING,),
    "unpriced": (State.PENDING,),
}


class Deliverer:
    """The loop over open outbox rows. `alarm` wakes it when a row was written."""

    def __init__(
        self,
        db: Database,
        board: Board,
        announcer: Announcer,
        videos: Videos,
        submitter: Submitter,
        clock: Clock,
    ) -> None:
        self._db, self._board, self._announcer = db, board, announcer
        self._videos, self._submitter, self._clock = videos, submitter, clock
        self._busy: dict[int, asyncio.Task[None]] = {}
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        try:
            while True:
                await self.alarm.wait(await self._round())
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _round(self) -> float | None:
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
        return None if next_at is None else max(0.05, next_at - self._clock.now())

    def _brought(self, job_id: int, _task: asyncio.Task[None]) -> None:
        del self._busy[job_id]
        self.alarm.nudge()

    async def _bring(self, row: outbox.OutboxRow) -> None:
        """Bring one row; whatever happens, it is closed, parked or due again later."""
        try:
            if row.kind == "progress":
                await self._progress(row)
            else:
                await self._final(row)
        except (NotNowError, FetchFailedError, NeuralBoxError) as error:
            await self._again(row, error)
        except PlaceGoneError as error:
            log.warning("job %d: its place is gone, the result is kept: %s", row.job_id, error)
            await self._db.insist(outbox.finish, row.id, outbox.PARKED)
        except Exception:
            log.exception("job %d: bringing its message failed in an unforeseen way", row.job_id)
            await self._again(row, None)

    async def _again(self, row: outbox.OutboxRow, error: Exception | None) -> None:
        """Note a failed try. A progress is overtaken by the next thing to tell; a final never."""
        if row.kind == "progress":
            await self._db.insist(outbox.finish_unless_renewed, row)
        elif row.attempts >= PARK_AFTER_ATTEMPTS:
            log.error("job %d: its message cannot be brought; the result is kept", row.job_id)
            await self._db.insist(outbox.finish, row.id, outbox.PARKED)
        else:
            delay_s = RETRY_S[min(row.attempts, len(RETRY_S) - 1)]
            log.warning("job %d: message again in %d s: %s", row.job_id, delay_s, error)
            await self._db.insist(outbox.postpone, row.id, int(self._clock.now()) + delay_s)

    async def _progress(self, row: outbox.OutboxRow) -> None:
        stage = row.body["stage"]
        place = self._submitter.place_of(row.job_id)
        view = await self._board.progress(row.job_id, stage, place)
        is_stale = view.job.state not in STAGE_STATES[stage]
        if not is_stale and view.job.message_id is not None:
            try:
                await self._announcer.update(view)
            except MessageGoneError:
                log.info("job %d: its card was deleted; the video will be posted anew", row.job_id)
        await self._db.insist(outbox.finish_unless_renewed, row)

    async def _final(self, row: outbox.OutboxRow) -> None:
        view = await self._board.final(row)
        if view.job.message_id is None:
            await self._answer(row, view)
            return
        if not row.body.get("shown"):
            has_video = await self._show(row, view)
            row = await self._db.insist(
                outbox.remember, row, {"shown": True, "has_video": has_video}
            )
        view = await self._board.final(row)  # it may have become another message
        try:
            await self._announcer.ping(view, f"reelbox-ping-{row.id}")
        except (MessageGoneError, PlaceGoneError) as error:
            log.info("job %d is shown, but its requester cannot be pinged: %s", row.job_id, error)
        await self._db.insist(outbox.finish, row.id)

    async def _answer(self, row: outbox.OutboxRow, view: JobView) -> None:
        """Tell a job whose card's ids were never learned, while its interaction can be reached."""
        now = int(self._clock.now())
        token = await self._db.read(jobs.find_interaction_token, row.job_id, now)
        if token is not None:
            try:
                await self._announcer.answer(view, token)
            except (MessageGoneError, PlaceGoneError):
                log.info("job %d: its card never came out", row.job_id)
        await self._db.insist(outbox.finish, row.id)

    async def _show(self, row: outbox.OutboxRow, view: JobView) -> bool:
        """Edit the card to its last form; step down the ladder where a rung does not hold.

        Returns whether there is a video to be seen.
        """
        video = Video()
        if view.job.state is State.COMPLETED or row.kind == "late":
            video = await self._videos.get(view.job, row.attempts)
        try:
            await self._place(row, video)
        except FileTooLargeError:
            video = await self._videos.link(view.job)
            await self._place(row, video)
        return video.is_there

    async def _place(self, row: outbox.OutboxRow, video: Video) -> None:
        view = await self._board.final(row, video)
        try:
            await self._announcer.finish(view, video.file)
        except MessageGoneError:
            message_id = await self._announcer.post(view, video.file, f"reelbox-{row.id}")
            await self._db.insist(jobs.set_message, view.job.id, view.job.channel_id, message_id)
