"""What is certain after the answer to a creation: the cases with an answer."""

import json
from typing import Any

import pytest

from neuralbox import (
    Created,
    CreateRequest,
    InsufficientPlanError,
    InsufficientTokensError,
    InvalidRequestError,
    NeuralBox,
    NotAuthenticatedError,
    NotCreated,
    NotFoundError,
    OptionsPlace,
    RateLimitedError,
    Status,
    TokenExpiredError,
    Unknown,
)
from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox, faults
from tests.neuralbox.conftest import KEY
from tests.neuralbox.support import BOAT
from tests.neuralbox.test_strictjson import JUNK


def posts(box: LocalNeuralBox) -> int:
    return sum(seen.method == "POST" for seen in box.requests)


async def test_an_accepted_request_is_created_under_the_id_of_the_service(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Created)
    assert outcome.generation.id in {str(identity) for identity in box.generations}
    assert outcome.generation.status is Status.PENDING
    assert outcome.generation.model == "kling-v2.1"
    assert outcome.generation.cost_tokens is None
    assert posts(box) == 1


TOLD: dict[str, object] = {
    "duration": 10,
    "aspect_ratio": "9:16",
    "negative_prompt": "text",
    "image_url": "https://cdn.example.com/start.png",
}


@pytest.mark.parametrize(
    ("place", "body"),
    [("top_level", TOLD), ("params", {"params": TOLD}), ("both", TOLD | {"params": TOLD})],
)
async def test_the_options_go_where_the_setting_says(
    box: LocalNeuralBox, clock: PlayClock, place: OptionsPlace, body: dict[str, object]
) -> None:
    request = CreateRequest(
        "kling-v2.1", "a boat", 10, "9:16", "text", "https://cdn.example.com/start.png"
    )
    async with NeuralBox(box.base_url, KEY, clock=clock, options=place) as client:
        assert isinstance(await client.create(request), Created)
    assert box.requests[-1].json == {"model": "kling-v2.1", "prompt": "a boat"} | body


async def test_an_option_that_is_not_chosen_is_not_sent(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    await client.create(BOAT)
    assert set(box.requests[-1].json) == {"model", "prompt", "duration", "aspect_ratio"}


async def test_the_other_spelling_of_a_model_can_be_sent(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    await client.create(BOAT, model_slug="luma-ray2-flash")
    assert box.requests[-1].json["model"] == "luma-ray2-flash"


async def test_the_second_dialect_is_understood(box: LocalNeuralBox, client: NeuralBox) -> None:
    box.script(faults.gen_ids())
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Created)
    assert outcome.generation.id.startswith("gen_")


@pytest.mark.fault("V6")
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "bad_request", "BadRequestError"),
        (402, "insufficient_tokens", "InsufficientTokensError"),
        (403, "insufficient_plan", "InsufficientPlanError"),
        (404, "not_found", "NotFoundError"),
        (422, "validation_error", "InvalidRequestError"),
        (401, "not_authenticated", "NotAuthenticatedError"),
        (401, "token_expired", "TokenExpiredError"),
        (429, "rate_limit_exceeded", "RateLimitedError"),
    ],
)
async def test_a_refusal_in_the_documented_words_is_certain(
    box: LocalNeuralBox, client: NeuralBox, status: int, code: str, kind: str
) -> None:
    box.script(faults.status(status, {"error": code, "message": "no", "details": {}}))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error).__name__ == kind
    assert (outcome.error.status, outcome.error.code) == (status, code)
    assert (posts(box), len(box.generations)) == (1, 0)


async def test_the_service_itself_refuses_as_documented(
    box: LocalNeuralBox, clock: PlayClock, client: NeuralBox
) -> None:
    wrong_model = await client.create(CreateRequest("kling-v9", "a boat", 5, "16:9"))
    wrong_length = await client.create(CreateRequest("kling-v2.1", "a boat", 7, "16:9"))
    box.balance = 0
    too_poor = await client.create(BOAT)
    async with NeuralBox(box.base_url, "nb_another_key", clock=clock) as stranger:
        unknown_key = await stranger.create(BOAT)
    for outcome, kind in (
        (wrong_model, NotFoundError),
        (wrong_length, InvalidRequestError),
        (too_poor, InsufficientTokensError),
        (unknown_key, NotAuthenticatedError),
    ):
        assert isinstance(outcome, NotCreated)
        assert type(outcome.error) is kind


@pytest.mark.parametrize("window", ["hour", "day"])
async def test_a_used_up_allowance_is_certain_and_tells_its_delay(
    box: LocalNeuralBox, client: NeuralBox, window: str
) -> None:
    box.script(faults.rate_limited(847, window=window))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, NotCreated)
    assert isinstance(outcome.error, RateLimitedError)
    assert (outcome.error.retry_after_s, outcome.error.window) == (847, window)


@pytest.mark.fault("V4")
@pytest.mark.parametrize("code", [500, 501, 502, 503, 504, 520, 522, 524, 599])
@pytest.mark.parametrize("html", [False, True], ids=["own words", "html"])
@pytest.mark.parametrize("made", [False, True], ids=["nothing made", "made"])
async def test_after_any_5xx_the_outcome_is_unknown(
    box: LocalNeuralBox, client: NeuralBox, code: int, html: bool, made: bool
) -> None:
    fault = faults.error_after if made else faults.status
    box.script(fault(code, html=html))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Unknown)
    assert not outcome.needs_attention
    assert str(code) in outcome.reason
    assert (posts(box), len(box.generations)) == (1, int(made))


@pytest.mark.fault("V7")
@pytest.mark.parametrize(
    "body",
    ["", "<html>403</html>", {"detail": "Not Found"}, {"error": "Not found"}, ["not_found"], None],
    ids=["empty", "html", "detail", "words", "list", "code of another status"],
)
@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429])
async def test_a_4xx_without_the_documented_body_proves_nothing(
    box: LocalNeuralBox, client: NeuralBox, code: int, body: object
) -> None:
    if body is None:
        body = {"error": "provider_error", "message": "no", "details": {}}
    box.script(faults.status(code, body, headers={"Retry-After": "5"}))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Unknown)
    assert not outcome.needs_attention
    assert posts(box) == 1


UNUSABLE_IDS: list[Any] = [
    *(None, True, False, 0, -1, 1.0, 18500.5, 2**63, 10**30),
    *("", " ", "a b", "x" * 65, "gen/1", "../1", "gen_é", "1\n", "18500;", "\uff11"),
    *([], [18500], {}, {"id": 18500}),
]


@pytest.mark.fault("V10")
@pytest.mark.parametrize("value", UNUSABLE_IDS, ids=repr)
async def test_a_success_without_a_usable_id_needs_attention(
    box: LocalNeuralBox, client: NeuralBox, value: object
) -> None:
    box.script(faults.edited(lambda answer: answer.update(id=value)))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Unknown)
    assert outcome.needs_attention
    assert (posts(box), len(box.generations)) == (1, 1)


@pytest.mark.fault("V10")
async def test_a_success_without_any_id_needs_attention(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    box.script(faults.no_id())
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Unknown)
    assert outcome.needs_attention


@pytest.mark.parametrize("value", [1, 2**63 - 1, "1", "gen_01j9x2vid001", "-", "x" * 64], ids=repr)
async def test_every_usable_id_is_kept_as_text(
    box: LocalNeuralBox, client: NeuralBox, value: int | str
) -> None:
    box.script(faults.fixed_id(value))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Created)
    assert outcome.generation.id == str(value)


@pytest.mark.fault("V12")
@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK.keys())
async def test_a_success_in_junk_needs_attention(
    box: LocalNeuralBox, client: NeuralBox, body: bytes
) -> None:
    box.script(faults.junk(body))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Unknown)
    assert outcome.needs_attention


@pytest.mark.parametrize("code", [200, 201, 202])
async def test_any_success_with_an_id_is_accepted_however_little_it_says(
    box: LocalNeuralBox, client: NeuralBox, code: int
) -> None:
    body = json.dumps({"id": 77, "status": 5, "created_at": "soon"}).encode()
    box.script(faults.junk(body, code=code))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, Created)
    assert (outcome.generation.id, outcome.generation.status) == ("77", None)


async def test_an_expired_key_is_an_account_matter(box: LocalNeuralBox, client: NeuralBox) -> None:
    box.script(faults.status(401, {"error": "token_expired", "message": "x"}))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error) is TokenExpiredError
    box.script(faults.status(403, {"error": "insufficient_plan", "message": "x"}))
    outcome = await client.create(BOAT)
    assert isinstance(outcome, NotCreated)
    assert type(outcome.error) is InsufficientPlanError
