"""Reads a creation request field by field, as strictly as the reference allows.

Source: "video".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playground.neuralbox.catalogue import DURATIONS_S, RATIOS, BoxModel, Catalogue
from playground.neuralbox.problems import invalid, problem

UNREADABLE: Any = object()  # a body that is not JSON
DEFAULT_DURATION_S = 5
DEFAULT_RATIO = "16:9"
MAX_ADDRESS = 2_048


@dataclass(frozen=True, slots=True)
class Options:
    """What a creation request may say besides model and prompt."""

    duration: int
    ratio: str
    image_url: str | None
    negative_prompt: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """A creation request that was found to be in order. `slug` is spelled as it was sent."""

    slug: str
    model: BoxModel
    prompt: str
    options: Options


def read_object(body: object) -> Mapping[str, Any]:
    """Return the body as an object; 400 if it is not JSON, 422 if it is something else."""
    if body is UNREADABLE:
        raise problem(400, "The body is not valid JSON")
    if not isinstance(body, dict):
        raise problem(422, "The body must be a JSON object")
    return body


def read_model(body: object, catalogue: Catalogue) -> tuple[str, BoxModel]:
    """Return the slug as sent and the model; 422 without a slug, 404 for one nobody offers."""
    slug = read_object(body).get("model")
    if not isinstance(slug, str) or not slug:
        raise invalid("model", "a model slug is required")
    return slug, find_model(slug, catalogue)


def find_model(slug: str, catalogue: Catalogue) -> BoxModel:
    """Return the model of a slug; 404 for one nobody offers."""
    if (model := catalogue.find(slug)) is None:
        raise problem(404, f"Model not found: {slug}")
    return model


def read_prompt(body: object) -> str:
    """Return the prompt as it was sent; 422 when it is missing or blank."""
    prompt = read_object(body).get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise invalid("prompt", "a prompt is required")
    return prompt


def read_options(body: object) -> Options:
    """Return the options, given at the top level or in `params`; the top level wins."""
    given = read_object(body)
    params = given.get("params")
    if params is not None and not isinstance(params, dict):
        raise invalid("params", "must be an object")
    both = {**(params or {}), **{name: value for name, value in given.items() if value is not None}}
    duration = both.get("duration", DEFAULT_DURATION_S)
    if type(duration) is not int or duration not in DURATIONS_S:
        raise invalid("duration", "must be the number 5 or 10")
    ratio = both.get("aspect_ratio", DEFAULT_RATIO)
    if ratio not in RATIOS:
        raise invalid("aspect_ratio", f"must be one of {', '.join(RATIOS)}")
    image_url = _text(both, "image_url")
    if image_url is not None and (problem_of := _address_problem(image_url)):
        raise invalid("image_url", problem_of)
    return Options(duration, ratio, image_url, _text(both, "negative_prompt"))


def _address_problem(address: str) -> str | None:
    """Say what is wrong with a start image's address; None if it may be asked for."""
    is_plain = address.isascii() and address.isprintable() and " " not in address
    try:
        parts = urlsplit(address)
        names_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        names_place = False
    if not is_plain or not names_place or parts.scheme not in {"http", "https"}:
        return "must be an http or https address"
    if parts.username is not None or parts.password is not None:
        return "must not carry a user or a password"
    return f"must have {MAX_ADDRESS} characters at most" if len(address) > MAX_ADDRESS else None


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(name, "must be text")
    return value or None
