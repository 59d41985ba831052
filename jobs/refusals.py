"""The vendor's refusals in plain words: one sentence that says why and what to do next."""

from neuralbox import (
    BadRequestError,
    InsufficientPlanError,
    InsufficientTokensError,
    InvalidRequestError,
    NeuralBoxError,
    NotFoundError,
    is_policy_refusal,
)

POLICY = "NeuralBox's content rules do not allow this prompt. Please describe something else."


def refusal_sentence(error: NeuralBoxError) -> str:
    """Return in our own words why a create call was refused, and what the member can do."""
    if is_policy_refusal(error.message):
        return POLICY
    if isinstance(error, InsufficientTokensError):
        return "The NeuralBox account behind this bot has run out of tokens. Its host has to act."
    if isinstance(error, InsufficientPlanError):
        return "This bot's NeuralBox plan does not include this model. Please pick another one."
    if isinstance(error, NotFoundError):
        return "NeuralBox does not know this model any more. Please pick another one."
    if isinstance(error, (InvalidRequestError, BadRequestError)):
        return "NeuralBox did not accept these options. Try another length, shape or model."
    return "NeuralBox refused it. Please try again later."


def failure_sentence(said: str | None) -> str:
    """Return in our own words why a generation failed, and what the member can do."""
    if said and is_policy_refusal(said):
        return POLICY
    return "NeuralBox could not make this video. You can try again just as it was."
