"""Options said in words: "make it dance, 10 seconds, square" is a prompt, a length and a shape.

Only a clause that is nothing but options counts, or figures at the very end; anything else is the
prompt, so that "a square box opens" stays a sentence about a box.
"""

import re

from errors import UnknownChoiceError
from jobs.orders import Wish
from models import LENGTHS_S

_SHAPES = {
    "square": "1:1",
    "portrait": "9:16",
    "vertical": "9:16",
    "tall": "9:16",
    "landscape": "16:9",
    "horizontal": "16:9",
    "wide": "16:9",
    "widescreen": "16:9",
}
_FILLERS = frozenset(
    (
        *("please", "make", "it", "in", "for", "and", "as", "a", "an", "with", "video", "clip"),
        *("format", "shape", "orientation", "aspect", "ratio", "length", "duration", "long"),
    )
)
# Before figures at the end these make them part of the sentence: "it opens after 5 seconds".
_BINDING = frozenset(
    (
        *("after", "at", "about", "around", "before", "by", "every", "first", "from", "last"),
        *("least", "most", "next", "of", "reads", "says", "shows", "than", "till", "to", "until"),
        "within",
    )
)
_LENGTH = re.compile(r"(\d{1,3})(?:-|\s*)(?:s|sec|secs|second|seconds)\b", re.IGNORECASE)
_RATIO = re.compile(r"(?<![\d:])(16:9|9:16|1:1)(?![\d:])")
# A run of blanks is tried from its beginning only and given back never: a message of blanks alone
# would otherwise take a second.
_AT_END = re.compile(
    r"(?<![\s,;])[\s,;]++(?:(?:for|in)\s++)?"
    r"(?<!\d,)(\d{1,3}\s*+(?:s|sec|secs|second|seconds)|16:9|9:16|1:1)[\s.!]*+$",
    re.IGNORECASE,
)
# A point or comma within a number ends nothing: "2.5 seconds" are not five.
_CLAUSES = re.compile(r"((?:[;!\n]|(?<!\d)[.,]|[.,](?!\d)|(?<=:\d),|(?<=:16),)+)")


def wish_in(text: str) -> Wish:
    """Return what a sentence asks for. Raises UnknownChoiceError for a length nobody offers."""
    said: list[str] = []
    rest: list[str] = []
    parts = _CLAUSES.split(text)
    for clause, mark in zip(parts[::2], [*parts[1::2], ""], strict=True):
        if _is_option(clause):
            said.append(clause)
        else:
            rest.append(clause + mark)
    prompt = "".join(rest).strip(" ,;\n")
    while match := _AT_END.search(f" {prompt}"):
        before = f" {prompt}"[: match.start()].casefold().split()
        if before and before[-1] in _BINDING:
            break
        said.append(match[1])
        prompt = f" {prompt}"[: match.start()].strip(" ,;\n")
    return Wish(prompt=prompt, length_s=_length(said), ratio=_ratio(said))


def _is_option(clause: str) -> bool:
    left = _RATIO.sub(" ", _LENGTH.sub(" ", clause.casefold()))
    words = re.sub("[-:]", " ", left).split()
    is_said = left != clause.casefold() or any(word in _SHAPES for word in words)
    return is_said and all(word in _SHAPES or word in _FILLERS for word in words)


def _length(said: list[str]) -> int | None:
    lengths = [int(match[1]) for clause in said for match in _LENGTH.finditer(clause)]
    for length in lengths:
        if length not in LENGTHS_S:
            raise UnknownChoiceError(
                f"A video can be {' or '.join(map(str, LENGTHS_S))} seconds long, not {length}. "
                "Nothing was charged."
            )
    return lengths[-1] if lengths else None


def _ratio(said: list[str]) -> str | None:
    found = None
    for clause in said:
        for match in _RATIO.finditer(clause):
            found = match[1]
        for word in clause.casefold().replace("-", " ").split():
            found = _SHAPES.get(word, found)
    return found
