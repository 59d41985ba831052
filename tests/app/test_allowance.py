"""The plan's allowance: never one request too many, nobody forgotten, everybody in turn."""

import sqlite3
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from playground.neuralbox.faults import Match
from playground.neuralbox.profile import WindowKind
from storage import requests
from storage.requests import Booking
from tests.app.counted import (
    DAY_S,
    HOUR_S,
    booked,
    is_all_done,
    most_within,
    planned,
    refusals,
    run,
    run_for,
)
from tests.rig import Rig

PATIENCE_S = 60
FAST = "luma-flash2"
GUILDS = (("Reelbox Playground", "Cleo"), ("Second Server", "Dora"), ("Third Server", "Owner"))


@pytest.fixture(autouse=True)
def _no_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.discord.interactions.FIRST_ANSWER_S", PATIENCE_S)


async def _card(rig: Rig, prompt: str, guild: int = 0) -> Message:
    name, member = GUILDS[guild]
    channel = "videos"
    return await rig.card(prompt, model=FAST, guild=name, member=member, channel=channel)


def _kept_to_the_plan(rig: Rig, windows: tuple[int, int] = (100, 1000)) -> None:
    """No 429, each job one POST, and the books hold what the vendor counted."""
    arrived = [seen.at for seen in rig.box.requests]
    assert refusals(rig) == 0
    assert most_within(arrived, HOUR_S) <= windows[0]
    assert most_within(arrived, DAY_S) <= windows[1]
    assert len(booked(rig)) == len(arrived)
    assert rig.posts() == len(rig.box.generations) == len(rig.jobs_in())
    rig.sound()


@pytest.mark.parametrize(
    ("kind", "jobs", "limit"), [("sliding", 150, 100), ("clock", 60, 50), ("first_request", 60, 50)]
)
async def test_600_jobs_an_hour_on_few_requests_are_all_made_and_none_is_refused(
    tmp_path: Path, kind: WindowKind, jobs: int, limit: int
) -> None:
    async with planned(tmp_path, f"flood-{kind}", window=kind, limit_hour=limit) as rig:
        rig.discord.add_guild("Third Server")
        cards = []
        for n in range(jobs):
            cards.append(await _card(rig, f"boat {n}", n % 3))
            await run_for(rig, 6)
        queued = [card for card in cards if rig.job_of(card).state is State.QUEUED]
        assert len(queued) > jobs / 3
        # The estimates of one moment go up with the place, and are later than now.
        latest = await _card(rig, "the last one")
        told = int(rig.fields(latest)["Ready"].partition("<t:")[2].partition(":")[0])
        assert "place" in latest.embeds[0]["title"]
        assert told > rig.clock.now()
        await run(rig, lambda: is_all_done(rig), 12 * HOUR_S)
        assert all(job.state is State.COMPLETED for job in rig.jobs_in())
        started = rig.job_of(latest).submit_at
        assert started is not None
        assert (
            0.4
            < (started - rig.job_of(latest).created_at) / (told - rig.job_of(latest).created_at)
            < 2.5
        ), "what it was told is about what happened"
        _kept_to_the_plan(rig, (limit, 1000))


def _in_turn(rig: Rig, since: int) -> list[str]:
    """The first words of the prompts that were sent, after so many."""
    prompts = [
        str(seen.json["prompt"])
        for seen in rig.box.requests
        if (seen.method, seen.path) == ("POST", "/generate")
    ]
    return [prompt.split()[0] for prompt in prompts[since:]]


@pytest.mark.parametrize("weight", [1, 3])
async def test_a_flooding_server_leaves_the_others_their_share_of_the_allowance(
    tmp_path: Path, weight: int
) -> None:
    async with planned(tmp_path, f"shares-{weight}", window="sliding", limit_hour=60) as rig:
        third = rig.discord.add_guild("Third Server")
        rig.configure("limits", guild_weights={str(third.id): weight})
        rig.configure("limits", in_flight_total=99, in_flight_per_guild=99, in_flight_per_member=99)
        await rig.restart_bot()
        for n in range(50):
            await _card(rig, f"flood {n}")
        await rig.settle()
        # The flood has taken what there was before the others came.
        sent = rig.posts()
        assert 20 <= sent < 45
        for n in range(6):
            await _card(rig, f"second {n}", 1)
            await _card(rig, f"third {n}", 2)
        await rig.settle()
        assert rig.posts() == sent
        await run(rig, lambda: is_all_done(rig), 12 * HOUR_S)
        turns = _in_turn(rig, sent)
        assert Counter(turns)["second"] == Counter(turns)["third"] == 6
        # In every stretch in which all three wait, each has its share, to within one turn.
        last = min(
            len(turns) - 1 - turns[::-1].index("second"),
            len(turns) - 1 - turns[::-1].index("third"),
        )
        for end in range(1, last + 1):
            had = Counter(turns[:end])
            assert had["second"] >= end // (2 + weight) - 1, turns
            assert had["third"] >= weight * (end // (2 + weight)) - weight, turns
        assert turns.index("second") <= 2 + weight
        _kept_to_the_plan(rig, (60, 1000))


async def test_a_restart_forgets_neither_the_requests_nor_the_limits(tmp_path: Path) -> None:
    async with planned(tmp_path, "restart", window="sliding") as rig:
        card = await _card(rig, "before")
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        await rig.stop_bot()
        _use_up(rig, 97)
        arrived = len(rig.box.requests)
        await rig.start_bot()
        await run_for(rig, 600)
        assert len(rig.box.requests) - arrived <= 2
        late = await _card(rig, "after")
        assert "queue" in late.embeds[0]["title"]
        await run(rig, lambda: is_all_done(rig), 3 * HOUR_S)
        assert refusals(rig) == 0
        assert rig.job_of(card).state is rig.job_of(late).state is State.COMPLETED
        rig.sound()


def _use_up(rig: Rig, used: int) -> None:
    """Let the bot have used so many of the hour's requests by now, and have written them down."""
    now = rig.clock.now()
    missing = used - rig.box.allowance.used_hour
    rig.box.allowance.used_hour = rig.box.allowance.used_day = used
    with closing(sqlite3.connect(rig.data / "reelbox.sqlite3", isolation_level=None)) as file:
        requests.add(file, [Booking(now, "look")] * missing)


@pytest.mark.parametrize("retry_after_s", [600, 3000])
async def test_a_cool_down_outlives_a_restart_to_the_second(
    tmp_path: Path, retry_after_s: int
) -> None:
    async with planned(tmp_path, "cool-down", window="sliding") as rig:
        rig.box.script(faults.rate_limited(retry_after_s, on=faults.STATUS))
        card = await _card(rig, "before")
        await run(rig, lambda: refusals(rig) == 1, HOUR_S)
        refused_at = rig.clock.now()
        arrived = len(rig.box.requests)
        await run_for(rig, 100)
        await rig.restart_bot()
        await run(rig, lambda: len(rig.box.requests) > arrived, HOUR_S)
        waited_s = rig.box.requests[arrived].at - refused_at
        assert retry_after_s <= waited_s <= retry_after_s + 2
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        assert rig.job_of(card).state is State.COMPLETED
        assert refusals(rig) == 1
        rig.sound()


async def test_a_429_met_by_the_sweep_is_remembered_too(tmp_path: Path) -> None:
    async with planned(tmp_path, "sweep", window="sliding") as rig:
        rig.box.script(faults.rate_limited(900, on=faults.HISTORY))
        await run(rig, lambda: refusals(rig) == 1, 2 * HOUR_S)
        refused_at, arrived = rig.clock.now(), len(rig.box.requests)
        await rig.restart_bot()
        await run(rig, lambda: len(rig.box.requests) > arrived, HOUR_S)
        assert 900 <= rig.box.requests[arrived].at - refused_at <= 902


async def test_others_on_the_same_account_are_made_room_for(tmp_path: Path) -> None:
    async with planned(tmp_path, "others", window="sliding") as rig:
        allowance = rig.box.allowance
        for n in range(12):
            await _card(rig, f"boat {n}")
            if n % 3 == 2:
                allowance.used_hour = min(96, allowance.used_hour + 15)
            await run_for(rig, 120)
        await run(rig, lambda: is_all_done(rig), 6 * HOUR_S)
        assert refusals(rig) == 0
        assert all(job.state is State.COMPLETED for job in rig.jobs_in())
        assert rig.posts() == 12
        rig.sound()


@pytest.mark.parametrize("headers", ["zero", "large", "missing"])
async def test_without_limits_looks_come_every_few_seconds_and_nothing_is_written_down(
    tmp_path: Path, headers: str
) -> None:
    async with planned(tmp_path, headers, plan="elite", unlimited_headers=headers) as rig:
        card = await rig.card(model="kling-v2.1")
        await run(rig, lambda: is_all_done(rig), HOUR_S)
        job = rig.job_of(card)
        looks = [seen.at for seen in rig.box.requests if seen.path.startswith("/generate/")]
        gaps = [later - sooner for sooner, later in pairwise(looks)]
        assert looks[0] - (job.submit_at or 0) >= 20, "nothing can be done before"
        assert all(gap >= 3 for gap in gaps)
        assert 3 <= min(gaps) <= 7
        finished_at = rig.box.generations[job.generation_id or ""].finished_at
        assert finished_at is not None
        assert looks[-1] - finished_at <= 10
        assert booked(rig) == []
        assert "Checking about" not in str(rig.shown(card).embeds)
        rig.sound()


async def test_requests_of_every_kind_are_booked(tmp_path: Path) -> None:
    async with planned(tmp_path, "kinds", window="sliding", is_known=False) as rig:
        rig.box.script(faults.drop_after(on=Match("POST", "/generate", prompt="doubt")))
        rig.box.script(faults.missing_file(on=Match("POST", "/generate", prompt="lost")))
        await rig.refreshed()
        rig.box.script(faults.fails("boom", on=Match("POST", "/generate", prompt="fails")))
        cards = [
            await _card(rig, "lost", 0),
            await _card(rig, "doubt", 1),
            await _card(rig, "fails", 1),
            await _card(rig, "fine", 0),
        ]
        await run(
            rig,
            lambda: all(rig.job_of(card).state.is_final for card in cards),
            2 * HOUR_S,
        )
        await run_for(rig, 1.5 * HOUR_S)  # another sweep
        paths = {f"{seen.method} {seen.path.rpartition('/')[0]}" for seen in rig.box.requests}
        assert {"GET /user", "POST ", "GET /generate", "GET "} <= paths
        assert "POST /models/kling-v2.1" in paths
        assert len(booked(rig)) == len(rig.box.requests)
        assert refusals(rig) == 0
