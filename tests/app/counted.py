"""What the vendor counted and what the bot booked, for tests that keep to an allowance."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from models import State
from playground.clock import FakeClock
from playground.neuralbox import Profile
from storage import requests
from tests.app.hands import roomy
from tests.rig import Rig

HOUR_S, DAY_S = 3600.0, 86_400.0
# The longest the clock runs at once; it stops at whoever wakes before.
STRIDE_S = 30.0


@asynccontextmanager
async def planned(
    data: Path, name: str, *, is_known: bool = True, **profile: Any
) -> AsyncIterator[Rig]:
    """A rig with room for many jobs under a plan; the bot runs and knows all prices."""
    profile = {"balance": 1_000_000, **profile}
    async with Rig.open(data, name, FakeClock(), profile=Profile(**profile)) as rig:
        roomy(rig)
        rig.is_furnished = False  # the first day's requests are a good part of a plan
        rig.box.balance = 1_000_000
        await rig.start_bot()
        if is_known:
            await rig.refreshed()
        yield rig


def refusals(rig: Rig) -> int:
    """How many requests the vendor answered with a 429."""
    return sum(seen.status == 429 for seen in rig.box.requests)


def booked(rig: Rig) -> list[float]:
    """When the requests left that the bot wrote down (epoch s)."""
    return rig.read(lambda tx: requests.list_since(tx, 0))


def most_within(times: list[float], width_s: float) -> int:
    """The most requests that any window of that width holds."""
    return max(
        (index + 1 - bisect_right(times, at - width_s) for index, at in enumerate(times)), default=0
    )


def asked(rig: Rig, path: str, since: int = 0) -> int:
    """How many requests went to a path of the vendor's, `since` so many in all."""
    return sum(seen.path.startswith(path) for seen in rig.box.requests[since:])


def is_all_done(rig: Rig) -> bool:
    """Whether no job is unfinished and everybody was told."""
    return rig.read(
        lambda tx: (
            not tx.execute(
                "SELECT EXISTS (SELECT 1 FROM job WHERE state IN"
                " ('reserved','queued','submitting','unknown','pending'))"
                " OR EXISTS (SELECT 1 FROM outbox WHERE done = 0)"
            ).fetchone()[0]
        )
    )


def count(rig: Rig, *states: State) -> int:
    """How many jobs are in these states."""
    marks = ", ".join("?" * len(states))
    query = f"SELECT count(*) FROM job WHERE state IN ({marks})"  # noqa: S608
    return int(rig.read(lambda tx: tx.execute(query, states).fetchone()[0]))


async def run(rig: Rig, until: Callable[[], bool], limit_s: float) -> None:
    """Let the clock run from wake to wake until it holds; fails when it never does."""
    clock = rig.clock
    assert isinstance(clock, FakeClock)
    ends_at = clock.now() + limit_s
    await rig.settle()
    while not until():
        assert clock.now() < ends_at, "it did not come to pass"
        wake_in = clock.next_wake_in
        await clock.advance(STRIDE_S if wake_in is None else min(max(wake_in, 0.01), STRIDE_S))
        await rig.settle()


async def run_for(rig: Rig, seconds: float) -> None:
    """Let the clock run that long."""
    ends_at = rig.clock.now() + seconds
    await run(rig, lambda: rig.clock.now() >= ends_at, seconds + STRIDE_S)
