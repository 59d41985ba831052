"""What nobody foresaw, in every loop and at every await: one job waits, nothing else does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from jobs.aside import UNFORESEEN
from models import State
from neuralbox import NeuralBox
from playground.neuralbox import faults
from storage.database import Database
from tests.app.moderators import ABOVE, asked, choose, general, request
from tests.rig import Rig
from ui.announcer import DiscordAnnouncer
from ui.noticeboard import DiscordNoticeBoard

pytestmark = pytest.mark.long

LOOPS = {
    "submitter",
    "poller",
    "reconciler",
    "sweeper",
    "deliverer",
    "upkeep",
    "bearer",
    "approvals",
    "send",
    "deliver",
    "notice",
}
PORTS: dict[type, tuple[str, ...]] = {
    Database: ("read", "write", "insist"),
    NeuralBox: ("create", "get_generation", "list_history", "get_balance"),
    DiscordAnnouncer: ("update", "finish", "ping"),
    DiscordNoticeBoard: ("post", "edit"),
}
Port = Callable[..., Awaitable[Any]]


class _Surprises:
    """Lets each step of each loop break, the first time that it is taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
        self.met: set[tuple[str, str]] = set()
        self.is_on = False
        for port, names in PORTS.items():
            for name in names:
                whole = getattr(port, name)
                monkeypatch.setattr(port, name, self._breaking(whole, name, when))

    def _breaking(self, whole: Port, name: str, when: str) -> Port:
        async def breaking(port: Any, *given: Any, **named: Any) -> Any:
            task = asyncio.current_task()
            loop = task.get_name().partition("-")[0] if task else ""
            step = getattr(given[0], "__qualname__", name) if given else name
            is_due = self.is_on and loop in LOOPS and (loop, step) not in self.met
            if is_due:
                self.met.add((loop, step))
                if when == "before":
                    raise RuntimeError(f"{loop} broke before {step}")
            result = await whole(port, *given, **named)
            if is_due:
                raise RuntimeError(f"{loop} broke after {step}")
            return result

        return breaking


@pytest.mark.fault("P12")
@pytest.mark.parametrize("when", ["before", "after"])
async def test_every_loop_outlives_a_break_at_each_of_its_steps(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    surprises = _Surprises(monkeypatch, when)
    await rig.start_bot()
    await rig.refreshed()
    await choose(rig, approve_above=ABOVE, approve_channel=str(general(rig)))
    dear = await asked(rig, member="Ada")
    surprises.is_on = True
    rig.box.script(faults.drop_after(), faults.wait(60))
    cards = [dear]
    for prompt, member in (("in doubt", "Ben"), ("as usual", "Cleo"), ("one more", "Ada")):
        cards.append(await rig.card(prompt, model="luma-flash2", member=member))
    for card in cards:
        await rig.finished(card, 6 * 3600, 15)
    await rig.run_until(lambda: not request(rig).components, 6 * 3600, 60)
    await rig.run_until(lambda: {loop for loop, _step in surprises.met} >= LOOPS, 3600, 60)
    states = [rig.job_of(card).state for card in cards]
    assert states[0] is State.CANCELLED, "nobody decided about it"
    # A break between the mark and the request leaves a job that was proven never to be made.
    assert set(states[1:]) <= {State.COMPLETED, State.NOT_SUBMITTED}
    assert rig.posts() == len(rig.box.generations) == states.count(State.COMPLETED)
    assert [len(rig.pings(card)) for card in cards] == [1] * len(cards)
    rig.sound()


@pytest.mark.fault("P12")
@pytest.mark.parametrize(
    ("loop", "step"),
    [("submitter", "_begin"), ("reconciler", "claimed"), ("poller", "get_generation")],
)
async def test_a_job_that_breaks_again_and_again_waits_for_a_person_and_holds_up_nobody(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, loop: str, step: str
) -> None:
    poison = True

    def poisoned(whole: Port) -> Port:
        async def breaking(port: Any, *given: Any, **named: Any) -> Any:
            task = asyncio.current_task()
            names = {getattr(given[0], "__qualname__", None), whole.__name__} if given else set()
            if poison and task and task.get_name() == loop and step in names and _is_first(given):
                raise RuntimeError("again and again")
            return await whole(port, *given, **named)

        return breaking

    def _is_first(given: tuple[Any, ...]) -> bool:
        first = rig.jobs_in()[0]
        if loop == "submitter":
            return bool(given[2] == first.id)
        # Of a poller's looks the first one's; in doubt is the first alone.
        return loop == "reconciler" or first.generation_id in given

    for port, name in (
        (Database, "read"),
        (Database, "write"),
        (NeuralBox, "get_generation"),
    ):
        monkeypatch.setattr(port, name, poisoned(getattr(port, name)))
    await rig.start_bot()
    await rig.refreshed()
    if loop == "reconciler":
        rig.box.script(faults.drop_after())
    bad = await rig.card("breaks", model="luma-flash2")
    await rig.run_until(lambda: rig.job_of(bad).attention == UNFORESEEN, 3600)
    good = await rig.card("goes on", model="luma-flash2", member="Cleo")
    await rig.finished(good, 3600)
    assert rig.job_of(good).state is State.COMPLETED
    assert not rig.job_of(bad).state.is_final
    assert rig.job_of(bad).attention == UNFORESEEN
    assert rig.guild_account().held_tokens == rig.job_of(bad).hold_tokens
    poison = False
    await rig.finished(bad, 6 * 3600, 15)
    assert (rig.job_of(bad).state, rig.job_of(bad).attention) == (State.COMPLETED, None)
    rig.sound()
