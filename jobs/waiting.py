"""How long videos take here: the learned waits, as the cards and the schedule read them."""

import sqlite3
from collections.abc import Hashable

from jobs.catalogue import wait_range
from jobs.ports import Clock
from jobs.schedule import Sample, Schedule, Waits, Windows
from models import VideoRequest
from storage import jobs, results
from storage.database import Database

# The 10 % and the 90 % point of a normal distribution, in standard deviations.
TENTH = 1.2816
DAY_S = 86_400


def kind_of(request: VideoRequest) -> tuple[str, int, bool]:
    """Return what tells waits apart: model, length in seconds, and whether a picture starts it."""
    return request.model, request.duration_s, request.picture is not None


def published(kind: Hashable) -> tuple[float, float]:
    """Return the published range of a kind's wait in seconds."""
    assert isinstance(kind, tuple)  # noqa: S101 - made by `kind_of`
    return wait_range(kind[0])


async def load_schedule(db: Database, windows: Windows, clock: Clock) -> Schedule:
    """Return a schedule that knows what this bot has seen so far, on the monotonic clock."""
    now, wall = clock.monotonic(), clock.now()

    def steady(at: float) -> float:
        return now - max(0.0, wall - at)

    waits = Waits(published)
    past: dict[Hashable, list[Sample]] = {}
    recent, sent = await db.read(_past, int(wall) - DAY_S)
    for wait in recent:
        sample = Sample(steady(wait.submitted_at), wait.after_s, wait.within_s)
        past.setdefault((wait.model, wait.duration_s, wait.has_image), []).append(sample)
    for kind, samples in past.items():
        waits.remember(kind, samples, now)
    schedule = Schedule(waits, windows)
    schedule.remember(steady(at) for at in sent)
    return schedule


def usual_s(waits: Waits, kind: Hashable) -> tuple[int, int]:
    """Return how long a kind usually takes: all but the fastest and the slowest tenth (s)."""
    shape = waits.curve(kind).shape
    return round(shape.quantile_s(-TENTH)), round(shape.quantile_s(TENTH))


def _past(tx: sqlite3.Connection, since: int) -> tuple[list[results.Wait], list[int]]:
    return results.list_recent_waits(tx), jobs.list_ended_since(tx, since)
