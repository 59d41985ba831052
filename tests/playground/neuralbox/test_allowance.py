"""The two request windows: counting, headers, refusals and the kinds of window."""

import pytest

from playground.clock import FakeClock
from playground.neuralbox import Profile
from tests.playground.neuralbox.support import Caller, running_box

NAMES = ("Limit-Hour", "Remaining-Hour", "Limit-Day", "Remaining-Day", "Reset-Hour")


def _shown(headers: object) -> list[int]:
    return [int(headers[f"X-RateLimit-{name}"]) for name in NAMES]  # type: ignore[index]  # a mapping


async def test_every_answer_carries_the_five_headers(caller: Caller, clock: FakeClock) -> None:
    await clock.advance(100)
    opened = 1_800_000_100
    calls = [
        (await caller.get("/balance"), 99),
        (await caller.post("/generate", {"model": "kling-v2.1", "prompt": "x"}), 98),
        (await caller.get("/generate/18500"), 97),
        (await caller.get("/user/history"), 96),
        (await caller.get("/nothing"), 95),
        (await caller.post("/generate", {"model": "nobody-2"}), 94),
        (await caller.post("/generate", {"model": "kling-v2.1"}), 93),
        (await caller.call("GET", "/balance", key="nb_wrong"), 93),
    ]
    for got, left in calls:
        assert _shown(got.headers) == [100, left, 1000, 900 + left, opened + 3600]
        assert "Retry-After" not in got.headers


async def test_a_full_hour_is_refused_in_the_published_words(clock: FakeClock) -> None:
    async with running_box(Profile(limit_hour=3), clock=clock) as caller:
        for _ in range(3):
            assert (await caller.get("/balance")).status == 200
            await clock.advance(10.5)
        got = await caller.get("/balance")
        assert got.status == 429
        assert got.json == {
            "error": "rate_limit_exceeded",
            "message": "Hourly limit reached: 3 requests/hour on VIP plan",
            "retry_after": 3569,
            "plan": "vip",
            "limit_hour": 3,
            "limit_day": 1000,
        }
        assert _shown(got.headers)[:4] == [3, 0, 1000, 997]
        created = await caller.post("/generate", {"model": "kling-v2.1", "prompt": "x"})
        assert created.status == 429
        assert not caller.box.generations
        await clock.advance(3568)
        assert (await caller.get("/balance")).status == 429
        await clock.advance(0.5)
        assert (await caller.get("/balance")).status == 200
        assert caller.box.allowance.used_hour == 1
        assert caller.box.allowance.used_day == 4


async def test_a_full_day_is_told_apart_by_its_message(clock: FakeClock) -> None:
    async with running_box(Profile(limit_day=2), clock=clock) as caller:
        await caller.get("/balance")
        await clock.advance(4000)
        await caller.get("/balance")
        got = await caller.get("/balance")
        assert got.status == 429
        assert got.json["message"] == "Daily limit reached: 2 requests/day on VIP plan"
        assert got.json["retry_after"] == 86_400 - 4000
        assert _shown(got.headers)[1] == 99
        await clock.advance(86_400 - 4000)
        assert (await caller.get("/balance")).status == 200


async def test_polls_may_be_free() -> None:
    async with running_box(Profile(count_polls=False, limit_hour=1)) as caller:
        created = await caller.create()
        for path in (f"/generate/{created['id']}", "/user/history", "/balance"):
            got = await caller.get(path)
            assert got.status == 200
            assert _shown(got.headers)[1] == 0
        assert (await caller.post("/generate", {"model": "sora-2", "prompt": "x"})).status == 429


@pytest.mark.parametrize(
    ("style", "limit"), [("zero", "0"), ("missing", None), ("large", "1000000000")]
)
async def test_a_plan_without_limits_never_refuses_whatever_its_headers_say(
    style: str, limit: str | None
) -> None:
    profile = Profile(plan="elite", unlimited_headers=style, balance=100_000)  # type: ignore[arg-type]  # a word of the parametrisation
    async with running_box(profile) as caller:
        caller.box.allowance.used_hour = 5000
        got = await caller.get("/balance")
        assert got.status == 200
        assert got.headers.get("X-RateLimit-Limit-Hour") == limit
        assert ("X-RateLimit-Reset-Hour" in got.headers) == (limit is not None)


async def test_a_retry_after_header_may_accompany_the_refusal() -> None:
    async with running_box(Profile(limit_hour=0, retry_after_header=True)) as caller:
        got = await caller.get("/balance")
        assert got.headers["Retry-After"] == str(got.json["retry_after"]) == "3600"


async def test_others_may_use_up_the_same_account(caller: Caller) -> None:
    await caller.get("/balance")
    caller.box.allowance.used_hour += 60
    caller.box.allowance.used_day += 60
    assert _shown((await caller.get("/balance")).headers)[:4] == [100, 38, 1000, 938]
    caller.box.allowance.limit_hour = 62
    assert (await caller.get("/balance")).status == 429


async def test_a_window_by_the_clock_resets_on_the_hour(clock: FakeClock) -> None:
    async with running_box(Profile(limit_hour=2, window="clock"), clock=clock) as caller:
        await clock.advance(3000)
        await caller.get("/balance")
        await caller.get("/balance")
        got = await caller.get("/balance")
        assert (got.status, got.json["retry_after"]) == (429, 600)
        await clock.advance(600)
        assert (await caller.get("/balance")).status == 200


async def test_a_sliding_window_frees_one_place_at_a_time(clock: FakeClock) -> None:
    async with running_box(Profile(limit_hour=2, window="sliding"), clock=clock) as caller:
        await caller.get("/balance")
        await clock.advance(1000)
        await caller.get("/balance")
        got = await caller.get("/balance")
        assert (got.status, got.json["retry_after"]) == (429, 2600)
        await clock.advance(2600)
        assert (await caller.get("/balance")).status == 200
        assert (await caller.get("/balance")).status == 429
