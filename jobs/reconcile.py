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
from neuralbox import Generation, NeuralBox, NeuralBoxError
from storage import claims, jobs
from storage.claims import AlreadyClaimedError
from storage.database import Database
from storage.errors import StaleStateError

log = logging.getLogger(__name__)

IN_FLIGHT_S = 120
LISTING_LAG_S = 600
HORIZON_S = 900
# Added to the measured difference between the clocks: headers carry whole seconds.
SKEW_MARGIN_S = 5
SECOND_LOOK_S = 60
# Seconds after the last look: soon at first, since most are found at once.
LOOK_EVERY_S = (5.0, 15.0, 30.0, 60.0, 120.0)
DECIDED_BY_PERSON = "two candidates in the history"


class Reconciler:
    """The loop over `unknown` jobs. `alarm` wakes it when one came up."""

    def __init__(
        self, db: Database, box: NeuralBox, gate: Gate, clock: Clock, on_change: Callable[[], None]
    ) -> None:
        self._db, self._box, self._gate, self._clock = db, box, gate, clock
        self._on_change = on_change
        self._looks = 0
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                delay_s = await self._round()
            except NeuralBoxError as error:
                self._gate.learn(error)
                delay_s = self._pace()
                log.warning("reconciling is off for now, nothing is concluded: %s", error)
            await self.alarm.wait(delay_s)

    async def _round(self) -> float | None:
        unknown = await self._db.read(jobs.list_in, State.UNKNOWN)
        if not unknown:
            self._looks = 0
            return None
        if (wait_s := self._gate.wait_s("look")) > 0:
            return wait_s
        oldest = min(job.submit_at or job.created_at for job in unknown)
        entries = await history.read_back_to(
            self._box,
            int(oldest + self._box.skew_s) - SKEW_MARGIN_S,
            await self._db.read(claims.find_answered_id),
        )
        skew_s = self._box.skew_s
        for job in unknown:
            await self._decide(job, entries, skew_s)
        return self._pace()

    async def _decide(self, job: Job, entries: list[Generation], skew_s: float) -> None:
        now = int(self._clock.now())
        submit_at, deadline = job.submit_at or 0, job.submit_deadline or 0
        earliest = submit_at + skew_s - SKEW_MARGIN_S
        latest = deadline + IN_FLIGHT_S + skew_s + SKEW_MARGIN_S
        alike = [
            entry
            for entry in entries
            if entry.created_at is not None
            and earliest <= entry.created_at <= latest
            and fingerprint.of(entry.model or "", entry.prompt or "") == job.fingerprint
        ]
        taken = await self._db.read(claims.claimed, [entry.id for entry in alike])
        candidates = [entry for entry in alike if entry.id not in taken]
        try:
            if len(candidates) == 1:
                await self._db.write(
                    moves.accept, job.id, State.UNKNOWN, candidates[0].id, "adopted", now
                )
                log.info("job %d: unknown -> pending, adopted %s", job.id, candidates[0].id)
                self._on_change()
            elif candidates:
                if job.attention != DECIDED_BY_PERSON:
                    await self._db.write(jobs.set_attention, job.id, DECIDED_BY_PERSON)
                    log.error("job %d: %d candidates in the history", job.id, len(candidates))
            elif now > deadline + HORIZON_S:
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
