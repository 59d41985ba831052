"""One box with the reference profile, on a clock that stands still."""

from collections.abc import AsyncIterator

import pytest

from playground.clock import FakeClock
from tests.playground.neuralbox.support import Caller, running_box


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the box under test runs on."""
    return FakeClock()


@pytest.fixture
async def caller(clock: FakeClock) -> AsyncIterator[Caller]:
    """A client of a running box; `caller.box` is the box."""
    async with running_box(clock=clock) as caller:
        yield caller
