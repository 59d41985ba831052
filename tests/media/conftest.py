"""A local NeuralBox as the storage host, and a downloader that trusts it."""

from collections.abc import AsyncIterator

import pytest

from media import Fetcher
from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox


@pytest.fixture
async def box() -> AsyncIterator[LocalNeuralBox]:
    server = LocalNeuralBox(PlayClock(), media_scale=0.05, clips="shared")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def fetcher(box: LocalNeuralBox) -> AsyncIterator[Fetcher]:
    async with Fetcher([box.origin], max_bytes=4 * 1024 * 1024, timeout_s=5) as opened:
        yield opened
