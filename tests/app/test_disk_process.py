"""Exit codes, what the host reads, and what a new start makes of it, on disks that fail."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import bot
from models import LENGTHS_S, State
from playground.neuralbox import faults
from storage import schema
from storage.database import BALLAST, DATABASE
from tests.bot_process import SharedClock
from tests.rig import Rig
from tests.storage.disk import Disk, DiskUnavailableError

pytestmark = pytest.mark.long

SPEED = 30.0
PATIENCE_S = 60
ROOT = Path(__file__).parents[2]


class Failing(Rig):
    """A rig whose bot is another process, on a disk that fails when it is told to."""

    process: asyncio.subprocess.Process | None = None

    @property
    def fault(self) -> Path:
        """Names the fault that the disk has just now."""
        return self.data.with_name("fault")

    async def launch(self) -> asyncio.subprocess.Process:
        """Start the process and wait for nothing."""
        clock = self.clock
        assert isinstance(clock, SharedClock)
        given = {
            "config": self.mapping(),
            "clock": {"start": clock.start, "anchor": clock.anchor, "speed": clock.speed},
            "fault": str(self.fault),
        }
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-m", "tests.app.disk_process", json.dumps(given)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return self.process

    async def start_bot(self) -> None:
        """Start the process; returns when it is connected."""
        await self.launch()
        await self.eventually(lambda: self.discord.connected, PATIENCE_S)

    async def ended(self) -> tuple[int | None, str]:
        """Wait until it ends by itself; return its exit code and log."""
        assert self.process is not None
        _out, log = await asyncio.wait_for(self.process.communicate(), PATIENCE_S)
        return self.process.returncode, log.decode()

    async def prices_stored(self) -> None:
        """Wait until the bot has kept every price."""
        count, wanted = (
            "SELECT count(*) FROM price",
            len(self.config().video.models) * len(LENGTHS_S),
        )
        await self.eventually(
            lambda: bool(self.read(lambda tx: tx.execute(count).fetchone()[0]) == wanted)
        )

    async def stop_bot(self) -> None:
        """Stop in order, when it still runs."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.communicate(), PATIENCE_S)


@asynccontextmanager
async def _rig(tmp_path: Path, name: str) -> AsyncIterator[Failing]:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    clock = SharedClock(1_800_000_000.0, time.monotonic(), SPEED)
    async with Failing.open(data, name, clock) as rig:
        yield rig
        await rig.stop_bot()


@pytest.fixture
async def failing(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Failing]:
    try:
        with Disk(tmp_path / "nothing").in_place():
            pass
    except DiskUnavailableError as error:
        pytest.skip(str(error))
    async with _rig(tmp_path, request.node.name) as rig:
        yield rig


@pytest.mark.fault("D8")
async def test_a_hold_whose_commit_fails_ends_the_process_and_is_given_back_at_the_next_start(
    failing: Failing,
) -> None:
    await failing.start_bot()
    await failing.prices_stored()
    failing.fault.write_text("sync a boat on a bad disk")
    asked = await failing.discord.slash("video", prompt="a boat on a bad disk")
    code, log = await failing.ended()
    assert code == bot.EXIT_LOST, log
    assert "Traceback" not in log, log
    said = asked.first.message.content if asked.first and asked.first.message else ""
    assert "charged" not in said, "nobody knows that yet"
    failing.fault.unlink()
    # Whether it is there after all depends on how far the last close came before the end.
    there = [job.state for job in failing.jobs_in()]
    assert there in ([], [State.RESERVED])
    await failing.start_bot()
    await failing.eventually(lambda: len(failing.jobs_in(State.CANCELLED)) == len(there))
    assert failing.guild_account().held_tokens == 0
    assert failing.posts() == 0
    failing.sound()


@pytest.mark.fault("D6")
async def test_an_answer_that_no_commit_can_keep_is_looked_up_at_the_next_start(
    failing: Failing,
) -> None:
    """Between the paid request and keeping its id: the worst moment there is."""
    await failing.start_bot()
    await failing.prices_stored()
    failing.box.script(faults.hang_after(30))
    card = await failing.card(model="luma-flash2")
    await failing.eventually(lambda: failing.posts() == 1)
    (failing.data / BALLAST).unlink()
    failing.fault.write_text("full")
    code, log = await failing.ended()
    assert code == bot.EXIT_LOST, log
    assert "Traceback" not in log, log
    failing.fault.unlink()
    await failing.start_bot()
    await failing.finished(card)
    assert failing.job_of(card).state is State.COMPLETED
    assert failing.posts() == 1
    assert len(failing.pings(card)) == 1
    failing.sound()


@pytest.mark.fault("D9")
@pytest.mark.parametrize("what", ["directory", "database"])
async def test_what_may_not_be_written_is_said_before_discord_is_asked(
    failing: Failing, what: str
) -> None:
    schema.prepare(failing.data / DATABASE)
    for name in ("videos", "pictures"):
        (failing.data / name).mkdir()
    path = failing.data if what == "directory" else failing.data / DATABASE
    path.chmod(0o500)
    await failing.launch()
    code, log = await failing.ended()
    path.chmod(0o700)
    if log.startswith("root stays"):
        pytest.skip(log)
    assert code == bot.EXIT_DATABASE, log
    assert "cannot be used" in log
    assert "Traceback" not in log, log
    assert "backup" not in log
    assert failing.discord.parts.rest.requests == 0
