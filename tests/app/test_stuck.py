"""An event loop that stands still ends the process, so that a supervisor starts it anew."""

import asyncio
import signal
from pathlib import Path

import pytest

import bot
from jobs.watchdog import BEAT_S
from models import State
from playground.neuralbox import faults
from tests.app.host import QuickHost
from tests.rig import Rig

pytestmark = pytest.mark.long

LIMIT_S = 3.0
# Real seconds for a process that has to end by itself after LIMIT_S, on a busy machine.
PATIENCE_S = 25.0


@pytest.fixture
def host(rig: Rig, tmp_path: Path) -> QuickHost:
    """A host whose bot can be made to stand still, with a watchdog of little patience."""
    host = QuickHost(rig, tmp_path)
    host.program = ("tests.stuck_process", str(LIMIT_S))
    return host


@pytest.mark.fault("P11")
async def test_a_loop_that_sleeps_ends_the_process_and_the_next_start_takes_up_its_job(
    host: QuickHost,
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
    host: QuickHost,
) -> None:
    process = await host.serve()
    process.send_signal(signal.SIGUSR2)
    await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == -signal.SIGPROF


@pytest.mark.fault("P11")
async def test_a_process_that_was_frozen_for_long_did_not_stand_still(host: QuickHost) -> None:
    process = await host.serve()
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(LIMIT_S * 1.5)  # the very thing that must not count
    process.send_signal(signal.SIGCONT)
    await host.rig.card("served as ever")
    await asyncio.sleep(2 * BEAT_S)  # by the first of them it would have ended
    assert process.returncode is None
    process.terminate()
    assert (await host.ended(process))[0] == 0
