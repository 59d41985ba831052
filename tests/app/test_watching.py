"""Watching generations to their end: which requests, how many, and what the cards say meanwhile."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from jobs import moves
from models import Asker, Order, Origin, Quote, State, VideoRequest
from playground.discord.world import Message
from playground.neuralbox import faults
from playground.neuralbox.books import BoxGeneration
from playground.neuralbox.faults import Match
from playground.neuralbox.profile import Dialect
from storage import outbox, spending
from storage.database import open_database
from storage.ledger import Limits
from tests.app.counted import (
    HOUR_S,
    asked,
    booked,
    count,
    is_all_done,
    planned,
    refusals,
    run,
    run_for,
)
from tests.rig import Rig

PATIENCE_S = 60
TEN_H_S = 10 * HOUR_S
MANY = 2000


@pytest.fixture(autouse=True)
def _no_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.discord.interactions.FIRST_ANSWER_S", PATIENCE_S)


def _of(prompt: str) -> Match:
    return Match("POST", "/generate", prompt=prompt)


def _status_calls(rig: Rig, card: Message) -> list[float]:
    path = f"/generate/{rig.generation_id(card)}"
    return [seen.at for seen in rig.box.requests if seen.path == path]


def _made(rig: Rig, card: Message) -> BoxGeneration:
    return rig.box.generations[rig.generation_id(card)]


def _text(rig: Rig, card: Message) -> str:
    fields = rig.fields(rig.shown(card))
    return fields.get("Ready") or fields.get("What is happening", "")


def _moment(text: str, before: str) -> int:
    """The Discord timestamp that follows some words."""
    found = re.search(rf"{before} <t:(\d+):R>", text)
    assert found, text
    return int(found[1])


async def _all_sent(rig: Rig, number: int) -> None:
    """Wait until so many are being made: begun at one moment, they end at one as well."""
    await rig.eventually(lambda: count(rig, State.PENDING) == number)


async def test_one_open_job_is_asked_for_by_itself_and_two_with_one_page(tmp_path: Path) -> None:
    async with planned(tmp_path, "one-or-two", plan="elite") as rig:
        since = len(rig.box.requests)
        card = await rig.card("alone")
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert asked(rig, "/user/history", since) == 0
        assert len(_status_calls(rig, card)) >= 1
        since = len(rig.box.requests)
        rig.box.script(faults.wait(80, times=2))
        cards = [await rig.card("one"), await rig.card("two", member="Cleo")]
        await _all_sent(rig, 2)
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert [len(_status_calls(rig, card)) for card in cards] == [0, 0]
        assert asked(rig, "/user/history", since) >= 1
        rig.sound()


@pytest.mark.fault("C16")
async def test_a_restart_with_two_thousand_open_jobs_catches_up_with_twenty_pages(
    tmp_path: Path,
) -> None:
    async with planned(tmp_path, "many", window="sliding") as rig:
        await rig.stop_bot()
        await _fill(rig, MANY)
        # Two thousand files are not what is asked here, so bringing them waits.
        rig.box.script(faults.hang(10 * HOUR_S, on=faults.FILE, times=None))
        before = len(booked(rig))
        arrived = len(rig.box.requests)
        await rig.start_bot()
        await run(rig, lambda: count(rig, State.PENDING) == 0, 120)
        assert count(rig, State.COMPLETED) == MANY
        purposes = rig.read(
            lambda tx: [row[0] for row in tx.execute("SELECT purpose FROM request ORDER BY seq")]
        )
        assert purposes[before:].count("again") == MANY / 100
        assert asked(rig, "/generate", arrived) == 0
        assert refusals(rig) == 0
        rig.sound()
        slow = "SELECT max(within_s) FROM wait"
        assert rig.read(lambda tx: tx.execute(slow).fetchone()[0]) < HOUR_S


async def _fill(rig: Rig, many: int) -> None:
    """Let so many jobs be under way, all of them done since the bot was stopped."""
    now = int(rig.clock.now())
    rows = []
    for n in range(many):
        at = now - many // 4 + n // 4
        generation = rig.box.add_foreign(prompt=f"boat {n}", status="pending", created_at=at)
        rows.append((n, generation.id, at))
    channel_id = rig.discord.world.channel("videos").id
    user_id = rig.discord.world.user("Ben").id

    def write(tx) -> None:  # type: ignore[no-untyped-def]
        spending.put(tx, rig.guild_id, "brake_percent", "0")
        for n, generation_id, at in rows:
            request = VideoRequest(f"boat {n}", "kling-v2.1", 5, "16:9")
            asker = Asker(900_000 + n, "", rig.guild_id, channel_id, user_id, 10 * 1024 * 1024)
            job_id = moves.reserve(
                tx,
                asker,
                Order(request, Origin()),
                Quote(44, 1),
                f"mark {n}",
                Limits(0, 0, 0),
                (many, many),
                at,
            ).job.id
            moves.enqueue(tx, job_id, channel_id, 1_000_000 + n)
            moves.begin_submit(tx, job_id, 1, at, at + 60, at)
            moves.accept(tx, job_id, State.SUBMITTING, generation_id, "answer", at)
            outbox.drop(tx, job_id, "progress")

    async with open_database(rig.data) as db:
        await db.write(write)
    for _n, generation_id, _at in rows:
        rig.box.finish(generation_id)


async def test_a_failed_row_costs_one_status_call_and_its_reason_is_shown(tmp_path: Path) -> None:
    async with planned(tmp_path, "failed", plan="elite") as rig:
        rig.box.script(faults.fails("the sea was too rough", on=_of("rough")) & faults.wait(60))
        rig.box.script(faults.wait(90, on=_of("calm"), times=None))
        rough = await rig.card("rough")
        calm = [await rig.card("calm 1"), await rig.card("calm 2", member="Cleo")]
        await _all_sent(rig, 3)
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert len(_status_calls(rig, rough)) == 1
        assert "the sea was too rough" in str(rig.shown(rough).embeds)
        assert [rig.job_of(card).state for card in (rough, *calm)] == [
            State.FAILED,
            State.COMPLETED,
            State.COMPLETED,
        ]
        rig.sound()


async def test_a_row_missing_from_its_page_is_asked_for_by_itself_ever_more_rarely(
    tmp_path: Path,
) -> None:
    async with planned(tmp_path, "missing", plan="elite") as rig:
        never = 30 * 86_400
        rig.box.script(faults.history_lag(never, on=_of("unseen")) & faults.wait(2400))
        rig.box.script(faults.wait(2500, on=_of("seen"), times=None))
        cards = [await rig.card("unseen"), await rig.card("seen", member="Cleo")]
        await _all_sent(rig, 2)
        await run(rig, lambda: is_all_done(rig), 2 * HOUR_S)
        calls = _status_calls(rig, cards[0])
        # Once it is known that no page shows it, it costs what one alone would cost, and no page.
        assert asked(rig, "/user/history") <= 4
        assert len(calls) <= 90
        gaps = [later - sooner for sooner, later in pairwise(calls)]
        assert max(gaps[len(gaps) // 2 :]) >= 2 * min(gaps[: len(gaps) // 2])
        assert all(rig.job_of(card).state is State.COMPLETED for card in cards)
        finished_at = _made(rig, cards[0]).finished_at
        assert finished_at is not None
        assert calls[-1] - finished_at < 400
        rig.sound()


async def test_an_hour_without_a_readable_history_leaves_nobody_unseen(tmp_path: Path) -> None:
    async with planned(tmp_path, "unreadable", window="sliding") as rig:
        rig.box.script(faults.junk(b"<html>", on=faults.HISTORY, times=None))
        cards = [await rig.card(f"boat {n}", member=m) for n in range(2) for m in ("Ben", "Cleo")]
        await run(rig, lambda: count(rig, State.COMPLETED) == 4, HOUR_S)
        for card in cards:
            made = _made(rig, card)
            assert _status_calls(rig, card)
            assert made.finished_at is not None
            seen_at = _status_calls(rig, card)[-1]
            assert seen_at - made.finished_at < 120
        await run_for(rig, HOUR_S)
        rig.box.faults_left.clear()
        again = [await rig.card("seven"), await rig.card("eight", member="Cleo")]
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert all(rig.job_of(card).state is State.COMPLETED for card in (*cards, *again))
        assert refusals(rig) == 0
        rig.sound()


async def test_a_day_without_a_readable_history_leaves_requests_for_what_can_be_seen(
    tmp_path: Path,
) -> None:
    async with planned(tmp_path, "long-unreadable", window="sliding") as rig:
        broken = faults.junk(b'{"items": []', on=faults.HISTORY, times=None)
        rig.box.script(faults.drop_before(), broken)
        doubtful = await rig.card("in doubt")
        await rig.eventually(lambda: rig.job_of(doubtful).state is State.UNKNOWN)
        await run_for(rig, 20 * HOUR_S)
        other = await rig.card("in sight", member="Cleo")
        await run(rig, lambda: rig.job_of(other).state is State.COMPLETED, HOUR_S)
        assert rig.job_of(doubtful).state is State.UNKNOWN
        rig.box.faults_left.clear()
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert rig.job_of(doubtful).state is State.NOT_SUBMITTED
        assert refusals(rig) == 0
        rig.sound()


async def test_what_the_vendor_tells_of_its_progress_sharpens_the_countdown(
    tmp_path: Path,
) -> None:
    async with planned(tmp_path, "eta", plan="elite", dialect=Dialect.second_form()) as rig:
        rig.box.script(faults.wait(62))
        card = await rig.card(model="kling-v2.1")
        await rig.settle()
        usual = _moment(_text(rig, card), "expected")
        assert usual == rig.clock.now() + 90
        await run(rig, lambda: _moment(_text(rig, card), "expected") != usual, 60)
        assert abs(_moment(_text(rig, card), "expected") - _made(rig, card).finishes_at) < 15
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert rig.shown(card).edits <= 4
        assert len(_status_calls(rig, card)) <= 10
        rig.sound()


async def test_a_late_job_says_so_once_and_is_brought_after_five_hours(tmp_path: Path) -> None:
    async with planned(tmp_path, "late", plan="elite") as rig:
        rig.box.script(faults.wait(5 * HOUR_S))
        card = await rig.card(model="kling-v2.1")
        await run(rig, lambda: "longer than usual" in rig.shown(card).embeds[0]["title"], HOUR_S)
        assert rig.clock.now() - (rig.job_of(card).submit_at or 0) < 600
        edits = rig.shown(card).edits
        await run_for(rig, HOUR_S)
        await rig.restart_bot()
        await run_for(rig, 3 * HOUR_S)
        assert rig.shown(card).edits == edits
        assert rig.job_of(card).state is State.PENDING
        await run(rig, lambda: is_all_done(rig), 2 * HOUR_S)
        calls = _status_calls(rig, card)
        finished_at = _made(rig, card).finished_at
        assert finished_at is not None
        assert calls[-1] - finished_at <= 0.02 * 5 * HOUR_S + 30
        assert len(calls) <= 320, "each look when the wait is a fiftieth longer, at most"
        assert rig.shown(card).files
        assert rig.pings(card)
        rig.sound()


async def test_a_late_job_of_a_slow_model_says_that_it_is_slow_for_everybody(
    tmp_path: Path,
) -> None:
    async with planned(tmp_path, "slow", plan="elite") as rig:
        rig.box.wait_scale = 2.5
        for n in range(14):
            await rig.card(f"slow {n}", model="luma-flash2", member=("Ben", "Cleo")[n % 2])
            await run(rig, lambda: is_all_done(rig), HOUR_S)
        rig.box.script(faults.wait(3000))
        card = await rig.card("slower", model="luma-flash2")
        await run(rig, lambda: "longer than usual" in rig.shown(card).embeds[0]["title"], HOUR_S)
        assert "takes longer for this model than it says" in _text(rig, card)
        await run(rig, lambda: is_all_done(rig), 2 * HOUR_S)
        rig.sound()


async def _tight(rig: Rig) -> None:
    """Wait until so much of a small plan is used that looks are rare."""
    for n in range(12):
        await rig.card(f"before {n}", model="luma-flash2", member=("Ben", "Cleo")[n % 2])
        await run_for(rig, 60)
    await run(rig, lambda: is_all_done(rig), TEN_H_S)


async def test_a_late_job_under_a_tight_plan_says_that_looks_are_rare(tmp_path: Path) -> None:
    async with planned(tmp_path, "rare", window="sliding", limit_hour=40, limit_day=300) as rig:
        await _tight(rig)
        rig.box.script(faults.wait(2 * HOUR_S))
        card = await rig.card("rare", model="kling-v2.1")
        await run(rig, lambda: "longer than usual" in rig.shown(card).embeds[0]["title"], HOUR_S)
        assert "lets this bot ask only so often" in _text(rig, card)
        await run(rig, lambda: is_all_done(rig), TEN_H_S)
        assert refusals(rig) == 0
        rig.sound()


async def test_under_a_tight_plan_the_card_says_when_the_next_look_is_and_it_then_is(
    tmp_path: Path,
) -> None:
    async with planned(tmp_path, "countdown", window="sliding", limit_hour=40) as rig:
        await _tight(rig)
        told: dict[int, list[int]] = {}
        cards = []
        for n in range(8):
            card = await rig.card(f"boat {n}", model="mj-video-720p", member=("Ben", "Cleo")[n % 2])
            cards.append(card)
            ends_at = rig.clock.now() + 240

            def noted(ends_at: float = ends_at) -> bool:
                for one in cards:
                    if found := re.search(r"hecking about <t:(\d+):R>", _text(rig, one)):
                        told.setdefault(one.id, []).append(int(found[1]))
                return rig.clock.now() >= ends_at

            await run(rig, noted, HOUR_S)
        await run(rig, lambda: noted() and is_all_done(rig), TEN_H_S)
        assert len(told) >= 4
        for card in cards:
            assert rig.shown(card).edits <= 8
            looks = _looks(rig, card)
            moments = sorted(set(told.get(card.id, ())))
            for moment in moments:
                # A look comes then, or the card says another moment, or it was found done before.
                near = any(abs(at - moment) <= 180 for at in looks)
                corrected = any(moment < other for other in moments)
                assert near or corrected or max(looks) < moment, (moment, moments)
        assert refusals(rig) == 0
        rig.sound()


def _looks(rig: Rig, card: Message) -> list[float]:
    """When the vendor was asked about a job, by itself or with others."""
    path = f"/generate/{rig.generation_id(card)}"
    return [seen.at for seen in rig.box.requests if seen.path in (path, "/user/history")]


async def test_estimates_are_learned_from_what_videos_took_here(tmp_path: Path) -> None:
    async with planned(tmp_path, "learned", plan="elite") as rig:
        published = _usual(rig, await rig.card("first", model="luma-flash2"))
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert published == (20, 35)
        rig.box.wait_scale = 3.0
        for n in range(14):
            await rig.card(f"slow {n}", model="luma-flash2", member=("Ben", "Cleo")[n % 2])
            await run(rig, lambda: is_all_done(rig), HOUR_S)
        card = await rig.card("next", model="luma-flash2")
        learned = _usual(rig, card)
        assert 25 <= learned[0] < learned[1] <= 250
        assert 60 <= learned[1] <= 180
        assert _moment(_text(rig, card), "expected") - rig.clock.now() == pytest.approx(
            learned[1], abs=5
        )
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        # Ten seconds are another kind of video, and nothing is known of them yet.
        longer = await rig.card("longer", model="luma-flash2", length=10)
        assert _usual(rig, longer) == (20, 35)
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        await rig.restart_bot()
        await rig.eventually(lambda: rig.app is not None and not rig.app.intake.reasons)
        card = await rig.card("after", model="luma-flash2")
        after = _usual(rig, card)
        assert after == pytest.approx(learned, rel=0.15)
        helped = await (await rig.discord.slash("help")).answer()
        assert f"usually {after[0]}" in str(helped.message.embeds).replace("–", " ")  # type: ignore[union-attr]
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        rig.sound()


def _usual(rig: Rig, card: Message) -> tuple[int, int]:
    found = re.search(r"usually takes (\d+)\D+(\d+)", _text(rig, card))
    assert found, _text(rig, card)
    return int(found[1]), int(found[2])
