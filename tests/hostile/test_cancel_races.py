"""A cancel that comes right before and right after each step of a job: H31 at every boundary.

A step is a commit that moves the job, or the request that costs. Which there are is found by
watching a job that nobody cancels, so a new one is tried by itself.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from models import Job, State
from neuralbox import NeuralBox
from playground.neuralbox import faults
from playground.neuralbox.faults import Fault
from storage.database import Database
from storage.transactions import name_of
from tests.app.counted import is_all_done
from tests.app.hands import said
from tests.app.wide import passed, wide
from tests.rig import Rig

__all__ = ["wide"]

SENDING = "the request that costs"
REFUSED = {"error": "validation_error", "message": "no", "details": {}}
# What NeuralBox answers, and how that ends when nobody cancels.
WAYS: dict[str, tuple[Callable[[], list[Fault]], State]] = {
    "taken": (lambda: [faults.wait(1)], State.COMPLETED),
    "not taken, and taken later": (
        lambda: [faults.rate_limited(5), faults.wait(1)],
        State.COMPLETED,
    ),
    "refused": (lambda: [faults.status(422, REFUSED)], State.REJECTED),
    "taken, and nobody heard": (lambda: [faults.drop_after() & faults.wait(1)], State.COMPLETED),
    "lost, and nobody heard": (lambda: [faults.drop_before()], State.NOT_SUBMITTED),
}
# What a cancel must be answered in each state; `queued` is the only one that it ends.
ANSWERS = {
    State.RESERVED: "press again in a moment",
    State.QUEUED: "is cancelled",
    State.SUBMITTING: "cannot cancel",
    State.UNKNOWN: "cannot cancel",
    State.PENDING: "cannot cancel",
    **dict.fromkeys((one for one in State if one.is_final), "is over already"),
}


class Step(NamedTuple):
    """What a step is called, and between which states it is."""

    name: str
    a: str
    b: str


@dataclass
class Steps:
    """Stands at every step of the bot's, notes those that move a job, and does one thing at one."""

    noted: list[Step] = field(default_factory=list)
    at: tuple[str, str] | None = None
    do: Callable[[], Awaitable[None]] | None = None
    is_free: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while it stands at a step; the clock must not run then."""

    async def around(self, name: str, go: Callable[[], Awaitable[Any]]) -> Any:
        await self._reached(name, "before")
        noted = len(self.noted)
        made = await go()
        if name == SENDING or any(step.name == name for step in self.noted[noted:]):
            await self._reached(name, "after")
        return made

    async def _reached(self, name: str, order: str) -> None:
        if self.at == (name, order):
            assert self.do is not None
            self.at = None
            self.is_free.clear()
            await self.do()
            self.is_free.set()

    def noting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same transaction, which is noted when it moves a job."""

        def noted(tx: sqlite3.Connection, *args: Any, **kwargs: Any) -> Any:
            before = _moved(tx)
            made = function(tx, *args, **kwargs)
            if _moved(tx) != before:
                self.noted.append(Step(name, *_moved(tx)[1:]))
            return made

        noted.__name__ = name
        return noted


def _moved(tx: sqlite3.Connection) -> tuple[int, str, str]:
    """Return how many moves there were, and from where to where the last one was."""
    jobs = int(tx.execute("SELECT count(*) FROM job").fetchone()[0])
    last = tx.execute("SELECT seq, a, b FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return (jobs, "", "") if last is None else (jobs + last[0], last[1], last[2])


@pytest.fixture
def steps(wide: Rig, monkeypatch: pytest.MonkeyPatch) -> Steps:
    found = Steps()
    found.is_free.set()

    def watched(method: Callable[..., Awaitable[Any]], place: int) -> Callable[..., Any]:
        async def write(*args: Any, **kwargs: Any) -> Any:
            name = name_of(args[place])
            given = (*args[:place], found.noting(name, args[place]), *args[place + 1 :])
            return await found.around(name, lambda: method(*given, **kwargs))

        return write

    create = NeuralBox.create

    async def sending(*args: Any, **kwargs: Any) -> Any:
        found.noted.append(Step(SENDING, State.SUBMITTING, ""))
        return await found.around(SENDING, lambda: create(*args, **kwargs))

    monkeypatch.setattr(Database, "write", watched(Database.write, 1))
    monkeypatch.setattr(Database, "write_within", watched(Database.write_within, 2))
    monkeypatch.setattr(NeuralBox, "create", sending)
    return found


async def _life(rig: Rig, steps: Steps, way: str, prompt: str) -> Job:
    """Ask for a video and let it come to its end, whatever that is."""

    async def is_over() -> bool:
        await steps.is_free.wait()
        return is_all_done(rig)

    made, _ending = WAYS[way]
    rig.box.faults_left.clear()
    rig.box.script(*made())
    interaction = await rig.discord.slash("video", prompt=prompt)
    await interaction.final(timeout=30)
    await rig.run_until(is_over, 7200, 20)
    [job] = _found(rig, prompt)
    return job


def _found(rig: Rig, prompt: str) -> list[Job]:
    return [job for job in rig.jobs_in() if job.request.prompt == prompt]


@pytest.mark.fault("H31")
async def test_a_cancel_before_and_after_every_step_ends_the_job_unsent_or_not_at_all(
    wide: Rig, steps: Steps
) -> None:
    elsewhere = await wide.discord.say(member="Ada", content="a message to press under")
    tried: dict[tuple[Step, str], State] = {}
    for way, (_made, ending) in WAYS.items():
        steps.noted.clear()
        plain = await _life(wide, steps, way, f"{way}, left alone")
        assert plain.state is ending, way
        for step in dict.fromkeys(steps.noted):
            for order in ("before", "after"):
                if (step, order) in tried or (step.name, order) == ("reserve", "before"):
                    continue  # before that there is nothing to cancel
                prompt = f"{way}, cancelled {order} {step.name}"
                made, charged = len(wide.box.generations), wide.box.charged_total
                met: list[tuple[State, str]] = []

                async def cancel(prompt: str = prompt, met: list[Any] = met) -> None:
                    [job] = _found(wide, prompt)
                    custom_id = f"rb:cancel:{job.public_id}"
                    # Its card may not be out yet, and its id could not be known then.
                    pressed = wide.discord.forge_press(elsewhere, custom_id, member="Ben")
                    met.append((job.state, said(await pressed.answer())))

                steps.at, steps.do = (step.name, order), cancel
                job = await _life(wide, steps, way, prompt)
                [(state, told)] = met
                tried[step, order] = state
                assert ANSWERS[state] in told, (prompt, state, told)
                if state is State.QUEUED:
                    assert job.state is State.CANCELLED, prompt
                    assert (job.submit_at is None) or passed(wide, job)[-2:] == [
                        "queued",
                        "cancelled",
                    ], prompt
                    assert len(wide.box.generations) == made, prompt
                    assert wide.box.charged_total == charged, prompt
                else:
                    assert job.state is ending, prompt
                    assert passed(wide, job) == passed(wide, plain), prompt
                    is_made = plain.generation_id is not None
                    assert len(wide.box.generations) == made + is_made, prompt
                assert wide.account("org").held_tokens == 0, prompt
    assert set(tried.values()) >= {
        *(State.RESERVED, State.QUEUED, State.SUBMITTING, State.UNKNOWN, State.PENDING),
        *(State.COMPLETED, State.REJECTED, State.NOT_SUBMITTED),
    }
    sending = Step(SENDING, State.SUBMITTING, "")
    assert tried[sending, "before"] is tried[sending, "after"] is State.SUBMITTING
    # Found in the history.
    assert Step("accept", State.UNKNOWN, State.PENDING) in {step for step, _order in tried}
