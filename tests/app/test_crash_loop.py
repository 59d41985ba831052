"""A bot that dies five seconds after each start, twenty times over."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from models import State
from tests.bot_process import SharedClock
from tests.rig import Rig

pytestmark = pytest.mark.long

SPEED = 30.0
LIFE_S, DEATHS = 5.0, 20
PATIENCE_S = 60


class ShortLived(Rig):
    """A rig whose bot is a child of the nursery, killed with SIGKILL."""

    nursery: asyncio.subprocess.Process
    child = 0

    @asynccontextmanager
    async def nursing(self) -> AsyncIterator[None]:
        """Keep the nursery for the life of the block."""
        self.nursery = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-m", "tests.app.nursery"),
            cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield
        finally:
            await self.stop_bot()
            assert self.nursery.stdin is not None
            self.nursery.stdin.close()
            await self.nursery.wait()

    async def start_bot(self) -> None:
        """Start a child; returns when it is connected."""
        clock = self.clock
        assert isinstance(clock, SharedClock)
        timing = {"start": clock.start, "anchor": clock.anchor, "speed": clock.speed}
        given = json.dumps({"config": self.mapping(), "clock": timing})
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(f"{given}\n".encode())
        self.child = int(await self._told())
        assert await self._told() == "ready"

    async def stop_bot(self) -> None:
        """SIGKILL: no handler, no finally, no flush."""
        if self.child:
            os.kill(self.child, signal.SIGKILL)
            self.child = 0
            assert await self._told() == "ended"

    async def _told(self) -> str:
        assert self.nursery.stdout is not None
        line = await asyncio.wait_for(self.nursery.stdout.readline(), PATIENCE_S)
        return line.decode().strip()

    def requests(self, method: str, end: str) -> list[dict[str, Any]]:
        """What the bot asked of Discord so far by method and end of the path."""
        return [r for r in self.records if r["method"] == method and r["path"].endswith(end)]


@pytest.mark.fault("P16")
async def test_twenty_deaths_right_after_the_start_repeat_nothing_outside(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clock = SharedClock(1_800_000_000.0, time.monotonic(), SPEED)
    async with ShortLived.open(tmp_path, request.node.name, clock) as rig, rig.nursing():
        await rig.start_bot()
        cards = [await rig.card(f"video {n}", model="luma-flash2") for n in range(3)]
        for _ in range(DEATHS):
            await clock.sleep(LIFE_S)
            await rig.restart_bot()
        for card in cards:
            await rig.finished(card)
        states = [rig.job_of(card).state for card in cards]
        # A death between the mark and the request leaves a job that was proven never to be made.
        assert set(states) <= {State.COMPLETED, State.NOT_SUBMITTED}
        assert len(rig.box.generations) == rig.posts() == states.count(State.COMPLETED)
        assert [len(rig.pings(card)) for card in cards] == [1, 1, 1]
        assert len(rig.requests("PUT", "/commands")) == 1, "registered once, not at every start"
        rig.sound()
