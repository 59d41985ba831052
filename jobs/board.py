"""What a card shows of a job: one reading of the books turned into a `JobView`."""

import sqlite3

from jobs.ports import Clock, JobView
from jobs.prices import PriceBook
from jobs.refusals import failure_sentence
from jobs.videos import Video
from models import Job, State
from storage import jobs, ledger, outbox, results
from storage.database import Database

LOST_FILE = (
    "NeuralBox made this video, but its file cannot be fetched. Please tell the host of this bot "
    "the job number: the video is in NeuralBox's history."
)


class Board:
    """Builds views. Money in them comes from the ledger at that moment."""

    def __init__(self, db: Database, book: PriceBook, clock: Clock) -> None:
        self._db, self._book, self._clock = db, book, clock

    def waiting(self, job: Job, place: int | None) -> JobView:
        """Return the view of a job that was just admitted; place None means it goes at once."""
        usual = self._book.usual_wait_s(job.request.model, job.request.duration_s)
        return JobView(
            job=job,
            stage="sending" if place is None else "waiting",
            model_name=self._book.name_of(job.request.model),
            usual_wait_s=usual,
            ready_at=int(self._clock.now()) + usual[1] if place is None else None,
            place=place,
        )

    async def progress(self, job_id: int, stage: str, place: int | None) -> JobView:
        """Return the view of a job that is not final."""
        job, left_tokens, _charged, _result = await self._db.read(_read, job_id)
        usual = self._book.usual_wait_s(job.request.model, job.request.duration_s)
        ready_at = None
        if stage == "rendering" and job.submit_at is not None:
            ready_at = job.submit_at + usual[1]
        return JobView(
            job=job,
            stage=stage,
            model_name=self._book.name_of(job.request.model),
            usual_wait_s=usual,
            ready_at=ready_at,
            place=place,
            left_tokens=left_tokens,
        )

    async def final(self, row: outbox.OutboxRow, video: Video | None = None) -> JobView:
        """Return the view of a job that has ended, with what there is to show of it."""
        job, left_tokens, charged, result = await self._db.read(_read, row.job_id)
        took_s = size = None
        if result is not None and result.submitted_at is not None:
            took_s = max(0, result.seen_at - job.created_at)
            size = (result.width, result.height) if result.width and result.height else None
        return JobView(
            job=job,
            stage="final",
            model_name=self._book.name_of(job.request.model),
            usual_wait_s=self._book.usual_wait_s(job.request.model, job.request.duration_s),
            charged_tokens=charged,
            left_tokens=left_tokens,
            reason=_reason(job, row),
            said=row.body.get("said"),
            has_video=video.is_there if video else bool(row.body.get("has_video")),
            link=video.link if video else None,
            took_s=took_s if job.state is State.COMPLETED else None,
            size=size,
        )


def _reason(job: Job, row: outbox.OutboxRow) -> str | None:
    if job.state is State.FAILED:
        return failure_sentence(row.body.get("said"))
    if job.state is State.COMPLETED:
        return LOST_FILE  # read only where there is nothing to show
    if row.kind == "late":
        return "NeuralBox made this video after all, long after it had gone missing."
    return row.body.get("reason")


def _read(
    tx: sqlite3.Connection, job_id: int
) -> tuple[Job, int | None, int, results.Result | None]:
    job = jobs.get(tx, job_id)
    left_tokens = ledger.left(tx, job.guild_id, job.user_id)
    return job, left_tokens, ledger.charged(tx, job_id), results.find(tx, job_id)
