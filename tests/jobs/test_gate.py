from dataclasses import dataclass, field

import pytest

from jobs.gate import Gate
from neuralbox import Allowance, NotAuthenticatedError, RateLimitedError
from playground.clock import FakeClock


@dataclass
class _Seen:
    """What the gate reads of the client: the last answer's headers."""

    allowance: Allowance | None = None
    skew_s: float = 0.0


@dataclass
class _World:
    clock: FakeClock = field(default_factory=FakeClock)
    seen: _Seen = field(default_factory=_Seen)

    def gate(self) -> Gate:
        return Gate(self.seen, self.clock)

    def left(self, hour: int, day: int = 1000) -> None:
        now = int(self.clock.now())
        self.seen.allowance = Allowance(100, hour, 1000, day, now + 900, now)


def test_before_the_first_answer_everything_may_go() -> None:
    gate = _World().gate()
    assert [gate.wait_s(purpose) for purpose in ("submit", "look", "upkeep")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("left", "open_for"),
    [(51, "submit look upkeep"), (50, "submit look"), (20, "look"), (2, "")],
)
def test_the_last_requests_of_the_hour_are_kept_for_what_matters_most(
    left: int, open_for: str
) -> None:
    world = _World()
    world.left(left)
    gate = world.gate()
    purposes = ("submit", "look", "upkeep")
    assert " ".join(purpose for purpose in purposes if gate.wait_s(purpose) == 0) == open_for
    for purpose in set(purposes) - set(open_for.split()):
        assert gate.wait_s(purpose) == 900


async def test_a_new_hour_opens_the_gate_by_the_vendors_clock() -> None:
    world = _World()
    world.left(0)
    world.seen.skew_s = -100  # the vendor's clock is behind ours
    gate = world.gate()
    assert gate.wait_s("look") == 1000
    await world.clock.advance(1001)
    assert gate.wait_s("look") == 0


async def test_a_used_up_day_is_tried_again_every_hour() -> None:
    world = _World()
    world.left(90, day=0)
    gate = world.gate()
    assert gate.wait_s("look") == 3600
    await world.clock.advance(3601)
    assert gate.wait_s("look") == 0


def test_an_unlimited_plan_never_waits() -> None:
    world = _World()
    world.seen.allowance = Allowance(None, None, None, None, None, int(world.clock.now()))
    assert world.gate().wait_s("upkeep") == 0


def test_a_429_and_a_refused_key_close_the_gate_for_everything() -> None:
    gate = _World().gate()
    gate.learn(RateLimitedError(retry_after_s=40))
    assert gate.wait_s("submit") == 40
    gate.learn(NotAuthenticatedError(status=401))
    assert gate.wait_s("look") == 60
