"""What is foreseen of a job: when its turn comes, when it is asked about, when it is done."""

from collections.abc import Callable
from typing import Protocol

from jobs.ports import Clock
from jobs.schedule import Schedule
from models import Job


class Queue(Protocol):
    """What is read of whoever sends jobs."""

    def starts_in_s(self, job: Job, place: int) -> float:
        """About how long a job waits at that place."""
        ...


class Forecast:
    """Answers in epoch seconds, None where nobody knows."""

    def __init__(
        self,
        queue: Queue,
        schedule: Schedule,
        next_look_at: Callable[[int], int | None],
        clock: Clock,
    ) -> None:
        self._queue, self._schedule, self._clock = queue, schedule, clock
        self.next_look_at = next_look_at
        """When a pending job is asked about next, where that is seldom."""

    def starts_at(self, job: Job, place: int) -> int:
        """Return about when a waiting job's turn comes."""
        return int(self._clock.now() + self._queue.starts_in_s(job, place))

    def ready_at(self, job: Job) -> int | None:
        """Return when the vendor itself thinks a job is done, where it told."""
        left_s = self._schedule.left_s(job.id, self._clock.monotonic())
        return None if left_s is None else int(self._clock.now() + left_s)
