"""The vendor's side: any body and any headers at each call of the real client."""

import contextlib
import dataclasses
import enum
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from neuralbox import (
    Created,
    CreateRequest,
    NeuralBox,
    NeuralBoxError,
    NotCreated,
    RateLimitedError,
    Unknown,
)
from neuralbox.transport import Reply, Transport
from tests.fuzz.plainly import result_of
from tests.neuralbox.test_corpus import BODIES, DOCUMENTED, code_of

STATUSES = (200, 202, 204, 302, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503)
ID = "18500"
BOAT = CreateRequest("kling-v2.1", "a paper boat in the rain", 5, "16:9")
READS: tuple[Callable[[NeuralBox], Coroutine[Any, Any, object]], ...] = (
    lambda box: box.get_generation(ID),
    lambda box: box.list_history(),
    lambda box: box.get_balance(),
    lambda box: box.get_profile(),
    lambda box: box.list_models(),
    lambda box: box.get_model("kling-v2.1"),
    lambda box: box.calculate_price("kling-v2.1", duration_s=5),
)
HEADERS = (
    "Retry-After",
    "Date",
    "X-RateLimit-Limit-Hour",
    "X-RateLimit-Limit-Day",
    "X-RateLimit-Remaining-Hour",
    "X-RateLimit-Remaining-Day",
    "X-RateLimit-Reset-Hour",
)
LIMITED = b'{"error": "rate_limit_exceeded", "message": "Too many requests this hour"}'


class Stopped:
    """A clock that stands."""

    def now(self) -> float:
        """UTC epoch seconds."""
        return 1_800_000_000.0


class Canned:
    """A transport that has one answer for everything."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    async def exchange(self, *_request: object, **_options: object) -> Reply:
        """Answer."""
        return self.reply


def client_of(reply: Reply) -> NeuralBox:
    """Return the real client, which gets that answer whatever it asks."""
    client = NeuralBox("http://127.0.0.1:9", "nb_key", clock=Stopped())
    client._transport = cast(Transport, Canned(reply))
    return client


def answer(data: bytes) -> None:
    """The first byte picks a status, the rest is the body."""
    if data:
        body = data[1:]
        check_answer(STATUSES[data[0] % len(STATUSES)], body)


def check_answer(status: int, body: bytes) -> None:
    """Put one answer to each call."""
    client = client_of(Reply(status, {}, body))
    outcome = result_of(client.create(BOAT))
    if isinstance(outcome, NotCreated):
        assert (status, code_of(body)) in DOCUMENTED, "a refusal without the vendor's own words"
    elif isinstance(outcome, Created):
        assert status < 300
        assert 1 <= len(outcome.generation.id) <= 64
        check_fact(outcome.generation)
    else:
        assert isinstance(outcome, Unknown)
        assert "surprise" not in outcome.reason
        assert " while creating" not in outcome.reason, "an exception that nobody foresaw"
        assert outcome.needs_attention == (status < 400)
    for call in READS:
        try:
            check_fact(result_of(call(client)))
        except NeuralBoxError as error:
            assert str(error).isprintable()
        else:
            assert status < 300, "a fact out of an answer that is no success"


def check_fact(fact: object) -> None:
    """Whatever the client hands on can be stored, counted and shown."""
    if isinstance(fact, enum.Enum):
        return
    if dataclasses.is_dataclass(fact):
        for field in dataclasses.fields(fact):
            check_fact(getattr(fact, field.name))
    elif isinstance(fact, tuple):
        for part in fact:
            check_fact(part)
    elif isinstance(fact, str):
        assert "\x00" not in fact
        fact.encode("utf-8")
    elif fact is not None and not isinstance(fact, bool):
        assert type(fact) is int
        assert -(2**63) < fact < 2**63


def headers(data: bytes) -> None:
    """Each line is the value of one header; a 429 in the documented words carries them."""
    lines = data.decode("latin-1").split("\n")
    told = dict(zip(HEADERS, lines, strict=False))
    check_headers(told)


def check_headers(told: Mapping[str, str]) -> None:
    """Let a refusal carry them, and the client take its allowance from them."""
    client = client_of(Reply(429, told, LIMITED))
    outcome = result_of(client.create(BOAT))
    assert isinstance(outcome, NotCreated)
    assert isinstance(outcome.error, RateLimitedError)
    assert 1 <= outcome.error.retry_after_s <= 86_400
    client._note(told)
    with contextlib.suppress(NeuralBoxError):
        result_of(client.get_balance())
    check_fact(client.allowance)
    assert isinstance(client.skew_s, float)


def answer_seeds() -> list[bytes]:
    """The hand-made bodies, as a success, a refusal and an outage."""
    short = [body for body in BODIES if len(body) < 4_096]
    return [bytes([status]) + body for body in short for status in (0, 4, 13)]


def header_seeds() -> list[bytes]:
    """What is published, and dates of every form."""
    return [
        b"30\nSun, 08 Mar 2026 12:05:00 GMT\n60\n500\n0\n499\n1800000600",
        b"Sun, 08 Mar 2026 12:05:00 -0000\n\n0\n0\n0\n0\n0",
        b"999999999999\nnonsense\n-1\n1.5\n\n\n999999999999",
        b"Sunday, 08-Mar-26 12:05:00 GMT\nSun Mar  8 12:05:00 2026",
    ]


def words() -> list[str]:
    """What a search should know how to spell."""
    documented = [code for _status, code in DOCUMENTED]
    members = {name for body in BODIES for name in _members(body)}
    return sorted({*documented, *members, "pending", "completed", "failed", "video", "GMT"})


def _members(body: bytes) -> list[str]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return [name for name in found if name] if isinstance(found, dict) else []
