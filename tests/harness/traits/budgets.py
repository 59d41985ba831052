"""What a guild's limits make of a wish: questions, offers, refusals, grants, a moderator's word."""

from functools import partial

from tests.harness.workload import DESK, Grant, Trait, Workload

DEAR, DEAR_S = "kling-v2.1", 10
"""Costs 88 tokens, and 44 when it is half as long."""


def _dear(work: Workload) -> None:
    for wish in work.wishes:
        wish.model, wish.length = DEAR, DEAR_S


def _asked_first(work: Workload) -> None:
    """Dear videos are made after their requester's own yes: a draft, and a press that uses it."""
    _dear(work)
    work.spending["confirm_above"] = "50"


def _tight(work: Workload) -> None:
    """A budget that has room for a smaller video alone, which is offered instead."""
    _dear(work)
    work.settings["budget"] = {"guild_tokens": work.rng.choice((50, 50, 100))}
    work.is_once = True


def _granted(work: Workload) -> None:
    """A budget with room for one video, and an admin who gives more, told to the bot twice."""
    _dear(work)
    work.settings["budget"] = {"guild_tokens": 0}
    work.pool = 90
    for number in range(work.rng.choice((1, 2))):
        work.grants.append(Grant(1.0 + 4 * number, 100, work.rng.random() < 0.5))
    work.is_once = True


def _decided(decision: str | None, work: Workload) -> None:
    _dear(work)
    work.spending |= {"approve_above": "50", "approve_channel": DESK}
    work.decision = decision
    if work.rng.random() < 0.4:
        work.wishes[0].shade = 60


TRAITS: dict[str, Trait] = {
    "asked first": _asked_first,
    "tight": _tight,
    "granted": _granted,
    "approved": partial(_decided, "Approve"),
    "denied": partial(_decided, "Deny"),
    "approved smaller": partial(_decided, "Approve smaller"),
    "nobody decides": partial(_decided, None),
}
