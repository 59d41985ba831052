import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from playground.clock import FakeClock
from tests.rig import Rig
from tests.unhurried import WAITS_S

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - pytest makes a directory of its own in it
MEMORY_DISK_BYTES = 4 << 30


# The same inputs every time, so that a change is judged by what it changed; new ones are drawn
# with HYPOTHESIS_PROFILE=search, as `make soak` does. No input is wrong for taking a while.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_configure() -> None:
    """Keep the tests' files in memory where there is room: thousands of commits wait for a disk."""
    if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > MEMORY_DISK_BYTES:
        tempfile.tempdir = str(MEMORY_DISK)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real clock decides what is put off or refused; how loaded this machine is must not."""
    for module, name, seconds in WAITS_S:
        monkeypatch.setattr(module, name, seconds)


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
