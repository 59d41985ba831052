"""Ending what its owner could not: a card that never came, a send that broke, one never possible.

All of it is waited for on the monotonic clock, once this process knows of it: a clock that is set
anew gives nothing back.
"""

import sqlite3

from jobs import moves
from jobs.aside import UNFORESEEN
from jobs.ports import Clock
from models import Job, State
from storage import jobs
from storage.database import Database

# Certainly unsent for this long since the first try: the member gets the tokens back.
GIVE_UP_UNSENT_S = 15 * 60
TIDY_EVERY_S = 60.0
# A handler answers within seconds; a job that is still `reserved` after this has lost its card.
CARD_LOST_S = 120
CARD_LOST = "Discord did not confirm this card in time, so nothing was sent. Please ask again."


class Tidier:
    """Remembers since when things are as they should not be."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._due_at = 0.0
        self._reserved_since: dict[int, float] = {}
        self._unsent_since: dict[int, float] = {}

    async def turn(self, sending: frozenset[int]) -> bool:
        """Now and then, end cards that never came and sends that broke; True when there were any.

        `sending` are the jobs whose requests are under way.
        """
        now = self._clock.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + TIDY_EVERY_S
        reserved = await self._db.read(jobs.list_ids, State.RESERVED)
        since = self._reserved_since
        self._reserved_since = {job_id: since.get(job_id, now) for job_id in reserved}
        lost = [one for one, at in self._reserved_since.items() if now - at >= CARD_LOST_S]
        return await self._db.write(_tidy, sending, lost, int(self._clock.now()))

    def note_unsent(self, job_id: int) -> None:
        """Count from now, if not from before: this job could certainly not be sent."""
        self._unsent_since.setdefault(job_id, self._clock.monotonic())

    def retain(self, job_ids: set[int]) -> None:
        """Forget all jobs but these, which wait or are being sent."""
        for job_id in self._unsent_since.keys() - job_ids:
            del self._unsent_since[job_id]

    def hopeless(self, queued: list[Job]) -> list[Job]:
        """Return the jobs that could certainly not be sent for so long that they are given back."""
        now, wall = self._clock.monotonic(), self._clock.now()
        for job in queued:
            if job.tried_at is not None:  # in an earlier life, of which the wall clock alone tells
                self._unsent_since.setdefault(job.id, now - max(0.0, wall - job.tried_at))
        return [
            job for job in queued if now - self._unsent_since.get(job.id, now) >= GIVE_UP_UNSENT_S
        ]


def _tidy(tx: sqlite3.Connection, sending: frozenset[int], lost_ids: list[int], now: int) -> bool:
    jobs.forget_interaction_tokens(tx, now)
    lost = [job for job in jobs.list_in(tx, State.RESERVED) if job.id in lost_ids]
    for job in lost:
        is_reachable = jobs.is_reachable(tx, job, now)
        moves.cancel(tx, job.id, State.RESERVED, CARD_LOST, now, tell=is_reachable)
    broken = [job_id for job_id in jobs.list_ids(tx, State.SUBMITTING) if job_id not in sending]
    for job_id in broken:
        moves.doubt(tx, job_id, UNFORESEEN, now)
    return bool(lost or broken)
