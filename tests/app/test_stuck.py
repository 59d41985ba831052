"""An event loop that stands still ends the process, so that a supervisor starts it anew."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

import bot
from models import State
from playground.neuralbox import faults
from tests.app.test_process import ROOT, Host
from tests.rig import Rig

pytestmark = pytest.mark.long

LIMIT_S = 3.0
# Real seconds for a process that has to end by itself after LIMIT_S, on a busy machine.
PATIENCE_S = 25.0


class StuckHost(Host):
    """A host whose bot can be made to stand still."""

    async def start(self, command: str = "run", **secrets: str) -> asyncio.subprocess.Process:
        """Start it with a watchdog of little patience."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.stuck_process",
            str(LIMIT_S),
            command,
            "--config",
            str(self.config),
            cwd=ROOT,
            env={**os.environ, **self.secrets, **secrets},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def serve(self) -> asyncio.subprocess.Process:
        """Start it; returns when it takes commands, so that its loop is guarded."""
        process = await self.start()
        await self.rig.eventually(lambda: self.rig.discord.connected)
        return process


@pytest.fixture
def host(rig: Rig, tmp_path: Path) -> StuckHost:
    host = StuckHost(rig, tmp_path)
    rig.data = host.data
    return host


@pytest.mark.fault("P11")
async def test_a_loop_that_sleeps_ends_the_process_and_the_next_start_takes_up_its_job(
    host: StuckHost,
) -> None:
    process = await host.serve()
    host.rig.box.script(faults.hang_after(3600))
    await host.rig.card("on the wire")
    await host.rig.eventually(lambda: host.rig.posts() == 1)
    process.send_signal(signal.SIGUSR1)
    _out, log = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == bot.EXIT_STUCK
    assert b"the event loop stood still" in log
    assert b"in _sleep" in log, "where it stood is said"
    assert host.rig.jobs_in()[0].state is State.SUBMITTING
    process = await host.serve()
    await host.rig.run_until(lambda: host.rig.jobs_in()[0].state is State.PENDING)
    assert host.rig.posts() == 1
    process.terminate()
    assert (await host.ended(process))[0] == 0


@pytest.mark.fault("P11")
async def test_a_loop_that_computes_and_lets_nobody_else_run_ends_the_process_too(
    host: StuckHost,
) -> None:
    process = await host.serve()
    process.send_signal(signal.SIGUSR2)
    await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == -signal.SIGPROF


@pytest.mark.fault("P11")
async def test_a_process_that_was_frozen_for_long_did_not_stand_still(host: StuckHost) -> None:
    process = await host.serve()
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(LIMIT_S * 2)  # the very thing that must not count
    process.send_signal(signal.SIGCONT)
    await host.rig.card("served as ever")
    await asyncio.sleep(LIMIT_S)  # by now it would have ended
    assert process.returncode is None
    process.terminate()
    assert (await host.ended(process))[0] == 0
