"""Sending jobs to the vendor: one request each, in fair turns, never twice.

The row says `submitting` before the request leaves. What the answer means is a closed list: only
an answer that certainly made no generation puts a job back or ends it; anything else is `unknown`
and is looked up in the history.
"""

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable
from functools import partial

from config import LimitsConfig
from jobs import moves
from jobs.alarm import Alarm
from jobs.aside import Aside
from jobs.gate import KEY_ERRORS, Gate, Notes, Ticket, write
from jobs.intake import KEY_REFUSED, NO_TOKENS, Intake
from jobs.links import PictureLinks
from jobs.places import PLACE_EVERY_S, Places
from jobs.ports import Clock
from jobs.prices import PriceBook
from jobs.refusals import refusal_sentence
from jobs.tidy import TIDY_EVERY_S, Tidier
from jobs.turns import Turns
from models import Job, State
from neuralbox import (
    AccountError,
    Created,
    CreateOutcome,
    CreateRequest,
    InsufficientTokensError,
    NeuralBox,
    NeuralBoxError,
    NotCreated,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    other_spelling,
)
from storage import approvals, jobs, settings
from storage.claims import AlreadyClaimedError
from storage.database import Database
from storage.errors import DatabaseLostError, StaleStateError

log = logging.getLogger(__name__)

SPELLINGS = "model_spelling"
UNSENT_RETRY_S = (5, 15, 30, 60)
REPRICED = "The price of this model went up while the job was waiting. Please ask again."
NOT_OFFERED = "This model is not offered any more. Please pick another one."


class Submitter:
    """The loop that takes queued jobs in turn. `alarm` wakes it when something changed."""

    def __init__(
        self,
        db: Database,
        box: NeuralBox,
        gate: Gate,
        book: PriceBook,
        intake: Intake,
        clock: Clock,
        limits: LimitsConfig,
        post_timeout_s: int,
        links: PictureLinks,
    ) -> None:
        self._db, self._box, self._gate, self._book = db, box, gate, book
        self._links = links
        self._intake, self._clock, self._limits = intake, clock, limits
        self._post_timeout_s = post_timeout_s
        self._epoch = 0
        self._turns = Turns(limits.guild_weights)
        self._sends: dict[int, asyncio.Task[None]] = {}
        self._trial: dict[str, str] = {}
        self._line: list[int] = []
        self._waiting: list[Job] = []
        self._busy: list[jobs.InFlight] = []
        # When each job that waits for another try may go: as stored, and on the monotonic clock.
        self._next_at: dict[int, tuple[int, float]] = {}
        self._places = Places(db, clock)
        self._aside = Aside(db, clock)
        self._tidier = Tidier(db, clock)
        self.alarm = Alarm(clock)
        links.on_change = self.alarm.nudge
        self.on_change: Callable[[], None] = lambda: None
        """Called when a job moved or something is to be told, so that other loops look."""
        self.on_account_trouble: Callable[[], None] = lambda: None
        """Called when the vendor refuses the account, so that somebody asks how it stands."""

    async def run(self, epoch: int) -> None:
        """Never returns; cancelled, it lets requests in flight finish first."""
        self._epoch = epoch
        try:
            while True:
                await self.alarm.wait(await self._round())
        finally:
            await self._links.stop()
            if self._sends:
                # A request cut off now would be in doubt; its own deadline bounds this wait.
                await asyncio.wait(self._sends.values())

    @property
    def on_their_way(self) -> int:
        """How many requests to make something are not answered yet."""
        return len(self._sends)

    def place_of_newcomer(self, job: Job) -> int | None:
        """Return a new job's place in the queue, or None when it is likely to go at once."""
        if not self._line and self._gate.wait_s("submit") <= 0 and self._choose([job], self._busy):
            return None
        return self._turns.place(job, self._waiting)

    def place_of(self, job_id: int) -> int | None:
        """Return a waiting job's place, 1 being next; None when it is not waiting."""
        return self._line.index(job_id) + 1 if job_id in self._line else None

    def starts_in_s(self, job: Job, place: int) -> float:
        """Return about how long a waiting job has to wait for its turn at that place.

        A slot becomes free as often as the videos under way finish; the allowance comes on top.
        """
        low_s, high_s = self._book.usual_wait_s(job.request.model, job.request.duration_s)
        busy = sum(one.has_slot for one in self._busy)
        over = busy + place - self._limits.in_flight_total
        for_slot_s = max(0, over) * (low_s + high_s) / 2 / self._limits.in_flight_total
        return max(for_slot_s, self._gate.wait_for_s(place), self._gate.wait_s("submit"))

    async def _round(self) -> float:
        """Send whatever may go; return when to look again."""
        if await self._tidier.turn(frozenset(self._sends)):
            self.on_change()
        if "recovery" in self._intake.reasons:
            # What waits may have been sent before, by a bot whose last commits are gone.
            return TIDY_EVERY_S
        sending = set(self._sends)
        everything, self._busy = await self._db.read(_queue)
        aside = [wait_s for job in everything if (wait_s := self._aside.wait_s(job.id)) > 0]
        queued = [job for job in everything if self._aside.wait_s(job.id) <= 0]
        self._turns.keep(everything)
        now = self._clock.now()
        self._links.retain({job.id for job in everything})
        self._tidier.retain({job.id for job in everything} | sending)
        await self._end_hopeless(queued)
        # One that goes back in line is there before its task has ended, and that calls for a round.
        self._next_at = {job.id: self._due(job, now) for job in queued if job.next_at}
        waits = {job_id: at - self._clock.monotonic() for job_id, (_, at) in self._next_at.items()}
        back = [job for job in queued if waits.get(job.id, 0) <= 0 and job.id not in self._sends]
        ready = [job for job in back if not self._links.is_paused(job)]
        later = [wait_s for wait_s in waits.values() if wait_s > 0]
        delays = [TIDY_EVERY_S, *aside, *later]
        gate_s = self._gate.wait_s("submit")
        if gate_s > 0:
            delays.append(gate_s)
        elif self._intake.may_send:
            for job in self._choose(ready, self._busy):
                if (wait_s := self._gate.wait_s("submit")) > 0:
                    delays.append(wait_s)
                    break
                is_begun = False
                async with self._aside.only(job.id):
                    is_begun = await self._start(job)
                if self._aside.wait_s(job.id) > 0:
                    queued.remove(job)
                    delays.append(self._aside.wait_s(job.id))
                elif is_begun:
                    queued.remove(job)
                    self._busy.append(
                        jobs.InFlight(job.guild_id, job.user_id, job.fingerprint, is_in_doubt=True)
                    )
        self._waiting = self._turns.order(queued)
        self._line = [job.id for job in self._waiting]
        # What a card says of an outage stands until it is over.
        if self._gate.down_since is None and await self._places.show(self._line):
            self.on_change()
        if self._line:
            delays.append(PLACE_EVERY_S)
        return max(0.05, min(delays))

    def _due(self, job: Job, now: float) -> tuple[int, float]:
        """Return when a job may go; once that is known, no clock that is set anew moves it."""
        known = self._next_at.get(job.id)
        if known is not None and known[0] == job.next_at:
            return known
        return job.next_at, self._clock.monotonic() + job.next_at - now

    async def _end_hopeless(self, queued: list[Job]) -> None:
        """Cancel, and take off the list, what cannot be sent any more."""
        for job in self._tidier.hopeless(queued):
            queued.remove(job)
            async with self._aside.only(job.id):
                await self._cancel(
                    job, "NeuralBox could not be reached for 15 minutes. Please try again later."
                )
        for job, sentence in [(job, self._links.trouble(job)) for job in queued]:
            if sentence is not None:
                queued.remove(job)
                async with self._aside.only(job.id):
                    await self._cancel(job, sentence)

    def _choose(self, ready: list[Job], busy: list[jobs.InFlight]) -> list[Job]:
        """Return the jobs whose turn it is, within the caps and one per fingerprint in doubt.

        What is before a person's eyes takes nobody's place: it may stay there for ever.
        """
        slots = [job for job in busy if job.has_slot]
        in_all = len(slots)
        per_guild = Counter(job.guild_id for job in slots)
        per_member = Counter((job.guild_id, job.user_id) for job in slots)
        in_doubt = {job.fingerprint for job in busy if job.is_in_doubt}
        chosen = []
        for job in self._turns.order(ready):
            member = (job.guild_id, job.user_id)
            if (
                in_all >= self._limits.in_flight_total
                or per_guild[job.guild_id] >= self._limits.in_flight_per_guild
                or per_member[member] >= self._limits.in_flight_per_member
                or job.fingerprint in in_doubt
            ):
                continue
            in_all += 1
            per_guild[job.guild_id] += 1
            per_member[member] += 1
            in_doubt.add(job.fingerprint)
            chosen.append(job)
        return chosen

    async def _start(self, job: Job) -> bool:
        """Mark the job as sent, durably, then send it; False when it is no longer there to send."""
        quote = self._book.quote_if_offered(
            job.request.model, job.request.duration_s, with_picture=job.request.picture is not None
        )
        if quote is None or (quote.revision and quote.tokens > job.hold_tokens):
            await self._cancel(job, REPRICED if quote else NOT_OFFERED)
            return True
        image_url = None if job.request.picture is None else self._links.find(job)
        if job.request.picture is not None and image_url is None:
            return False
        now = int(self._clock.now())
        sent_at = round(now + self._box.skew_s) if self._box.is_clock_known else None
        ticket, notes = self._gate.book("submit"), self._gate.notes()
        try:
            job = await self._db.write(
                _begin, notes, job.id, self._epoch, now, now + self._post_timeout_s, sent_at
            )
        except BaseException as error:
            self._gate.void(ticket)
            self._gate.put_back(notes)
            if not isinstance(error, StaleStateError | sqlite3.IntegrityError):
                raise
            log.info("job %d is not sent now: %s", job.id, error)
            return False
        self._turns.serve(job)
        task = asyncio.create_task(self._send(job, image_url, ticket), name=f"send-{job.id}")
        self._sends[job.id] = task
        task.add_done_callback(partial(self._sent, job.id))
        return True

    def _sent(self, job_id: int, task: asyncio.Task[None]) -> None:
        del self._sends[job_id]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, DatabaseLostError):
            log.error("job %d: what became of its request could not be kept", job_id)
        elif error is not None:
            log.error("sending failed in an unforeseen way", exc_info=error)
        self.on_change()

    async def _send(self, job: Job, image_url: str | None, ticket: Ticket) -> None:
        with self._gate.carry(ticket):
            await self._send_booked(job, image_url, ticket.begun_at)

    async def _send_booked(self, job: Job, image_url: str | None, booked_at: float) -> None:
        request = job.request
        spelling = self._trial.get(request.model) or await self._db.read(
            settings.find, SPELLINGS, request.model
        )
        # Whoever starts after this knows by it that the books have to know of this request.
        await self._db.leave_mark()
        if self._is_past(job, booked_at):
            # The machine slept between the mark and here; nothing was sent.
            now = int(self._clock.now())
            await self._db.insist(moves.requeue, job.id, 0, job.tried_at, now)
            self._turns.give_back(job)
            return
        outcome = await self._box.create(
            CreateRequest(
                model=request.model,
                prompt=request.prompt,
                duration_s=request.duration_s,
                aspect_ratio=request.aspect_ratio,
                negative_prompt=request.negative_prompt,
                image_url=image_url,
            ),
            model_slug=spelling,
        )
        await self._book_outcome(job, outcome, spelling)

    def _is_past(self, job: Job, booked_at: float) -> bool:
        """Say whether the deadline has passed; one of the clocks may have been asleep or set."""
        waited_s = self._clock.monotonic() - booked_at
        return waited_s > self._post_timeout_s or self._clock.now() > (job.submit_deadline or 0)

    async def _book_outcome(self, job: Job, outcome: CreateOutcome, spelling: str | None) -> None:
        """Write down what became of a request; never given up, since it has happened."""
        now = int(self._clock.now())
        if isinstance(outcome, Created):
            generation_id = outcome.generation.id
            self._intake.open("key")
            try:
                await self._db.insist(
                    moves.accept, job.id, State.SUBMITTING, generation_id, "answer", now
                )
                log.info("job %d: submitting -> pending as %s", job.id, generation_id)
            except AlreadyClaimedError:
                log.error("job %d: the id %s belongs to another job", job.id, generation_id)
                await self._db.insist(moves.doubt, job.id, "id already claimed", now)
            if self._trial.pop(job.request.model, None) and spelling is not None:
                await self._db.insist(settings.put, SPELLINGS, job.request.model, spelling)
        elif isinstance(outcome, NotCreated):
            await self._book_refusal(job, outcome.error, spelling, now)
        else:
            log.warning("job %d: submitting -> unknown: %s", job.id, outcome.reason)
            attention = outcome.reason[:200] if outcome.needs_attention else None
            await self._db.insist(moves.doubt, job.id, attention, now)

    async def _book_refusal(
        self, job: Job, error: NeuralBoxError, spelling: str | None, now: int
    ) -> None:
        """Certainly no generation was made: wait for another try, or end it."""
        self._gate.learn(error)
        await self._gate.keep()
        if isinstance(error, AccountError):
            self.on_account_trouble()
        if isinstance(error, RateLimitedError):
            next_at, tried_at = now + error.retry_after_s, job.tried_at
        elif isinstance(error, KEY_ERRORS):
            self._intake.close("key", KEY_REFUSED)
            next_at, tried_at = now + 60, job.tried_at
        elif isinstance(error, NotSentError):
            self._tidier.note_unsent(job.id)
            tried_at = job.tried_at or now
            step = sum(now - tried_at >= bound for bound in (10, 60, 180))
            next_at = now + UNSENT_RETRY_S[step]
        elif isinstance(error, NotFoundError) and await self._try_other_spelling(job, spelling):
            next_at, tried_at = 0, job.tried_at
        else:
            if isinstance(error, InsufficientTokensError):
                self._intake.close("tokens", NO_TOKENS)
            await self._db.insist(moves.reject, job.id, refusal_sentence(error), error.message, now)
            log.info("job %d: submitting -> rejected: %s", job.id, error)
            return
        await self._db.insist(moves.requeue, job.id, next_at, tried_at, now)
        self._turns.give_back(job)
        log.info("job %d: submitting -> queued: %s", job.id, error)

    async def _try_other_spelling(self, job: Job, spelling: str | None) -> bool:
        """Two spellings are published for some models: say whether to try the other one now."""
        model = job.request.model
        if spelling is None and (other := other_spelling(model)):
            self._trial[model] = other
            return True
        # The one that once worked does not: the next job begins with the published one again.
        self._trial.pop(model, None)
        await self._db.insist(settings.drop, SPELLINGS, model)
        return False

    async def _cancel(self, job: Job, reason: str) -> None:
        now = int(self._clock.now())
        try:
            await self._db.write(moves.cancel, job.id, State.QUEUED, reason, now, tell=True)
        except StaleStateError:
            return
        log.info("job %d: queued -> cancelled: %s", job.id, reason)
        self.on_change()


def _queue(tx: sqlite3.Connection) -> tuple[list[Job], list[jobs.InFlight]]:
    """Return what may be sent, without what waits for a moderator, and what is at the vendor."""
    waiting = approvals.list_waiting(tx)
    queued = [job for job in jobs.list_in(tx, State.QUEUED) if job.id not in waiting]
    return queued, jobs.list_in_flight(tx)


def _begin(
    tx: sqlite3.Connection,
    notes: Notes,
    job_id: int,
    epoch: int,
    now: int,
    deadline: int,
    sent_at: int | None,
) -> Job:
    """Mark a job as sent and count its request, in one commit."""
    job = moves.begin_submit(tx, job_id, epoch, now, deadline, sent_at)
    write(tx, notes)
    return job
