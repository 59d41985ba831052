"""Faults of an answer: what is sent, whether the work was done, and which request is hit."""

import asyncio
import gzip
import json
from typing import Any

import aiohttp
import pytest

from playground.clock import FakeClock, PlayClock
from playground.neuralbox import Fault, LocalNeuralBox, faults, server
from tests.playground.neuralbox.support import SMALL, Caller

GOOD = {"model": "kling-v2.1", "prompt": "a paper boat"}


async def _post(caller: Caller) -> Any:
    return await caller.post("/generate", GOOD)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (400, "bad_request"),
        (401, "not_authenticated"),
        (402, "insufficient_tokens"),
        (403, "insufficient_plan"),
        (404, "not_found"),
        (422, "validation_error"),
        (500, "provider_error"),
        (503, "model_unavailable"),
    ],
)
async def test_a_scripted_status_has_the_published_body_and_makes_nothing(
    caller: Caller, code: int, word: str
) -> None:
    caller.box.script(faults.status(code))
    got = await _post(caller)
    assert (got.status, got.json["error"]) == (code, word)
    assert "X-RateLimit-Limit-Hour" in got.headers
    assert not caller.box.generations
    assert (await _post(caller)).status == 200


async def test_a_scripted_status_may_have_any_body_and_headers(caller: Caller) -> None:
    elsewhere = {"Location": "http://127.0.0.1:1/elsewhere"}
    caller.box.script(
        faults.status(422, {"detail": [{"loc": ["body", "prompt"], "msg": "too long"}]}),
        faults.status(404, ""),
        faults.status(307, b"", headers=elsewhere),
        faults.status(502, html=True),
        faults.status(200, "plain words", headers={"X-RateLimit-Limit-Hour": "7"}),
    )
    details = await _post(caller)
    assert details.json["detail"][0]["msg"] == "too long"
    empty = await _post(caller)
    assert (empty.status, empty.content) == (404, b"")
    url = f"{caller.box.base_url}/generate"
    headers = {"Authorization": "Bearer nb_local_key"}
    async with caller.session.post(
        url, json=GOOD, headers=headers, allow_redirects=False
    ) as response:
        assert response.status == 307
        assert response.headers["Location"] == elsewhere["Location"]
    page = await _post(caller)
    assert (page.status, page.headers["Content-Type"]) == (502, "text/html")
    assert page.content.startswith(b"<html>")
    assert "X-RateLimit-Limit-Hour" not in page.headers
    plain = await _post(caller)
    assert plain.content == b"plain words"
    assert plain.headers["X-RateLimit-Limit-Hour"] == "7"
    assert not caller.box.generations


async def test_an_error_after_the_work_leaves_a_generation_behind(
    caller: Caller, clock: FakeClock
) -> None:
    caller.box.script(faults.error_after(500), faults.error_after(504, html=True))
    first = await _post(caller)
    assert (first.status, first.json["error"]) == (500, "provider_error")
    assert (await _post(caller)).status == 504
    assert len(caller.box.generations) == 2
    await clock.advance(90)
    assert caller.box.charged_total == 88


async def test_a_scripted_429_names_its_window_and_wait(caller: Caller) -> None:
    caller.box.script(faults.rate_limited(30), faults.rate_limited(10**9, window="day"))
    hour = await _post(caller)
    assert (hour.status, hour.json["retry_after"], hour.json["plan"]) == (429, 30, "vip")
    assert hour.json["message"].startswith("Hourly limit reached: 100")
    day = await _post(caller)
    assert day.json["retry_after"] == 10**9
    assert day.json["message"].startswith("Daily limit reached: 1000")
    assert not caller.box.generations


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        (faults.drop_before(), 0),
        (faults.drop_after(), 1),
        (faults.drop_before(reset=True), 0),
        (faults.drop_after(reset=True), 1),
    ],
    ids=["before", "after", "reset before", "reset after"],
)
async def test_a_dropped_connection_tells_nothing_of_what_was_made(
    caller: Caller, fault: Fault, made: int
) -> None:
    caller.box.script(fault)
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await _post(caller)
    assert len(caller.box.generations) == made
    seen = caller.box.requests[0]
    assert (seen.json, seen.status) == (GOOD, None)
    assert (await _post(caller)).status == 200


async def test_half_a_body_ends_in_a_closed_connection(caller: Caller) -> None:
    caller.box.script(faults.half_body(), faults.half_body(on=faults.BALANCE))
    with pytest.raises(aiohttp.ClientPayloadError):
        await _post(caller)
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.get("/balance")
    assert len(caller.box.generations) == 1


async def test_junk_arrives_as_it_was_given(caller: Caller) -> None:
    bomb = gzip.compress(b" " * 100_000)
    caller.box.script(
        faults.junk(b'{"id": 1'),
        faults.junk(b"", made=False),
        faults.junk(bomb, headers={"Content-Encoding": "gzip"}),
    )
    headers = {"Authorization": "Bearer nb_local_key"}
    url = f"{caller.box.base_url}/generate"
    async with caller.session.post(url, json=GOOD, headers=headers) as response:
        assert await response.read() == b'{"id": 1'
    assert len(caller.box.generations) == 1
    async with caller.session.post(url, json=GOOD, headers=headers) as response:
        assert await response.read() == b""
    assert len(caller.box.generations) == 1
    async with caller.session.post(url, json=GOOD, headers=headers) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert await response.read() == bomb


async def test_an_answer_without_id_and_one_that_is_edited(caller: Caller) -> None:
    def rename(answer: dict[str, Any]) -> None:
        answer["identifier"] = answer.pop("id")

    caller.box.script(faults.no_id(), faults.edited(rename))
    assert sorted((await _post(caller)).json) == [
        "created_at",
        "model_slug",
        "processing_ms",
        "status",
    ]
    assert (await _post(caller)).json["identifier"] == 18501


async def test_a_hang_holds_the_work_back_and_a_hang_after_only_the_answer(
    caller: Caller, clock: FakeClock
) -> None:
    caller.box.script(faults.hang(20), faults.hang_after(20))
    before = asyncio.create_task(_post(caller))
    await caller.box.wait_for_request()
    assert not caller.box.generations
    after = asyncio.create_task(_post(caller))
    await caller.box.wait_for_request(count=2)
    assert len(caller.box.generations) == 1
    await clock.advance(19)
    assert not before.done()
    await clock.advance(1)
    assert [(await task).status for task in (before, after)] == [200, 200]
    assert len(caller.box.generations) == 2


async def test_a_slow_answer_drips_byte_by_byte() -> None:
    clock = PlayClock(speed=100)
    box = LocalNeuralBox(clock, media_scale=SMALL)
    await box.start()
    try:
        box.script(faults.slow(20, on=faults.BALANCE))
        headers = {"Authorization": "Bearer nb_local_key"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{box.base_url}/balance", headers=headers) as response,
        ):
            began = clock.now()
            pieces = [piece async for piece, _ in response.content.iter_chunks()]
            assert json.loads(b"".join(pieces))["token_balance"] == 1500
            assert len(pieces) > 10
            assert clock.now() - began > 15
    finally:
        await box.stop()


async def test_a_connection_may_close_unannounced_after_a_true_answer(caller: Caller) -> None:
    caller.box.script(faults.closes())
    got = await _post(caller)
    assert got.json["id"] == 18500
    assert got.headers.get("Connection") != "close"
    assert (await caller.get("/balance")).status == 200


async def test_stopping_the_box_lets_hanging_requests_go(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SHUTDOWN_S", 60)
    box = LocalNeuralBox(clock, media_scale=SMALL)
    await box.start()
    box.script(faults.hang(10_000, on=faults.BALANCE), faults.slow(10_000, on=faults.MODELS))
    async with aiohttp.ClientSession() as session:
        caller = Caller(box, session)
        hanging = [asyncio.create_task(caller.get(path)) for path in ("/balance", "/models")]
        await box.wait_for_request(count=2)
        async with asyncio.timeout(30):  # less than aiohttp would give them
            await box.stop()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_a_fault_waits_for_its_request_and_applies_as_often_as_told(
    caller: Caller,
) -> None:
    box = caller.box
    box.script(
        faults.status(500, on=faults.HISTORY, times=2),
        faults.status(503, on=faults.Match("GET", "/models/.*")),
        faults.status(404, on=faults.STATUS, times=None),
        faults.status(402, on=faults.Match("POST", "/generate", prompt="kite")),
    )
    created = await caller.create("a boat")
    assert [(await caller.get("/user/history")).status for _ in range(3)] == [500, 500, 200]
    assert (await caller.get("/models")).status == 200
    assert (await caller.get("/models/sora-2")).status == 503
    for path in (f"/generate/{created['id']}", f"/generate/status/{created['id']}"):
        assert [(await caller.get(path)).status for _ in range(3)] == [404] * 3
    assert (await caller.post("/generate", {**GOOD, "prompt": "my kite"})).status == 402
    assert len(box.faults_left) == 1
    box.faults_left.clear()
    assert (await caller.get(f"/generate/{created['id']}")).status == 200


async def test_each_kind_of_request_has_its_match(caller: Caller) -> None:
    kinds = {
        faults.BALANCE: [("GET", "/balance"), ("GET", "/user/balance")],
        faults.PROFILE: [("GET", "/user/me")],
        faults.MODELS: [("GET", "/models"), ("GET", "/models/sora-2")],
        faults.PRICE: [("POST", "/models/sora-2/calculate-price")],
        faults.STATUS: [("GET", "/generate/5"), ("GET", "/generate/status/5")],
        faults.HISTORY: [("GET", "/user/history")],
        faults.CREATE: [("POST", "/generate")],
    }
    for match, calls in kinds.items():
        for method, path in calls:
            caller.box.script(faults.status(599, on=match))
            assert (await caller.call(method, path)).status == 599
            fitting = [m for m in kinds if m.fits(method, path, None)]
            assert fitting == [match]
            assert faults.ANY.fits(method, path, None)
    for path in ("/generations/1.mp4", "/thumbnails/1.jpg"):
        assert faults.FILE.fits("GET", path, None)
        assert not faults.ANY.fits("GET", path, None)
