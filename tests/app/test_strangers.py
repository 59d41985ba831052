"""Videos that somebody else made with the same account while the bot was not running."""

import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs import checks, moves
from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from storage import claims, invariants, rewound, settings, trace
from tests.app.hands import only_job
from tests.app.rewinding import bots_messages, in_state, open_messages, recovery_over
from tests.app.test_kill import SPEED, Killable
from tests.app.wandering import Wandering
from tests.bot_process import SharedClock
from tests.rig import Rig

HOUR_S = 3600


def _is_closed(rig: Rig) -> bool:
    assert rig.app is not None
    return "recovery" in rig.app.intake.reasons


def _is_rewound(rig: Rig) -> bool:
    return rig.read(rewound.find) is not None


def _all_booked(rig: Rig) -> None:
    assert rig.read(invariants.violations) == {}
    _count, foreign = rig.read(claims.sum_foreign)
    assert rig.account("org").spent_tokens + foreign == rig.box.charged_total


def _balance_at(tx: sqlite3.Connection) -> int:
    return settings.counter(tx, moves.BALANCE_AT)


def _is_clear(tx: sqlite3.Connection) -> bool:
    marker = rewound.find(tx)
    return marker is not None and marker.clear_at is not None


async def _waiting(rig: Rig, prompt: str) -> Message:
    """Return the card of a job that the vendor does not take for a minute."""
    rig.box.script(faults.rate_limited(60))
    card = await rig.card(prompt, model="luma-flash2")
    await rig.eventually(
        lambda: rig.job_of(card).state is State.QUEUED and rig.job_of(card).next_at > 0
    )
    return card


async def test_they_keep_nobody_waiting_and_are_shown_to_the_host(play: Rig) -> None:
    await play.refreshed()
    before = await play.finished(await play.card("before", model="luma-flash2"))
    waits = await _waiting(play, "it waits over the stop")
    await play.stop_bot()
    await play.clock.advance(2400)
    play.box.add_foreign(prompt="typed on the vendor's own site", tokens=30)
    await play.clock.advance(1200)
    play.box.add_foreign(prompt="and another one a moment ago", tokens=12)
    await play.start_bot()
    await play.eventually(lambda: not _is_closed(play))  # the clock stands still
    assert not _is_rewound(play)
    after = await play.card("after", model="luma-flash2")
    assert play.job_of(after).id == play.job_of(before).id + 2, "no number was left out"
    for card in (waits, after):
        assert (await play.finished(card)).files
    assert play.posts() == 1 + 2 + 1, "one of them had been turned away"
    await play.run_until(lambda: play.read(claims.sum_foreign) == (2, 42), 2 * HOUR_S, 30)
    lines = play.read(lambda tx: list(checks.money(tx, int(play.clock.now()), is_running=True)))
    assert any("nobody here asked for: 2, 42 tokens" in line.text for line in lines)
    _all_booked(play)


@pytest.mark.long
async def test_after_a_kill_they_keep_nobody_waiting_either(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clock = SharedClock(1_800_000_000.0, time.monotonic(), SPEED)
    async with Killable.open(tmp_path, request.node.name, clock) as rig:
        rig.configure("limits", commands_per_minute=1000)  # it is asked until it takes something
        await rig.start_bot()
        await rig.finished(await rig.card(model="luma-flash2"))
        await rig.kill()
        await clock.advance(90)
        rig.box.add_foreign(prompt="typed on the vendor's own site")
        await rig.start_bot()
        began_at = clock.now()
        while "still checking" in (said := await _words(rig)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert said == "", "no recovery, which takes minutes"
        assert clock.now() - began_at < 900
        assert not _is_rewound(rig)


async def _words(rig: Rig) -> str:
    """Ask for a video; return why not, "" when there is a card."""
    message = await (await rig.discord.slash("video", prompt="x", model="luma-flash2")).final()
    return "" if message.ephemeral_for is None else message.content


def _of_an_earlier_start(rig: Rig) -> None:
    told = json.loads((rig.data / trace.NAME).read_text())
    told["place"]["boot"] = "another"
    (rig.data / trace.NAME).write_text(json.dumps(told))


@pytest.mark.long
@pytest.mark.parametrize(
    "spoil", [_of_an_earlier_start, lambda rig: (rig.data / trace.NAME).unlink()]
)
async def test_where_nothing_vouches_for_the_books_they_are_compared_first(
    play: Rig, spoil: Callable[[Rig], Any]
) -> None:
    await play.refreshed()
    waits = await _waiting(play, "it waits over the stop")
    await play.stop_bot()
    await play.clock.advance(300)
    play.box.add_foreign(prompt="typed on the vendor's own site")
    await play.clock.advance(60)
    spoil(play)
    play.box.script(faults.status(503, None, html=True, on=faults.HISTORY, times=None))
    await play.start_bot()
    # The run between leaves a trace of its own and a newer balance, and has compared nothing.
    await play.eventually(lambda: play.read(_balance_at) == int(play.clock.now()))
    await play.restart_bot()
    assert _is_closed(play)
    play.box.faults_left.clear()
    await play.run_until(lambda: _is_rewound(play), 600)
    posts = play.posts()
    await play.clock.advance(600)
    assert _is_closed(play)
    assert play.posts() == posts
    assert (await play.finished(waits, limit_s=2 * HOUR_S)).files
    assert not _is_closed(play)
    _all_booked(play)
    await play.restart_bot()
    play.box.add_foreign(prompt="from here on they are known to be whole")
    await play.restart_bot()
    await play.eventually(lambda: not _is_closed(play))
    assert not _is_rewound(play)


@pytest.mark.long
@pytest.mark.fault("D17")
@pytest.mark.parametrize(
    ("wrong_by_s", "is_waiting"), [(0, False), (-24 * HOUR_S, True), (24 * HOUR_S, True)]
)
async def test_books_and_trace_put_back_together_are_found_out(
    play: Rig, wrong_by_s: float, is_waiting: bool
) -> None:
    """Also on a machine whose clock is a day behind, or ahead, and with a job that waited."""
    play.configure("limits", in_flight_total=1)
    await play.restart_bot()
    await play.refreshed()
    play.box.script(faults.wait(600))
    known = [await play.card("it is being made", model="luma-flash2")]
    await play.eventually(lambda: play.job_of(known[0]).state is State.PENDING)
    if is_waiting:
        known.append(await play.card("sent since", model="luma-flash2", member="Cleo"))
    await play.stop_bot()
    copy = play.data.with_name(f"{play.data.name} copy")
    shutil.copytree(play.data, copy)
    await play.start_bot()
    for card in known:
        await play.finished(card)
    await play.finished(await play.card("asked for since", model="luma-flash2"))
    posts, charged, said = play.posts(), play.box.charged_total, bots_messages(play)
    await play.stop_bot()
    shutil.rmtree(play.data)
    copy.rename(play.data)
    play.bot_clock = clock = Wandering(play.clock)
    clock.wrong_by_s = wrong_by_s
    await play.start_bot()
    app = play.app
    assert app is not None
    await play.eventually(
        lambda: "videos that this bot's books do not know" in app.intake.reasons["recovery"]
    )
    assert _is_rewound(play)
    assert "books do not know" in await play.refusal("not yet")
    await play.run_until(lambda: play.read(_is_clear), HOUR_S)
    clock.wrong_by_s -= 24 * HOUR_S  # right between the two looks
    await play.run_until(lambda: not _is_rewound(play), 600)
    await play.run_until(
        lambda: all(play.job_of(card).state is State.COMPLETED for card in known), HOUR_S
    )
    assert (play.posts(), play.box.charged_total) == (posts, charged), "nothing was sent again"
    _all_booked(play)
    await play.run_until(lambda: not open_messages(play), HOUR_S)
    assert bots_messages(play) == said, "nothing was told again"
    assert all(play.shown(card).files for card in known)


@pytest.mark.long
async def test_what_ends_under_a_false_suspicion_is_told_with_a_ping(play: Rig) -> None:
    """Who deleted the card is left in peace."""
    await play.refreshed()
    cards = []
    for prompt in ("it never reached NeuralBox", "nor did this, and its card was deleted"):
        play.box.script(faults.drop_before())
        cards.append(await play.card(prompt, model="luma-flash2"))
        await in_state(play, cards[-1], State.UNKNOWN)
    play.discord.delete_message(cards[1])
    await play.stop_bot()
    (play.data / trace.NAME).unlink()
    await play.clock.advance(300)
    play.box.add_foreign(prompt="typed on the vendor's own site")
    await play.clock.advance(60)
    await play.start_bot()
    await play.run_until(lambda: _is_rewound(play), 600)
    said = bots_messages(play)
    await recovery_over(play)
    assert [play.job_of(card).state for card in cards] == [State.NOT_SUBMITTED] * 2
    [ping] = play.pings(cards[0])
    await play.restart_bot()
    [(channel, before)] = said.items()
    assert bots_messages(play) == {channel: (*before, ping.id)}
    assert "not started" in (play.shown(cards[0]).embeds[0]["title"] or "")
    _all_booked(play)


@pytest.mark.long
@pytest.mark.parametrize("is_told", [False, True])
async def test_under_a_suspicion_a_private_end_is_looked_for_among_direct_messages(
    play: Rig, *, is_told: bool
) -> None:
    play.box.script(faults.drop_after() & faults.wait(1800))
    await play.ask(private=True, model="luma-flash2")
    await play.eventually(lambda: only_job(play).state is State.UNKNOWN)
    await play.stop_bot()
    copy = play.data.with_name(f"{play.data.name} copy")
    shutil.copytree(play.data, copy)
    if is_told:
        await play.start_bot()
        await play.run_until(lambda: len(_direct(play)) == 1, 2 * HOUR_S, 30)
        await play.stop_bot()
    await play.clock.advance(2 * HOUR_S)
    shutil.rmtree(play.data)
    copy.rename(play.data)
    (play.data / trace.NAME).unlink(missing_ok=True)
    play.box.add_foreign(prompt="typed on the vendor's own site")
    await play.clock.advance(60)
    await play.start_bot()
    await play.run_until(lambda: _is_rewound(play), 600)
    await recovery_over(play)
    await play.run_until(lambda: only_job(play).state.is_final, HOUR_S)
    await play.run_until(lambda: not open_messages(play), HOUR_S)
    assert only_job(play).state is State.COMPLETED
    [message] = _direct(play)
    assert message.embeds[0]["title"] == "Your video is ready"


def _direct(rig: Rig) -> list[Message]:
    return rig.discord.messages(rig.discord.world.dm(rig.discord.world.user("Ben")))


@pytest.mark.long
async def test_what_looks_like_a_job_that_waits_is_not_believed_to_be_somebody_elses(
    play: Rig,
) -> None:
    """As after a volume was rolled back under a running system, which nothing here can tell."""
    await play.refreshed()
    waits = await _waiting(play, "the very same")
    await play.stop_bot()
    await play.clock.advance(60)
    play.box.add_foreign(prompt="the very same", model="luma-flash2")
    await play.start_bot()
    await play.eventually(lambda: _is_rewound(play))
    posts = play.posts()
    await play.run_until(lambda: play.job_of(waits).state is State.COMPLETED, 2 * HOUR_S)
    assert play.posts() == posts
    _all_booked(play)
