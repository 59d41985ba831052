"""`python -m tests.outages [--long]`: hours of outages, with kills of the real process."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from playground.clock import FakeClock
from tests.app.hands import roomy
from tests.app.test_kill import Killable
from tests.bot_process import SharedClock
from tests.outages.story import HOUR_S, STORIES, Facts, live_through, moments
from tests.rig import Rig

SPEED = 240.0
# Between two kills (s of the clock); a start takes some ten minutes at that speed.
KILL_EVERY_S = (900.0, 3600.0)


async def _by_the_clock(directory: Path, story: str, count: int, seed: int) -> Facts:
    """Tell the story to a bot in this process; minutes instead of hours."""
    async with Rig.open(directory, f"outage-{seed}", FakeClock()) as rig:
        roomy(rig)
        await rig.start_bot()
        await rig.refreshed()
        asked_at_s = moments(count, 8 * HOUR_S, seed)
        return await live_through(rig, STORIES[story], asked_at_s, step_s=300)


async def _with_kills(directory: Path, story: str, count: int, seed: int) -> Facts:
    """Tell it to a process that is killed every now and then, and started at once."""
    chance = random.Random(seed)
    clock = SharedClock(1_800_000_000.0, time.monotonic(), SPEED)
    async with Killable.open(directory, f"outage-kills-{seed}", clock) as rig:
        roomy(rig)
        rig.configure("neuralbox", post_timeout_s=300)
        await rig.start_bot()
        await rig.eventually(lambda: rig.discord.connected)
        next_kill = [chance.uniform(*KILL_EVERY_S)]

        async def disturb(at_s: float) -> bool:
            if at_s < next_kill[0]:
                return False
            next_kill[0] = at_s + chance.uniform(*KILL_EVERY_S)
            await rig.kill()
            await rig.spawn()
            if not rig.discord.parts.rest.down:
                await rig.eventually(lambda: rig.discord.connected, 60)
            return True

        asked_at_s = moments(count, 8 * HOUR_S, seed)
        return await live_through(rig, STORIES[story], asked_at_s, step_s=300, disturb=disturb)


async def _play(*, is_long: bool, seed: int) -> None:
    totals = Facts()
    count, rounds = (200, 3) if is_long else (12, 1)
    for number in range(rounds):
        for name, tell, jobs in (
            ("by the clock", _by_the_clock, count),
            ("with kills", _with_kills, count // 4),
        ):
            for story in STORIES:
                began = time.monotonic()
                with tempfile.TemporaryDirectory() as directory:
                    facts = await tell(Path(directory), story, jobs, seed + number)
                sys.stdout.write(
                    f"{story}, {name}: {facts.jobs} jobs, {facts.made} made, {facts.never_made} "
                    f"proven never made, {facts.kills} kills, {time.monotonic() - began:.0f} s\n"
                )
                sys.stdout.flush()
                totals.jobs += facts.jobs
                totals.made += facts.made
                totals.kills += facts.kills
    sys.stdout.write(
        f"{totals.jobs} jobs through outages and {totals.kills} kills: nothing lost, nothing "
        "doubled, nothing given back by time\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.outages", description=__doc__)
    parser.add_argument("--long", action="store_true", help="hundreds of jobs")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    asyncio.run(_play(is_long=given.long, seed=given.seed))
