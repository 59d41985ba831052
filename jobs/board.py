"""What a card shows of a job: one reading of the books turned into a `JobView`."""

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from jobs import purse
from jobs.forecast import Forecast
from jobs.pictures import Pictures
from jobs.plain import clean
from jobs.ports import Clock, JobView, may_be_out
from jobs.prices import PriceBook
from jobs.refusals import failure_sentence
from jobs.videos import Video
from models import Job, State
from storage import approvals, jobs, ledger, outbox, results
from storage.database import Database

LOST_FILE = (
    "NeuralBox made this video, but its file cannot be fetched. Please tell the host of this bot "
    "the job number: the video is in NeuralBox's history."
)

SMALLER = "A moderator approved this smaller video instead of the one that was asked for."

# The shortest time that any plan keeps its files. Source: "user/history".
LINK_LIFE_S = 7 * 24 * 3600


class Board:
    """Builds views. Money in them comes from the ledger at that moment."""

    def __init__(
        self,
        db: Database,
        book: PriceBook,
        pictures: Pictures,
        clock: Clock,
        allowed: ledger.Limits,
    ) -> None:
        self._db, self._book, self._pictures, self._clock = db, book, pictures, clock
        self._allowed = allowed
        self.forecast: Forecast | None = None
        """Set once there is one: it knows the queue and the schedule, which need the board."""

    def waiting(self, job: Job, place: int | None) -> JobView:
        """Return the view of a job that was just admitted; place None means it goes at once."""
        usual = self._usual_s(job)
        return JobView(
            job=job,
            starts_at=None if place is None else self._starts_at(job, place),
            stage="sending" if place is None else "waiting",
            model_name=self._book.name_of(job.request.model),
            usual_wait_s=usual,
            ready_at=int(self._clock.now()) + usual[1] if place is None else None,
            place=place,
            picture=self._pictures.path(job.request.picture),
        )

    def expected_at(self, job: Job) -> int | None:
        """Return when a job that is being made should be done (epoch s); None before that."""
        if job.submit_at is None or job.state is not State.PENDING:
            return None
        told = self.forecast.ready_at(job) if self.forecast else None
        return told or job.submit_at + self._usual_s(job)[1]

    async def progress(self, job_id: int, stage: str, place: int | None, why: str = "") -> JobView:
        """Return the view of a job that is not final; `why` as in a `JobView`."""
        now = int(self._clock.now())
        job, left_tokens, _charged, _result, token, asked = await self._db.read(
            _read, job_id, self._allowed, now
        )
        if asked.until is not None and stage in ("waiting", "sending"):
            stage, place = "approval", None
        usual = self._usual_s(job)
        look_at = None
        if stage in ("rendering", "late") and self.forecast:
            look_at = self.forecast.next_look_at(job.id)
        return JobView(
            job=job,
            starts_at=self._starts_at(job, place or 1) if stage == "waiting" else None,
            look_at=look_at,
            why=why,
            stage=stage,
            model_name=self._book.name_of(job.request.model),
            usual_wait_s=usual,
            ready_at=self.expected_at(job) if stage == "rendering" else None,
            place=place,
            left_tokens=left_tokens,
            picture=self._pictures.path(job.request.picture),
            token=token,
            notice=SMALLER if asked.is_smaller else None,
            approve_until=asked.until,
        )

    async def final(
        self, row: outbox.OutboxRow, video: Video | None = None, notice: str | None = None
    ) -> JobView:
        """Return the view of a job that has ended, with what there is to show of it."""
        view = await self.ended(row.job_id, row.kind, row.body, video, notice)
        is_old = may_be_out(row.attempts, row.next_at, self._clock.now())
        return replace(view, may_be_out=is_old or row.body.get("suspected", False))

    async def shown(self, job_id: int) -> JobView:
        """Return the view of a job that has ended, as its result was last brought."""
        row = await self._db.read(outbox.find_last_word, job_id)
        return await self.ended(job_id, row.kind, row.body)

    async def ended(
        self,
        job_id: int,
        kind: str,
        body: dict[str, Any],
        video: Video | None = None,
        notice: str | None = None,
    ) -> JobView:
        """Return the view that `final` and `shown` speak of."""
        now = int(self._clock.now())
        job, left_tokens, charged, result, token, asked = await self._db.read(
            _read, job_id, self._allowed, now
        )
        again = self._book.quote_if_offered(
            job.request.model, job.request.duration_s, with_picture=job.request.picture is not None
        )
        link_until = None
        took_s = size = None
        if result is not None and result.submitted_at is not None:
            took_s = max(0, result.seen_at - job.created_at)
            size = (result.width, result.height) if result.width and result.height else None
        if result is not None:
            kept_until = result.seen_at + LINK_LIFE_S
            link_until = kept_until if kept_until > now else None
        shown = video or Video.remembered(body)
        return JobView(
            job=job,
            stage="final",
            model_name=self._book.name_of(job.request.model),
            usual_wait_s=self._usual_s(job),
            charged_tokens=charged,
            left_tokens=left_tokens,
            reason=_reason(job, kind, body),
            said=clean(body.get("said") or "") or None,
            said_by=body.get("said_by") or "NeuralBox",
            has_video=shown.is_there,
            link=shown.link,
            link_until=link_until,
            full_bytes=shown.full_bytes,
            again_tokens=again.tokens if again else None,
            can_continue=bool(self._book.offers(with_picture=True)),
            picture=self._pictures.path(job.request.picture),
            token=token,
            notice=notice or body.get("notice") or (SMALLER if asked.is_smaller else None),
            took_s=took_s if job.state is State.COMPLETED else None,
            size=size,
        )

    def _usual_s(self, job: Job) -> tuple[int, int]:
        request = job.request
        return self._book.usual_wait_s(
            request.model, request.duration_s, with_picture=request.picture is not None
        )

    def _starts_at(self, job: Job, place: int) -> int | None:
        return None if self.forecast is None else self.forecast.starts_at(job, place)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Until when a moderator may decide, and whether one put this job in another's place."""

    until: int | None
    is_smaller: bool


def _reason(job: Job, kind: str, body: dict[str, Any]) -> str | None:
    if job.state is State.FAILED:
        return failure_sentence(body.get("said"))
    if job.state is State.COMPLETED:
        return LOST_FILE  # read only where there is nothing to show
    if kind == "late":
        return "NeuralBox made this video after all, long after it had gone missing."
    return body.get("reason")


def _read(
    tx: sqlite3.Connection, job_id: int, allowed: ledger.Limits, now: int
) -> tuple[Job, int | None, int, results.Result | None, str | None, _Asked]:
    job = jobs.get(tx, job_id)
    left_tokens = purse.look_for(tx, allowed, job, now).left_tokens
    token = jobs.find_interaction_token(tx, job_id, now) if job.is_private else None
    approval = approvals.find(tx, job_id)
    asked = _Asked(
        until=approval.ends_at if approval and approval.state == "waiting" else None,
        is_smaller=approvals.find_larger(tx, job_id) is not None,
    )
    result = results.find(tx, job_id)
    return job, left_tokens, ledger.charged(tx, job_id), result, token, asked
