"""Letting the cards of those who wait follow their place in line."""

import sqlite3
from collections.abc import Iterable, Sequence

from jobs.ports import Clock
from storage import outbox
from storage.database import Database

# A card follows no more often than this, and so many times: Discord draws the countdown by itself.
PLACE_EVERY_S = 30.0
PLACES_SHOWN = 3


class Places:
    """Remembers which place each card shows."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        # By job: the place that is shown, since when, and how often it was changed.
        self._shown: dict[int, tuple[int, float, int]] = {}

    async def show(self, line: Sequence[int]) -> bool:
        """Tell the jobs of a line whose place is another by now; return whether there are any."""
        now = self._clock.monotonic()
        self._shown = {job_id: self._shown[job_id] for job_id in line if job_id in self._shown}
        moved = []
        for place, job_id in enumerate(line, start=1):
            last_place, at, times = self._shown.get(job_id, (place, now, 0))
            if place != last_place and now >= at + PLACE_EVERY_S and times < PLACES_SHOWN:
                moved.append(job_id)
                self._shown[job_id] = (place, now, times + 1)
            else:
                self._shown[job_id] = (last_place, at, times)
        if moved:
            await self._db.write(_tell, moved, int(self._clock.now()))
        return bool(moved)


def _tell(tx: sqlite3.Connection, job_ids: Iterable[int], now: int) -> None:
    for job_id in job_ids:
        outbox.put(tx, job_id, "progress", {"stage": "waiting"}, now)
