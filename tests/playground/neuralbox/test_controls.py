"""What a test or the page can tell the box, and what the box tells about itself."""

import asyncio
import json
import time

import aiohttp
import pytest

from playground.clock import FakeClock
from playground.neuralbox import LocalNeuralBox, Profile, faults
from tests.playground.neuralbox.support import Caller, running_box

GOOD = {"model": "kling-v2.1", "prompt": "a paper boat"}


async def test_a_generation_can_be_ended_by_hand(caller: Caller, clock: FakeClock) -> None:
    first, second = str((await caller.create())["id"]), str((await caller.create())["id"])
    await clock.advance(3)
    caller.box.finish(first)
    caller.box.fail(second, "Provider error: out of film")
    done, failed = caller.box.generations[first], caller.box.generations[second]
    assert (done.status, done.tokens_spent, done.finished_at) == ("completed", 44, clock.now())
    assert (failed.status, failed.error) == ("failed", "Provider error: out of film")
    await clock.advance(200)
    assert caller.box.charged_total == 44
    for name in (first, second):
        with pytest.raises(ValueError, match="already"):
            caller.box.finish(name)
    with pytest.raises(KeyError):
        caller.box.fail("1", "no")


async def test_one_meant_to_fail_can_still_be_finished(caller: Caller) -> None:
    created = await caller.create("something forbidden")
    caller.box.finish(str(created["id"]))
    assert caller.box.generations[str(created["id"])].status == "completed"


async def test_the_slow_switch_and_the_scale_stretch_new_waits(clock: FakeClock) -> None:
    waits = []
    for scale, slow in ((1.0, False), (0.5, False), (1.0, True)):
        async with running_box(clock=clock, seed=3) as caller:
            caller.box.wait_scale = scale
            caller.box.set_switch("slow", slow)
            created = await caller.create()
            generation = caller.box.generations[str(created["id"])]
            waits.append(generation.finishes_at - generation.created_at)
    assert waits[1] == pytest.approx(waits[0] / 2, abs=1e-5)
    assert waits[2] == pytest.approx(waits[0] * 4, abs=1e-5)


async def test_switches_for_the_next_creation_go_off_by_themselves(
    caller: Caller, clock: FakeClock
) -> None:
    box = caller.box
    box.set_switch("fail_next", True)
    await caller.create()
    box.set_switch("policy_next", True)
    await caller.create()
    await caller.create()
    box.set_switch("lose_next_answer", True)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await caller.create()
    assert not any(box.switches.as_dict().values())
    await clock.advance(90)
    errors = [generation.error for generation in box.generations.values()]
    assert errors == [box.profile.provider_sentence, box.profile.policy_sentence, None, None]


async def test_the_rate_limit_switch_refuses_until_it_is_off(
    caller: Caller, clock: FakeClock
) -> None:
    caller.box.switches.rate_limited = True
    got = await caller.get("/balance")
    assert got.status == 429
    assert got.json["retry_after"] == 30
    assert got.headers["X-RateLimit-Remaining-Hour"] == "0"
    await clock.advance(4000)
    assert (await caller.post("/generate", GOOD)).status == 429
    caller.box.set_switch("rate_limited", False)
    got = await caller.get("/balance")
    assert got.status == 200
    assert got.headers["X-RateLimit-Remaining-Hour"] == "99"


async def test_an_outage_covers_api_and_files_but_jobs_go_on(
    caller: Caller, clock: FakeClock
) -> None:
    created = await caller.create()
    caller.box.set_switch("outage", True)
    got = await caller.get(f"/generate/{created['id']}")
    assert (got.status, got.json["error"]) == (503, "model_unavailable")
    assert (await caller.post("/generate", GOOD)).status == 503
    await clock.advance(90)
    file = f"{caller.box.origin}/generations/{created['id']}.mp4"
    assert (await caller.call("GET", file)).status == 503
    caller.box.set_switch("outage", False)
    assert (await caller.get(f"/generate/{created['id']}")).json["status"] == "completed"
    assert (await caller.call("GET", file)).status == 200


async def test_a_switch_that_does_not_exist_is_refused(caller: Caller) -> None:
    with pytest.raises(ValueError, match="no switch named earthquake"):
        caller.box.set_switch("earthquake", True)


async def test_the_state_tells_the_side_panel_everything(caller: Caller, clock: FakeClock) -> None:
    caller.box.script(faults.wait(5), faults.stuck())
    await caller.create("a paper boat", duration=10)
    await clock.advance(5)
    await caller.create("a kite", aspect_ratio="9:16")
    caller.box.set_switch("slow", True)
    state = json.loads(json.dumps(caller.box.state()))
    stuck, done = state["generations"]
    assert stuck == {
        "id": "18501",
        "prompt": "a kite",
        "model": "kling-v2.1",
        "duration": 5,
        "ratio": "9:16",
        "image": False,
        "status": "pending",
        "created_at": 1_800_000_005.0,
        "finishes_at": None,
        "finished_at": None,
        "tokens": 44,
        "error": None,
    }
    assert (done["status"], done["tokens"], done["finished_at"]) == (
        "completed",
        88,
        1_800_000_005.0,
    )
    assert state["balance"] == 1500 - 88
    assert state["plan"] == "vip"
    assert state["allowance"]["hour"] == {"used": 2, "limit": 100, "resets_at": 1_800_003_600.0}
    assert state["allowance"]["day"]["limit"] == 1000
    assert state["switches"]["slow"] is True
    assert state["requests"][0] == {
        "at": 1_800_000_005.0,
        "method": "POST",
        "path": "/generate",
        "status": 200,
    }
    for _ in range(40):
        await caller.get("/balance")
    assert len(caller.box.state()["requests"]) == 30


async def test_a_box_comes_back_at_the_same_address_with_its_books(
    caller: Caller, clock: FakeClock
) -> None:
    box, before = caller.box, caller.box.base_url
    created = await caller.create()
    await box.stop()
    await box.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await caller.get("/balance")
    await clock.advance(200)
    await box.start()
    assert box.base_url == before
    got = await caller.get(f"/generate/{created['id']}")
    assert got.json["status"] == "completed"
    assert got.json["processing_ms"] <= 90_000
    assert (await caller.call("GET", got.json["result_url"])).status == 200


async def test_a_port_in_use_is_an_error_that_leaves_nothing_behind(caller: Caller) -> None:
    port = int(caller.box.origin.rsplit(":", 1)[1])
    second = LocalNeuralBox(FakeClock(), port=port)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.stop()
    with pytest.raises(RuntimeError, match="not started"):
        second.finish("1")


async def test_the_same_seed_draws_the_same_waits(clock: FakeClock) -> None:
    async def waits(seed: int) -> list[float]:
        async with running_box(Profile(balance=9999), clock=clock, seed=seed) as caller:
            for slug in ("kling-v2.1", "luma-ray2", "mj-video-720p", "luma-flash2"):
                await caller.create(model=slug)
            made = caller.box.generations.values()
            return [generation.finishes_at - clock.now() for generation in made]

    assert await waits(5) == await waits(5) != await waits(6)


async def test_a_thousand_open_generations_are_no_trouble(clock: FakeClock) -> None:
    profile = Profile(plan="elite", balance=1_000_000)
    async with running_box(profile, clock=clock, clips="shared") as caller:
        began = time.thread_time()
        for batch in range(10):
            await asyncio.gather(*(caller.create(f"no {batch} {number}") for number in range(100)))
        created_s = time.thread_time() - began
        began = time.thread_time()
        for page in range(1, 11):
            got = await caller.get(f"/user/history?category=video&limit=100&page={page}")
            assert len(got.json["items"]) == 100
        listed_s = time.thread_time() - began
        began = time.thread_time()
        await clock.advance(90)
        ended_s = time.thread_time() - began
        assert caller.box.charged_total == 44_000
        # Of our own time, whatever else the machine does: each takes well under a second.
        assert max(created_s, listed_s, ended_s) < 5


async def test_a_test_can_wait_for_what_the_box_sees(caller: Caller) -> None:
    waiting = asyncio.create_task(caller.box.wait_for_request(faults.BALANCE, count=2))
    for path in ("/balance", "/models", "/balance"):
        assert not waiting.done()
        await caller.get(path)
    seen = await waiting
    assert seen is caller.box.requests[2]
    created = await caller.create()
    ended = asyncio.create_task(caller.box.wait_until(lambda: caller.box.charged_total > 0))
    await asyncio.sleep(0)
    caller.box.finish(str(created["id"]))
    await ended
    with pytest.raises(TimeoutError):
        await caller.box.wait_until(lambda: False, timeout_s=0.01)
