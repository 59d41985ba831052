"""What can be made to go wrong, as values that are queued with `box.script(...)`.

Each fault waits for the next request that fits it (by default the next `POST /generate`), applies
to `times` such requests (None: to all of them) and is gone. One request takes one fault; `a & b`
makes one fault of two, e.g. `wait(5) & costs(99)`.

Faults of an answer say what becomes of the request; faults of a generation, at the end of the
module, change the generation that the request creates.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

AS_BILLED: Any = object()  # the cost shown is the cost taken

Ending = Literal["answer", "drop", "reset", "half", "drip", "leave"]


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a fault is for: method, path below the API's base (a regular expression that
    has to fit all of it), a part of the prompt in the body, and whether it brings a start image."""

    method: str | None = None
    path: str = ".*"
    prompt: str | None = None
    has_picture: bool | None = None

    def fits(self, method: str, path: str, body: object) -> bool:
        """True when the request is of this kind."""
        if self.method not in {None, method} or not re.fullmatch(self.path, path):
            return False
        given = body if isinstance(body, dict) else {}
        if self.has_picture not in {None, bool(find_picture(given))}:
            return False
        return self.prompt is None or self.prompt in str(given.get("prompt", ""))


def find_picture(body: Mapping[str, Any]) -> object:
    """Return the `image_url` of a creation's body, wherever it stands, or None."""
    params = body.get("params")
    return body.get("image_url") or (params.get("image_url") if isinstance(params, dict) else None)


CREATE = Match("POST", "/generate")
WITH_PICTURE = Match("POST", "/generate", has_picture=True)
STATUS = Match("GET", "/generate/.+")
HISTORY = Match("GET", "/user/history")
BALANCE = Match("GET", "(/user)?/balance")
PROFILE = Match("GET", "/user/me")
MODELS = Match("GET", "/models(/[^/]+)?")
PRICE = Match("POST", "/models/[^/]+/calculate-price")
FILE = Match("GET", "/(generations|thumbnails)/.+")  # result files, outside the API's base
ANY = Match(path="(?!/generations/|/thumbnails/).*")


@dataclass(frozen=True, slots=True)
class Reply:
    """What becomes of a request: whether it is carried out, and what is sent back, and when."""

    carried_out: bool = True
    wait_before_s: float = 0.0
    wait_after_s: float = 0.0
    ending: Ending = "answer"
    status: int | None = None  # None: the true answer
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    has_allowance_headers: bool = True
    drip_s: float = 0.0
    edit: Callable[[dict[str, Any]], None] | None = None  # changes the true answer's JSON
    refuse: tuple[str, int] | None = None  # a 429 of this window, with this wait


@dataclass(frozen=True, slots=True)
class Twist:
    """What is different about the generation that a request creates; None: nothing."""

    wait_s: float | None = None
    is_stuck: bool | None = None
    fails: str | None = None
    failed_cost: int | None = None
    shown_cost: Any = AS_BILLED
    hides_cost: bool | None = None
    hides_url_for: int | None = None  # looks
    word: str | None = None
    word_for: int | None = None  # looks
    history_lag_s: float | None = None
    misses_file: bool | None = None
    gen_id: bool | None = None
    answered_id: Any = None
    url: str | None = None
    created_at: Any = None
    file_bytes: int | None = None
    heavy_bytes: int | None = None
    file: Path | None = None
    history_prompt: Callable[[str], str] | None = None

    def with_more(self, other: "Twist") -> "Twist":
        """Return both changes in one; where both speak, `other` counts."""
        changes = {f.name: getattr(other, f.name) for f in fields(other)}
        said = {name: new for name, new in changes.items() if new is not None}
        if said.get("shown_cost") is AS_BILLED:
            del said["shown_cost"]
        return replace(self, **said)


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the script."""

    on: Match
    times: int | None
    reply: Reply | None = None
    twist: Twist = field(default_factory=Twist)

    def __and__(self, other: "Fault") -> "Fault":
        if self.reply and other.reply:
            raise ValueError("a request has one answer: only one of the two faults may change it")
        reply = self.reply or other.reply
        return replace(self, reply=reply, twist=self.twist.with_more(other.twist))


# Faults of an answer


def status(
    code: int,
    body: object = None,
    *,
    html: bool = False,
    headers: Mapping[str, str] | None = None,
    on: Match = CREATE,
    times: int | None = 1,
) -> Fault:
    """Answer `code` and do nothing.

    `body` is JSON-able, text or bytes; by default the service's own error body for that code.
    `html` plays a proxy in front of the service: a page, without allowance headers.
    """
    reply = _answered(code, body, html=html, headers=headers)
    return Fault(on, times, replace(reply, carried_out=False))


def error_after(
    code: int = 500,
    body: object = None,
    *,
    html: bool = False,
    on: Match = CREATE,
    times: int | None = 1,
) -> Fault:
    """Carry the request out, then answer `code` all the same."""
    return Fault(on, times, _answered(code, body, html=html, headers=None))


def rate_limited(
    retry_after: int, *, window: str = "hour", on: Match = CREATE, times: int | None = 1
) -> Fault:
    """Answer the published 429 body for a window, asking to wait `retry_after` seconds."""
    return Fault(on, times, Reply(carried_out=False, status=429, refuse=(window, retry_after)))


def drop_before(*, reset: bool = False, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Close (or reset) the connection once the request is read; nothing is made."""
    return Fault(on, times, Reply(carried_out=False, ending="reset" if reset else "drop"))


def drop_after(*, reset: bool = False, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Carry the request out, then close (or reset) the connection without an answer."""
    return Fault(on, times, Reply(ending="reset" if reset else "drop"))


def hang(seconds: float, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Wait `seconds` of the clock, then carry the request out and answer."""
    return Fault(on, times, Reply(wait_before_s=seconds))


def hang_after(seconds: float, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Carry the request out at once, and answer `seconds` of the clock later."""
    return Fault(on, times, Reply(wait_after_s=seconds))


def half_body(*, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Carry the request out, send half of the answer's body and close the connection."""
    return Fault(on, times, Reply(ending="half"))


def slow(seconds: float, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Send the true answer's body byte by byte, over `seconds` of the clock."""
    return Fault(on, times, Reply(ending="drip", drip_s=seconds))


def closes(*, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Answer truly, then close the connection without having announced it."""
    return Fault(on, times, Reply(ending="leave"))


def junk(
    body: bytes,
    *,
    code: int = 200,
    made: bool = True,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    on: Match = CREATE,
    times: int | None = 1,
) -> Fault:
    """Answer exactly these bytes; `made` says whether the request is carried out first."""
    reply = Reply(
        carried_out=made, status=code, body=body, content_type=content_type, headers=headers or {}
    )
    return Fault(on, times, reply)


def edited(
    edit: Callable[[dict[str, Any]], None], *, on: Match = CREATE, times: int | None = 1
) -> Fault:
    """Let `edit` change the JSON object of the true answer in place."""
    return Fault(on, times, Reply(edit=edit))


def no_id(*, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Make the generation, but leave its id out of the answer."""
    return edited(_drop_id, on=on, times=times)


# Faults of a generation


def fixed_id(value: object, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Answer this id, of any JSON type. If it is usable and free, the generation really has it."""
    return Fault(on, times, twist=Twist(answered_id=value))


def gen_ids(*, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Give the generation an id of the second published form, `gen_…`."""
    return Fault(on, times, twist=Twist(gen_id=True))


def wait(seconds: float, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Let the generation end exactly this long after its creation."""
    return Fault(on, times, twist=Twist(wait_s=seconds))


def stuck(*, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Let the generation stay pending for ever."""
    return Fault(on, times, twist=Twist(is_stuck=True))


def fails(reason: str, *, cost: int = 0, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Let the generation fail with this sentence when its wait is over. `cost` is what it shows
    (and takes), against all that is published, for having failed."""
    return Fault(on, times, twist=Twist(fails=reason, failed_cost=cost))


def costs(tokens: object, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Show this as the price of the completed generation. A whole number is really taken; of
    anything else (negative, text, null…) the true price is."""
    return Fault(on, times, twist=Twist(shown_cost=tokens))


def no_cost(*, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Take the price, but show no cost anywhere."""
    return Fault(on, times, twist=Twist(hides_cost=True))


def no_url(n_polls: int, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Show the generation as completed without its file's address for `n_polls` looks."""
    return Fault(on, times, twist=Twist(hides_url_for=n_polls))


def result_url(url: str, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Show this address as the result's."""
    return Fault(on, times, twist=Twist(url=url))


def unknown_status(word: str, n: int, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Show this word as the generation's status for `n` looks."""
    return Fault(on, times, twist=Twist(word=word, word_for=n))


def history_lag(seconds: float, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Let the generation appear in the history this long after its creation."""
    return Fault(on, times, twist=Twist(history_lag_s=seconds))


def history_prompt(
    change: Callable[[str], str], *, on: Match = CREATE, times: int | None = 1
) -> Fault:
    """Let the history show the prompt as `change` returns it: trimmed, cut, lower-cased."""
    return Fault(on, times, twist=Twist(history_prompt=change))


def created_at(shown: object, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Show this as the generation's creation time."""
    return Fault(on, times, twist=Twist(created_at=shown))


def missing_file(*, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Answer 404 for the result's files."""
    return Fault(on, times, twist=Twist(misses_file=True))


def file_size(size_bytes: int, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Let the result be a playable mp4 of at least this many bytes (padded at its end)."""
    return Fault(on, times, twist=Twist(file_bytes=size_bytes))


def heavy(size_bytes: int, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Let the result be a grainy clip in the model's full size, of at least this many bytes of
    real H.264; made once in a process and then served again."""
    return Fault(on, times, twist=Twist(heavy_bytes=size_bytes))


def clip(path: Path, *, on: Match = CREATE, times: int | None = 1) -> Fault:
    """Let the result be this file, as it stands."""
    return Fault(on, times, twist=Twist(file=path))


def _drop_id(answer: dict[str, Any]) -> None:
    answer.pop("id", None)


def _answered(code: int, body: object, *, html: bool, headers: Mapping[str, str] | None) -> Reply:
    content_type = "application/json"
    if html:
        page = f"<html><head><title>{code}</title></head><body><h1>{code}</h1></body></html>"
        body, content_type = page if body is None else body, "text/html"
    elif isinstance(body, str | bytes):
        content_type = "text/plain"
    if isinstance(body, str):
        body = body.encode()
    elif body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return Reply(
        status=code,
        body=body,
        content_type=content_type,
        headers=headers or {},
        has_allowance_headers=not html,
    )
