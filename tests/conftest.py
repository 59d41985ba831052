from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from playground.clock import FakeClock
from tests.rig import Rig


@pytest.fixture
async def rig(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """Both local servers, no bot yet."""
    async with Rig.open(tmp_path, request.node.name, FakeClock()) as rig:
        yield rig


@pytest.fixture
async def play(rig: Rig) -> Rig:
    """Both local servers and the bot, connected."""
    await rig.start_bot()
    return rig
