"""From an answer that is no success to the error it means, and how far it can be believed.

Only a body in the vendor's own documented words is evidence that a request was refused. A proxy, a
captive portal or a half-dead gateway can also answer 403 or 404, and its word proves nothing.
Source: "error-handling" (the envelope), "rate-limits" (429 is flat).
"""

import json
from collections.abc import Mapping
from typing import cast

from neuralbox import allowance
from neuralbox.errors import (
    AccountError,
    BadRequestError,
    InsufficientPlanError,
    InsufficientTokensError,
    InvalidRequestError,
    ModelUnavailableError,
    NeuralBoxError,
    NotAuthenticatedError,
    NotFoundError,
    OutageError,
    ProviderFailedError,
    RateLimitedError,
    RequestRefusedError,
    ServiceFailedError,
    TokenExpiredError,
    UnexpectedReplyError,
)
from neuralbox.strictjson import JunkError, parse

DETAILS_CHARS = 2_000

_PLAIN: dict[tuple[int, str], type[AccountError] | type[ServiceFailedError]] = {
    (401, "not_authenticated"): NotAuthenticatedError,
    (401, "token_expired"): TokenExpiredError,
    (402, "insufficient_tokens"): InsufficientTokensError,
    (403, "insufficient_plan"): InsufficientPlanError,
    (500, "provider_error"): ProviderFailedError,
    (503, "model_unavailable"): ModelUnavailableError,
}
_DETAILED: dict[tuple[int, str], type[RequestRefusedError]] = {
    (400, "bad_request"): BadRequestError,
    (404, "not_found"): NotFoundError,
    (422, "validation_error"): InvalidRequestError,
}

# The closed list of errors after which certainly no generation exists.
CERTAIN_REFUSALS = (AccountError, RequestRefusedError, RateLimitedError)


def error_of(status: int, body: bytes, headers: Mapping[str, str], now: float) -> NeuralBoxError:
    """Return what a status outside 200..299 means; `now` is the vendor's time in epoch seconds.

    AccountError, RequestRefusedError and RateLimitedError come only with the documented body;
    otherwise a 5xx is an OutageError and the rest an UnexpectedReplyError. Nothing is raised.
    """
    members = _members(body)
    code, told = members.get("error"), members.get("message")
    message = told if isinstance(told, str) else ""
    if isinstance(code, str):
        if plain := _PLAIN.get((status, code)):
            return plain(message, status=status, code=code)
        if detailed := _DETAILED.get((status, code)):
            return detailed(message, status=status, code=code, details=_details(members))
        if (status, code) == (429, "rate_limit_exceeded"):
            window = allowance.window_of(message, headers)
            delay = allowance.retry_delay(members, headers, window, now)
            return RateLimitedError(message, retry_after_s=delay, window=window)
    if 500 <= status <= 599:
        return OutageError(message, status=status)
    if 300 <= status <= 399:
        return UnexpectedReplyError("a redirect, which is never followed", status=status)
    return UnexpectedReplyError(message or "not in the documented form", status=status)


def _members(body: bytes) -> Mapping[str, object]:
    try:
        answer = parse(body)
    except JunkError:
        return {}
    return cast(Mapping[str, object], answer) if isinstance(answer, dict) else {}


def _details(members: Mapping[str, object]) -> str:
    details = members.get("details") or members.get("detail")
    if not details:
        return ""
    return json.dumps(details, ensure_ascii=False)[:DETAILS_CHARS]
