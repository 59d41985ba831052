"""What may be done with a job that exists: look it up, call it off, hide it, describe it, go on.

Every lookup names the guild, so that nobody reaches another server's jobs by a guessed id.
"""

import logging
import sqlite3
from dataclasses import dataclass, replace

from errors import NoSuchJobError, PictureRefusedError, TooLateError
from jobs import moves
from jobs.board import Board
from jobs.patience import write_soon
from jobs.pictures import Pictures
from jobs.plain import clean
from jobs.ports import Clock, JobView
from jobs.submit import Submitter
from jobs.videos import Video, Videos
from media import FetchError
from models import Job, Order, Origin, State, VideoRequest, Way
from neuralbox import NeuralBoxError
from storage import approvals, jobs, ledger, notices, outbox
from storage.database import Database
from storage.errors import StaleStateError
from storage.pictures import KeptPicture

log = logging.getLogger(__name__)

ALT_TEXT_CHARS = 1024
CANCELLED_BY = {
    "requester": "You cancelled it before anything was sent.",
    "moderator": "A moderator cancelled it before anything was sent.",
    "poster": "Whoever posted the picture does not want it animated; nothing was sent.",
}
SENT_STATES = frozenset({State.SUBMITTING, State.UNKNOWN, State.PENDING})
NO_VIDEO = "There is no video to go on from: this one was not made, or it is not kept any more."
REMOVED = "This video was taken down, so there is nothing to go on from."


@dataclass(frozen=True, slots=True)
class Line:
    """A job with what it came from, oldest first, and what each was charged (tokens)."""

    jobs: list[Job]
    charged_tokens: list[int]

    @property
    def total_tokens(self) -> int:
        """What the whole line cost."""
        return sum(self.charged_tokens)


@dataclass(frozen=True, slots=True)
class Listed:
    """A job on a list, with how it stands: what it was charged and whether it waits somewhere.

    `place` is that in the queue; with `is_asked` a moderator decides first. `expected_at` is
    when it should be done (epoch s).
    """

    job: Job
    charged_tokens: int
    is_parked: bool
    place: int | None = None
    expected_at: int | None = None
    is_asked: bool = False


class Results:
    """The cogs' way to jobs that exist already."""

    def __init__(
        self,
        db: Database,
        board: Board,
        submitter: Submitter,
        videos: Videos,
        pictures: Pictures,
        clock: Clock,
    ) -> None:
        self._db, self._board, self._submitter = db, board, submitter
        self._videos, self._pictures, self._clock = videos, pictures, clock

    async def get(self, guild_id: int, public_id: str) -> Job:
        """Return the job of that random id; raises NoSuchJobError, also for another guild's."""
        # What is forged may hold what no database takes as text.
        is_id = public_id.isascii()
        job = await self._db.read(jobs.find_public, guild_id, public_id) if is_id else None
        if job is None:
            raise NoSuchJobError
        return job

    async def of_number(self, guild_id: int, job_id: int) -> Job:
        """Return the guild's job of that number; raises NoSuchJobError, also for another's."""
        job = await self._db.read(jobs.find_of_guild, guild_id, job_id)
        if job is None:
            raise NoSuchJobError
        return job

    async def find_own(self, guild_id: int, user_id: int, job_id: int) -> Job | None:
        """Return a member's own job of a guild by its number, or None."""
        return await self._db.read(jobs.find_own, guild_id, user_id, job_id)

    async def find_by_message(self, guild_id: int, message_id: int) -> Job | None:
        """Return the job whose card, result or ping that message is, or None."""
        return await self._db.read(jobs.find_by_message, guild_id, message_id)

    async def view(self, job: Job) -> JobView:
        """Return everything there is to tell of a job now."""
        if job.state.is_final:
            return await self._board.shown(job.id)
        stages = {State.UNKNOWN: "checking", State.PENDING: "rendering", State.QUEUED: "waiting"}
        stage = stages.get(job.state, "sending")
        return await self._board.progress(job.id, stage, self._submitter.place_of(job.id))

    async def line(self, job: Job) -> Line:
        """Return what a job came from and what all of it cost."""
        return await self._db.read(_line, job.id)

    async def list_open(self, guild_id: int, user_id: int | None, limit: int = 20) -> list[Listed]:
        """Return unfinished jobs of a member, or of the whole guild, the next to be sent first."""
        listed = await self._db.read(_list_open, guild_id, user_id, limit)
        placed = [
            replace(
                item,
                place=self._submitter.place_of(item.job.id),
                expected_at=self._board.expected_at(item.job),
            )
            for item in listed
        ]
        return sorted(placed, key=lambda item: (item.place or 0, item.job.id))

    async def list_made(self, guild_id: int, user_id: int, limit: int = 25) -> list[Listed]:
        """Return a member's newest finished videos in a guild, without those taken down."""
        listed = await self._db.read(_list_made, guild_id, user_id, limit * 2)
        return [
            item
            for item in listed
            if item.job.showing.hidden != "removed" and item.job.generation_id is not None
        ][:limit]

    async def file(self, job: Job, room_bytes: int) -> Video:
        """Return a made video as it fits into so many bytes: the file, a smaller copy or a link."""
        is_made = job.state.is_final and job.generation_id is not None
        if job.showing.hidden == "removed" or not is_made:
            return Video()
        try:
            video = await self._videos.get(job, attempts=1, is_asked_for=True)
        except (FetchError, NeuralBoxError) as error:
            log.info("job %d: its file is not at hand: %s", job.id, error)
            return await self._videos.link(job)
        return await self._videos.fitted(job, video, room_bytes)

    async def link(self, job: Job) -> Video:
        """Return a made video's link alone, for a place that takes no file."""
        if job.showing.hidden == "removed":
            return Video()
        return await self._videos.link(job)

    async def cancel(self, job: Job, as_whom: str) -> None:
        """Call off a job that was not sent: free. Raises TooLateError when it was, or is over."""
        try:
            await write_soon(
                self._db,
                moves.cancel,
                job.id,
                State.QUEUED,
                CANCELLED_BY[as_whom],
                int(self._clock.now()),
                tell=True,
            )
        except StaleStateError:
            state = (await self._db.read(jobs.get, job.id)).state
            raise TooLateError(_too_late(state, job), is_sent=state in SENT_STATES) from None
        log.info("job %d: queued -> cancelled by its %s", job.id, as_whom)
        self._submitter.on_change()

    async def hide(self, job: Job, how: str, by: int, as_whom: str) -> bool:
        """Take a result, or the one to come, out of sight; False when it is so already."""
        is_new = await write_soon(
            self._db, moves.hide, job.id, how, by, as_whom, int(self._clock.now())
        )
        log.info("job %d: %s by its %s (%d)", job.id, how, as_whom, by)
        self._submitter.on_change()
        return is_new

    async def offer_again(self, guild_id: int, *, is_sure: bool) -> None:
        """Try once more to bring what had no place in this guild; `is_sure` that it has one now."""
        now = int(self._clock.now())
        count = await self._db.insist(outbox.unpark, guild_id, now, is_sure=is_sure)
        count += await self._db.insist(notices.unpark, guild_id, now, is_sure=is_sure)
        if count:
            log.info("guild %d: %d messages are brought again", guild_id, count)
            self._submitter.on_change()

    async def describe(self, job: Job, alt_text: str) -> None:
        """Change what a screen reader says of the video; empty goes back to the prompt."""
        text = clean(alt_text)[:ALT_TEXT_CHARS] or None
        await write_soon(self._db, _describe, job.id, text, int(self._clock.now()))
        self._submitter.on_change()

    def require_not_removed(self, job: Job) -> None:
        """Raise PictureRefusedError for a result that was taken down."""
        if job.showing.hidden == "removed":
            raise PictureRefusedError(f"{REMOVED} Nothing was charged.")

    async def picture_of(self, job: Job) -> KeptPicture | None:
        """Return a job's start picture for another use; raises PictureRefusedError when dropped."""
        if job.request.picture is None:
            return None
        self.require_not_removed(job)
        return await self._pictures.again(job.request.picture)

    async def again(self, job: Job) -> Order:
        """Return the same order once more."""
        await self.picture_of(job)
        return self.following(job, job.request, Way.AGAIN)

    def following(self, job: Job, request: VideoRequest, way: Way) -> Order:
        """Return an order that goes on from a job: its picture's poster and its looks stay."""
        poster_id = job.origin.poster_id if job.request.picture is not None else job.user_id
        if request.picture is None:
            poster_id = None
        origin = Origin(way, job.id, poster_id, job.origin.poster_is_bot)
        return Order(request, origin, is_private=job.is_private, is_spoiler=job.is_spoiler)

    async def last_frame(self, job: Job) -> KeptPicture:
        """Keep a made video's last frame; raises PictureRefusedError when there is none."""
        self.require_not_removed(job)
        if job.generation_id is None or not job.state.is_final:
            raise PictureRefusedError(f"{NO_VIDEO} Nothing was charged.")
        try:
            video = await self._videos.get(job, attempts=0, is_asked_for=True)
        except (FetchError, NeuralBoxError) as error:
            log.info("job %d: its file is not at hand: %s", job.id, error)
            raise PictureRefusedError(f"{NO_VIDEO} Nothing was charged.") from error
        if video.file is None:
            raise PictureRefusedError(f"{NO_VIDEO} Nothing was charged.")
        return await self._pictures.last_frame(video.file)


def _too_late(state: State, job: Job) -> str:
    if state.is_final:
        return f"Job {job.id} is over already; there is nothing to cancel."
    if state is State.RESERVED:
        return f"Job {job.id} is just being written down. Please press again in a moment."
    return (
        f"Too late: job {job.id} is with NeuralBox, which cannot cancel. It will be charged when "
        f"it is done, {job.hold_tokens:,} tokens at most, and nothing if it fails. I can keep "
        "the result out of the channel; you can still fetch it with `/videos get`."
    )


def _describe(tx: sqlite3.Connection, job_id: int, text: str | None, now: int) -> None:
    jobs.show(tx, job_id, alt_text=text)
    moves.redraw(tx, job_id, now)


def _line(tx: sqlite3.Connection, job_id: int) -> Line:
    line = jobs.list_line(tx, job_id)
    return Line(line, [ledger.charged(tx, job.id) for job in line])


def _list_open(
    tx: sqlite3.Connection, guild_id: int, user_id: int | None, limit: int
) -> list[Listed]:
    return [_listed(tx, job) for job in jobs.list_open(tx, guild_id, user_id, limit)]


def _list_made(tx: sqlite3.Connection, guild_id: int, user_id: int, limit: int) -> list[Listed]:
    made = jobs.list_of(tx, guild_id, user_id, State.COMPLETED, State.NOT_SUBMITTED, limit=limit)
    return [_listed(tx, job) for job in made]


def _listed(tx: sqlite3.Connection, job: Job) -> Listed:
    is_asked = not job.state.is_final and approvals.is_waiting(tx, job.id)
    is_parked = outbox.is_parked(tx, job.id)
    return Listed(job, ledger.charged(tx, job.id), is_parked, is_asked=is_asked)
