"""Showing a result where it belongs, down the ladder: the file, a copy that fits, a link.

Every rung that did not hold is noted in the outbox row, so that a kill in between costs nothing but
time, and a paid video is never thrown away: where nothing can be shown it waits to be fetched.
"""

import logging
import sqlite3

from jobs.board import Board
from jobs.pictures import Pictures
from jobs.ports import (
    Announcer,
    FileTooLargeError,
    JobView,
    MessageGoneError,
    NotNowError,
    PlaceGoneError,
    nonce_of,
)
from jobs.videos import Video, Videos
from models import Job, State
from storage import choices, jobs, outbox, pictures, results
from storage.database import Database

log = logging.getLogger(__name__)

MIB = 1024 * 1024
# What places take that said they take more: the limits Discord has had, largest first.
ROOMS_BYTES = (100 * MIB, 50 * MIB, 25 * MIB, 10 * MIB, 8 * MIB)
# A place that refused every size: only a link is left.
NO_ROOM_BYTES = 1
# Of the deliveries under way, how many may wait for a smaller copy; the others go on.
FITS_MOST = 8
NO_RESULTS_CHANNEL = "The channel for results cannot be used right now, so your video is here."


class Delivery:
    """Brings a job's last form to Discord, once per outbox row."""

    def __init__(
        self,
        db: Database,
        board: Board,
        announcer: Announcer,
        videos: Videos,
        kept_pictures: Pictures,
    ) -> None:
        self._db, self._board, self._announcer = db, board, announcer
        self._videos, self._pictures = videos, kept_pictures
        self._fits = 0

    async def show(self, row: outbox.OutboxRow, view: JobView) -> outbox.OutboxRow:
        """Edit the card to its last form, or post the result elsewhere; return the row as noted.

        Raises the announcer's errors, FetchFailedError and NeuralBoxError to be tried again later.
        """
        job = view.job
        if job.showing.hidden is not None:
            if job.showing.hidden == "removed":
                await self.drop_files(job)
            elif job.state is State.COMPLETED:
                await self._videos.get(job, row.attempts)  # so that its requester may fetch it
            if job.showing.message_id is not None:
                await self._take_away(view)  # posted elsewhere before a kill, and hidden since
            await self._place(row, Video())
            return await self._db.insist(outbox.remember, row, {"shown": True, "has_video": False})
        video = Video()
        if job.state is State.COMPLETED or row.kind == "late":
            video = await self._videos.get(job, row.attempts)
        row, video = await self._down_the_ladder(row, view, video)
        return await self._db.insist(outbox.remember, row, {"shown": True, **video.facts})

    async def drop_files(self, job: Job) -> None:
        """Remove what is kept of a result that was taken down: the video, and its picture."""
        if file := await self._db.insist(results.drop_file, job.id):
            self._videos.drop(file)
        if job.request.picture is not None and await self._db.insist(
            pictures.drop_if_alone, job.request.picture, [job.id]
        ):
            self._pictures.drop(job.request.picture)

    async def _down_the_ladder(
        self, row: outbox.OutboxRow, view: JobView, video: Video
    ) -> tuple[outbox.OutboxRow, Video]:
        original = video.file
        may_be_told = row.body.get("again", False)
        elsewhere = await self._elsewhere(view.job, may_be_told=may_be_told)
        while True:
            room = min(
                row.body.get("room_bytes") or ROOMS_BYTES[0] * 10,
                self._announcer.room_bytes(view),
            )
            if original is not None:
                video = await self._fitting(row, view.job, Video(file=original), room)
            try:
                return await self._bring(row, video, elsewhere), video
            except FileTooLargeError as error:
                if video.file is None:
                    raise NotNowError(str(error)) from error
                tried = video.file.stat().st_size
                lower = next((step for step in ROOMS_BYTES if step < min(tried, room)), 0)
                log.info("job %d: %s; trying %d bytes", row.job_id, error, lower)
                row = await self._db.insist(
                    outbox.remember, row, {"room_bytes": lower or NO_ROOM_BYTES}
                )

    async def _fitting(
        self, row: outbox.OutboxRow, job: Job, video: Video, room_bytes: int
    ) -> Video:
        """Return it as it fits. A smaller copy takes a while, so only some wait for theirs."""
        if video.file is None or video.file.stat().st_size <= room_bytes:
            return video
        if room_bytes <= NO_ROOM_BYTES:
            return await self._videos.link(job)
        if self._fits >= FITS_MOST:
            raise NotNowError("others are being made smaller; the rest goes on meanwhile")
        self._fits += 1
        try:
            await self._say_fitting(row)
            return await self._videos.fitted(job, video, room_bytes)
        finally:
            self._fits -= 1

    async def _say_fitting(self, row: outbox.OutboxRow) -> None:
        """Tell on the card what takes longer; once, and not worth a second try."""
        if row.attempts or row.body.get("room_bytes"):
            return
        try:
            await self._announcer.update(await self._board.progress(row.job_id, "fitting", None))
        except (MessageGoneError, PlaceGoneError, NotNowError) as error:
            log.info("job %d: its card cannot say that it is being fitted: %s", row.job_id, error)

    async def _elsewhere(self, job: Job, *, may_be_told: bool) -> int | None:
        """Return the channel that the guild wants results in, when that is another one.

        A result that was posted before a kill stays where it is, whatever was chosen since. One
        that may have been posted before the books were rewound is shown on its card alone.
        """
        if job.showing.message_id is not None:
            return job.showing.channel_id
        chosen = await self._db.read(choices.of_guild, job.guild_id)
        if job.is_private or job.state is not State.COMPLETED or may_be_told:
            return None
        if chosen.deliver_to is None or chosen.deliver_to == job.channel_id:
            return None
        # What was asked among few is not shown to all.
        is_fit = self._announcer.may_move(job, chosen.deliver_to)
        return chosen.deliver_to if is_fit else None

    async def _bring(
        self, row: outbox.OutboxRow, video: Video, elsewhere: int | None
    ) -> outbox.OutboxRow:
        if elsewhere is not None:
            view = await self._board.final(row, video)
            is_out = view.job.showing.message_id is not None
            if not is_out:
                try:
                    channel_id, message_id = await self._announcer.publish(
                        view, video.file, nonce_of(view.job, row.kind), elsewhere
                    )
                except (PlaceGoneError, MessageGoneError) as error:
                    log.info("job %d: no channel for results: %s", row.job_id, error)
                    row = await self._db.insist(
                        outbox.remember, row, {"notice": NO_RESULTS_CHANNEL}
                    )
                else:
                    await self._db.insist(_set_place, row.job_id, channel_id, message_id)
                    is_out = True
            if is_out:
                video = Video(is_shown=True)
        return await self._place(row, video)

    async def _place(self, row: outbox.OutboxRow, video: Video) -> outbox.OutboxRow:
        view = await self._board.final(row, video)
        # A private one that is only suspected to be out is looked for instead.
        is_sought = view.job.is_private and row.body.get("suspected", False)
        if row.body.get("again") and not is_sought:
            return await self._place_again(row, view, video)
        is_elsewhere = view.job.showing.message_id is not None
        nonce = nonce_of(view.job, f"{row.kind} card" if is_elsewhere else row.kind)
        try:
            await self._announcer.finish(view, video.file, nonce)
        except (MessageGoneError, PlaceGoneError) as error:
            if view.job.showing.message_id is not None or view.job.showing.hidden is not None:
                return row  # nobody misses the card: the result is out elsewhere, or not to be
            if isinstance(error, PlaceGoneError):
                raise
            if view.job.is_private:
                raise PlaceGoneError("a private card is never shown in public") from None
            message_id = await self._announcer.post(view, video.file, nonce)
            await self._db.insist(jobs.set_message, view.job.id, view.job.channel_id, message_id)
        return row

    async def _place_again(
        self, row: outbox.OutboxRow, view: JobView, video: Video
    ) -> outbox.OutboxRow:
        """Show what may have been shown before the books were rewound; make no message for it."""
        try:
            if view.job.is_private:
                if view.token is not None:
                    await self._announcer.update(view)
            elif view.job.state is State.COMPLETED or row.kind == "late":
                await self._announcer.finish(view, video.file, nonce_of(view.job, row.kind))
            else:
                # There may be a video on the card: its files stay.
                await self._announcer.update(view)
        except MessageGoneError as error:
            log.info("job %d: its card is gone, and none is made anew: %s", row.job_id, error)
            # Nor a reply to it.
            row = await self._db.insist(outbox.remember, row, {"suspected": False})
        return row

    async def _take_away(self, view: JobView) -> None:
        try:
            await self._announcer.redraw(view)
        except (MessageGoneError, PlaceGoneError) as error:
            log.info("job %d: its result elsewhere is out of reach: %s", view.job.id, error)


def _set_place(tx: sqlite3.Connection, job_id: int, channel_id: int, message_id: int) -> None:
    jobs.show(tx, job_id, channel_id=channel_id, message_id=message_id)
