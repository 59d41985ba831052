"""Balance, profile, statistics, models and prices."""

from typing import Any

import pytest

from playground.clock import FakeClock
from playground.neuralbox import Profile
from playground.neuralbox.catalogue import VIDEO_MODELS
from tests.playground.neuralbox.support import Caller, running_box


async def test_both_balances_tell_the_same_sum() -> None:
    async with running_box(Profile(balance=50, bonus=30)) as caller:
        assert (await caller.get("/balance")).json == {
            "token_balance": 80,
            "plan": "vip",
            "plan_expires_at": "2027-02-14T08:00:00Z",
        }
        caller.box.finish(str((await caller.create())["id"]))
        caller.box.add_foreign(prompt="x", tokens=10)
        assert (await caller.get("/user/balance")).json == {
            "plan": "vip",
            "token_balance": 26,
            "plan_tokens_remaining": 0,  # spent first
            "bonus_tokens": 26,
            "plan_expires_at": "2027-02-14T08:00:00Z",
            "next_refill_at": "2027-02-14T08:00:00Z",
        }
        caller.box.balance = 500
        assert (await caller.get("/balance")).json["token_balance"] == 500
        assert caller.box.charged_total == 54


async def test_the_profile_tells_plan_and_limits(caller: Caller) -> None:
    got = (await caller.get("/user/me")).json
    assert (got["plan"], got["token_balance"], got["token_limit"]) == ("vip", 1500, 1500)
    assert (got["rate_limit_hourly"], got["rate_limit_daily"]) == (100, 1000)
    assert got["telegram_username"] is None


async def test_on_the_plan_without_limits_the_profile_says_nought() -> None:
    async with running_box(Profile(plan="elite")) as caller:
        got = (await caller.get("/user/me")).json
        assert (got["rate_limit_hourly"], got["rate_limit_daily"]) == (0, 0)


async def test_statistics_count_what_was_completed(caller: Caller, clock: FakeClock) -> None:
    await caller.create()
    caller.box.add_foreign(prompt="a text", category="text", tokens=3)
    await clock.advance(90)
    got = (await caller.get("/user/stats")).json
    assert (got["total_generations"], got["tokens_spent_total"]) == (2, 47)
    assert got["breakdown"]["video"] == {"count": 1, "tokens": 44}
    assert got["breakdown"]["text"] == {"count": 1, "tokens": 3}


async def test_the_catalogue_lists_ten_video_models_among_others(caller: Caller) -> None:
    listed = (await caller.get("/models")).json
    videos = [model for model in listed if model["category"] == "video"]
    assert [model["slug"] for model in videos] == [model.slug for model in VIDEO_MODELS]
    assert len(videos) == 10
    assert {model["category"] for model in listed} == {"video", "text", "image"}
    kling = (await caller.get("/models/kling-v2.1")).json
    assert kling in videos
    assert (kling["min_token_cost"], kling["token_cost"], kling["max_token_cost"]) == (26, 44, 94)
    assert kling["min_plan"] in {"free", "basic"}
    assert (await caller.get("/models/dall-e-3")).json["category"] == "image"
    assert (await caller.get("/models/luma-ray2-flash")).json["slug"] == "luma-ray2-flash"
    assert (await caller.get("/models/nobody-2")).status == 404


@pytest.mark.parametrize("model", VIDEO_MODELS, ids=lambda model: str(model.slug))
async def test_quotes_lie_in_the_published_range_and_are_what_is_charged(
    caller: Caller, model: Any
) -> None:
    caller.box.balance = 10_000
    for duration in (5, 10):
        path = f"/models/{model.slug}/calculate-price"
        quote = (await caller.post(path, {"params": {"duration": duration}})).json
        assert quote["pricing_type"] == model.pricing_type
        assert quote["min_token_cost"] == model.min_tokens
        assert quote["max_token_cost"] == model.max_tokens
        assert model.min_tokens <= quote["token_cost"] <= model.max_tokens
        created = await caller.create(model=model.slug, duration=duration)
        before = caller.box.charged_total
        caller.box.finish(str(created["id"]))
        assert caller.box.charged_total - before == quote["token_cost"]


async def test_a_quote_needs_no_body_and_refuses_what_creation_would(caller: Caller) -> None:
    path = "/models/luma-flash2/calculate-price"
    assert (await caller.post(path)).json["token_cost"] == 42
    assert (await caller.post(path, {})).json["token_cost"] == 42
    assert (await caller.post(path, {"duration": 10})).json["token_cost"] == 84
    assert (await caller.post(path, {"count": 3})).json["token_cost"] == 126
    refused: list[object] = [{"params": {"duration": 7}}, {"count": 0}, {"params": 3}, []]
    for body in refused:
        assert (await caller.post(path, body)).status == 422
    assert (await caller.post("/models/nobody-2/calculate-price")).status == 404


async def test_a_price_may_change_but_not_for_what_is_open(caller: Caller) -> None:
    created = await caller.create()
    caller.box.catalogue.set_price("kling-v2.1", 60, 120)
    quote = (await caller.post("/models/kling-v2.1/calculate-price")).json
    assert (quote["token_cost"], quote["max_token_cost"]) == (60, 120)
    caller.box.finish(str(created["id"]))
    assert caller.box.charged_total == 44
