"""Hundreds of wrong bodies at every call: nothing escapes, and nothing false becomes certain."""

import json
from typing import Any

import pytest

from neuralbox import Created, NeuralBox, NeuralBoxError, NotCreated, Unknown
from neuralbox.creation import outcome_of_reply
from neuralbox.transport import Reply
from playground.neuralbox import LocalNeuralBox, faults
from tests.neuralbox.support import BOAT
from tests.neuralbox.test_reads import Call, each_call
from tests.neuralbox.test_strictjson import JUNK

SOUND: dict[str, dict[str, Any]] = {
    "id": {"id": 1, "status": "completed", "tokens_spent": 44},
    "status": {"id": 1, "status": "completed"},
    "items": {"items": [], "total": 0, "page": 1, "limit": 100},
    "total": {"items": [{"id": 1, "status": "pending"}], "total": 1, "page": 1, "limit": 100},
    "page": {"items": [{"id": 1, "status": "pending"}], "total": 1, "page": 1, "limit": 100},
    "limit": {"items": [{"id": 1, "status": "pending"}], "total": 1, "page": 1, "limit": 100},
    "token_balance": {"token_balance": 283, "plan": "vip"},
    "slug": {"slug": "kling-v2.1", "name": "Kling 2.1"},
    "token_cost": {"token_cost": 44},
    "error": {"error": "not_found", "message": "no", "details": {}},
    "message": {"error": "rate_limit_exceeded", "message": "no", "retry_after": 5},
    "details": {"error": "validation_error", "message": "no", "details": {}},
}
WRONG: list[Any] = [
    *(None, True, False, -1, 0.5, 1e300, 2**63, 10**40, -(2**70)),
    *("", " ", "1", "pending ", "\u0000", "\ud800", "\u202e", "x" * 5_000, "NaN"),
    *([], [[]], [None], {}, {"id": 1}, {"": ""}),
]
BODIES = [
    *JUNK.values(),
    *(b"null", b"true", b"0", b"-0", b'"ok"', b"[]", b"{}", b"[[[]]]", b'{"": {"": {}}}'),
    *(
        json.dumps(sound | {name: wrong}).encode()
        for name, sound in SOUND.items()
        for wrong in WRONG
    ),
]
DOCUMENTED = {
    (400, "bad_request"),
    (401, "not_authenticated"),
    (401, "token_expired"),
    (402, "insufficient_tokens"),
    (403, "insufficient_plan"),
    (404, "not_found"),
    (422, "validation_error"),
    (429, "rate_limit_exceeded"),
}


def code_of(body: bytes) -> object:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer.get("error") if isinstance(answer, dict) else None


def test_the_corpus_is_large() -> None:
    assert len(set(BODIES)) >= 200


@pytest.mark.fault("V12")
@pytest.mark.parametrize(
    "status", [200, 202, 302, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503]
)
def test_only_the_closed_list_makes_a_creation_certain(status: int) -> None:
    for body in BODIES:
        outcome = outcome_of_reply(Reply(status, {}, body), 0)
        if isinstance(outcome, NotCreated):
            assert (status, code_of(body)) in DOCUMENTED
        elif isinstance(outcome, Created):
            assert status < 300
            assert 1 <= len(outcome.generation.id) <= 64
        else:
            assert outcome.needs_attention == (status < 400)


@pytest.mark.fault("V12")
async def test_no_wrong_body_of_a_success_refuses_a_creation(
    box: LocalNeuralBox, client: NeuralBox
) -> None:
    for body in BODIES:
        box.script(faults.junk(body, made=False))
        assert isinstance(await client.create(BOAT), Created | Unknown)


@pytest.mark.fault("V12")
@each_call
async def test_no_wrong_body_makes_anything_else_escape(
    box: LocalNeuralBox, client: NeuralBox, call: Call
) -> None:
    for body in BODIES:
        box.script(faults.junk(body, made=False, on=faults.ANY))
        try:
            await call(client)
        except NeuralBoxError as error:
            assert str(error).isprintable()
