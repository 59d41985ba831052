"""Two hosts with one token and two databases: Discord's answers decide, and the loser stops."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import bot
from models import State
from playground.discord import fault
from tests.app.host import QuickHost
from tests.rig import Rig
from ui.rivals import LOSSES_MOST

pytestmark = pytest.mark.long

CALLBACK = r"/interactions/\d+/.*/callback"
ANSWERED = {"code": 40060, "message": "Interaction has already been acknowledged."}


async def _second(rig: Rig, data: Path) -> Rig:
    """Return a second bot in this process, on the same two servers with its own database."""
    other = Rig(rig.discord, rig.box, rig.clock, data)
    other.settings = rig.settings
    await other.start_bot()
    return other


@pytest.fixture
async def two(rig: Rig, tmp_path: Path) -> AsyncIterator[tuple[Rig, Rig]]:
    rig.configure("limits", commands_per_minute=1000)
    rig.data = tmp_path / "one"
    await rig.start_bot()
    other = await _second(rig, tmp_path / "other")
    for one in (rig, other):
        await one.refreshed()
    yield rig, other
    await other.stop_bot()


@pytest.mark.fault("P8")
async def test_of_two_hosts_one_makes_the_video_and_the_other_sends_nothing(
    two: tuple[Rig, Rig],
) -> None:
    rig, other = two
    card = await rig.card("only once")
    await rig.eventually(
        lambda: {one.state.is_final for host in two for one in host.jobs_in()} == {True, False}
    )
    winner, loser = sorted(two, key=lambda host: host.jobs_in()[0].state is State.CANCELLED)
    await winner.finished(card)
    assert len(rig.shown(card).files) == 1
    assert len(rig.pings(card)) == 1
    assert rig.posts() == len(rig.box.generations) == 1
    [job] = loser.jobs_in()
    assert (job.state, loser.guild_account().held_tokens) == (State.CANCELLED, 0)
    winner.sound()
    assert loser.account("org").spent_tokens == 0
    assert other.read(lambda tx: tx.execute("SELECT count(*) FROM job").fetchone()[0]) == 1


@pytest.mark.fault("P8")
async def test_who_lost_three_answers_stops_with_a_code_and_a_loud_word(
    rig: Rig, tmp_path: Path
) -> None:
    host = QuickHost(rig, tmp_path)
    process = await host.serve()
    rig.discord.script(fault("POST", CALLBACK, status=400, body=ANSWERED, times=LOSSES_MOST))
    for n in range(LOSSES_MOST):
        assert process.returncode is None
        await rig.discord.slash("video", prompt=f"lost {n}")
        await rig.eventually(lambda n=n: len(rig.jobs_in(State.CANCELLED)) == n + 1)  # type: ignore[misc]
    code, log = await host.ended(process)
    assert code == bot.EXIT_OTHER_COPY
    assert "another copy of this bot runs elsewhere with the same Discord token" in log
    assert rig.posts() == 0
    edits = [one for one in rig.records if "/webhooks/" in one["path"]]
    assert edits == [], "the other's cards are left alone"


async def test_an_answer_that_went_out_twice_is_lost_to_nobody(rig: Rig) -> None:
    await rig.start_bot()
    for n in range(LOSSES_MOST):
        # discord.py repeats it and is told that there is an answer: its own.
        asked = await rig.discord.slash("video", prompt=f"confirmed too late {n}")
        # Of this one alone: the repeat of another would meet it as well.
        own = rf"/interactions/{asked.id}/.*/callback"
        rig.discord.script(fault("POST", own, status=500, after_effect=True))
    await rig.eventually(lambda: len(rig.jobs_in(State.CANCELLED)) == LOSSES_MOST)
    assert _refused(rig) == LOSSES_MOST
    await rig.card("served as ever")
    rig.sound()


async def test_an_interaction_that_is_handed_over_again_is_lost_to_nobody(rig: Rig) -> None:
    await rig.start_bot()
    for n in range(LOSSES_MOST):
        asked = await rig.discord.slash("help")
        await asked.answer()
        rig.discord.replay(asked)
        await rig.eventually(lambda n=n: _refused(rig) > n)  # type: ignore[misc]
    await rig.card("served as ever")


def _refused(rig: Rig) -> int:
    """Return how many answers Discord refused since there was one."""
    answers = [one["response"] for one in rig.records]
    return sum(isinstance(one, dict) and one.get("code") == ANSWERED["code"] for one in answers)
