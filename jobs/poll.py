"""Watching what the vendor has until it ends, with as few requests as the schedule asks for."""

import logging
import sqlite3
from collections.abc import Callable

from jobs import moves
from jobs.alarm import Alarm
from jobs.catalogue import wait_range
from jobs.gate import Gate
from jobs.ports import Clock
from jobs.prices import PriceBook
from jobs.schedule import Schedule
from models import Job, State
from neuralbox import (
    Generation,
    NeuralBox,
    NeuralBoxError,
    NotFoundError,
    Status,
    UnexpectedReplyError,
)
from storage import jobs, outbox
from storage.database import Database
from storage.errors import DatabaseLostError, StaleStateError

log = logging.getLogger(__name__)

PAGE = 100
# Pages beyond those that our open jobs fill: others may use the account too.
SPARE_PAGES = 2
# A completed generation without its file is not yet readable; after these looks it is booked so.
LOOKS_FOR_FILE = 5
LATE_FACTOR = 3
GONE_ATTENTION_S = 3600
OVERDUE_ATTENTION_S = 24 * 3600
ERROR_RETRY_S = (5.0, 15.0, 60.0, 300.0)


class Poller:
    """The loop over `pending` jobs. `alarm` wakes it when a job became pending."""

    def __init__(
        self,
        db: Database,
        box: NeuralBox,
        gate: Gate,
        book: PriceBook,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._db, self._box, self._gate, self._clock = db, box, gate, clock
        self._book = book
        self._on_change = on_change
        self._schedule = Schedule()
        self._watched: dict[int, Job] = {}
        self._fileless: dict[int, int] = {}
        self._told_late: set[int] = set()
        self._errors = 0
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        while True:
            await self._take_up()
            try:
                delay_s = await self._round()
                self._errors = 0
            except NeuralBoxError as error:
                self._gate.learn(error)
                delay_s = ERROR_RETRY_S[min(self._errors, len(ERROR_RETRY_S) - 1)]
                self._errors += 1
                log.warning("looking after generations failed: %s", error)
            await self.alarm.wait(delay_s)

    async def _take_up(self) -> None:
        """Begin to watch jobs that became pending, here or before a restart."""
        fresh = await self._db.read(jobs.list_pending_except, frozenset(self._watched))
        now = self._clock.monotonic()
        for job in fresh:
            self._watched[job.id] = job
            # The schedule runs on the monotonic clock: a wall clock set anew moves no look.
            age_s = max(0.0, self._clock.now() - (job.submit_at or job.created_at))
            self._schedule.add(job.id, wait_range(job.request.model), now - age_s, now)

    async def _round(self) -> float | None:
        """Ask about what is due; return how long to wait, None when nothing is open."""
        due = self._schedule.due(self._clock.monotonic())
        if due:
            if (wait_s := self._gate.wait_s("look")) > 0:
                return wait_s
            if len(due) == 1:
                await self._look_at_one(due[0])
            else:
                await self._look_at_many(due)
        next_at = self._schedule.next_at()
        return None if next_at is None else max(0.0, next_at - self._clock.monotonic())

    async def _look_at_one(self, job_id: int) -> None:
        job = self._watched[job_id]
        try:
            generation = await self._box.get_generation(job.generation_id or "")
        except NotFoundError:
            self._schedule.unseen(job_id, self._clock.monotonic())
            await self._note_when_old(job, GONE_ATTENTION_S, "unknown to the vendor")
            return
        except NeuralBoxError:
            self._schedule.unseen(job_id, self._clock.monotonic())
            raise
        await self._take(job, generation)

    async def _look_at_many(self, due: list[int]) -> None:
        """Ask about several jobs with as few pages of the history as hold them.

        What the pages do not show is unknown, not failed. One of those is looked at by itself each
        time, so that a history that is broken or crowded by others hides nobody for ever.
        """
        wanted = {self._watched[job_id].generation_id: job_id for job_id in due}
        alone: list[int] = []
        try:
            await self._read_pages(wanted, alone)
        except UnexpectedReplyError as error:
            log.warning("the history cannot be read, so jobs are asked for singly: %s", error)
        finally:
            for job_id in wanted.values():
                self._schedule.unseen(job_id, self._clock.monotonic())
        if wanted:
            alone.append(min(wanted.values(), key=self._schedule.seen_at))
        for job_id in alone:
            await self._look_at_one(job_id)
        for job_id in wanted.values():
            if job_id in self._watched:
                await self._note_when_old(self._watched[job_id], OVERDUE_ATTENTION_S, "overdue")

    async def _read_pages(self, wanted: dict[str | None, int], alone: list[int]) -> None:
        """Take what the pages show out of `wanted`; failed ones go to `alone`.

        Only the status call tells why a generation failed.
        """
        for page_number in range(1, len(self._watched) // PAGE + SPARE_PAGES + 1):
            page = await self._box.list_history(page=page_number, limit=PAGE)
            for generation in page.items:
                job_id = wanted.pop(generation.id, None)
                if job_id is not None and generation.status is Status.FAILED:
                    alone.append(job_id)
                elif job_id is not None:
                    await self._take(self._watched[job_id], generation)
            if not wanted or page.is_last or self._gate.wait_s("look") > 0:
                break

    async def _take(self, job: Job, generation: Generation) -> None:
        """Act on the vendor's current view of a job; what is unforeseen stays with this job."""
        try:
            await self._act(job, generation)
        except DatabaseLostError:
            raise
        except Exception:
            log.exception("job %d: its ending could not be booked; again later", job.id)
            if job.id in self._schedule:
                self._schedule.unseen(job.id, self._clock.monotonic())
            await self._note_when_old(job, 0, "unforeseen error, see the log")

    async def _act(self, job: Job, generation: Generation) -> None:
        now = self._clock.monotonic()
        if generation.status is Status.COMPLETED and not self._is_ready(job, generation):
            self._schedule.soon(job.id, now)
            if generation.cost_tokens is None:
                self._schedule.unseen(job.id, now)
                await self._note_when_old(job, 0, "cost missing")
            return
        if generation.status in (Status.COMPLETED, Status.FAILED):
            await self._end(job, generation)
            return
        if generation.status is None:
            log.warning("job %d: a status nobody published; read as no information", job.id)
        self._schedule.unfinished(job.id, now)
        await self._tell_when_late(job)

    def _is_ready(self, job: Job, generation: Generation) -> bool:
        """True when a completed generation tells its cost and its file, or has no file for long."""
        if generation.cost_tokens is None:
            return False
        if generation.result_url is None:
            self._fileless[job.id] = self._fileless.get(job.id, 0) + 1
            return self._fileless[job.id] >= LOOKS_FOR_FILE
        return True

    async def _end(self, job: Job, generation: Generation) -> None:
        now = int(self._clock.now())
        unseen_s = self._clock.monotonic() - self._schedule.seen_at(job.id)
        seen_unfinished_at = now - int(unseen_s)
        try:
            is_overrun = await self._db.insist(
                moves.finish, job.id, generation, seen_unfinished_at, now
            )
        except StaleStateError:
            is_overrun = False  # ended already, before a restart or by another look
        if is_overrun:
            await self._book.load()  # paused from this moment on
            log.error("job %d cost more than its hold; its model is paused", job.id)
        log.info(
            "job %d: pending -> %s in %d s for %s tokens",
            job.id,
            generation.status,
            now - (job.submit_at or now),
            generation.cost_tokens,
        )
        self._schedule.remove(job.id)
        del self._watched[job.id]
        self._fileless.pop(job.id, None)
        self._told_late.discard(job.id)
        self._on_change()

    async def _tell_when_late(self, job: Job) -> None:
        age_s = self._schedule.age_s(job.id, self._clock.monotonic())
        _low_s, high_s = wait_range(job.request.model)
        if age_s > LATE_FACTOR * high_s and job.id not in self._told_late:
            self._told_late.add(job.id)
            await self._db.write(
                outbox.put, job.id, "progress", {"stage": "late"}, int(self._clock.now())
            )
            self._on_change()
        await self._note_when_old(job, OVERDUE_ATTENTION_S, "overdue")

    async def _note_when_old(self, job: Job, age_s: int, attention: str) -> None:
        if self._schedule.age_s(job.id, self._clock.monotonic()) < age_s:
            return
        if await self._db.write(_note_once, job.id, attention):
            log.error("job %d needs attention: %s; its tokens stay held", job.id, attention)
            self._on_change()


def _note_once(tx: sqlite3.Connection, job_id: int, attention: str) -> bool:
    job = jobs.get(tx, job_id)
    if job.state is not State.PENDING or job.attention is not None:
        return False
    jobs.note(tx, job_id, attention=attention)
    if attention == "cost missing":
        outbox.put(tx, job_id, "progress", {"stage": "unpriced"}, job.next_at)
    return True
