"""A job's five transactions, from the hold to the settling, as plain data."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.scene import NO_CAP, PLENTY
from jobs import fingerprint, moves
from models import Asker, Order, Quote, State, VideoRequest
from neuralbox import Generation, Status
from storage import ledger

NOW = 1_800_000_000
MEMBERS = 50
PRICE_TOKENS, COST_TOKENS = 94, 44
LIMITS = ledger.Limits(PLENTY, PLENTY, PLENTY)
RESERVE, FINISH = "reserve", "finish"
KINDS = (RESERVE, "enqueue", "begin_submit", "accept", FINISH)


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction: a function of the bot and what it is called with."""

    function: Callable[..., object]
    args: tuple[Any, ...]

    def run(self, tx: sqlite3.Connection) -> None:
        """Run it in the caller's transaction."""
        self.function(tx, *self.args)


def step(kind: str, number: int) -> Step:
    """Return a step of the job that is the `number`th of an empty file, counted from 0."""
    job_id = number + 1
    if kind == RESERVE:
        request = VideoRequest(f"a paper boat, the {number}th", "kling-v2.1", 5, "16:9")
        asker = Asker(number, "a token", 11, 31, 21 + number % MEMBERS, 10 * 1024 * 1024)
        mark = fingerprint.of(request.model, request.prompt)
        quote = Quote(PRICE_TOKENS, 1)
        order = Order(request)
        return Step(moves.reserve, (asker, order, quote, mark, LIMITS, (NO_CAP, NO_CAP), NOW))
    if kind == "enqueue":
        return Step(moves.enqueue, (job_id, 31, 1_000_000 + number))
    if kind == "begin_submit":
        return Step(moves.begin_submit, (job_id, 1, NOW, NOW + 60, NOW))
    if kind == "accept":
        return Step(moves.accept, (job_id, State.SUBMITTING, str(number), "answer", NOW))
    generation = Generation(
        str(number),
        Status.COMPLETED,
        result_url=f"https://example.com/{number}.mp4",
        cost_tokens=COST_TOKENS,
        duration_s=5,
    )
    return Step(moves.finish, (job_id, generation, NOW + 30, NOW + 60))
