"""What can go wrong between us and NeuralBox, one class for each thing a caller does about it.

Every error carries `status` (HTTP, or None), `code` (the documented word, or None) and `message`
(the vendor's or our own words, at most 300 printable characters). Its text is for logs and for the
host, never for members. Source: "error-handling", "rate-limits".
"""

from typing import ClassVar, Literal

from neuralbox.text import one_line

Window = Literal["hour", "day"]


class NeuralBoxError(Exception):
    """Anything that kept a call to NeuralBox from giving what it is for."""

    summary: ClassVar[str] = "NeuralBox call failed"

    def __init__(
        self, message: str = "", *, status: int | None = None, code: str | None = None
    ) -> None:
        self.message = one_line(message)
        self.status = status
        self.code = code
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        known = " ".join(str(fact) for fact in (self.status, self.code) if fact is not None)
        return ": ".join(part for part in (self.summary, known, self.message) if part)


class NoAnswerError(NeuralBoxError):
    """No complete answer came: time-out or lost connection. After a creation: outcome unknown."""

    summary = "NeuralBox did not answer"


class NotSentError(NoAnswerError):
    """The request certainly never left: no connection was made, or we refused to send it."""

    summary = "request not sent to NeuralBox"


class AccountError(NeuralBoxError):
    """The host's account is the problem, so it hits every request until the host acts."""

    summary = "NeuralBox account problem"


class NotAuthenticatedError(AccountError):
    """401 `not_authenticated`: the key is missing, wrong or revoked."""

    summary = "NeuralBox does not accept the key"


class TokenExpiredError(AccountError):
    """401 `token_expired`: published for web log-ins only, so a key that gets it is no key."""

    summary = "NeuralBox says the key has expired"


class InsufficientTokensError(AccountError):
    """402 `insufficient_tokens`: plan tokens and bought tokens are used up."""

    summary = "NeuralBox balance is used up"


class InsufficientPlanError(AccountError):
    """403 `insufficient_plan`: the plan has no API access, or not this model."""

    summary = "NeuralBox plan does not cover this"


class RequestRefusedError(NeuralBoxError):
    """This one request was refused in the vendor's own words; the same again gets the same.

    `details` is the published `details` (or `detail`) member as one line of JSON, cut like
    `message`; empty when there was none. Its shape is unpublished: show it, do not parse it.
    """

    summary = "NeuralBox refused the request"

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        details: str = "",
    ) -> None:
        self.details = one_line(details)
        super().__init__(message, status=status, code=code)


class BadRequestError(RequestRefusedError):
    """400 `bad_request`: wrong parameters or a missing required one."""


class NotFoundError(RequestRefusedError):
    """404 `not_found`: an unknown generation, or an unknown model."""

    summary = "NeuralBox does not know this"


class InvalidRequestError(RequestRefusedError):
    """422 `validation_error`: a field has a value the service does not take."""

    summary = "NeuralBox refused a value"


class RateLimitedError(NeuralBoxError):
    """429: the allowance of a window is used up; nothing was started.

    `retry_after_s` is 1..86400, `window` is None when the answer does not say which one.
    """

    summary = "NeuralBox allowance used up"

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = 429,
        code: str | None = "rate_limit_exceeded",
        retry_after_s: int,
        window: Window | None = None,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.window: Window | None = window
        super().__init__(message, status=status, code=code)

    def _sentence(self) -> str:
        return f"{super()._sentence()} (again in {self.retry_after_s} s)"


class ServiceFailedError(NeuralBoxError):
    """A 5xx: theirs to mend. A read may be repeated; after a creation the outcome is unknown."""

    summary = "NeuralBox failed"


class ProviderFailedError(ServiceFailedError):
    """500 `provider_error`: the company behind the model failed."""

    summary = "the provider behind NeuralBox failed"


class ModelUnavailableError(ServiceFailedError):
    """503 `model_unavailable`: the model is down or overloaded."""

    summary = "the model is unavailable"


class OutageError(ServiceFailedError):
    """Any other 5xx, usually from a proxy in front of the service and in HTML."""

    summary = "NeuralBox is out of order"


class UnexpectedReplyError(NeuralBoxError):
    """An answer the reference does not promise: no information, whatever it seems to say."""

    summary = "NeuralBox sent an unexpected answer"
