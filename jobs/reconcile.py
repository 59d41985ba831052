"""Finding out about `unknown` jobs through the vendor's history; nothing is ever sent again.

One candidate is adopted. None counts as absence only when the list reaches back past the send and
the vendor's clock is past the horizon, and only the second time. Several candidates are for a
person to decide. An error is no information.

All times are the vendor's. A job that was sent before its clock was seen cannot be placed in time
by our own, which may have been set anew since: anything made since the last sweep may be that job,
and its horizon runs from our first look at the history.
"""

import logging
import sqlite3
from collections.abc import Callable

from jobs import fingerprint, history, moves
from jobs.alarm import Alarm
from jobs.aside import Aside
from jobs.gate import Gate
from jobs.ports import Clock
from models import Job, State
from neuralbox import NeuralBox, NeuralBoxError, UnexpectedReplyError
from storage import claims, jobs, settings
from storage.claims import AlreadyClaimedError
from storage.database import Database
from storage.errors import StaleStateError

log = logging.getLogger(__name__)

IN_FLIGHT_S = 120
HORIZON_S = 900
# The header that tells the vendor's clock and the entries' times may come from different machines.
SKEW_MARGIN_S = 60
SECOND_LOOK_S = 60
# Seconds after the last look: soon at first, since most are found at once.
LOOK_EVERY_S = (5.0, 15.0, 30.0, 60.0, 120.0)
# While the history cannot be read; the same, then ever more rarely.
FAILED_EVERY_S = (*LOOK_EVERY_S, 240.0, 480.0, 600.0)
# What a person has to decide is looked at by the hour, later after a part of its age: the longer it
# waits, the more pages lie before it.
PERSON_LOOK_S, PERSON_LOOK_PART = 3600.0, 1 / 24
DECIDED_BY_PERSON = "two candidates in the history"
# Everything the vendor made before this moment (its clock) has been accounted for.
SWEPT_TO = "swept_to"
# When a sweep last saw all there was (our clock).
SWEPT_AT = "swept_at"
# How far the vendor's clock was ahead of ours then (s).
SKEW = "skew"


class Reconciler:
    """The loop over `unknown` jobs. `alarm` wakes it when one came up."""

    def __init__(
        self, db: Database, box: NeuralBox, gate: Gate, clock: Clock, on_change: Callable[[], None]
    ) -> None:
        self._db, self._box, self._gate, self._clock = db, box, gate, clock
        self._on_change = on_change
        self._looks = 0
        self._look_at = 0.0
        self._persons_at = float("-inf")
        self._known: set[int] = set()
        self._first_looks: dict[int, float] = {}
        self._aside = Aside(db, clock)
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                delay_s = await self._round()
            except NeuralBoxError as error:
                delay_s = self._pace(FAILED_EVERY_S)
                log.warning("reconciling is off for now, nothing is concluded: %s", error)
            self._look_at = self._clock.monotonic() + (delay_s or 0)
            await self.alarm.wait(delay_s)

    async def _round(self) -> float | None:
        unknown = await self._db.read(_list_unknown)
        ids = {job.id for job in unknown}
        if ids <= self._known and self._clock.monotonic() < self._look_at:
            return self._look_at - self._clock.monotonic()  # a nudge about something else
        if not ids:
            self._known, self._looks = set(), 0
            self._first_looks.clear()
            return None
        if ids - self._known:
            self._looks = 0
        self._known = ids
        persons = [job for job in unknown if job.attention == DECIDED_BY_PERSON]
        hopeful = [job for job in unknown if job.attention != DECIDED_BY_PERSON]
        wanted = hopeful
        if persons and self._clock.monotonic() >= self._persons_at:
            # Before it is read: should the history not reach so far, the others are not held up.
            self._persons_at = self._clock.monotonic() + self._person_pause_s(persons)
            wanted = unknown
        if not wanted:
            return self._persons_at - self._clock.monotonic()
        swept_to, answered_id = await self._db.read(_accounted_for)
        seen = await history.read_back_to(
            self._box,
            self._gate,
            min(self._earliest(job, swept_to) for job in wanted) - SKEW_MARGIN_S,
            answered_id,
        )
        if any(entry.prompt is None for entry in seen.entries):
            raise UnexpectedReplyError("a history entry without its prompt")
        for job in wanted:
            async with self._aside.only(job.id):
                await self._decide(job, self._earliest(job, swept_to), seen)
        return self._pace() if hopeful else self._persons_at - self._clock.monotonic()

    async def _decide(self, job: Job, earliest: int, seen: history.History) -> None:
        """Adopt, give up or leave one job; `earliest` is the first moment it may have been sent."""
        now = int(self._clock.now())
        vendor_now = now + self._box.skew_s
        waited_s = (job.submit_deadline or 0) - (job.submit_at or 0)
        latest_sent = job.sent_at
        if latest_sent is None:
            latest_sent = round(self._first_looks.setdefault(job.id, vendor_now))
        latest = latest_sent + waited_s + IN_FLIGHT_S + SKEW_MARGIN_S
        alike = [
            entry
            for entry in seen.entries
            if earliest - SKEW_MARGIN_S <= (entry.created_at or 0) <= latest
            and fingerprint.of(entry.model or "", entry.prompt or "") == job.fingerprint
        ]
        taken = await self._db.read(claims.claimed, [entry.id for entry in alike])
        candidates = [entry for entry in alike if entry.id not in taken]
        try:
            if len(candidates) == 1:
                await self._db.insist(
                    moves.accept, job.id, State.UNKNOWN, candidates[0].id, "adopted", now
                )
                log.info("job %d: unknown -> pending, adopted %s", job.id, candidates[0].id)
                self._on_change()
            elif candidates:
                if job.attention != DECIDED_BY_PERSON:
                    await self._db.write(jobs.set_attention, job.id, DECIDED_BY_PERSON)
                    log.error("job %d: %d candidates in the history", job.id, len(candidates))
            elif job.attention == DECIDED_BY_PERSON:
                pass  # it was seen, whatever the history shows by now
            elif seen.is_complete and vendor_now > latest_sent + waited_s + HORIZON_S:
                await self._absent(job, earliest, int(vendor_now), now)
        except (StaleStateError, AlreadyClaimedError) as error:
            log.info("job %d was decided meanwhile: %s", job.id, error)

    async def _absent(self, job: Job, earliest: int, vendor_now: int, now: int) -> None:
        """Count an absence past the horizon; the second one, a minute later, is proof."""
        if await self._db.write(count_absence, job.id, earliest, vendor_now, now):
            log.info("job %d: unknown -> not_submitted", job.id)
            self._on_change()

    def _earliest(self, job: Job, swept_to: int) -> int:
        """Return the first moment at which the job may have been sent."""
        if job.sent_at is not None:
            return job.sent_at
        by_our_clock = round((job.submit_at or 0) + self._box.skew_s)
        return min(by_our_clock, swept_to) if swept_to else by_our_clock

    def _person_pause_s(self, persons: list[Job]) -> float:
        oldest_at = min(job.submit_at or job.created_at for job in persons)
        return max(PERSON_LOOK_S, PERSON_LOOK_PART * (self._clock.now() - oldest_at))

    def _pace(self, every_s: tuple[float, ...] = LOOK_EVERY_S) -> float:
        self._looks += 1
        return every_s[min(self._looks, len(every_s)) - 1]


def count_absence(
    tx: sqlite3.Connection, job_id: int, earliest: int, vendor_now: int, now: int
) -> bool:
    """Note that a complete history did not show the job; True when that ends it.

    It was sent at `earliest` or later: from there on a sweep goes on looking for it.
    """
    job = jobs.get(tx, job_id)
    if job.state is not State.UNKNOWN:
        return False
    seen_at = job.absent_at
    if job.absent_seen and seen_at is not None and vendor_now - seen_at >= SECOND_LOOK_S:
        jobs.note(tx, job_id, sent_at=earliest)
        moves.give_up_unknown(tx, job_id, now)
        return True
    if not job.absent_seen:
        jobs.note(tx, job_id, absent_seen=1, absent_at=vendor_now)
    return False


def earliest_there(tx: sqlite3.Connection, at: int, skew_s: float) -> float:
    """Return the earliest that a moment of our clock may have been by the vendor's.

    Ours may have been set anew since then, or be another machine's.
    """
    return at + min(skew_s, settings.counter(tx, SKEW))


def _list_unknown(tx: sqlite3.Connection) -> list[Job]:
    """Return the jobs to look up here; those of rewound books are looked up together."""
    unknown = jobs.list_in(tx, State.UNKNOWN)
    return [job for job in unknown if job.attention != moves.REWOUND]


def _accounted_for(tx: sqlite3.Connection) -> tuple[int, str | None]:
    return settings.counter(tx, SWEPT_TO), claims.find_answered_id(tx)
