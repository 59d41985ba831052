"""A process that was frozen between the mark and the request sends nothing late."""

import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models import State
from tests.app.test_kill import SPEED, Killable
from tests.bot_process import SharedClock

pytestmark = pytest.mark.long


class Freezing(Killable):
    """A bot that freezes by itself, once."""

    program = "tests.frozen_process"

    def is_frozen(self) -> bool:
        """Say whether the kernel has stopped it."""
        assert self.process is not None
        state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "T"


@pytest.fixture
async def bot_on_ice(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Freezing]:
    clock = SharedClock(1_800_000_000.0, time.monotonic(), SPEED)
    async with Freezing.open(tmp_path, request.node.name, clock) as rig:
        await rig.start_bot()
        yield rig


@pytest.mark.fault("P9")
async def test_thawed_after_the_deadline_it_sends_nothing_and_waits_in_line_again(
    bot_on_ice: Freezing,
) -> None:
    rig = bot_on_ice
    card = await rig.card("on ice", model="luma-flash2")
    await rig.eventually(rig.is_frozen)
    job = rig.job_of(card)
    assert job.state is State.SUBMITTING
    assert job.submit_deadline is not None
    await rig.run_until(lambda: rig.clock.now() > (job.submit_deadline or 0) + 30)
    assert rig.posts() == 0
    assert rig.process is not None
    rig.process.send_signal(signal.SIGCONT)
    await rig.finished(card)
    query = "SELECT a, b FROM event WHERE job = ? ORDER BY seq"
    moves = rig.read(lambda tx: [tuple(row) for row in tx.execute(query, (job.id,))])
    assert moves[:3] == [
        ("reserved", "queued"),
        ("queued", "submitting"),
        ("submitting", "queued"),
    ], "the first turn came to nothing, for sure"
    assert rig.job_of(card).state is State.COMPLETED
    assert rig.posts() == len(rig.box.generations) == 1
    [made] = rig.box.generations.values()
    assert made.created_at > job.submit_deadline, "it was sent in a turn of its own"
    rig.sound()
