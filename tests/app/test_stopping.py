"""Stopped at an awkward moment: the request in flight ends as it would, nobody is told a lie."""

import signal
import time
from pathlib import Path

import pytest

import bot
from models import State
from playground.discord import fault
from playground.discord.interactions import Answer
from playground.neuralbox import faults
from storage.lock import AlreadyRunningError
from tests.app.host import QuickHost
from tests.rig import Rig

pytestmark = pytest.mark.long

POST_TIMEOUT_S = 5
CALLBACK = r"/interactions/\d+/.*/callback"


@pytest.fixture
def host(rig: Rig, tmp_path: Path) -> QuickHost:
    return QuickHost(rig, tmp_path)


async def _until_told(host: QuickHost) -> Answer:
    """Ask until the bot that was told to stop says so; what it took before was no lie either."""
    while True:
        answer = await host.rig.ask("too late")
        if answer.ephemeral:
            return answer


@pytest.mark.fault("P5")
async def test_a_stop_while_a_request_is_in_flight_ends_it_stores_its_id_and_takes_no_more(
    host: QuickHost,
) -> None:
    process = await host.serve()
    host.rig.box.script(faults.hang_after(60))
    await host.in_flight()
    [job] = host.rig.jobs_in(State.SUBMITTING)
    process.send_signal(signal.SIGTERM)
    answer = await _until_told(host)
    assert answer.message is not None
    assert "being stopped or restarted" in answer.message.content
    assert "Nothing was charged" in answer.message.content
    process.send_signal(signal.SIGTERM)  # an impatient host changes nothing
    assert process.returncode is None
    await host.rig.clock.advance(61)
    code, log = await host.ended(process)
    assert code == 0
    assert "Traceback" not in log
    states = {one.id: one.state for one in host.rig.jobs_in()}
    assert states.pop(job.id) is State.PENDING
    assert set(states.values()) <= {State.QUEUED}, "what was taken before the signal is kept"
    assert host.rig.posts() == 1
    [generation] = host.rig.box.generations.values()
    assert host.rig.jobs_in(State.PENDING)[0].generation_id == str(generation.wire_id)


@pytest.mark.fault("P5")
async def test_a_request_that_never_ends_is_in_doubt_at_its_deadline_and_the_exit_is_clean(
    host: QuickHost,
) -> None:
    host.configure("neuralbox", post_timeout_s=POST_TIMEOUT_S)
    process = await host.serve()
    host.rig.box.script(faults.hang_after(3600))
    await host.in_flight()
    process.send_signal(signal.SIGTERM)
    code, _log = await host.ended(process)
    assert code == 0
    [job] = host.rig.jobs_in()
    assert job.state is State.UNKNOWN
    assert host.rig.guild_account().held_tokens == job.hold_tokens, "in doubt the hold stays"


async def test_a_card_that_is_on_its_way_at_the_stop_still_becomes_a_promise(
    host: QuickHost,
) -> None:
    process = await host.serve()
    host.rig.discord.script(fault("POST", CALLBACK, after_effect=True, hold=1.5))
    asked = await host.rig.discord.slash("video", prompt="half a second before the stop")
    await asked.answer()
    [job] = host.rig.jobs_in()
    assert job.state is State.RESERVED
    process.send_signal(signal.SIGTERM)
    code, _log = await host.ended(process)
    assert code == 0
    [job] = host.rig.jobs_in()
    assert (job.state, host.rig.posts()) == (State.QUEUED, 0)


@pytest.mark.fault("P5")
@pytest.mark.parametrize("is_discord_away", [False, True])
async def test_a_stop_while_the_past_is_being_recovered_is_a_stop(
    host: QuickHost, is_discord_away: bool
) -> None:
    process = await host.serve()
    host.rig.box.script(faults.hang_after(3600))
    await host.in_flight()
    process.kill()
    await process.wait()
    host.rig.discord.outage(is_discord_away)
    asked = len(host.rig.box.requests)
    host.rig.box.script(faults.hang(3600, on=faults.HISTORY, times=None))
    process = await host.start()
    await host.rig.eventually(
        lambda: any(seen.path == "/user/history" for seen in host.rig.box.requests[asked:])
    )
    process.send_signal(signal.SIGTERM)
    code, log = await host.ended(process)
    assert (code, "Traceback" in log) == (0, False)
    [job] = host.rig.jobs_in()
    assert job.state is State.UNKNOWN
    assert host.rig.posts() == 1


@pytest.mark.fault("P7")
async def test_a_second_copy_changes_no_byte_of_the_first_ones_files(host: QuickHost) -> None:
    first = await host.serve()
    half = host.data / "videos" / ".fetch-0.part"
    half.write_bytes(b"half a video")
    first.send_signal(signal.SIGSTOP)  # so that whatever changes now is the second one's doing
    before = _bytes(host.data)
    code, log = await host.ended(await host.start())
    assert (code, "already using" in log) == (bot.EXIT_LOCKED, True)
    began = time.monotonic()
    with pytest.raises(AlreadyRunningError):
        async with bot.running(host.rig.config()):
            pass
    assert time.monotonic() - began < 1, "what is its own of a start"
    assert _bytes(host.data) == before
    first.send_signal(signal.SIGCONT)
    first.terminate()
    assert (await host.ended(first))[0] == 0


def _bytes(directory: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
