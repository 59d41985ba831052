"""Refusals in the published error shapes. Sources: "error-handling", "rate-limits"."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What each published code is called, with a sentence where the caller gives none.
CODES: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be read"),
    401: ("not_authenticated", "Not authenticated"),
    402: ("insufficient_tokens", "Not enough tokens"),
    403: ("insufficient_plan", "API access needs the VIP or Elite plan"),
    404: ("not_found", "Not found"),
    405: ("bad_request", "This method is not allowed here"),
    422: ("validation_error", "The request is not valid"),
    429: ("rate_limit_exceeded", "Rate limit exceeded"),
    500: ("provider_error", "The provider returned an error"),
    503: ("model_unavailable", "The model is overloaded, try again later"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API says to one request; `body` is JSON-able."""

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiProblemError(Exception):
    """A request that the API refuses; `answer` is what it says."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}")
        self.answer = answer


def problem(
    code: int, message: str | None = None, details: Mapping[str, object] | None = None
) -> ApiProblemError:
    """Return a refusal in the common envelope: `error`, `message`, `details`."""
    return ApiProblemError(Answer(code, error_body(code, message, details)))


def invalid(name: str, says: str) -> ApiProblemError:
    """Return a 422 about one field. The shape of its details is not published."""
    return problem(422, f"{name}: {says}", {name: [says]})


def error_body(
    code: int, message: str | None = None, details: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return the common envelope for a code; codes that are not published look like a 500."""
    word, sentence = CODES.get(code, CODES[500])
    return {"error": word, "message": message or sentence, "details": dict(details or {})}
