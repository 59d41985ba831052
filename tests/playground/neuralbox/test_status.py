"""GET /generate/{id}, the second published path, and billing at the instant of completion."""

import asyncio

import aiohttp
import pytest

from playground.clock import FakeClock
from playground.neuralbox import Dialect, LocalNeuralBox, Profile, faults
from tests.playground.neuralbox.support import Caller, running_box


async def test_a_pending_generation_shows_the_published_fields(caller: Caller) -> None:
    answer = await caller.create()
    got = await caller.get(f"/generate/{answer['id']}")
    assert got.status == 200
    assert got.json == {
        "id": 18500,
        "status": "pending",
        "model_slug": "kling-v2.1",
        "result_url": None,
        "tokens_spent": 0,
    }


async def test_a_completed_generation_shows_the_richest_published_form(
    caller: Caller, clock: FakeClock
) -> None:
    caller.box.script(faults.wait(67.42))
    answer = await caller.create(duration=10, aspect_ratio="9:16")
    await clock.advance(67.42)
    got = await caller.get(f"/generate/{answer['id']}")
    assert got.json == {
        "id": 18500,
        "status": "completed",
        "model_slug": "kling-v2.1",
        "result_url": f"{caller.box.origin}/generations/18500.mp4",
        "thumbnail_url": f"{caller.box.origin}/thumbnails/18500.jpg",
        "tokens_spent": 88,
        "processing_ms": 67420,
        "result_metadata": {"duration": 10, "width": 180, "height": 320},
    }


async def test_a_prompt_with_a_trigger_word_fails_with_the_policy_sentence_and_is_free(
    caller: Caller, clock: FakeClock
) -> None:
    answer = await caller.create("something Forbidden in the rain")
    assert (await caller.get(f"/generate/{answer['id']}")).json["status"] == "pending"
    await clock.advance(90)
    got = await caller.get(f"/generate/{answer['id']}")
    assert got.status == 200
    assert got.json == {
        "id": 18500,
        "status": "failed",
        "error": "Provider error: content policy violation",
        "tokens_spent": 0,
    }
    assert caller.box.balance == 1500


async def test_an_unknown_id_is_not_found_on_both_paths(caller: Caller) -> None:
    for path in ("/generate/1", "/generate/gen_x", "/generate/status/1"):
        got = await caller.get(path)
        assert (got.status, got.json["error"]) == (404, "not_found")


async def test_the_second_path_speaks_the_second_form(caller: Caller, clock: FakeClock) -> None:
    caller.box.script(faults.wait(64), faults.wait(64) & faults.fails("Provider error: no"))
    good, bad = await caller.create(), await caller.create()
    await clock.advance(16)
    pending = await caller.get(f"/generate/status/{good['id']}")
    assert pending.json == {
        "id": 18500,
        "status": "pending",
        "model": "kling-v2.1",
        "progress": 25,
        "eta_seconds": 48,
        "created_at": "2027-01-15T08:00:00Z",
    }
    await clock.advance(48)
    done = await caller.get(f"/generate/status/{good['id']}")
    assert done.json == {
        "id": 18500,
        "status": "completed",
        "model": "kling-v2.1",
        "url": f"{caller.box.origin}/generations/18500.mp4",
        "duration": 5,
        "width": 320,
        "height": 180,
        "tokens_used": 44,
        "balance_remaining": 1456,
        "created_at": "2027-01-15T08:00:00Z",
        "completed_at": "2027-01-15T08:01:04Z",
    }
    failed = await caller.get(f"/generate/status/{bad['id']}")
    assert failed.json == {
        "id": 18501,
        "status": "failed",
        "model": "kling-v2.1",
        "error": "Provider error: no",
        "tokens_used": 0,
        "created_at": "2027-01-15T08:00:00Z",
    }


@pytest.mark.parametrize(("served", "codes"), [("first", (200, 404)), ("second", (404, 200))])
async def test_a_dialect_may_serve_only_one_of_the_two_paths(
    served: str, codes: tuple[int, int]
) -> None:
    async with running_box(Profile(dialect=Dialect(status_paths=served))) as caller:  # type: ignore[arg-type]  # a word of the parametrisation
        answer = await caller.create()
        first = await caller.get(f"/generate/{answer['id']}")
        second = await caller.get(f"/generate/status/{answer['id']}")
        assert (first.status, second.status) == codes


async def test_tokens_are_taken_at_the_instant_of_completion_though_nobody_looks(
    caller: Caller, clock: FakeClock
) -> None:
    caller.box.script(faults.wait(30), faults.wait(20.25))
    first, second = await caller.create(), await caller.create()
    books = caller.box.world.books  # read past the look that settles
    await clock.advance(20.2)
    assert books.purse.charged_total == 0
    await clock.advance(0.05)
    assert books.purse.charged_total == 44
    assert books.generations[str(second["id"])].finished_at == clock.now()
    await clock.advance(9.75)
    assert books.purse.charged_total == 88
    done = books.generations[str(first["id"])]
    assert (done.status, done.tokens_spent, done.finished_at) == ("completed", 44, clock.now())
    assert caller.box.balance == 1500 - 88


async def test_a_generation_created_later_may_end_earlier(caller: Caller, clock: FakeClock) -> None:
    caller.box.script(faults.wait(50), faults.wait(5))
    first = await caller.create()
    await clock.advance(10)
    second = await caller.create()
    await clock.advance(5)
    assert caller.box.world.books.generations[str(second["id"])].status == "completed"
    assert caller.box.world.books.generations[str(first["id"])].status == "pending"


async def test_a_look_settles_what_is_due_even_before_the_ticker_ran() -> None:
    class StoppedClock:
        """A clock on which nobody ever wakes."""

        def __init__(self) -> None:
            self.time = 1_800_000_000.0

        def now(self) -> float:
            return self.time

        def monotonic(self) -> float:
            return self.time

        async def sleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    clock = StoppedClock()
    box = LocalNeuralBox(clock, media_scale=1 / 6)
    await box.start()
    try:
        async with aiohttp.ClientSession() as session:
            caller = Caller(box, session)
            box.script(faults.wait(10))
            answer = await caller.create()
            clock.time += 9.99
            assert box.generations[str(answer["id"])].status == "pending"
            clock.time += 0.01
            assert box.balance == 1456
            got = await caller.get(f"/generate/{answer['id']}")
            assert (got.json["status"], got.json["processing_ms"]) == ("completed", 10_000)
    finally:
        await box.stop()


async def test_the_date_header_and_all_times_are_those_of_the_clock_and_its_skew(
    caller: Caller, clock: FakeClock
) -> None:
    assert (await caller.get("/balance")).headers["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    await clock.advance(61)
    refused = await caller.call("GET", "/balance", key=None)
    assert refused.headers["Date"] == "Fri, 15 Jan 2027 08:01:01 GMT"
    caller.box.skew_s = 3600
    got = await caller.post("/generate", {"model": "kling-v2.1", "prompt": "a boat"})
    assert got.headers["Date"] == "Fri, 15 Jan 2027 09:01:01 GMT"
    assert got.json["created_at"] == "2027-01-15T09:01:01Z"
    # The window was opened at 08:00:00 by the first request.
    assert int(got.headers["X-RateLimit-Reset-Hour"]) == 1_800_000_000 + 3600 + 3600


async def test_every_request_is_recorded_as_it_came(caller: Caller, clock: FakeClock) -> None:
    await clock.advance(5)
    await caller.create("a paper boat", duration=10)
    await caller.get("/user/history?limit=5&category=video")
    create, history = caller.box.requests
    assert (create.method, create.path, create.status) == ("POST", "/generate", 200)
    assert create.json == {"model": "kling-v2.1", "prompt": "a paper boat", "duration": 10}
    assert create.headers["Authorization"] == "Bearer nb_local_key"
    assert create.at == 1_800_000_005.0
    assert (history.path, history.json) == ("/user/history", None)
    assert history.query == {"limit": "5", "category": "video"}
