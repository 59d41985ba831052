"""After an outage of Discord what had failed before does not wait out its back-off."""

import sqlite3
from functools import partial

import pytest

from models import State
from playground.discord import fault
from playground.neuralbox import faults
from tests.rig import Rig

pytestmark = pytest.mark.long

EDIT = r"/channels/\d+/messages/\d+"


def _attempts(tx: sqlite3.Connection) -> int:
    return int(tx.execute("SELECT coalesce(max(attempts), 0) FROM outbox").fetchone()[0])


def _next_try_at(tx: sqlite3.Connection) -> int:
    row = tx.execute("SELECT next_at FROM outbox WHERE kind = 'final'").fetchone()
    return int(row[0]) if row else 0


def _has_failed(rig: Rig, times: int) -> bool:
    return rig.read(_attempts) >= times


async def _fail(rig: Rig, times: int) -> None:
    """Let the clock come to each next try and no further: Discord's limits run in real time."""
    await rig.run_until(lambda: bool(rig.read(_next_try_at)), 600)
    for done in range(times):
        await rig.clock.advance(max(0.0, rig.read(_next_try_at) - rig.clock.now()) + 1)
        await rig.eventually(partial(_has_failed, rig, done + 1), 60)


def _asked_in_vain(rig: Rig) -> bool:
    """Say whether the bot has asked if Discord is there while it was not."""
    return any(one["path"].endswith("/users/@me") and one["status"] == 503 for one in rig.records)


async def test_a_message_that_had_failed_often_is_brought_as_soon_as_discord_is_back(
    play: Rig,
) -> None:
    play.box.script(faults.wait(60), faults.wait(3000))
    card = await play.card("fails often", model="luma-flash2")
    late = await play.card("ends in the outage", model="luma-flash2", member="Cleo")
    await play.eventually(lambda: len(play.jobs_in(State.PENDING)) == 2)
    play.discord.script(fault("PATCH", EDIT, status=503, times=10_000))
    await _fail(play, 6)  # the next try is in an hour
    play.discord.outage(True)
    await play.run_until(lambda: _asked_in_vain(play), 3600)
    play.discord.clear_faults()
    play.discord.outage(False)
    await play.eventually(lambda: play.discord.connected, 60)
    await play.run_until(lambda: bool(play.pings(card)), 120)
    await play.finished(late, 7200)
    play.sound()
