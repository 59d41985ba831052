"""What is judged: a polling policy, driven by events."""

from collections.abc import Callable
from typing import Any, Protocol

from bench.simulate.vendor import Request

STATUSES = (None, "pending", "completed", "failed")


class Policy(Protocol):
    """What is judged."""

    def __call__(self, now: float, event: tuple[Any, ...]) -> tuple[float, Request | None] | None:
        """Take in an event; the answer replaces the one before."""

    def admit(self, now: float) -> float:
        """Return 0 to submit now, else the seconds after which to ask again."""


Make = Callable[[dict[str, Any]], Policy]


def check(request: Request) -> None:
    """Raise for a request the interface does not have."""
    match request:
        case ("get", _):
            return
        case ("list", int(page), status) if page >= 1 and status in STATUSES:
            return
    raise ValueError(f"not a request: {request!r}")
