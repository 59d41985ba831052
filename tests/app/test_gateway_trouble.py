"""The gateway drops, resumes, replays and ends sessions: one job each, no storm of sessions."""

from itertools import pairwise

import pytest

from models import State
from tests.rig import Rig
from ui.client import SESSION_WAITS_S


def _sessions(rig: Rig) -> int:
    """Return how many sessions the bot has begun."""
    return sum(event.kind == "connected" for event in rig.discord.events)


@pytest.mark.fault("C3")
async def test_an_interaction_that_comes_three_times_over_a_resume_is_one_job(play: Rig) -> None:
    asked = await play.discord.slash("video", prompt="once", model="luma-flash2")
    play.discord.replay(asked)  # both are at work at once
    card = await asked.final()
    play.discord.drop_gateway()
    play.discord.replay(asked)  # kept for the session, and handed over when it resumes
    await play.eventually(lambda: play.discord.connected)
    play.discord.replay(asked)
    await play.discord.autocomplete("video", "model", "")  # so the replays are handled as well
    await play.finished(card)
    assert len(play.jobs_in()) == play.posts() == len(play.box.generations) == 1
    assert [message.id for message in asked.messages] == [card.id]
    assert _sessions(play) == 1, "it was resumed"
    play.sound()


async def test_what_is_asked_while_the_gateway_is_cut_is_answered_after_the_resume(
    play: Rig,
) -> None:
    play.discord.drop_gateway()
    card = await play.card("asked into the gap", model="luma-flash2")
    await play.finished(card)
    assert play.job_of(card).state is State.COMPLETED
    play.sound()


async def test_a_session_that_discord_ends_is_begun_anew_and_commands_work(play: Rig) -> None:
    play.discord.invalidate_session()
    await play.run_until(lambda: play.discord.connected and _sessions(play) == 2, 60, 1)
    await play.card("after all", model="luma-flash2")


async def test_sessions_that_are_ended_again_and_again_are_begun_ever_more_slowly(
    play: Rig,
) -> None:
    begun_at = [play.clock.now()]
    for number in range(2, 6):
        play.discord.invalidate_session()
        await play.run_until(lambda number=number: _sessions(play) == number, 120, 1)  # type: ignore[misc]
        begun_at.append(play.clock.now())
    waited_s = [later - before for before, later in pairwise(begun_at)]
    asked_for = [*SESSION_WAITS_S, SESSION_WAITS_S[-1]]
    for waited, least in zip(waited_s, asked_for, strict=True):
        assert waited >= least, waited_s
