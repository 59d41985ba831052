"""NeuralBox down for ten minutes: few requests, one notice, no second order, no storm after it."""

from pathlib import Path

import pytest

from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from playground.neuralbox.faults import ANY, Fault
from tests.app.counted import HOUR_S, is_all_done, planned, refusals, run, run_for
from tests.rig import Rig

OUTAGE_S = 600.0
DOWN = "Waiting for NeuralBox"
# A try at the breaker's pace, and what the loops had begun before it opened; a GET whose
# connection broke is repeated once by the HTTP client itself.
MOST_REQUESTS = 14
KINDS = {
    "503": faults.status(503, on=ANY, times=None),
    "a proxy's page": faults.status(502, None, html=True, on=ANY, times=None),
    "cut connections": faults.drop_before(on=ANY, times=None),
    "reset connections": faults.drop_before(reset=True, on=ANY, times=None),
}


@pytest.fixture(autouse=True)
def _no_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.discord.interactions.FIRST_ANSWER_S", 60)


def _title(rig: Rig, card: Message) -> str:
    return str(rig.shown(card).embeds[0]["title"])


@pytest.mark.fault("V19")
@pytest.mark.parametrize("kind", KINDS)
async def test_an_outage_costs_few_requests_and_one_notice_and_nothing_else(
    tmp_path: Path, kind: str
) -> None:
    async with planned(tmp_path, f"outage-{kind[:3]}", window="sliding") as rig:
        await _outage(rig, KINDS[kind], 2 if "connections" in kind else 1)


async def _outage(rig: Rig, fault: Fault, each: int) -> None:
    rig.configure("limits", in_flight_total=2, in_flight_per_guild=2, in_flight_per_member=2)
    await rig.restart_bot()
    await run_for(rig, 60)
    pending = [await rig.card(f"pending {n}", model="kling-v2.1") for n in range(2)]
    queued = [await rig.card(f"queued {n}", member="Cleo") for n in range(2)]
    await run(rig, lambda: all(rig.job_of(card).state is State.PENDING for card in pending), 60)
    rig.box.script(fault)
    began, posts = len(rig.box.requests), rig.posts()
    await run(rig, lambda: all(DOWN in _title(rig, card) for card in (*pending, *queued)), 300)
    edits = [rig.shown(card).edits for card in (*pending, *queued)]
    late = await rig.card("during the outage", member="Ada")
    await run_for(rig, OUTAGE_S - 200)
    assert len(rig.box.requests) - began <= MOST_REQUESTS * each
    assert rig.posts() == posts, "what is sent into an outage is in doubt"
    assert [rig.shown(card).edits for card in (*pending, *queued)] == edits
    assert rig.job_of(late).state is State.QUEUED
    rig.box.faults_left.clear()
    back = len(rig.box.requests)
    await run(rig, lambda: len(rig.box.requests) > back, 200)
    back_at = rig.box.requests[back].at
    await run_for(rig, 5)
    first = [seen for seen in rig.box.requests[back:] if seen.at <= back_at + 5]
    reads = [seen for seen in first if seen.method == "GET"]
    assert len(reads) <= 4, [seen.path for seen in first]
    assert len(first) - len(reads) <= 2, "no more than there is room for"
    await run_for(rig, 10)
    assert not any(DOWN in _title(rig, card) for card in (*pending, *queued, late))
    await run(rig, lambda: is_all_done(rig), 2 * HOUR_S)
    assert all(job.state is State.COMPLETED for job in rig.jobs_in())
    assert rig.posts() == len(rig.box.generations) == 5
    assert refusals(rig) == 0
    rig.sound()


async def test_a_vendor_that_does_not_answer_in_time_is_asked_seldom(tmp_path: Path) -> None:
    async with planned(tmp_path, "silent", window="sliding") as rig:
        card = await rig.card("a boat", model="kling-v2.1")
        await run(rig, lambda: rig.job_of(card).state is State.PENDING, 60)
        # Real time-outs take real time, so an answer that is lost at once stands for them.
        rig.box.script(faults.drop_after(on=ANY, times=None))
        began = len(rig.box.requests)
        await run_for(rig, OUTAGE_S)
        assert len(rig.box.requests) - began <= MOST_REQUESTS * 2
        assert DOWN in _title(rig, card)
        rig.box.faults_left.clear()
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert rig.job_of(card).state is State.COMPLETED


async def test_the_notice_goes_also_when_the_outage_ends_while_the_bot_is_off(
    tmp_path: Path,
) -> None:
    async with planned(tmp_path, "off", window="sliding") as rig:
        rig.box.script(faults.wait(HOUR_S))
        card = await rig.card("a boat", model="kling-v2.1")
        await run(rig, lambda: rig.job_of(card).state is State.PENDING, 60)
        rig.box.script(faults.status(503, on=ANY, times=None))
        await run(rig, lambda: DOWN in _title(rig, card), 600)
        await rig.stop_bot()
        rig.box.faults_left.clear()
        await rig.start_bot()
        await run(rig, lambda: DOWN not in _title(rig, card), 120)
        await run(rig, lambda: is_all_done(rig), 2 * HOUR_S)
        assert rig.job_of(card).state is State.COMPLETED


async def test_a_straggler_that_is_looked_at_hourly_does_not_delay_the_recovery(
    tmp_path: Path,
) -> None:
    async with planned(tmp_path, "straggler", window="sliding") as rig:
        rig.box.script(faults.wait(12 * HOUR_S))
        await rig.card("a straggler", model="kling-v2.1")
        await run_for(rig, 6 * HOUR_S)
        rig.box.script(faults.status(503, on=ANY, times=None))
        card = await rig.card("sent into it", member="Cleo")
        await run_for(rig, OUTAGE_S)
        other = await rig.card("waits", member="Ada")
        await run_for(rig, 60)
        rig.box.faults_left.clear()
        ended_at = rig.clock.now()
        await run(rig, lambda: rig.job_of(other).state is State.PENDING, HOUR_S)
        assert rig.clock.now() - ended_at <= 160
        await run(rig, lambda: rig.job_of(card).state.is_final, HOUR_S)


async def test_a_429_closes_everything_exactly_as_long_as_it_says(tmp_path: Path) -> None:
    async with planned(tmp_path, "429", window="sliding") as rig:
        card = await rig.card("a boat", model="kling-v2.1")
        await run(rig, lambda: rig.job_of(card).state is State.PENDING, 60)
        rig.box.script(faults.rate_limited(700, on=faults.STATUS))
        await run(rig, lambda: refusals(rig) == 1, 600)
        refused_at, began = rig.clock.now(), len(rig.box.requests)
        other = await rig.card("another", member="Cleo")
        assert "queue" in _title(rig, other)
        await run(rig, lambda: len(rig.box.requests) > began, HOUR_S)
        assert 700 <= rig.box.requests[began].at - refused_at <= 702
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert refusals(rig) == 1
        assert all(job.state is State.COMPLETED for job in rig.jobs_in())
        rig.sound()
