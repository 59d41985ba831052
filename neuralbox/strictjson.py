"""JSON from a stranger: parsed to the letter, or refused.

Lenient parsing is where two readers of one answer come to disagree: a doubled key, a NaN or a
second encoding would each let an answer say two things about money.
"""

import json
import math
from typing import Never


class JunkError(ValueError):
    """The bytes are not one plain JSON document in UTF-8."""


def parse(body: bytes) -> object:
    """Return the document in `body`; raises JunkError for anything but strict JSON.

    Refused besides syntax errors: a byte order mark, any encoding but UTF-8, doubled keys, NaN and
    infinities (also by overflow), integers of thousands of digits, nesting beyond the interpreter.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    # Too many digits are a ValueError, and so are JSONDecodeError and UnicodeDecodeError.
    except (ValueError, RecursionError) as error:
        raise JunkError(f"not strict JSON: {type(error).__name__}") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JunkError("a key occurs twice")
    return members


def _refuse_constant(name: str) -> Never:
    raise JunkError(f"{name} is no JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise JunkError("a number is out of range")
    return number
