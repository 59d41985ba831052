"""A request whose outcome nobody knows: looked up in the history, never sent again."""

from typing import Any

import pytest

from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from tests.rig import Rig

HORIZON_S, HOUR_S = 60 + 900, 3600


async def _pass(play: Rig, seconds: float) -> None:
    ends_at = play.clock.now() + seconds
    await play.run_until(lambda: play.clock.now() >= ends_at, seconds, 30)


def _nothing_in_it(answer: dict[str, Any]) -> None:
    answer.update(items=[], total=0, **({"pages": 0} if "pages" in answer else {}))


@pytest.mark.fault("V2")
@pytest.mark.fault("V4")
@pytest.mark.parametrize(
    "fault",
    [
        faults.drop_after(),
        faults.drop_after(reset=True),
        faults.error_after(500),
        faults.error_after(504),
        faults.half_body(),
        faults.no_id(),
        faults.junk(b"{"),
    ],
    ids=["closed", "reset", "500", "504", "half a body", "no id", "junk"],
)
async def test_what_was_made_after_all_is_found_and_adopted(play: Rig, fault: faults.Fault) -> None:
    play.box.script(fault)
    card = await play.card()
    done = await play.finished(card)
    job = play.job_of(card)
    assert job.state is State.COMPLETED
    assert len(done.files) == 1
    assert play.posts() == len(play.box.generations) == 1
    play.sound()


@pytest.mark.fault("V4")
@pytest.mark.parametrize(
    "fault",
    [
        faults.drop_before(),
        faults.status(502, None, html=True),
        faults.status(404, None, html=True),
        faults.status(500, {"error": "provider_error", "message": "no"}),
    ],
    ids=["closed", "502", "404 of a proxy", "500"],
)
async def test_what_was_never_made_is_given_back_after_the_horizon(
    play: Rig, fault: faults.Fault
) -> None:
    play.box.script(fault)
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is State.UNKNOWN)
    await play.clock.advance(HORIZON_S - 120)
    assert play.job_of(card).state is State.UNKNOWN, "nothing is given back by time alone"
    assert play.guild_account().held_tokens > 0
    done = await play.finished(card)
    assert play.job_of(card).state is State.NOT_SUBMITTED
    assert play.fields(done)["Cost"].startswith("Not charged")
    assert play.posts() == 1
    assert play.guild_account().held_tokens == 0
    play.sound()


@pytest.mark.fault("V18")
async def test_a_history_that_is_down_proves_nothing(play: Rig) -> None:
    play.box.script(
        faults.drop_before(), faults.status(503, None, html=True, on=faults.HISTORY, times=None)
    )
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is State.UNKNOWN)
    await play.clock.advance(4 * 3600)
    assert play.job_of(card).state is State.UNKNOWN
    assert play.guild_account().held_tokens > 0
    play.box.faults_left.clear()
    await play.finished(card)
    assert play.job_of(card).state is State.NOT_SUBMITTED
    play.sound()


@pytest.mark.fault("V15")
async def test_a_generation_that_appears_late_in_the_history_is_waited_for(play: Rig) -> None:
    play.box.script(faults.drop_after() & faults.history_lag(480))
    card = await play.card()
    await play.finished(card)
    assert play.job_of(card).state is State.COMPLETED
    assert play.posts() == 1
    play.sound()


@pytest.mark.fault("V15")
async def test_a_generation_that_appears_after_the_horizon_is_booked_late(play: Rig) -> None:
    play.box.script(faults.drop_after() & faults.history_lag(2400))
    card = await play.card()
    await play.finished(card, limit_s=2000)
    assert play.job_of(card).state is State.NOT_SUBMITTED
    await play.run_until(lambda: play.job_of(card).attention == "made after all", 6000, 60)
    await play.run_until(lambda: bool(play.shown(card).files))
    assert play.guild_account().spent_tokens == play.box.charged_total > 0
    assert "after all" in play.fields(play.shown(card))["Note"]
    play.sound()


@pytest.mark.fault("V16")
async def test_two_equal_prompts_at_once_are_two_videos_and_never_swapped(play: Rig) -> None:
    play.box.script(faults.drop_after(), faults.drop_after())
    cards = [await play.card("the very same", member=name) for name in ("Ben", "Cleo")]
    for card in cards:
        await play.finished(card)
    generations = {play.job_of(card).generation_id for card in cards}
    assert len(generations) == len(play.box.generations) == play.posts() == 2
    assert {play.job_of(card).state for card in cards} == {State.COMPLETED}
    play.sound()


async def _two_candidates(play: Rig) -> Message:
    """Ask for what somebody else types as well; return its card once it is left to a person."""
    # Both are listed from the same moment on: whoever looks between would adopt the one.
    play.box.script(faults.drop_after() & faults.history_lag(90))
    card = await play.card("somebody else types the same")
    await play.eventually(lambda: play.job_of(card).state is State.UNKNOWN)
    play.box.add_foreign(
        prompt="somebody else types the same", model="kling-v2.1", created_at=play.clock.now() + 90
    )
    await play.run_until(lambda: play.job_of(card).attention is not None)
    return card


@pytest.mark.fault("V20")
async def test_two_candidates_in_the_history_are_for_a_person(play: Rig) -> None:
    card = await _two_candidates(play)
    await play.clock.advance(HORIZON_S + 600)
    job = play.job_of(card)
    assert (job.state, job.attention) == (State.UNKNOWN, "two candidates in the history")
    assert play.guild_account().held_tokens > 0


@pytest.mark.fault("V20")
async def test_what_is_left_to_a_person_costs_no_more_requests_the_longer_it_waits(
    play: Rig,
) -> None:
    await _two_candidates(play)
    await _pass(play, HOUR_S)
    for n in range(450):
        play.box.add_foreign(prompt=f"later {n}", tokens=0, created_at=play.clock.now() - n)
    await _pass(play, HOUR_S)
    begun = len(play.box.requests)
    await _pass(play, 4 * HOUR_S)
    pages = [seen.query["page"] for seen in play.box.requests[begun:] if "page" in seen.query]
    assert pages.count("1") >= 20, "the sweeps go on"
    assert pages.count("5") <= 5, "only the look for the person goes so far back"
    assert len(pages) <= 24 + 5 * 5 + 5


@pytest.mark.fault("V20")
async def test_what_is_left_to_a_person_is_not_given_back_when_the_history_forgets_it(
    play: Rig,
) -> None:
    card = await _two_candidates(play)
    play.box.script(faults.edited(_nothing_in_it, on=faults.HISTORY, times=None))
    await _pass(play, 4 * HOUR_S)
    assert play.job_of(card).state is State.UNKNOWN
    assert play.guild_account().held_tokens > 0


@pytest.mark.fault("V11")
async def test_an_id_that_belongs_to_another_job_leaves_both_alone(play: Rig) -> None:
    first = await play.card("one", model="luma-flash2")
    await play.eventually(lambda: play.job_of(first).state is State.PENDING)
    taken = play.box.generations[play.generation_id(first)].wire_id
    play.box.script(faults.fixed_id(taken))
    second = await play.card("two", model="luma-flash2", member="Cleo")
    await play.eventually(lambda: play.job_of(second).attention == "id already claimed")
    await play.finished(first)
    assert play.job_of(first).state is State.COMPLETED


@pytest.mark.fault("V9")
async def test_a_redirect_is_not_followed_and_asks_for_attention(play: Rig) -> None:
    play.box.script(faults.status(307, None, headers={"Location": f"{play.box.origin}/elsewhere"}))
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).attention is not None)
    assert play.job_of(card).state is State.UNKNOWN
    assert not any("elsewhere" in seen.path for seen in play.box.requests)
