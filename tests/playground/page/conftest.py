from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from playground.clock import PlayClock
from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from playground.page import routes
from tests.playground.page.browserless import Page

PEOPLE = ("Ada", "Ben", "Cleo", "Dora")


@pytest.fixture
def clock() -> PlayClock:
    return PlayClock(speed=5.0)


@pytest.fixture
async def box(clock: PlayClock) -> AsyncIterator[LocalNeuralBox]:
    box = LocalNeuralBox(clock, clips="shared", media_scale=1 / 6)
    await box.start()
    yield box
    await box.stop()


@pytest.fixture
async def local(clock: PlayClock, box: LocalNeuralBox) -> AsyncIterator[LocalDiscord]:
    """A local Discord with the page mounted."""
    local = LocalDiscord(clock)
    local.mount(routes(local, box, clock))
    await local.start()
    yield local
    await local.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def ben(local: LocalDiscord, session: aiohttp.ClientSession) -> Iterator[Page]:
    """What a page of Ben's in #videos sends."""
    yield Page(local, session, "Ben")


@pytest.fixture
def ada(local: LocalDiscord, session: aiohttp.ClientSession) -> Iterator[Page]:
    """What a page of Ada's, who is an administrator, sends."""
    yield Page(local, session, "Ada")
