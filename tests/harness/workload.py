"""What happens in a run: who asks for what and when, and everything that goes wrong meanwhile."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox, faults
from playground.neuralbox.profile import Profile

MEMBERS = ("Ben", "Ada", "Cleo")
# Where a moderator decides, in workloads that want that.
DESK = "general"


@dataclass(slots=True)
class Wish:
    """One video that a member asks for. Times are seconds of the clock since it began.

    `way` is how: by /video, by a right-click on a posted picture, or by mentioning the bot beside
    one. `shade` tells pictures apart; None is none. `then` is what the member presses under the
    result, one after the other.
    """

    at: float
    member: str
    prompt: str
    model: str
    way: Literal["command", "menu", "mention"] = "command"
    shade: int | None = None
    length: int = 5
    is_private: bool = False
    is_taken_back: bool = False
    is_replayed: bool = False
    then: tuple[str, ...] = ()


@dataclass(slots=True)
class Grant:
    """Tokens that an admin gives a guild at a moment; the gateway may hand that over twice."""

    at: float
    tokens: int
    is_replayed: bool


@dataclass(slots=True)
class Deed:
    """Something done to the servers at a moment."""

    at: float
    do: Callable[[LocalDiscord, LocalNeuralBox], None]


@dataclass(slots=True)
class Workload:
    """A run's script. `lingers_s` is how long it is watched after everything has ended."""

    seed: int
    rng: random.Random
    profile: Profile = field(default_factory=Profile)
    wishes: list[Wish] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    box_faults: list[faults.Fault] = field(default_factory=list)
    discord_faults: list[Any] = field(default_factory=list)
    traits: list[str] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    spending: dict[str, str] = field(default_factory=dict)
    """What the guild's admins chose before it began, by key."""
    pool: int | None = None
    """The guild's budget (tokens a month); None is none of its own."""
    decision: str | None = None
    """The button that a moderator presses for dear videos; None: nobody looks after them."""
    skew_s: float = 0.0
    """How far the vendor's clock is ahead of ours; of several turns the first one's holds."""
    lingers_s: float = 0.0
    may_be_late: bool = False
    """Whether a job may be given up and turn up after all: the vendor broke its own bounds."""
    outlasts_tokens: bool = False
    """Whether Discord is away for as long as an interaction's token lives: a card whose answer got
    lost before can then be reached no more, since its id is not known."""
    is_once: bool = False
    """Whether it is another one when it is played again on the same books."""

    def linger(self, seconds: float) -> None:
        """Watch for at least so long after everything has ended."""
        self.lingers_s = max(self.lingers_s, seconds)

    def at(self, at: float, do: Callable[[LocalDiscord, LocalNeuralBox], None]) -> None:
        """Have something done at a moment."""
        self.deeds.append(Deed(at, do))


Trait = Callable[[Workload], None]
