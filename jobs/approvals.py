"""What moderators decide about jobs that wait for them, and what happens when nobody does.

A decision is one transaction and is made once: of two presses, or of a press and the end of the
wait, one wins, and the other is told how it stands. Who may decide is the caller's to check.
"""

import logging
import sqlite3
from dataclasses import replace

from config import LimitsConfig
from errors import (
    BudgetExceededError,
    SpendingStoppedError,
    TooLateError,
    TooManyJobsError,
    UserFacingError,
)
from jobs import asking, fingerprint, moves
from jobs.alarm import Alarm
from jobs.aside import Aside
from jobs.asking import Smaller
from jobs.patience import write_soon
from jobs.plain import clean
from jobs.ports import Clock
from jobs.service import JobService
from jobs.submit import Submitter
from models import Asker, Job, Order, Quote, State
from storage import approvals, jobs, ledger, outbox, pots
from storage.database import Database
from storage.notices import Notice

log = logging.getLogger(__name__)

REASON_CHARS = 300
NOT_STARTED = "Nothing was sent and nothing was charged."
DENIED = f"A moderator denied it. {NOT_STARTED}"
LAPSED = f"No moderator decided within an hour. {NOT_STARTED} You can ask again."
UNREACHABLE = (
    "I cannot write in the channel where this server's moderators decide, so nobody could be asked."
    f" {NOT_STARTED} An admin of this server can choose another one with `/budget approval "
    "channel:`; then please ask again."
)
REPLACED = "a moderator approved a smaller one instead"
ENDED = {
    "approved": "was approved already",
    "smaller": "was replaced by a smaller one already",
    "denied": "was denied already",
    "lapsed": "was not decided in time and is called off",
    "cancelled": "was called off already",
}


class Approvals:
    """The cogs' way to decisions, and the loop that ends what nobody decides."""

    def __init__(
        self,
        db: Database,
        service: JobService,
        submitter: Submitter,
        clock: Clock,
        limits: LimitsConfig,
        allowed: ledger.Limits,
    ) -> None:
        self._db, self._service = db, service
        self._submitter, self._clock = submitter, clock
        self._caps = (limits.unfinished_per_member, limits.unfinished_per_guild)
        self._allowed = allowed
        self._aside = Aside(db, clock)
        self._ends: dict[int, float] = {}
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """End waits that are over; never returns."""
        while True:
            now = int(self._clock.now())
            for job_id in await self._over():
                async with self._aside.only(job_id):
                    if await self._db.write(_lapse, job_id, now):
                        log.info("job %d: nobody decided about it in time", job_id)
                        self._submitter.on_change()
            next_end = min(self._ends.values(), default=None)
            # What is over and still there has its card on the way, for at most two minutes.
            wait_s = None if next_end is None else max(1.0, next_end - self._clock.monotonic())
            await self.alarm.wait(wait_s)

    async def _over(self) -> list[int]:
        """Return the jobs that nobody decided about in time, the longest over first.

        A wait runs on the monotonic clock once it is known: a clock set anew ends none.
        """
        now, wall = self._clock.monotonic(), self._clock.now()
        waits = await self._db.read(approvals.list_ends)
        self._ends = {
            job_id: self._ends.get(job_id, now + ends_at - wall) for job_id, ends_at in waits
        }
        return [job_id for job_id, ends_at in self._ends.items() if ends_at <= now]

    async def find_notice(self, job: Job) -> Notice | None:
        """Return the notice that asks about a job, None for one that never needed approval."""
        return await self._db.read(asking.find_notice, job)

    async def require_waiting(self, job: Job) -> None:
        """Raise TooLateError, saying how it stands, unless the job waits for a decision."""
        await self._db.read(_require_waiting, job.id, int(self._clock.now()))

    async def approve(self, job: Job, by: int) -> None:
        """Let a job go on; raises TooLateError when it does not wait any more."""
        await write_soon(self._db, _approve, job.id, by, int(self._clock.now()))
        log.info("job %d: approved by %d", job.id, by)
        self._submitter.on_change()

    async def deny(self, job: Job, by: int, reason: str) -> None:
        """Call a job off, its tokens back; raises TooLateError when it does not wait any more."""
        said = clean(reason)[:REASON_CHARS] or None
        await write_soon(self._db, _deny, job.id, by, said, int(self._clock.now()))
        log.info("job %d: denied by %d", job.id, by)
        self._submitter.on_change()

    async def approve_smaller(self, job: Job, by: int, interaction_id: int) -> Job:
        """Put the smaller one that its notice offers in the place of a job; return that one.

        Raises TooLateError when the job does not wait any more, and another UserFacingError when
        the smaller one does not fit: then nothing is changed.
        """
        notice = await self.find_notice(job)
        smaller = None if notice is None else asking.find_smaller(notice)
        if smaller is None:
            raise TooLateError("No smaller one was offered for this video. Nothing was changed.")
        order = _shrunk(job, smaller)
        quote = self._service.quote(order.request)
        if quote.tokens > smaller.tokens:
            raise UserFacingError(
                f"The smaller video costs {quote.tokens:,} tokens by now, not {smaller.tokens:,}. "
                "Nothing was changed; the request still waits for your decision."
            )
        try:
            made = await write_soon(
                self._db,
                _approve_smaller,
                job.id,
                by,
                interaction_id,
                order,
                quote,
                fingerprint.of(order.request.model, order.request.prompt),
                self._allowed,
                self._caps,
                int(self._clock.now()),
            )
        except (BudgetExceededError, SpendingStoppedError, TooManyJobsError) as error:
            raise UserFacingError(
                "The smaller video cannot be had any more, so nothing was changed and the request "
                f"still waits for your decision. Its requester would read: “{error}”"
            ) from error
        log.info("job %d: replaced by the smaller job %d by %d", job.id, made.id, by)
        self._submitter.on_change()
        return made


def call_off_unasked(tx: sqlite3.Connection, notice: Notice, now: int) -> bool:
    """End the wait of a job whose notice has no place; False while its own card is on its way."""
    job = jobs.get(tx, notice.body["job"])
    if job.state is State.RESERVED:
        return False
    if approvals.is_waiting(tx, job.id):
        moves.cancel(tx, job.id, State.QUEUED, UNREACHABLE, now, tell=True)
        log.warning("job %d: no moderator can be asked about it", job.id)
    return True


def _shrunk(job: Job, smaller: Smaller) -> Order:
    """Return the order of a job with the smaller variant's model and length."""
    request = replace(job.request, model=smaller.model, duration_s=smaller.duration_s)
    return Order(request, job.origin, is_private=job.is_private, is_spoiler=job.is_spoiler)


def _require_waiting(tx: sqlite3.Connection, job_id: int, now: int) -> Job:
    job = jobs.get(tx, job_id)
    approval = approvals.find(tx, job_id)
    if approval is None:
        raise TooLateError(f"Job {job_id} needs no approval. Nothing was changed.")
    if approval.state != "waiting":
        by = f" by <@{approval.decided_by}>" if approval.decided_by else ""
        how = ENDED[approval.state]
        raise TooLateError(f"Job {job_id} {how}{by}. Nothing was changed by this press.")
    if approval.ends_at <= now:
        raise TooLateError(f"Job {job_id} {ENDED['lapsed']}. Nothing was charged.")
    if job.state is State.RESERVED:
        raise TooLateError(
            f"Job {job_id} is just being written down. Please press again in a moment."
        )
    return job


def _approve(tx: sqlite3.Connection, job_id: int, by: int, now: int) -> None:
    _require_waiting(tx, job_id, now)
    asking.close(tx, job_id, "approved", by, now)
    outbox.put(tx, job_id, "progress", {"stage": "waiting"}, now)


def _deny(tx: sqlite3.Connection, job_id: int, by: int, said: str | None, now: int) -> None:
    _require_waiting(tx, job_id, now)
    asking.close(tx, job_id, "denied", by, now, reason=said)
    facts = {"said": said, "said_by": "The moderator"}
    moves.cancel(tx, job_id, State.QUEUED, DENIED, now, tell=True, facts=facts)


def _lapse(tx: sqlite3.Connection, job_id: int, now: int) -> bool:
    """End a wait that is over; False while the job's card is not known to be out."""
    job = jobs.get(tx, job_id)
    if job.state is State.RESERVED:
        return False
    if not asking.close(tx, job_id, "lapsed", None, now):
        return False
    moves.cancel(tx, job_id, State.QUEUED, LAPSED, now, tell=True)
    return True


def _approve_smaller(
    tx: sqlite3.Connection,
    job_id: int,
    by: int,
    interaction_id: int,
    order: Order,
    quote: Quote,
    mark: str,
    limits: ledger.Limits,
    caps: tuple[int, int],
    now: int,
) -> Job:
    """Call the job off unsaid and admit the smaller one on its card, together or not at all."""
    job = _require_waiting(tx, job_id, now)
    asking.close(tx, job_id, "smaller", by, now)
    moves.cancel(tx, job_id, State.QUEUED, REPLACED, now, tell=False)
    asker = _asker_again(tx, job, interaction_id)
    made = moves.reserve(tx, asker, order, quote, mark, limits, caps, now).job
    jobs.take_over(tx, job_id, made.id)
    moves.enqueue(tx, made.id, job.channel_id, job.message_id or 0)
    asking.note_smaller(tx, job, made.id, now)
    outbox.put(tx, made.id, "progress", {"stage": "waiting"}, now)
    return jobs.get(tx, made.id)


def _asker_again(tx: sqlite3.Connection, job: Job, interaction_id: int) -> Asker:
    """Return who asked for a job, in the same place and with the same roles."""
    pot = pots.find(tx, job.guild_id, ledger.find_pot(tx, job.id))
    return Asker(
        interaction_id=interaction_id,
        interaction_token="",
        guild_id=job.guild_id,
        channel_id=job.channel_id,
        user_id=job.user_id,
        upload_limit_bytes=job.upload_limit_bytes,
        role_ids=job.role_ids,
        parent_id=pot.channel_id if pot else None,
    )
