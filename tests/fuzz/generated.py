"""Answers that nobody wrote by hand: sound ones, spoilt in one to four ways, from a seed."""

import json
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.fuzz.vendor import STATUSES, check_answer
from tests.neuralbox.test_corpus import BODIES, DOCUMENTED, SOUND, WRONG

LETTERS = 'aZ09_-. :/"\\\u00e9\u202e\u0000\ud800\U0001f600'


def answers(count: int, seed: int) -> Iterator[tuple[int, bytes]]:
    """Yield that many statuses and bodies, the same for the same seed."""
    dice = random.Random(seed)
    sound = [*SOUND.values(), *({"error": code, "message": "no"} for _status, code in DOCUMENTED)]
    for _ in range(count):
        document = json.loads(json.dumps(dice.choice(sound)))
        for _ in range(dice.randint(0, 3)):
            document = dice.choice(SPOIL)(dice, document)
        body = json.dumps(document).encode()
        if dice.random() < 0.3:
            body = dice.choice(TEAR)(dice, body)
        yield dice.choice(STATUSES), body


def value(dice: random.Random, depth: int = 0) -> Any:
    """Return anything that JSON can say, and some that it cannot."""
    makers = [*PLAIN, *NESTED] if depth < 4 else PLAIN
    return dice.choice(makers)(dice, depth + 1)


def _moment(dice: random.Random, _depth: int) -> str:
    return f"{dice.randrange(10_000):04}-{dice.randrange(14):02}-08T12:05:00{dice.choice('Z+ ')}"


PLAIN: tuple[Callable[[random.Random, int], Any], ...] = (
    lambda dice, _: dice.choice(WRONG),
    lambda dice, _: dice.choice(WRONG),
    lambda dice, _: dice.randint(-(2**70), 2**70) >> dice.randrange(70),
    lambda dice, _: dice.choice([dice.uniform(-1e6, 1e6), 1e308, -0.0, math.nan, math.inf]),
    lambda dice, _: "".join(dice.choices(LETTERS, k=dice.randrange(90))),
    lambda dice, _: dice.choice(["pending", "completed", "failed", "https://a.b/c.mp4"]),
    _moment,
)
NESTED: tuple[Callable[[random.Random, int], Any], ...] = (
    lambda dice, depth: [value(dice, depth) for _ in range(dice.randrange(4))],
    lambda dice, depth: {name(dice): value(dice, depth) for _ in range(dice.randrange(4))},
)


def name(dice: random.Random) -> str:
    """Return a member's name, usually one that is read."""
    known = sorted({member for sound in SOUND.values() for member in sound})
    return dice.choice([*known, "result_url", "created_at", "result_metadata", "retry_after", ""])


def _change(dice: random.Random, document: Any) -> Any:
    if not isinstance(document, dict):
        return value(dice)
    return document | {name(dice): value(dice)}


def _remove(dice: random.Random, document: Any) -> Any:
    if isinstance(document, dict) and document:
        document.pop(dice.choice(sorted(document)))
    return document


def _wrap(dice: random.Random, document: Any) -> Any:
    return dice.choice([[document], {"data": document}, {"items": [document, document]}, "x"])


def _cut(dice: random.Random, body: bytes) -> bytes:
    return body[: dice.randrange(len(body) + 1)]


def _flip(dice: random.Random, body: bytes) -> bytes:
    at = dice.randrange(len(body)) if body else 0
    return body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :]


def _repeat(dice: random.Random, body: bytes) -> bytes:
    return dice.choice([body * 2, b"[" * 500 + body, b'{"id": 1, "id": 2}', dice.choice(BODIES)])


SPOIL: tuple[Callable[[random.Random, Any], Any], ...] = (_change, _change, _remove, _wrap)
TEAR: tuple[Callable[[random.Random, bytes], bytes], ...] = (_cut, _flip, _repeat)


def check(count: int, seed: int) -> None:
    """Put each at each call; raises for the first that breaks a promise, naming it."""
    for status, body in answers(count, seed):
        try:
            check_answer(status, body)
        except Exception as error:
            error.add_note(f"status {status}, body {body!r}, seed {seed}")
            raise
