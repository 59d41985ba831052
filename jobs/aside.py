"""What nobody foresaw, kept to the one job that it happened to: the others go on.

The job gets a note for a person and is left alone for a while; its tokens stay held, and it is
taken up again by itself.
"""

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jobs.ports import Clock
from neuralbox import NeuralBoxError
from storage import jobs
from storage.database import Database
from storage.errors import DatabaseBusyError, DatabaseLostError

log = logging.getLogger(__name__)

UNFORESEEN = "unforeseen error, see the log"
PAUSE_S = (5.0, 15.0, 60.0, 300.0)


class Aside:
    """The jobs of one loop that are left alone just now."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._until: dict[int, tuple[float, int]] = {}
        self.count = 0
        """How many steps broke since the start."""

    def wait_s(self, job_id: int) -> float:
        """Return for how long a job is left alone; 0 when it is not."""
        until, _times = self._until.get(job_id, (0.0, 0))
        return max(0.0, until - self._clock.monotonic())

    @asynccontextmanager
    async def only(self, job_id: int) -> AsyncIterator[None]:
        """Take one step of a job in the block; an error that nobody foresaw ends with the job."""
        try:
            yield
        except (DatabaseLostError, DatabaseBusyError, NeuralBoxError):
            raise
        except Exception:
            _until, times = self._until.get(job_id, (0.0, 0))
            pause_s = PAUSE_S[min(times, len(PAUSE_S) - 1)]
            self._until[job_id] = (self._clock.monotonic() + pause_s, times + 1)
            self.count += 1
            log.exception(
                "job %d: a step broke in an unforeseen way, the %d. since the start; left alone "
                "for %d s",
                job_id,
                self.count,
                pause_s,
            )
            await self._db.write(note, job_id)
        else:
            self._until.pop(job_id, None)


def note(tx: sqlite3.Connection, job_id: int) -> None:
    """Put a job before a person's eyes, unless it is there already."""
    if jobs.get(tx, job_id).attention is None:
        jobs.set_attention(tx, job_id, UNFORESEEN)
