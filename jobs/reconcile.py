"""Finding out about `unknown` jobs through the vendor's history; nothing is ever sent again.

One candidate is adopted. None counts as absence only when the list reaches back past the send and
the vendor's clock is past the horizon, and only the second time. Several candidates are for a
person to decide. An error is no information.
"""

import logging
import sqlite3
from collections.abc import Callable

from jobs import fingerprint, history, moves
from jobs.alarm import Alarm
from jobs.gate import Gate
from jobs.ports import Clock
from models import Job, State
from neuralbox import NeuralBox, NeuralBoxError, UnexpectedReplyError
from storage import claims, jobs
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
PERSON_LOOK_S = 3600.0
DECIDED_BY_PERSON = "two candidates in the history"


class Reconciler:
    """The loop over `unknown` jobs. `alarm` wakes it when one came up."""

    def __init__(
        self, db: Database, box: NeuralBox, gate: Gate, clock: Clock, on_change: Callable[[], None]
    ) -> None:
        self._db, self._box, self._gate, self._clock = db, box, gate, clock
        self._on_change = on_change
        self._looks = 0
        self._look_at = 0.0
        self._known: set[int] = set()
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                delay_s = await self._round()
            except NeuralBoxError as error:
                delay_s = self._pace()
                log.warning("reconciling is off for now, nothing is concluded: %s", error)
            self._look_at = self._clock.monotonic() + (delay_s or 0)
            await self.alarm.wait(delay_s)

    async def _round(self) -> float | None:
        unknown = await self._db.read(jobs.list_in, State.UNKNOWN)
        ids = {job.id for job in unknown}
        if ids <= self._known and self._clock.monotonic() < self._look_at:
            return self._look_at - self._clock.monotonic()  # a nudge about something else
        if not ids:
            self._known, self._looks = set(), 0
            return None
        if ids - self._known:
            self._looks = 0
        self._known = ids
        oldest = min(sent_at(job, self._box.skew_s) for job in unknown)
        seen = await history.read_back_to(
            self._box,
            self._gate,
            int(oldest) - SKEW_MARGIN_S,
            await self._db.read(claims.find_answered_id),
        )
        if any(entry.prompt is None for entry in seen.entries):
            raise UnexpectedReplyError("a history entry without its prompt")
        for job in unknown:
            await self._decide(job, seen)
        is_hopeful = any(job.attention != DECIDED_BY_PERSON for job in unknown)
        return self._pace() if is_hopeful else PERSON_LOOK_S

    async def _decide(self, job: Job, seen: history.History) -> None:
        """Adopt, give up or leave one job; all times are the vendor's."""
        now = int(self._clock.now())
        sent = sent_at(job, self._box.skew_s)
        waited_s = (job.submit_deadline or 0) - (job.submit_at or 0)
        latest = sent + waited_s + IN_FLIGHT_S + SKEW_MARGIN_S
        alike = [
            entry
            for entry in seen.entries
            if sent - SKEW_MARGIN_S <= (entry.created_at or 0) <= latest
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
            elif seen.is_complete and now + self._box.skew_s > sent + waited_s + HORIZON_S:
                await self._absent(job, now)
        except (StaleStateError, AlreadyClaimedError) as error:
            log.info("job %d was decided meanwhile: %s", job.id, error)

    async def _absent(self, job: Job, now: int) -> None:
        """Count an absence past the horizon; the second one, a minute later, is proof."""
        if await self._db.write(count_absence, job.id, now):
            log.info("job %d: unknown -> not_submitted", job.id)
            self._on_change()

    def _pace(self) -> float:
        self._looks += 1
        return LOOK_EVERY_S[min(self._looks, len(LOOK_EVERY_S)) - 1]


def sent_at(job: Job, skew_s: float) -> float:
    """Return when the job was sent, on the vendor's clock (epoch s)."""
    return job.sent_at if job.sent_at is not None else (job.submit_at or 0) + skew_s


def count_absence(tx: sqlite3.Connection, job_id: int, now: int) -> bool:
    """Note that a complete history did not show the job; True when that ends it."""
    job = jobs.get(tx, job_id)
    if job.state is not State.UNKNOWN:
        return False
    if job.absent_seen and job.absent_at is not None and now - job.absent_at >= SECOND_LOOK_S:
        moves.give_up_unknown(tx, job_id, now)
        return True
    if not job.absent_seen:
        jobs.note(tx, job_id, absent_seen=1, absent_at=now)
    return False
