"""One local NeuralBox and one client of it for each test."""

from collections.abc import AsyncIterator, Callable

import pytest

from neuralbox import NeuralBox
from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox
from playground.neuralbox.profile import Dialect

KEY = "nb_local_key_of_the_tests_000000000000000000000"


@pytest.fixture
def clock() -> PlayClock:
    return PlayClock()


@pytest.fixture
async def box(clock: PlayClock) -> AsyncIterator[LocalNeuralBox]:
    # Tiny clips: what they show is tested elsewhere.
    server = LocalNeuralBox(clock, key=KEY, media_scale=0.05, clips="shared")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(box: LocalNeuralBox, clock: PlayClock) -> AsyncIterator[NeuralBox]:
    async with NeuralBox(box.base_url, KEY, clock=clock) as opened:
        yield opened


@pytest.fixture
def impatient(box: LocalNeuralBox, clock: PlayClock) -> Callable[[], NeuralBox]:
    """Return a maker of clients that give up soon."""
    # Half of a deadline is for connecting; a creation has to come that far on a busy machine too.
    return lambda: NeuralBox(box.base_url, KEY, clock=clock, post_timeout_s=1.5, get_timeout_s=0.4)


@pytest.fixture(params=[Dialect(), Dialect.second_form()], ids=["first form", "second form"])
def dialect(request: pytest.FixtureRequest, box: LocalNeuralBox) -> Dialect:
    chosen: Dialect = request.param
    box.profile.dialect = chosen
    return chosen
