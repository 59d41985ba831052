"""The bot's own process, killed with SIGKILL in each state of a job, and started again."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from models import State
from playground.discord import fault
from playground.discord.world import Message
from playground.neuralbox import faults
from storage import requests
from tests import nursery
from tests.bot_process import SharedClock
from tests.rig import Rig

SPEED = 30.0
PATIENCE_S = 60
EDIT = r"/channels/\d+/messages/\d+"
CREATE = r"/channels/\d+/messages"
CALLBACK = r"/interactions/\d+/.*/callback"


class Killable(Rig):
    """A rig whose bot is another process."""

    process: nursery.Born | None = None
    program = "tests.bot_process"

    async def start_bot(self) -> None:
        """Start the process; returns when it is connected."""
        await self.spawn()
        assert self.process is not None
        assert self.process.stdout is not None
        assert await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_S) == b"ready\n"

    async def spawn(self) -> None:
        """Start the process, whether or not Discord is there."""
        clock = self.clock
        assert isinstance(clock, SharedClock)
        given = {
            "config": self.mapping(),
            "clock": {"start": clock.start, "anchor": clock.anchor, "speed": clock.speed},
        }
        self.process = await nursery.start(self.program, json.dumps(given))

    async def kill(self) -> None:
        """SIGKILL: no handler, no finally, no flush."""
        assert self.process is not None
        self.process.kill()
        await self.process.communicate()

    async def stop_bot(self) -> None:
        """Stop in order, when it still runs."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.communicate(), PATIENCE_S)


class _Wire:
    """What lies between the bot and the vendor; while it is `cut`, new connections get nowhere."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cut = False
        self.held = 0
        self._ends: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Yield the origin to give the bot."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for end in self._ends:
                end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        if self.cut:
            self.held += 1
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends.append(back)
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def _killable(data: Path, name: str) -> AsyncIterator[Killable]:
    clock = SharedClock(1_800_000_000.0, time.monotonic(), SPEED)
    async with Killable.open(data, name, clock) as rig:
        await rig.start_bot()
        yield rig


@pytest.fixture
async def victim(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Killable]:
    async with _killable(tmp_path, request.node.name) as rig:
        yield rig


async def _one_good_ending(victim: Killable, card: Message) -> None:
    done = await victim.finished(card)
    assert victim.job_of(card).state is State.COMPLETED
    assert len(done.files) == 1
    assert len(victim.pings(card)) == 1
    assert len(victim.box.generations) == 1
    victim.sound()


async def test_killed_before_the_card_is_known_to_be_out_nothing_is_sent(victim: Killable) -> None:
    victim.discord.script(fault("POST", CALLBACK, delay=60, after_effect=True))
    await victim.discord.slash("video", prompt="half a second", model="luma-flash2")
    await victim.eventually(lambda: len(victim.jobs_in(State.RESERVED)) == 1)
    await victim.kill()
    await victim.start_bot()
    await victim.eventually(lambda: len(victim.jobs_in(State.CANCELLED)) == 1)
    assert victim.guild_account().held_tokens == 0
    assert victim.posts() == 0
    victim.sound()


async def test_killed_while_waiting_in_the_queue_the_job_is_still_sent(victim: Killable) -> None:
    victim.box.script(faults.rate_limited(60))
    card = await victim.card(model="luma-flash2")
    await victim.eventually(lambda: victim.posts() == 1)
    await victim.eventually(lambda: victim.job_of(card).state is State.QUEUED)
    await victim.kill()
    await victim.start_bot()
    await _one_good_ending(victim, card)
    assert victim.posts() == 2


async def test_killed_while_the_request_is_on_the_wire_it_is_not_sent_again(
    victim: Killable,
) -> None:
    victim.box.script(faults.hang_after(3600))
    card = await victim.card(model="luma-flash2")
    await victim.eventually(lambda: victim.posts() == 1)
    assert victim.job_of(card).state is State.SUBMITTING
    await victim.kill()
    await victim.start_bot()
    await _one_good_ending(victim, card)
    assert victim.posts() == 1


async def test_killed_between_booking_and_sending_it_costs_one_request_and_no_second_try(
    victim: Killable,
) -> None:
    await victim.balance_known()
    await victim.stop_bot()
    wire = _Wire(int(victim.box.origin.rpartition(":")[2]))
    async with wire.open() as origin:
        victim.configure(
            "neuralbox", base_url=victim.box.base_url.replace(victim.box.origin, origin)
        )
        await victim.start_bot()
        card = await victim.card("the wire is fine", model="luma-flash2")
        await victim.finished(card)
        wire.cut = True
        card = await victim.card("the wire is cut", model="luma-flash2")
        await victim.eventually(lambda: wire.held == 1)
        await victim.kill()
        wire.cut = False
        await victim.start_bot()
        asked = len(victim.box.requests)
        await victim.run_until(lambda: len(victim.box.requests) >= asked + 4)
        await victim.stop_bot()
    assert victim.job_of(card).state is State.UNKNOWN, "it is looked for in the history"
    assert victim.posts() == 1
    submits = "SELECT count(*) FROM request WHERE purpose = 'submit'"
    assert victim.read(lambda tx: tx.execute(submits).fetchone()[0]) == victim.posts() + 1
    # A look may have been caught between its booking and the wire too, never the other way round.
    assert victim.read(lambda tx: requests.count_since(tx, 0)) > len(victim.box.requests)
    victim.sound()


async def test_killed_while_in_doubt_the_job_is_still_looked_up(victim: Killable) -> None:
    victim.box.script(
        faults.drop_after(), faults.status(503, None, html=True, on=faults.HISTORY, times=None)
    )
    card = await victim.card(model="luma-flash2")
    await victim.eventually(lambda: victim.job_of(card).state is State.UNKNOWN)
    await victim.kill()
    victim.box.faults_left.clear()
    await victim.start_bot()
    await _one_good_ending(victim, card)
    assert victim.posts() == 1


async def test_killed_while_it_is_being_made_the_video_still_arrives(victim: Killable) -> None:
    victim.box.script(faults.stuck())
    card = await victim.card(model="luma-flash2")
    await victim.eventually(lambda: victim.job_of(card).state is State.PENDING)
    await victim.kill()
    victim.box.finish(victim.generation_id(card))
    await victim.start_bot()
    await _one_good_ending(victim, card)
    assert victim.posts() == 1


@pytest.mark.parametrize(("method", "path"), [("PATCH", EDIT), ("POST", CREATE)])
async def test_killed_between_settling_and_telling_the_message_is_still_brought(
    victim: Killable, method: str, path: str
) -> None:
    victim.box.script(faults.stuck())
    card = await victim.card(model="luma-flash2")
    await victim.eventually(lambda: victim.shown(card).edits >= 1)
    unavailable: dict[str, Any] = {"status": 503, "times": None}
    victim.discord.script(fault(method, path, **unavailable))
    victim.box.finish(victim.generation_id(card))
    await victim.run_until(lambda: victim.job_of(card).state is State.COMPLETED)
    await victim.kill()
    victim.discord.clear_faults()
    await victim.start_bot()
    await _one_good_ending(victim, card)


@pytest.mark.fault("P5")
async def test_a_stop_in_order_waits_for_the_request_in_flight(victim: Killable) -> None:
    victim.box.script(faults.slow(20) & faults.stuck())
    card = await victim.card(model="luma-flash2")
    await victim.eventually(lambda: victim.posts() == 1)
    await victim.stop_bot()
    assert victim.process is not None
    assert victim.process.returncode == 0
    assert victim.job_of(card).state is State.PENDING, "nothing was left in doubt"
    victim.box.finish(victim.generation_id(card))
    await victim.start_bot()
    await _one_good_ending(victim, card)


async def test_ten_kills_at_odd_moments_lose_nothing(victim: Killable) -> None:
    cards = [await victim.card(f"video {n}", model="luma-flash2") for n in range(3)]
    for moment in range(10):
        await asyncio.sleep(0.05 + 0.07 * moment)
        await victim.kill()
        await victim.start_bot()
    for card in cards:
        await victim.finished(card)
    # A kill between the mark and the request leaves a job that was proven never to be made.
    states = [victim.job_of(card).state for card in cards]
    assert set(states) <= {State.COMPLETED, State.NOT_SUBMITTED}
    made = states.count(State.COMPLETED)
    assert len(victim.box.generations) == victim.posts() == made
    victim.sound()
