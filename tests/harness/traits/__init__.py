"""Traits: what a workload may have in it, and the drawing of one from its seed."""

import random

from tests.harness.traits import budgets, creation, discord, history, members, results
from tests.harness.workload import MEMBERS, Trait, Wish, Workload

MODELS = ("luma-flash2", "luma-flash2", "kling-v2.1")

TRAITS: dict[str, Trait] = {
    **creation.TRAITS,
    **results.TRAITS,
    **history.TRAITS,
    **discord.TRAITS,
    **members.TRAITS,
    **budgets.TRAITS,
}


def make(seed: int, traits: list[str] | None = None, turn: int = 0) -> Workload:
    """Draw a workload; with `traits`, those and no others.

    Played several times on the same books, the same things are asked for in other words each turn.
    """
    rng = random.Random(seed)
    work = Workload(seed, rng)
    count = rng.choice((1, 1, 2, 2, 3))
    name = f"{seed}.{turn}" if turn else str(seed)
    for number in range(count):
        prompt = f"a paper boat, the {number}th of run {name}"
        at = rng.choice((0.0, 0.0, 3.0, 40.0))
        work.wishes.append(Wish(at, MEMBERS[number], prompt, rng.choice(MODELS)))
    chosen = traits
    if chosen is None:
        chosen = rng.sample(list(TRAITS), rng.choice((0, 1, 2, 2, 3)))
    work.traits = list(chosen)
    for trait in chosen:
        TRAITS[trait](work)
    work.deeds.sort(key=lambda deed: deed.at)
    return work
