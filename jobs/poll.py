"""Watching what the vendor has until it ends, with as few requests as the schedule asks for."""

import logging
import sqlite3
from bisect import bisect_right
from collections.abc import Callable

from jobs import moves
from jobs.alarm import Alarm
from jobs.aside import UNFORESEEN
from jobs.gate import Gate
from jobs.ports import Clock
from jobs.prices import PriceBook
from jobs.schedule import Page, Schedule, Single
from jobs.tidings import Tidings
from jobs.waiting import kind_of
from models import Job
from neuralbox import (
    Generation,
    NeuralBox,
    NeuralBoxError,
    NotFoundError,
    Status,
    UnexpectedReplyError,
)
from storage import jobs
from storage.database import Database
from storage.errors import DatabaseBusyError, DatabaseLostError, StaleStateError

log = logging.getLogger(__name__)

PAGE = 100
# A completed generation without its file is not yet readable; after these looks it is booked so.
LOOKS_FOR_FILE = 5
SOON_S = 3.0
# Pages in a row that make no sense, before each job is asked for by itself.
UNREADABLE_PAGES = 3
# Below so many percent, progress says too little of the whole.
LEAST_PROGRESS = 20
# Our age of a job and the vendor's differ by less than this unless a clock was set.
AGES_APART_S = 120.0
GONE_ATTENTION_S = 3600
OVERDUE_ATTENTION_S = 24 * 3600
ERROR_RETRY_S = (5.0, 15.0, 60.0, 300.0)


class Poller:
    """The loop over `pending` jobs. `alarm` wakes it when one became pending."""

    def __init__(
        self,
        db: Database,
        box: NeuralBox,
        gate: Gate,
        book: PriceBook,
        schedule: Schedule,
        tidings: Tidings,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._db, self._box, self._gate, self._clock = db, box, gate, clock
        self._book, self._schedule, self._tidings = book, schedule, tidings
        self._on_change = on_change
        self._watched: dict[int, Job] = {}
        self._by_generation: dict[str, Job] = {}
        self._fileless: dict[int, int] = {}
        self._unreadable = 0
        self._is_caught_up = self._has_news = False
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
                log.warning("looking after generations failed: %s", error)
                # A closed gate knows best when it opens.
                delay_s = self._gate.wait_s("again")
                if delay_s <= 0:
                    delay_s = ERROR_RETRY_S[min(self._errors, len(ERROR_RETRY_S) - 1)]
                    self._errors += 1
            await self.alarm.wait(self._tidings.before(delay_s))

    async def _take_up(self) -> None:
        """Begin to watch jobs that became pending, here or before a restart."""
        fresh = await self._db.read(jobs.list_pending_except, frozenset(self._watched))
        ended: list[int] = []
        if not self._is_caught_up:
            await self._tidings.load()
            if fresh:
                # What was sent after an open job and has ended stands before it in the history.
                oldest = min(job.submit_at or job.created_at for job in fresh)
                ended = await self._db.read(jobs.list_ended_since, oldest)
            self._is_caught_up = True
        now, wall = self._clock.monotonic(), self._clock.now()
        for job in fresh:
            sent_at = job.submit_at or job.created_at
            before = bisect_right(ended, sent_at)
            self._schedule.passed(before)
            del ended[:before]
            self._watched[job.id] = job
            self._by_generation[job.generation_id or ""] = job
            # The schedule runs on the monotonic clock: a wall clock set anew moves no look.
            self._schedule.add(job.id, kind_of(job.request), now - max(0.0, wall - sent_at), now)
        self._schedule.passed(len(ended))

    async def _round(self) -> float | None:
        """Make the look that is due; return how long to wait, None when nothing is open."""
        await self._tidings.turn()
        now = self._clock.monotonic()
        plan = self._schedule.next(now)
        if plan is None or plan.look is None or plan.at > now:
            trial_s = await self._try_vendor()
            delays = [] if trial_s is None else [trial_s]
            if plan is not None:
                delays.append(max(plan.at - now, 0.05))
            return min(delays, default=None)
        # The plan has kept the reserve already, or found the look too urgent to keep it.
        if (wait_s := self._gate.wait_s("again")) > 0:
            return wait_s
        try:
            if isinstance(plan.look, Single):
                await self._look_at_one(self._watched[int(plan.look.job)])
            else:
                await self._look_at_page(plan.look)
        finally:
            self._schedule.looked(plan.look, self._clock.monotonic())
            if self._has_news:
                # Once for a whole page: each nudge lets every loop read what there is to do.
                self._has_news = False
                self._on_change()
        return 0.0

    async def _try_vendor(self) -> float | None:
        """While the vendor is down and no look is due, ask now and then for those who wait."""
        if self._gate.down_since is None:
            return None
        if (wait_s := self._gate.wait_s("look")) > 0:
            return wait_s
        async with self._gate.passing("look"):
            await self._box.list_history(page=1, limit=1)
        return 0.0

    async def _look_at_one(self, job: Job) -> None:
        try:
            async with self._gate.passing("again"):
                generation = await self._box.get_generation(job.generation_id or "")
        except NotFoundError:
            self._schedule.missed(job.id, self._clock.monotonic())
            await self._tidings.note_when_old(job, GONE_ATTENTION_S, "unknown to the vendor")
            return
        except (NeuralBoxError, DatabaseLostError, DatabaseBusyError):
            raise
        except Exception:
            log.exception("job %d: its look broke; again later", job.id)
            self._schedule.missed(job.id, self._clock.monotonic())
            await self._tidings.note_when_old(job, 0, UNFORESEEN)
            return
        await self._take(job, generation)

    async def _look_at_page(self, look: Page) -> None:
        """Ask about several jobs with the page of the history that should hold them.

        What it does not show is unknown, not failed, and is asked for by itself; so is one that
        failed, since only the status call tells why. A history that cannot be read hides nobody.
        """
        expected = {int(job) for job in self._schedule.expected(look)}
        try:
            async with self._gate.passing("again"):
                page = await self._box.list_history(page=look.number, limit=PAGE)
        except UnexpectedReplyError as error:
            self._unreadable += 1
            if self._unreadable < UNREADABLE_PAGES:
                raise
            log.warning("the history cannot be read, so jobs are asked for singly: %s", error)
            self._miss_in_turn(expected)
            return
        self._unreadable = 0
        ended: list[tuple[Job, Generation]] = []
        for generation in page.items:
            job = self._by_generation.get(generation.id)
            if job is None or job.id not in self._watched:
                continue
            expected.discard(job.id)
            self._schedule.listed(job.id)
            if generation.status is Status.FAILED:
                self._schedule.missed(job.id, self._clock.monotonic(), pause_s=0.0)
            elif _is_whole(generation):
                ended.append((job, generation))
            else:
                await self._take(job, generation)
        await self._take_ended(ended)
        self._miss(expected)

    def _miss_in_turn(self, job_ids: set[int]) -> None:
        """Ask for them singly, a gap apart: together they could use up the hour."""
        now, gap_s = self._clock.monotonic(), self._schedule.gap_s
        for place, job_id in enumerate(sorted(job_ids & self._watched.keys()), start=1):
            self._schedule.missed(job_id, now, pause_s=place * gap_s)

    def _miss(self, job_ids: set[int]) -> None:
        self._schedule.unlisted(job_ids & self._watched.keys(), self._clock.monotonic())

    async def _take_ended(self, ended: list[tuple[Job, Generation]]) -> None:
        """Book what a page showed completed, in one go; if that breaks, each by itself."""
        now = int(self._clock.now())
        rows = [(job.id, generation, self._seen_unfinished_at(job)) for job, generation in ended]
        try:
            overruns = await self._db.insist(_finish_all, rows, now) if rows else []
        except DatabaseLostError:
            raise
        except Exception:
            log.exception("a page could not be booked in one go")
            for job, generation in ended:
                await self._take(job, generation)
            return
        for (job, generation), is_overrun in zip(ended, overruns, strict=True):
            await self._ended(job, generation, is_overrun=is_overrun)

    async def _take(self, job: Job, generation: Generation) -> None:
        """Act on the vendor's current view of a job; what is unforeseen stays with this job."""
        try:
            await self._act(job, generation)
        except DatabaseLostError:
            raise
        except Exception:
            log.exception("job %d: its ending could not be booked; again later", job.id)
            if job.id in self._schedule:
                self._schedule.missed(job.id, self._clock.monotonic())
            await self._tidings.note_when_old(job, 0, UNFORESEEN)

    async def _act(self, job: Job, generation: Generation) -> None:
        now = self._clock.monotonic()
        if generation.status is Status.COMPLETED and generation.cost_tokens is None:
            self._schedule.missed(job.id, now)
            await self._tidings.note_when_old(job, 0, "cost missing")
        elif generation.status is Status.COMPLETED and not self._has_file(job, generation):
            self._schedule.missed(job.id, now, pause_s=SOON_S)
        elif generation.status in (Status.COMPLETED, Status.FAILED):
            await self._end(job, generation)
        else:
            if generation.status is None:
                log.warning("job %d: a status nobody published; read as no information", job.id)
            self._set_age(job, generation, now)
            self._schedule.saw_open(job.id, now, left_s=self._left_s(job, generation))
            await self._tidings.unfinished(job)
            await self._tidings.note_when_old(job, OVERDUE_ATTENTION_S, "overdue")

    def _set_age(self, job: Job, generation: Generation, now: float) -> None:
        """Believe the vendor that a job is younger, where our age is from a clock set anew.

        Not that it is older: a time of another zone would make all of them late.
        """
        if generation.created_at is None:
            return
        age_s = self._clock.now() + self._box.skew_s - generation.created_at
        if 0 < age_s < self._schedule.age_s(job.id, now) - AGES_APART_S:
            self._schedule.began_at(job.id, now - age_s)

    def _left_s(self, job: Job, generation: Generation) -> float | None:
        """Return what the vendor thinks it still takes (s), where it tells or can be worked out."""
        if generation.eta_s is not None:
            return float(generation.eta_s)
        if generation.progress is None or not LEAST_PROGRESS <= generation.progress < 100:
            return None
        age_s = self._schedule.age_s(job.id, self._clock.monotonic())
        return age_s * (100 - generation.progress) / generation.progress

    def _has_file(self, job: Job, generation: Generation) -> bool:
        """True when a completed generation tells where its file is, or has not for long."""
        if generation.result_url is None:
            self._fileless[job.id] = self._fileless.get(job.id, 0) + 1
            return self._fileless[job.id] >= LOOKS_FOR_FILE
        return True

    def _seen_unfinished_at(self, job: Job) -> int:
        ago_s = self._clock.monotonic() - self._schedule.seen_at(job.id)
        return int(self._clock.now()) - int(ago_s)

    async def _end(self, job: Job, generation: Generation) -> None:
        row = (job.id, generation, self._seen_unfinished_at(job))
        [is_overrun] = await self._db.insist(_finish_all, [row], int(self._clock.now()))
        await self._ended(job, generation, is_overrun=is_overrun)

    async def _ended(self, job: Job, generation: Generation, *, is_overrun: bool) -> None:
        if is_overrun:
            await self._book.load()  # paused from this moment on
            log.error("job %d cost more than its hold; its model is paused", job.id)
        log.info(
            "job %d: pending -> %s in %d s for %s tokens",
            job.id,
            generation.status,
            int(self._clock.now()) - (job.submit_at or job.created_at),
            generation.cost_tokens,
        )
        if generation.status is Status.FAILED:
            self._schedule.saw_failed(job.id)
        else:
            took_ms = generation.processing_ms
            self._schedule.saw_completed(
                job.id, self._clock.monotonic(), None if took_ms is None else took_ms / 1000
            )
        del self._watched[job.id]
        self._by_generation.pop(job.generation_id or "", None)
        self._fileless.pop(job.id, None)
        self._tidings.over(job)
        self._has_news = True


def _is_whole(generation: Generation) -> bool:
    """Return whether a generation has completed and tells all there is to book."""
    return (
        generation.status is Status.COMPLETED
        and generation.cost_tokens is not None
        and generation.result_url is not None
    )


def _finish_all(
    tx: sqlite3.Connection, rows: list[tuple[int, Generation, int]], now: int
) -> list[bool]:
    """Book generations that ended; say of each whether it cost more than its hold."""
    overruns = []
    for job_id, generation, seen_unfinished_at in rows:
        try:
            overruns.append(moves.finish(tx, job_id, generation, seen_unfinished_at, now))
        except StaleStateError:
            overruns.append(False)  # ended already, before a restart or by another look
    return overruns
