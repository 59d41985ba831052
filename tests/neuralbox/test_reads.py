"""Reading from the service: money, limits, catalogue, and what every read has in common."""

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import formatdate

import pytest

from neuralbox import (
    InsufficientPlanError,
    NeuralBox,
    NeuralBoxError,
    NoAnswerError,
    NotFoundError,
    NotSentError,
    OutageError,
    Price,
    RateLimitedError,
    UnexpectedReplyError,
)
from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox, faults
from tests.neuralbox.conftest import KEY
from tests.neuralbox.test_strictjson import JUNK

Call = Callable[[NeuralBox], Awaitable[object]]
CALLS: dict[str, Call] = {
    "status": lambda client: client.get_generation("1"),
    "history": lambda client: client.list_history(),
    "balance": lambda client: client.get_balance(),
    "profile": lambda client: client.get_profile(),
    "models": lambda client: client.list_models(),
    "model": lambda client: client.get_model("kling-v2.1"),
    "price": lambda client: client.calculate_price("kling-v2.1", duration_s=5),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


@pytest.mark.parametrize("slug", ["", "..", "a/b", "a b", "a?b", "../generate", "%2e%2e"])
async def test_what_is_no_slug_is_not_asked_for(
    box: LocalNeuralBox, client: NeuralBox, slug: str
) -> None:
    with pytest.raises(NotSentError):
        await client.get_model(slug)
    assert box.requests == []


@pytest.mark.parametrize("paths", ["both", "short", "user"])
async def test_the_balance_is_read_wherever_it_is(
    box: LocalNeuralBox, client: NeuralBox, paths: str
) -> None:
    box.profile.dialect.balance_paths = paths  # type: ignore[assignment]  # parametrised
    for _ in range(2):
        told = await client.get_balance()
        assert (told.tokens, told.plan) == (box.balance, "vip")
    asked = [seen.path for seen in box.requests]
    assert asked == (["/balance"] * 2 if paths != "user" else ["/balance"] + ["/user/balance"] * 2)


async def test_the_profile_tells_the_limits(box: LocalNeuralBox, client: NeuralBox) -> None:
    told = await client.get_profile()
    assert (told.plan, told.rate_limit_hour, told.rate_limit_day) == ("vip", 100, 1000)
    assert told.publishes_limits
    box.profile.dialect.profile = "second"
    assert not (await client.get_profile()).publishes_limits


@pytest.mark.parametrize("envelope", ["array", "items", "models", "data"])
async def test_the_catalogue_is_read_in_any_envelope(
    box: LocalNeuralBox, client: NeuralBox, envelope: str
) -> None:
    box.profile.dialect.models_envelope = envelope  # type: ignore[assignment]  # parametrised
    told = {model.slug: model for model in await client.list_models()}
    assert told["kling-v2.1"].category == "video"
    assert (told["kling-v2.1"].min_tokens, told["kling-v2.1"].max_tokens) == (26, 94)


async def test_one_model_and_its_price_are_read(box: LocalNeuralBox, client: NeuralBox) -> None:
    assert (await client.get_model("luma-ray2-flash")).slug == "luma-ray2-flash"
    told = await client.calculate_price("kling-v2.1", duration_s=10, aspect_ratio="9:16")
    assert isinstance(told, Price)
    assert told.tokens == 88
    assert box.requests[-1].json == {
        "params": {"duration": 10, "aspect_ratio": "9:16"},
        "count": 1,
    }
    await client.calculate_price("kling-v2.1", duration_s=5, has_image=True)
    assert box.requests[-1].json["params"]["image_url"].startswith("https://")
    for call in (client.get_model("kling-v9"), client.calculate_price("kling-v9", duration_s=5)):
        with pytest.raises(NotFoundError):
            await call


@each_call
async def test_each_call_reports_an_outage_as_one(
    box: LocalNeuralBox, client: NeuralBox, call: Call
) -> None:
    box.script(faults.status(502, html=True, on=faults.ANY))
    with pytest.raises(OutageError):
        await call(client)


@each_call
async def test_each_call_reports_an_account_problem(
    box: LocalNeuralBox, client: NeuralBox, call: Call
) -> None:
    box.script(faults.status(403, on=faults.ANY))
    with pytest.raises(InsufficientPlanError):
        await call(client)


@each_call
async def test_each_call_reports_a_used_up_allowance(
    box: LocalNeuralBox, client: NeuralBox, call: Call
) -> None:
    box.script(faults.rate_limited(60, on=faults.ANY))
    with pytest.raises(RateLimitedError):
        await call(client)


@each_call
async def test_each_call_refuses_a_redirect(
    box: LocalNeuralBox, client: NeuralBox, call: Call
) -> None:
    headers = {"Location": f"{box.origin}/elsewhere"}
    box.script(faults.status(307, "", headers=headers, on=faults.ANY))
    with pytest.raises(UnexpectedReplyError):
        await call(client)
    assert len(box.requests) == 1


@each_call
async def test_each_call_ends_at_its_deadline(
    box: LocalNeuralBox, clock: PlayClock, call: Call
) -> None:
    box.script(faults.hang(30, on=faults.ANY))
    async with NeuralBox(box.base_url, KEY, clock=clock, get_timeout_s=0.2) as client:
        with pytest.raises(NoAnswerError):
            await asyncio.wait_for(call(client), 3)


@each_call
async def test_each_call_takes_junk_for_no_information(
    box: LocalNeuralBox, client: NeuralBox, call: Call
) -> None:
    for body in JUNK.values():
        box.script(faults.junk(body, on=faults.ANY))
        with pytest.raises(UnexpectedReplyError):
            await call(client)


@each_call
async def test_each_call_takes_half_an_answer_for_none(
    box: LocalNeuralBox, client: NeuralBox, call: Call
) -> None:
    box.script(faults.half_body(on=faults.ANY, times=None))
    with pytest.raises(NeuralBoxError):
        await call(client)


@each_call
async def test_no_unpublished_body_of_an_error_passes_for_an_answer(
    box: LocalNeuralBox, client: NeuralBox, call: Call
) -> None:
    box.script(faults.status(403, "<html>blocked</html>", on=faults.ANY))
    with pytest.raises(UnexpectedReplyError):
        await call(client)


async def test_a_server_that_is_not_there_was_not_asked(clock: PlayClock) -> None:
    async with NeuralBox("http://127.0.0.1:1/api/v2", KEY, clock=clock) as client:
        with pytest.raises(NotSentError):
            await client.get_balance()
        assert client.requests_sent == 0


async def test_a_read_whose_connection_broke_counts_each_time_it_left(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    box.script(faults.drop_before(on=faults.BALANCE))
    counted: list[int] = []
    client.on_request = lambda: counted.append(client.requests_sent)
    assert (await client.get_balance()).tokens == box.balance
    assert counted == [1, 2]
    assert len(box.requests) == 2


async def test_the_allowance_and_the_clock_are_read_from_every_answer(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    assert client.allowance is None
    await client.get_balance()
    first = client.allowance
    assert first is not None
    assert (first.limit_hour, first.limit_day) == (100, 1000)
    assert first.remaining_hour is not None
    assert abs(client.skew_s) < 5
    with pytest.raises(NotFoundError):
        await client.get_model("kling-v9")
    assert client.allowance is not None
    assert client.allowance.remaining_hour == first.remaining_hour - 1


async def test_an_answer_without_the_headers_leaves_the_last_ones(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    await client.get_balance()
    before = client.allowance
    box.script(faults.status(502, html=True, on=faults.ANY))
    with pytest.raises(OutageError):
        await client.get_balance()
    assert client.allowance == before


@pytest.mark.parametrize("headers", ["zero", "missing", "large"])
async def test_a_plan_without_limits_never_looks_used_up(
    box: LocalNeuralBox, client: NeuralBox, headers: str
) -> None:
    box.allowance.limit_hour = box.allowance.limit_day = None
    box.profile.unlimited_headers = headers  # type: ignore[assignment]  # parametrised
    await client.get_balance()
    told = client.allowance
    assert told is None or told.remaining_hour is None or told.remaining_hour > 1_000


async def test_a_date_to_wait_for_is_on_the_clock_of_the_service(
    box: LocalNeuralBox, clock: PlayClock, client: NeuralBox
) -> None:
    box.skew_s = 3_600
    await client.get_balance()
    assert abs(client.skew_s - 3_600) < 5
    due = formatdate(clock.now() + 3_600 + 120, usegmt=True)
    body = {"error": "rate_limit_exceeded", "message": "Rate limit exceeded"}
    box.script(faults.status(429, body, headers={"Retry-After": due}, on=faults.BALANCE))
    with pytest.raises(RateLimitedError) as raised:
        await client.get_balance()
    assert 110 <= raised.value.retry_after_s <= 121
