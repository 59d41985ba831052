import io
from collections.abc import AsyncIterator

import aiohttp
import pytest
from PIL import Image

from playground.clock import FakeClock
from playground.discord import LocalDiscord
from playground.record import Recorder
from tests.playground.discord.client import Api


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def local(clock: FakeClock) -> AsyncIterator[LocalDiscord]:
    """A running local Discord that records its traffic in memory."""
    local = LocalDiscord(clock, recorder=Recorder())
    await local.start()
    yield local
    await local.stop()


@pytest.fixture
async def api(local: LocalDiscord) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(local, session)


@pytest.fixture
def png() -> bytes:
    """A picture of 6 × 4 pixels."""
    written = io.BytesIO()
    Image.new("RGB", (6, 4), "orange").save(written, "PNG")
    return written.getvalue()
