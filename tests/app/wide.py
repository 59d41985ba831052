"""A bot with room for many jobs at once, for tests that walk through a table in one go."""

from collections.abc import AsyncIterator, Callable

import pytest

from models import Job, State
from playground.discord.world import Message
from tests.app.hands import roomy
from tests.rig import Rig

MANY = 300


def widen(rig: Rig) -> None:
    """Configure a bot and a plan whose limits no table reaches."""
    roomy(rig)
    many = {"in_flight_total": MANY, "in_flight_per_guild": MANY, "in_flight_per_member": MANY}
    rig.configure("limits", **many)
    rig.box.allowance.limit_hour = rig.box.allowance.limit_day = None


@pytest.fixture
async def wide(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """Such a bot, connected, with all prices known; afterwards its books must be sound."""
    monkeypatch.setattr("playground.discord.interactions.FIRST_ANSWER_S", 60)
    widen(rig)
    await rig.start_bot()
    await rig.refreshed()
    yield rig
    if rig.app is not None:
        rig.sound()


def all_in(rig: Rig, cards: list[Message], *states: State) -> Callable[[], bool]:
    """Return whether the jobs of all these cards are in one of the states, when asked."""
    return lambda: _states(rig, cards) <= set(states)


def all_over(rig: Rig, cards: list[Message]) -> Callable[[], bool]:
    """Return whether the jobs of all these cards have ended, when asked."""
    return lambda: all(state.is_final for state in _states(rig, cards))


def _states(rig: Rig, cards: list[Message]) -> set[State]:
    ids = [int(card.embeds[0]["footer"]["text"].removeprefix("Job ")) for card in cards]
    marks = ", ".join("?" * len(ids))
    query = f"SELECT DISTINCT state FROM job WHERE id IN ({marks})"  # noqa: S608
    return {State(row[0]) for row in rig.read(lambda tx: tx.execute(query, ids).fetchall())}


def passed(rig: Rig, job: Job) -> list[str]:
    """Return the states that a job has been in, in that order."""
    query = "SELECT b FROM event WHERE job = ? ORDER BY seq"
    return [row[0] for row in rig.read(lambda tx: tx.execute(query, (job.id,)).fetchall())]


def held(rig: Rig, card: Message) -> int:
    """Return what is held for the job of a card and not yet given back or spent."""
    query = (
        "SELECT coalesce(sum(d_held), 0) FROM entry WHERE job = ?"
        " AND account = (SELECT min(account) FROM entry WHERE job = ?)"
    )
    job_id = rig.job_of(card).id
    return int(rig.read(lambda tx: tx.execute(query, (job_id, job_id)).fetchone()[0]))


def unbrought(rig: Rig) -> int:
    """Return how many messages are still to be brought."""
    query = "SELECT count(*) FROM outbox WHERE done = 0"
    return int(rig.read(lambda tx: tx.execute(query).fetchone()[0]))


async def wait(rig: Rig, seconds: float, step_s: float = 30) -> None:
    """Let the clock run that long."""
    ends_at = rig.clock.now() + seconds
    await rig.run_until(lambda: rig.clock.now() >= ends_at, seconds + step_s, step_s)
