"""A bot that dies five seconds after each start, twenty times over."""

import time
from pathlib import Path
from typing import Any

import pytest

from models import State
from tests.app.test_kill import SPEED, Killable
from tests.bot_process import SharedClock

pytestmark = pytest.mark.long

LIFE_S, DEATHS = 5.0, 20


class ShortLived(Killable):
    """A rig whose bot is killed wherever it would be stopped."""

    async def stop_bot(self) -> None:
        """SIGKILL: no handler, no finally, no flush."""
        if self.process is not None:
            await self.kill()

    def requests(self, method: str, end: str) -> list[dict[str, Any]]:
        """What the bot asked of Discord so far by method and end of the path."""
        return [r for r in self.records if r["method"] == method and r["path"].endswith(end)]


@pytest.mark.fault("P16")
async def test_twenty_deaths_right_after_the_start_repeat_nothing_outside(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clock = SharedClock(1_800_000_000.0, time.monotonic(), SPEED)
    async with ShortLived.open(tmp_path, request.node.name, clock) as rig:
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
