"""Single values out of a parsed answer: exact types and ranges, or None.

`type(x) is int` on purpose: to Python, true is an integer and 1.0 equals 1; in a ledger neither is.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from neuralbox.text import one_line, prompt_text

INT64_MAX = 2**63 - 1
PROMPT_CHARS = 8_000
URL_CHARS = 2_048
WORD_CHARS = 100
LONGEST_SIDE_PX = 65_535
# No plan has as many tokens: a cost above is a mistaken unit, and booked it would spoil every sum.
MOST_TOKENS = 1_000_000_000
# Nothing here is older than the service or due after the year 2999; outside is a mistaken unit.
EARLIEST_TIME = 946_684_800
LATEST_TIME = 32_503_680_000

Members = Mapping[str, object]

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_URL = re.compile(r"https?://[!-~]+")


def first(members: Members, *names: str) -> object:
    """Return the first of the named members that is present and not null, else None.

    The published dialects name the same fact differently, and treat absent and null alike.
    """
    return next((members[name] for name in names if members.get(name) is not None), None)


def generation_id(value: object) -> str | None:
    """Return a usable generation id as text: an integer 1..2**63-1 or 1-64 safe characters."""
    if type(value) is int:
        return str(value) if 1 <= value <= INT64_MAX else None
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    return None


def whole(value: object, least: int = 0, most: int = INT64_MAX) -> int | None:
    """Return an integer within the bounds, else None."""
    return value if type(value) is int and least <= value <= most else None


def cost(value: object) -> int | None:
    """Return a number of tokens that a generation may have cost, else None."""
    return whole(value, 0, MOST_TOKENS)


def word(value: object) -> str | None:
    """Return a slug-like word such as `kling-v2.1` or `per_second`, else None."""
    if isinstance(value, str) and len(value) <= WORD_CHARS and _WORD.fullmatch(value):
        return value
    return None


def sentence(value: object) -> str | None:
    """Return human text as one printable line, None when there is none."""
    return (one_line(value) or None) if isinstance(value, str) else None


def prompt(value: object) -> str | None:
    """Return a prompt with its line breaks, cut far above what we ever send."""
    return prompt_text(value, PROMPT_CHARS) if isinstance(value, str) else None


def web_address(value: object) -> str | None:
    """Return an http(s) address of printable ASCII; whether to follow it is another's question."""
    if isinstance(value, str) and len(value) <= URL_CHARS and _URL.fullmatch(value):
        return value
    return None


def timestamp(value: object) -> int | None:
    """Return UTC epoch seconds, rounded down, of an ISO 8601 time with a zone.

    Fractions and offsets are read; a time without a zone is None, since guessing one could move a
    generation into another request's window.
    """
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is None:
            return None
        seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)
    except (ValueError, OverflowError):
        return None
    return seconds if EARLIEST_TIME <= seconds <= LATEST_TIME else None
