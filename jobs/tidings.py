"""What a card is told while its video is being made: late, seldom looked at, vendor down.

Each at most once, or a few times with long pauses: Discord draws countdowns by itself.
"""

import logging
import math
import sqlite3
from collections.abc import Callable

from jobs.gate import Gate
from jobs.ports import Clock
from jobs.schedule import Schedule
from jobs.waiting import kind_of, published, usual_s
from models import Job, State
from storage import jobs, outbox
from storage.database import Database

log = logging.getLogger(__name__)

# Where looks are rarer than this, the card says when the next one is.
SELDOM_S = 30.0
# Such a line moves no more often than this, and so many times at most.
RENEW_S, MOST_RENEWALS = 120.0, 5
# The vendor's own estimate is shown when it is so far from what is shown, or this part of the rest.
MOVED_S, MOVED_PART = 15.0, 0.25
# A model that takes so much longer than published is called slow.
SLOW_FACTOR = 1.3
# An outage is told when it has lasted so long, on so many cards at most: a storm helps nobody.
TELL_DOWN_AFTER_S, MOST_TOLD = 60.0, 200


class Tidings:
    """Writes what is to be told into the outbox; `on_change` wakes whoever brings it."""

    def __init__(
        self,
        db: Database,
        gate: Gate,
        schedule: Schedule,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._db, self._gate, self._schedule, self._clock = db, gate, schedule, clock
        self._on_change = on_change
        self._late: set[int] = set()
        self._renewed: dict[int, tuple[float, int]] = {}
        self._ready_at: dict[int, float] = {}
        # When the cards say that the next look is.
        self._promised: dict[int, float] = {}
        self._told_down: set[int] = set()

    async def load(self) -> None:
        """Take up what the cards were told before a restart."""
        self._late = set(await self._db.read(outbox.list_told, "late"))
        self._told_down = set(await self._db.read(outbox.list_told, "down"))

    def next_look_at(self, job_id: int) -> int | None:
        """Return when a job is looked at next (epoch s) where that is seldom, else None."""
        if self._schedule.gap_s < SELDOM_S or job_id not in self._schedule:
            return None
        now = self._clock.monotonic()
        at = self._schedule.next_look_at(job_id, now)
        at = max(at, now + self._gate.wait_s("again"))
        if math.isinf(at):
            return None
        self._promised[job_id] = at
        return int(self._clock.now() + at - now)

    def before(self, delay_s: float | None) -> float | None:
        """Return how long a loop that may wait so long has until there is something to tell."""
        if not self._promised:
            return delay_s
        broken_in_s = min(self._promised.values()) + SELDOM_S - self._clock.monotonic()
        return max(broken_in_s, 0.05) if delay_s is None else min(delay_s, max(broken_in_s, 0.05))

    def why_late(self, job: Job) -> str:
        """Return why a job is late as far as anybody knows: "down", "slow", "seldom" or ""."""
        if self._gate.down_since is not None:
            return "down"
        kind = kind_of(job.request)
        low_s, high_s = published(kind)
        if self._schedule.waits.curve(kind).shape.median_s > SLOW_FACTOR * math.sqrt(
            low_s * high_s
        ):
            return "slow"
        return "seldom" if self._schedule.gap_s >= SELDOM_S else ""

    async def unfinished(self, job: Job) -> None:
        """A look found a job unfinished."""
        now = self._clock.monotonic()
        self._promised.pop(job.id, None)
        if job.id not in self._late and self._schedule.is_late(job.id, now):
            self._late.add(job.id)
            await self._tell([job.id], "late", why=self.why_late(job))
            return
        is_news = self._has_moved(job, now) or self._schedule.gap_s >= SELDOM_S
        if is_news and job.id not in self._late and self._may_renew(job.id, now):
            left_s = self._schedule.left_s(job.id, now)
            if left_s is not None:
                self._ready_at[job.id] = now + left_s
            await self._tell([job.id], "rendering")

    async def turn(self) -> None:
        """Tell those who wait that the vendor has been down for a while, and that it is back.

        And that a look comes later than their card says, when it did not come.
        """
        await self._renew_broken()
        since = self._gate.down_since
        if since is None:
            if self._told_down:
                told, self._told_down = self._told_down, set()
                late = self._late & told
                await self._db.insist(_tell_back, sorted(told), late, int(self._clock.now()))
                self._on_change()
        elif self._clock.now() - since >= TELL_DOWN_AFTER_S and not self._told_down:
            open_jobs = await self._db.read(_on_their_way)
            self._told_down = set(open_jobs[-MOST_TOLD:])
            await self._tell(sorted(self._told_down), "down")

    async def note_when_old(self, job: Job, age_s: int, attention: str) -> None:
        """Put a job of that age before the host's eyes, once; its tokens stay held."""
        if self._schedule.age_s(job.id, self._clock.monotonic()) < age_s:
            return
        if await self._db.insist(_note_once, job.id, attention):
            log.error("job %d needs attention: %s; its tokens stay held", job.id, attention)
            self._on_change()

    def over(self, job: Job) -> None:
        """A job has ended."""
        self._late.discard(job.id)
        self._renewed.pop(job.id, None)
        self._ready_at.pop(job.id, None)
        self._promised.pop(job.id, None)
        self._told_down.discard(job.id)

    async def _renew_broken(self) -> None:
        now = self._clock.monotonic()
        broken = [job_id for job_id, at in self._promised.items() if at + SELDOM_S <= now]
        for job_id in broken:
            del self._promised[job_id]
            if job_id in self._schedule and self._may_renew(job_id, now):
                if job_id in self._late:
                    job = await self._db.read(jobs.get, job_id)
                    await self._tell([job_id], "late", why=self.why_late(job))
                else:
                    await self._tell([job_id], "rendering")

    def _may_renew(self, job_id: int, now: float) -> bool:
        """Return whether a card may be edited once more, and count that."""
        at, times = self._renewed.get(job_id, (-math.inf, 0))
        if now < at + RENEW_S or times >= MOST_RENEWALS:
            return False
        self._renewed[job_id] = (now, times + 1)
        return True

    def _has_moved(self, job: Job, now: float) -> bool:
        """Return whether the vendor expects the end at another time than the card says."""
        left_s = self._schedule.left_s(job.id, now)
        if left_s is None:
            return False
        shown_left_s = self._ready_at.get(job.id, now) - now
        if job.id not in self._ready_at:
            usual = usual_s(self._schedule.waits, kind_of(job.request))
            shown_left_s = usual[1] - self._schedule.age_s(job.id, now)
        return abs(left_s - shown_left_s) > max(MOVED_S, MOVED_PART * left_s)

    async def _tell(self, job_ids: list[int], stage: str, **facts: str) -> None:
        if job_ids:
            body = {"stage": stage, **facts}
            await self._db.insist(_tell, job_ids, body, int(self._clock.now()))
            self._on_change()


def _tell(tx: sqlite3.Connection, job_ids: list[int], body: dict[str, str], now: int) -> None:
    for job_id in job_ids:
        outbox.put(tx, job_id, "progress", body, now)


def _tell_back(tx: sqlite3.Connection, job_ids: list[int], late: set[int], now: int) -> None:
    stages = {State.QUEUED: "waiting", State.PENDING: "rendering"}
    for job_id in job_ids:
        stage = stages.get(jobs.get(tx, job_id).state)
        if stage is not None:
            stage = "late" if job_id in late else stage
            outbox.put(tx, job_id, "progress", {"stage": stage}, now)


def _on_their_way(tx: sqlite3.Connection) -> list[int]:
    return sorted([*jobs.list_ids(tx, State.QUEUED), *jobs.list_ids(tx, State.PENDING)])


def _note_once(tx: sqlite3.Connection, job_id: int, attention: str) -> bool:
    job = jobs.get(tx, job_id)
    if job.state is not State.PENDING or job.attention is not None:
        return False
    jobs.note(tx, job_id, attention=attention)
    if attention == "cost missing":
        outbox.put(tx, job_id, "progress", {"stage": "unpriced"}, job.next_at)
    return True
