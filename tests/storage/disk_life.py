"""Seeded lives of jobs as plain transactions, through the functions the bot itself uses."""

import hashlib
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from jobs import moves
from models import Period, Quote, State
from neuralbox import Generation, Status
from storage import budgets, claims, jobs, ledger, outbox, settings
from storage.budgets import Pool
from tests.storage.conftest import NOW, asker, order

Transaction = Callable[[sqlite3.Connection], object]

GUILDS, MEMBERS = (11, 12), (21, 22, 23)
LIMITS = ledger.Limits(0, 100_000, 0)
NO_CAPS = (10_000, 10_000)
UNFINISHED = 6


@dataclass
class Life:
    """Says what happens next; each step is one transaction, and all of them succeed."""

    seed: int
    made: int = 0
    states: dict[int, State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)

    def next(self) -> Transaction:
        """Return the next transaction."""
        going = [number for number, state in self.states.items() if not state.is_final]
        chance = self._rng.random()
        if chance < 0.05:
            return self._side_step()
        if len(going) < 2 or (len(going) < UNFINISHED and chance < 0.3):
            self.made += 1
            self.states[self.made] = State.RESERVED
            return self._reserve(self.made)
        return self._move(self._rng.choice(going))

    def _side_step(self) -> Transaction:
        if self._rng.random() < 0.5:
            pool = Pool(self._rng.randrange(50_000, 90_000), Period("day"))
            return partial(_set_pool, guild_id=self._rng.choice(GUILDS), pool=pool)
        return partial(_tell, now=NOW + 3600)

    def _reserve(self, number: int) -> Transaction:
        who = asker(number, self._rng.choice(GUILDS), self._rng.choice(MEMBERS))
        quote = Quote(self._rng.randrange(1, 90), 1)
        prompt = "a paper boat " * self._rng.randrange(1, 40)
        return lambda tx: moves.reserve(
            tx, who, order(prompt), quote, f"{number}", LIMITS, NO_CAPS, NOW + number
        )

    def _move(self, number: int) -> Transaction:
        now, state = NOW + number, self.states[number]
        ways: dict[State, list[tuple[State, Transaction]]] = {
            State.RESERVED: [
                (State.QUEUED, lambda tx: moves.enqueue(tx, number, 31, 4000 + number)),
                (State.CANCELLED, partial(_cancel, number=number, start=state, now=now)),
            ],
            State.QUEUED: [
                (
                    State.SUBMITTING,
                    lambda tx: moves.begin_submit(tx, number, 1, now, now + 60, now),
                ),
                (State.CANCELLED, partial(_cancel, number=number, start=state, now=now)),
            ],
            State.SUBMITTING: [
                (State.PENDING, partial(_accept, number=number, start=state, how="answer")),
                (State.UNKNOWN, lambda tx: moves.doubt(tx, number, None, now)),
                (State.QUEUED, lambda tx: moves.requeue(tx, number, 0, None, now)),
                (State.REJECTED, lambda tx: moves.reject(tx, number, "why", "no", now)),
            ],
            State.UNKNOWN: [
                (State.PENDING, partial(_accept, number=number, start=state, how="adopted")),
                (State.NOT_SUBMITTED, partial(_give_up, number=number, now=now)),
            ],
            State.PENDING: [
                (State.COMPLETED, partial(_finish, number=number, status=Status.COMPLETED)),
                (State.FAILED, partial(_finish, number=number, status=Status.FAILED)),
            ],
        }
        fitting = ways[state]
        # What usually happens happens more often.
        end, step = fitting[0] if self._rng.random() < 0.6 else self._rng.choice(fitting)
        self.states[number] = end
        return step


def digest(tx: sqlite3.Connection) -> str:
    """Return one mark of everything that the tables hold."""
    names = tx.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    told = hashlib.sha256()
    for (name,) in names.fetchall():
        rows = tx.execute(f'SELECT * FROM "{name}" ORDER BY rowid')  # noqa: S608 - our own tables
        told.update(repr((name, [tuple(row) for row in rows])).encode())
    return told.hexdigest()


def _set_pool(tx: sqlite3.Connection, *, guild_id: int, pool: Pool) -> None:
    budgets.set_pool(tx, guild_id, pool)


def _tell(tx: sqlite3.Connection, *, now: int) -> None:
    """Every message is out."""
    for row in outbox.list_due(tx, now, 100):
        outbox.finish(tx, row.id)
    settings.bump(tx, "epoch")


def _cancel(tx: sqlite3.Connection, *, number: int, start: State, now: int) -> None:
    moves.cancel(tx, number, start, "why", now, tell=True)


def _accept(tx: sqlite3.Connection, *, number: int, start: State, how: str) -> None:
    moves.accept(tx, number, start, f"gen-{number}", how, NOW + number)


def _give_up(tx: sqlite3.Connection, *, number: int, now: int) -> None:
    """It is not in the history, and now and then it turns up all the same."""
    moves.give_up_unknown(tx, number, now)
    if number % 2:
        claims.claim(tx, f"late-{number}", number, "late", 7, at=now)
        ledger.correct(tx, number, 7, now, "made after all")
        jobs.note(tx, number, attention="made after all")


def _finish(tx: sqlite3.Connection, *, number: int, status: Status) -> None:
    cost = jobs.get(tx, number).hold_tokens - number % 3 if status is Status.COMPLETED else 0
    generation = Generation(f"gen-{number}", status, cost_tokens=max(0, cost))
    moves.finish(tx, number, generation, NOW + number + 30, NOW + number + 60)
