"""The local NeuralBox's own books: every generation, the balance, and what was charged."""

import bisect
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from playground.neuralbox.faults import Twist

FIRST_ID = 18_500
TIME_IS_COARSE_S = 1e-6  # epoch seconds as floats have steps of a quarter of this

PictureState = Literal["none", "loading", "ready"]


@dataclass(slots=True)
class BoxGeneration:
    """One generation as the service knows it. Times are clock time in epoch seconds.

    `cost` is the price at creation, `tokens_spent` what was taken. `finishes_at` is infinite for
    one that is stuck. `error` is the sentence of a failure, `fails_with` one still to come.
    """

    id: str
    model: str
    prompt: str
    duration: int
    ratio: str
    cost: int
    created_at: float
    finishes_at: float
    width: int = 0
    height: int = 0
    image_url: str | None = None
    negative_prompt: str | None = None
    status: str = "pending"
    tokens_spent: int = 0
    finished_at: float | None = None
    error: str | None = None
    fails_with: str | None = None
    model_name: str = ""
    category: str = "video"
    is_foreign: bool = False
    is_favorited: bool = False
    user_rating: int | None = None
    is_deleted: bool = False
    picture: PictureState = "none"
    picture_sha256: str | None = None
    picture_bytes: int = 0
    visible_at: float = 0.0  # in the history
    looks: int = 0
    completed_looks: int = 0
    twist: Twist = field(default_factory=Twist)

    @property
    def wire_id(self) -> int | str:
        """The id as it stands in answers: an integer, or text of the second published form."""
        return int(self.id) if self.id.isdecimal() else self.id


class Purse:
    """The account's tokens: those of the plan are spent first, then those bought."""

    def __init__(self, balance: int, bonus: int) -> None:
        self.plan_tokens = balance
        self.bonus_tokens = bonus
        self.charged_total = 0

    @property
    def balance(self) -> int:
        """Plan tokens and bought ones together; below zero if more was charged than there was."""
        return self.plan_tokens + self.bonus_tokens

    @balance.setter
    def balance(self, value: int) -> None:
        self.plan_tokens, self.bonus_tokens = value, 0

    def take(self, tokens: int) -> None:
        """Charge `tokens`."""
        of_plan = min(tokens, max(0, self.plan_tokens))
        self.plan_tokens -= of_plan
        self.bonus_tokens -= tokens - of_plan
        self.charged_total += tokens


class Books:
    """All generations by id, and the order in which they were created."""

    def __init__(self, purse: Purse, seed: int) -> None:
        self.purse = purse
        self.generations: dict[str, BoxGeneration] = {}
        self.open: dict[str, BoxGeneration] = {}
        self._by_age: list[BoxGeneration] = []  # oldest first
        self._next_id = FIRST_ID
        self._seed = seed

    @property
    def open_cost(self) -> int:
        """What the generations that are pending will cost, in tokens."""
        return sum(generation.cost for generation in self.open.values())

    def new_id(self, *, gen: bool, wanted: object = None) -> str:
        """Return a free id; `wanted` if it is usable as one and free."""
        usable = type(wanted) is int and wanted > 0
        if isinstance(wanted, str):
            usable = 0 < len(wanted) <= 64 and wanted.replace("_", "").replace("-", "").isalnum()
        if usable and str(wanted) not in self.generations:
            return str(wanted)
        while True:
            number = self._next_id
            self._next_id += 1
            name = f"gen_01j9x2v{number:06d}" if gen else str(number)
            if name not in self.generations:
                return name

    def add(self, generation: BoxGeneration) -> None:
        """Enter a generation, at the place its creation time gives it."""
        self.generations[generation.id] = generation
        bisect.insort(self._by_age, generation, key=lambda g: g.created_at)
        if generation.status == "pending":
            self.open[generation.id] = generation

    def complete(self, generation: BoxGeneration, at: float) -> None:
        """Complete a pending generation and take its tokens."""
        shown = generation.twist.shown_cost
        is_taken = type(shown) is int and shown >= 0
        generation.tokens_spent = shown if is_taken else generation.cost
        self._close(generation, "completed", at)

    def fail(self, generation: BoxGeneration, reason: str, at: float) -> None:
        """Fail a pending generation. It is free, unless a script says otherwise."""
        generation.error = reason
        generation.tokens_spent = generation.twist.failed_cost or 0
        self._close(generation, "failed", at)

    def newest_first(
        self, now: float, wanted: Callable[[BoxGeneration], bool], shuffled: bool
    ) -> list[BoxGeneration]:
        """Return what the history shows at `now` of the generations that are `wanted`."""
        found = [
            generation
            for generation in reversed(self._by_age)
            if generation.visible_at <= now and not generation.is_deleted and wanted(generation)
        ]
        if shuffled:
            random.Random(f"{self._seed} {len(found)}").shuffle(found)
        return found

    def latest(self, count: int) -> Iterable[BoxGeneration]:
        """Return the `count` youngest generations, newest first."""
        return reversed(self._by_age[-count:])

    def _close(self, generation: BoxGeneration, status: str, at: float) -> None:
        self.open.pop(generation.id, None)
        generation.status = status
        generation.finished_at = at
        generation.finishes_at = at
        self.purse.take(generation.tokens_spent)


def is_due(finishes_at: float, now: float) -> bool:
    """True when that time has come, as far as floats can tell."""
    return finishes_at <= now + TIME_IS_COARSE_S
