"""The switches of the page's side panel."""

from dataclasses import asdict, dataclass

SLOW_FACTOR = 4.0


@dataclass(slots=True)
class Switches:
    """What a person can switch on to see how the bot takes it.

    `slow`: new generations take four times as long. `fail_next`, `policy_next`, `lose_next_answer`:
    the next creation fails, is refused by policy, or is carried out without an answer; they go off
    by themselves. `rate_limited`: every request is answered 429. `outage`: 503.
    """

    slow: bool = False
    fail_next: bool = False
    policy_next: bool = False
    rate_limited: bool = False
    lose_next_answer: bool = False
    outage: bool = False

    def as_dict(self) -> dict[str, bool]:
        """Return all switches by name."""
        return asdict(self)
