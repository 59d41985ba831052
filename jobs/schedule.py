"""When to ask the vendor next, and for which jobs. Pure: no sockets, no SQL, time is given.

A simple rule: the first look comes at the model's published minimum, the next ones are spread over
its range, and a straggler is looked at ever more rarely. Jobs that fall due together share one
page of the history.
"""

import heapq
from dataclasses import dataclass

LOOKS_IN_RANGE = 4
STRETCH = 1.5
LONGEST_GAP_S = 600.0
SHORTEST_GAP_S = 3.0
# Jobs due within this much of each other are asked about together.
TOGETHER_S = 5.0


@dataclass(slots=True)
class _Open:
    low_s: float
    high_s: float
    submitted_at: float
    gap_s: float
    due_at: float
    seen_at: float


class Schedule:
    """The open jobs and when each wants to be looked at. Times are seconds of any one clock."""

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._heap: list[tuple[float, int]] = []

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, job_id: int) -> bool:
        return job_id in self._open

    def add(
        self, job_id: int, wait_range_s: tuple[int, int], submitted_at: float, now: float
    ) -> None:
        """Start watching a job. One that has waited past its first look is due at once."""
        low_s, high_s = wait_range_s
        gap_s = max(SHORTEST_GAP_S, (high_s - low_s) / LOOKS_IN_RANGE)
        due_at = max(submitted_at + low_s, now)
        self._open[job_id] = _Open(low_s, high_s, submitted_at, gap_s, due_at, submitted_at)
        heapq.heappush(self._heap, (due_at, job_id))

    def remove(self, job_id: int) -> None:
        """Stop watching a job that is final."""
        self._open.pop(job_id, None)

    def seen_at(self, job_id: int) -> float:
        """Return when the job was last seen unfinished: its submission, or our latest look."""
        return self._open[job_id].seen_at

    def age_s(self, job_id: int, now: float) -> float:
        """Return how long ago the job was submitted; 0 for one that is not open any more."""
        job = self._open.get(job_id)
        return now - job.submitted_at if job else 0.0

    def next_at(self) -> float | None:
        """Return when the next look is due, or None when nothing is open."""
        while self._heap:
            due_at, job_id = self._heap[0]
            job = self._open.get(job_id)
            if job is not None and job.due_at == due_at:
                return due_at
            heapq.heappop(self._heap)  # finished or moved meanwhile
        return None

    def due(self, now: float) -> list[int]:
        """Return the jobs to ask about now, soonest first; empty when none is due yet."""
        first = self.next_at()
        if first is None or first > now:
            return []
        jobs = [
            (job.due_at, job_id)
            for job_id, job in self._open.items()
            if job.due_at <= now + TOGETHER_S
        ]
        return [job_id for _due_at, job_id in sorted(jobs)]

    def unfinished(self, job_id: int, now: float) -> None:
        """Note that a look found the job unfinished and plan the next one."""
        job = self._open[job_id]
        job.seen_at = now
        self._plan(job_id, now)

    def unseen(self, job_id: int, now: float) -> None:
        """Note that a look told nothing about the job and plan the next one."""
        self._plan(job_id, now)

    def soon(self, job_id: int, now: float) -> None:
        """Plan the next look at the shortest gap: the answer was nearly there."""
        self._set(job_id, now + SHORTEST_GAP_S)

    def _plan(self, job_id: int, now: float) -> None:
        job = self._open[job_id]
        if now > job.submitted_at + job.high_s:
            job.gap_s = min(job.gap_s * STRETCH, LONGEST_GAP_S)
        self._set(job_id, now + job.gap_s)

    def _set(self, job_id: int, due_at: float) -> None:
        self._open[job_id].due_at = due_at
        heapq.heappush(self._heap, (due_at, job_id))
