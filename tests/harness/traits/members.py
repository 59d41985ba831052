"""What members do besides asking once: pictures, private videos, second thoughts, going on."""

from playground.neuralbox import faults
from tests.harness.workload import Trait, Workload

SHADES = (60, 90, 120)


def _second_thoughts(work: Workload) -> None:
    """A member takes the wish back at once, while it waits for its turn."""
    work.wishes[0].is_taken_back = True
    if work.rng.random() < 0.7:
        work.box_faults.append(faults.rate_limited(60))


def _replayed(work: Workload) -> None:
    """The gateway hands every interaction over again, at once and after a while."""
    for wish in work.wishes:
        wish.is_replayed = True


def _pictures(work: Workload) -> None:
    """Videos begin with an attached picture; some of them with the same one."""
    for wish in work.wishes:
        wish.shade = work.rng.choice(SHADES)


def _right_clicks(work: Workload) -> None:
    """Pictures that somebody posted are animated by a right-click and its form."""
    for wish in work.wishes:
        wish.way, wish.shade = "menu", work.rng.choice(SHADES)


def _mentions(work: Workload) -> None:
    """The bot is mentioned beside a picture; no interaction has a token there."""
    for wish in work.wishes:
        wish.way, wish.shade = "mention", work.rng.choice(SHADES)


def _private(work: Workload) -> None:
    """Videos that their requester alone sees; some come when the interaction's token is gone."""
    for wish in work.wishes:
        wish.is_private = True
    if work.rng.random() < 0.5:
        work.wishes[0].shade = SHADES[0]
    if work.rng.random() < 0.4:
        work.box_faults.append(faults.wait(1800))


def _again(work: Workload) -> None:
    """The same once more, by the button below the result."""
    work.wishes[0].then = ("Again",)
    if work.rng.random() < 0.5:
        work.wishes[0].shade = SHADES[0]


def _continued(work: Workload) -> None:
    """A video that begins where the first one ended: its last frame becomes a picture."""
    work.wishes[0].then = ("Continue",)


def _taken_down(work: Workload) -> None:
    """A result is deleted by its requester, with its video and its picture."""
    for wish in work.wishes:
        wish.shade = SHADES[0] if work.rng.random() < 0.5 else SHADES[1]
    work.wishes[0].then = ("Delete",)
    if work.rng.random() < 0.5:
        work.wishes[-1].then = ("Delete",)


TRAITS: dict[str, Trait] = {
    "second thoughts": _second_thoughts,
    "replayed": _replayed,
    "pictures": _pictures,
    "right clicks": _right_clicks,
    "mentions": _mentions,
    "private": _private,
    "again": _again,
    "continued": _continued,
    "taken down": _taken_down,
}
