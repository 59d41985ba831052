"""The whole bot while another process holds its database: what members see, and for how long.

`python -m tests.app.disk_held --seconds 30`
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from models import State
from storage.database import DATABASE
from tests.bot_process import SharedClock
from tests.rig import Rig

SPEED = 30.0
PRIVATE = "busy right now. Nothing was charged"


async def _hold(rig: Rig, seconds: float) -> tuple[list[float], ...]:
    """Return seconds until a video's first sign, its refusal, a setting's refusal, and a read."""
    first, refused, setting, read = [], [], [], []
    with closing(sqlite3.connect(rig.data / DATABASE, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            began_at = time.monotonic()
            asked = await rig.discord.slash("video", prompt="a boat that waits", member="Cleo")
            await asked.answer(timeout=10)
            first.append(time.monotonic() - began_at)
            refusal = await asked.final(timeout=10)
            refused.append(time.monotonic() - began_at)
            assert refusal.ephemeral_for is not None
            assert PRIVATE in refusal.content, refusal.content
            began_at = time.monotonic()
            options = {"whose": "own"}
            used = await rig.discord.slash(
                "settings", subcommand="pictures", options=options, member="Ada"
            )
            told = await used.answer(timeout=10)
            setting.append(time.monotonic() - began_at)
            assert told.message is not None
            assert PRIVATE in told.message.content, told.message.content
            began_at = time.monotonic()
            await (await rig.discord.slash("help")).answer(timeout=10)
            read.append(time.monotonic() - began_at)
        other.execute("ROLLBACK")
    return first, refused, setting, read


async def measure(seconds: float) -> None:
    """Hold the file while a video is on its way; raises AssertionError for a lie or a loss."""
    with tempfile.TemporaryDirectory() as folder:
        clock = SharedClock(1_800_000_000.0, time.monotonic(), SPEED)
        async with Rig.open(Path(folder), "held", clock) as rig:
            rig.configure("limits", commands_per_minute=1000)
            await rig.start_bot()
            await rig.refreshed()
            card = await rig.card("a boat on its way", model="luma-flash2")
            await rig.eventually(lambda: rig.posts() == 1)
            told = await _hold(rig, seconds)
            await rig.finished(card)
            assert rig.job_of(card).state is State.COMPLETED
            assert len(rig.jobs_in()) == 1
            rig.sound()
    words = ("first sign", "private refusal", "a setting's refusal", "read")
    figures = (f"{word} after {max(s):.2f} s" for word, s in zip(words, told, strict=True))
    sys.stdout.write(
        f"held for {seconds:g} s, {len(told[0])} videos asked for; at the latest: "
        f"{', '.join(figures)}\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    asyncio.run(measure(parser.parse_args().seconds))
