"""The creation: what is sent, and what is certain after whatever came back.

The list of certainties is closed; everything that is not on it is Unknown. Source: "video",
"generate/create" (the two places for options), "error-handling".
"""

import json
from typing import Literal

from neuralbox import normalise, refusals
from neuralbox.errors import NeuralBoxError, NotSentError, UnexpectedReplyError
from neuralbox.models import Created, CreateOutcome, CreateRequest, NotCreated, Unknown
from neuralbox.strictjson import JunkError, parse
from neuralbox.transport import Reply

OptionsPlace = Literal["top_level", "params", "both"]


def request_body(request: CreateRequest, slug: str, place: OptionsPlace) -> bytes:
    """Return the body of one creation; raises NotSentError if JSON cannot carry it."""
    choices: dict[str, object] = {
        "duration": request.duration_s,
        "aspect_ratio": request.aspect_ratio,
        "negative_prompt": request.negative_prompt,
        "image_url": request.image_url,
    }
    told = {name: value for name, value in choices.items() if value is not None}
    body: dict[str, object] = {"model": slug, "prompt": request.prompt}
    if place != "params":
        body |= told
    if place != "top_level":
        body["params"] = told
    return to_json(body)


def outcome_of_reply(reply: Reply, vendor_now: float) -> CreateOutcome:
    """Return what a complete answer makes certain; `vendor_now` dates its delays."""
    if reply.is_success:
        try:
            return Created(normalise.accepted_generation(parse(reply.body)))
        except (JunkError, UnexpectedReplyError) as junk:
            return Unknown(f"answer {reply.status}: {junk}", needs_attention=True)
    error = refusals.error_of(reply.status, reply.body, reply.headers, vendor_now)
    if isinstance(error, refusals.CERTAIN_REFUSALS):
        return NotCreated(error)
    return Unknown(str(error), needs_attention=_is_odd(reply.status))


def outcome_of_error(error: NeuralBoxError) -> CreateOutcome:
    """Return what is certain when no complete answer could be had."""
    if isinstance(error, NotSentError):
        return NotCreated(error)
    return Unknown(str(error), needs_attention=_is_odd(error.status))


def to_json(body: object) -> bytes:
    """Return strict JSON in UTF-8; raises NotSentError for what it cannot carry.

    A lone surrogate, say: what the service would make of it is unknown, so it stays here.
    """
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise NotSentError("the request cannot be written as JSON in UTF-8") from error


def _is_odd(status: int | None) -> bool:
    # A redirect, or a success that names no generation: no outage looks like this.
    return status is not None and 200 <= status <= 399
