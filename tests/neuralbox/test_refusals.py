"""Each documented error is an exception of its own; an undocumented body proves nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralbox import (
    BadRequestError,
    InsufficientPlanError,
    InsufficientTokensError,
    InvalidRequestError,
    ModelUnavailableError,
    NotAuthenticatedError,
    NotFoundError,
    OutageError,
    ProviderFailedError,
    RateLimitedError,
    RequestRefusedError,
    TokenExpiredError,
    UnexpectedReplyError,
)
from neuralbox.refusals import CERTAIN_REFUSALS, error_of
from tests.neuralbox.support import patient

DOCUMENTED = [
    (400, "bad_request", BadRequestError),
    (401, "not_authenticated", NotAuthenticatedError),
    (401, "token_expired", TokenExpiredError),
    (402, "insufficient_tokens", InsufficientTokensError),
    (403, "insufficient_plan", InsufficientPlanError),
    (404, "not_found", NotFoundError),
    (422, "validation_error", InvalidRequestError),
    (429, "rate_limit_exceeded", RateLimitedError),
    (500, "provider_error", ProviderFailedError),
    (503, "model_unavailable", ModelUnavailableError),
]


def envelope(code: object, message: object = "words", **more: object) -> bytes:
    return json.dumps({"error": code, "message": message, "details": {}} | more).encode()


@pytest.mark.parametrize(("status", "code", "kind"), DOCUMENTED)
def test_each_documented_error_has_its_exception(
    status: int, code: str, kind: type[Exception]
) -> None:
    error = error_of(status, envelope(code), {}, 0)
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, code, "words")
    assert f"{status} {code}: words" in str(error)


@pytest.mark.parametrize(("status", "code", "kind"), DOCUMENTED)
def test_a_code_under_another_status_is_undocumented(
    status: int, code: str, kind: type[Exception]
) -> None:
    for other in {400, 401, 402, 403, 404, 408, 409, 418, 422, 429} - {status}:
        if (other, code) not in {(known[0], known[1]) for known in DOCUMENTED}:
            assert type(error_of(other, envelope(code), {}, 0)) is UnexpectedReplyError


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>404 Not Found</html>",
        b'{"detail": "Not Found"}',
        b'{"error": "Not found"}',
        b'{"error": null}',
        b'{"error": {"code": "not_found"}}',
        b'["not_found"]',
        b'"not_found"',
        b'{"error": "not_found", "error": "not_found"}',
        b'{"error": "not_found"',
        b'\xef\xbb\xbf{"error": "not_found"}',
    ],
)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 409, 413, 422, 429])
def test_a_4xx_without_the_documented_body_is_no_refusal(status: int, body: bytes) -> None:
    error = error_of(status, body, {"Retry-After": "5"}, 0)
    assert type(error) is UnexpectedReplyError
    assert error.status == status
    assert not isinstance(error, CERTAIN_REFUSALS)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 524, 599])
def test_any_other_5xx_is_an_outage(status: int) -> None:
    error = error_of(status, b"<html>bad gateway</html>", {}, 0)
    assert type(error) is OutageError
    assert error.status == status


def test_no_5xx_is_a_certain_refusal() -> None:
    for status in range(500, 600):
        for _, code, _ in DOCUMENTED:
            assert not isinstance(error_of(status, envelope(code), {}, 0), CERTAIN_REFUSALS)


def test_the_flat_429_tells_delay_and_window() -> None:
    body = envelope(
        "rate_limit_exceeded",
        "Hourly limit reached: 100 requests/hour on VIP plan",
        retry_after=847,
        plan="vip",
        limit_hour=100,
    )
    error = error_of(429, body, {}, 0)
    assert isinstance(error, RateLimitedError)
    assert (error.retry_after_s, error.window) == (847, "hour")
    assert "847 s" in str(error)


def test_the_fields_a_422_names_are_kept_as_one_line() -> None:
    body = envelope("validation_error", details={"duration": ["must be 5\nor 10"]})
    error = error_of(422, body, {}, 0)
    assert isinstance(error, RequestRefusedError)
    assert error.details == '{"duration": ["must be 5\\nor 10"]}'
    listed = json.dumps({"error": "validation_error", "detail": [{"loc": "x" * 5_000}]}).encode()
    error = error_of(422, listed, {}, 0)
    assert isinstance(error, RequestRefusedError)
    assert error.details.startswith('[{"loc": "xxx')
    assert len(error.details) == 300


def test_hostile_words_in_an_error_are_neutralised() -> None:
    error = error_of(
        400, envelope("bad_request", "no\r\nERROR paid\x1b[2J\u202e" + "x" * 999), {}, 0
    )
    assert error.message.isprintable()
    assert len(error.message) == 300
    assert str(error).isprintable()


@pytest.mark.parametrize("message", [None, 5, ["x"], {"a": 1}])
def test_a_message_that_is_no_text_is_passed_over(message: object) -> None:
    error = error_of(404, envelope("not_found", message), {}, 0)
    assert type(error) is NotFoundError
    assert error.message == ""


@patient
@given(
    st.integers(300, 599),
    st.dictionaries(
        st.sampled_from(["error", "message", "details", "detail", "retry_after"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.just("not_found"),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    ),
)
def test_no_error_body_makes_it_raise(status: int, body: dict[str, object]) -> None:
    error = error_of(status, json.dumps(body).encode(), {}, 0)
    assert str(error).isprintable()
