"""The local hosts that files come from, a downloader that trusts one, and a gate for pictures."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media import Fetcher, PictureGate, Studio
from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox
from tests.media.shelf import Shelf

MIB = 1024 * 1024


@pytest.fixture
async def box() -> AsyncIterator[LocalNeuralBox]:
    server = LocalNeuralBox(PlayClock(), media_scale=0.05, clips="shared")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def fetcher(box: LocalNeuralBox) -> AsyncIterator[Fetcher]:
    async with Fetcher([box.origin], max_bytes=4 * MIB, timeout_s=5) as opened:
        yield opened


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    async with Shelf() as opened:
        yield opened


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where the gate keeps its pictures; it makes the directory itself."""
    return tmp_path / "data" / "pictures"


@pytest.fixture
async def gate(shelf: Shelf, kept: Path) -> AsyncIterator[PictureGate]:
    async with PictureGate(
        kept,
        Studio(),
        [shelf.origin],
        max_bytes=5 * MIB,
        max_pixels=40_000_000,
        min_free_bytes=1,
        timeout_s=10,
    ) as opened:
        yield opened
