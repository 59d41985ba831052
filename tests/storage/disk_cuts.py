"""Living on a disk that writes everything down, and then cutting its power at many moments.

Also a program: `python -m tests.storage.disk_cuts --cuts 1000 --seed 1`.
"""

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from storage import invariants
from storage.database import BALLAST_BYTES, Database, open_database
from storage.errors import DatabaseLostError, UnusableDatabaseError
from tests.storage.disk import Disk, Op, memory_directory
from tests.storage.disk_life import Life, digest
from tests.storage.disk_power import Platter

STEPS = 45
# Small, so that the few pages of a short life are carried over into the main file many times.
CHECKPOINT_PAGES = 40
ACKNOWLEDGED = "acknowledged"
AT_ONCE = 10


@dataclass
class Record:
    """What the disk saw of some lives, and what the books held after each commit, in order."""

    ops: list[Op]
    states: list[str] = field(default_factory=list)


@dataclass
class Verdict:
    """What became of the cuts: each loss and each unsound file is told by its moment."""

    cuts: int = 0
    lost: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)


async def record(directory: Path, seed: int, steps: int = STEPS) -> Record:
    """Live: two starts, with checkpoints in between, each commit acknowledged as it returns."""
    disk = Disk(directory)
    seen, life = Record(disk.ops), Life(seed)
    with disk.in_place():
        for part in (steps * 2 // 3, steps - steps * 2 // 3):
            async with _opened(directory) as db:
                if not seen.states:
                    seen.states.append(await db.read(digest))
                await db.write(_checkpoint_often)
                for _ in range(part):
                    await db.write(life.next())
                    disk.note(ACKNOWLEDGED)
                    seen.states.append(await db.read(digest))
    return seen


async def cut(seen: Record, cuts: int, seed: int, folder: Path) -> Verdict:
    """Cut the power at so many moments, open what is left as the bot does, and judge it."""
    rng, verdict, platter = random.Random(seed), Verdict(), Platter()
    begun = next(n for n, op in enumerate(seen.ops) if op.kind == "create")
    moments = sorted(rng.choices(range(begun, len(seen.ops)), k=cuts))
    acknowledged = at = 0
    waiting = []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for moment in moments:
            while at <= moment:
                platter.take(seen.ops[at])
                acknowledged += seen.ops[at].kind == "note"
                at += 1
            left = Path(tempfile.mkdtemp(dir=place))
            platter.cut(rng, left)
            waiting.append(_judge(left, seen.states, acknowledged, verdict, moment))
            if len(waiting) == AT_ONCE or moment == moments[-1]:
                await asyncio.gather(*waiting)
                waiting.clear()
    return verdict


async def _judge(
    directory: Path, states: list[str], acknowledged: int, verdict: Verdict, moment: int
) -> None:
    verdict.cuts += 1
    try:
        async with _opened(directory) as db:
            state = await db.read(digest)
            broken = await db.read(invariants.violations)
            damage = await db.read(_integrity)
            await db.write(_bump)  # and it can be written to
    except (UnusableDatabaseError, DatabaseLostError, sqlite3.Error) as error:
        verdict.unsound.append(f"{moment}: {error}")
        return
    if broken or damage != ["ok"]:
        verdict.unsound.append(f"{moment}: {broken} {damage}")
    # The commit that was under way may be there or not; anything else is half a transaction.
    if state not in states[acknowledged : acknowledged + 2]:
        where = states.index(state) if state in states else None
        verdict.lost.append(f"{moment}: {acknowledged} were acknowledged, {where} are there")


@asynccontextmanager
async def _opened(directory: Path) -> AsyncIterator[Database]:
    """Open as the bot does; the ballast is there already, as a hole, so that no time is lost."""
    with (directory / "ballast").open("wb") as ballast:
        ballast.truncate(BALLAST_BYTES)
    async with open_database(directory) as db:
        yield db


def _checkpoint_often(tx: sqlite3.Connection) -> None:
    tx.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")


def _integrity(tx: sqlite3.Connection) -> list[str]:
    return [row[0] for row in tx.execute("PRAGMA integrity_check")]


def _bump(tx: sqlite3.Connection) -> None:
    tx.execute("INSERT INTO meta (k, v) VALUES ('after the cut', 1)")


async def soak(cuts: int, seed: int) -> int:
    """Cut the power so many times, over lives of 100 commits each; return how many cuts failed."""
    each, failed, done = 100, 0, 0
    with tempfile.TemporaryDirectory() as spare, memory_directory(Path(spare)) as folder:
        disk = Disk(folder)
        while done < cuts:
            directory = folder / f"life-{done}"
            directory.mkdir()
            seen = await record(directory, seed + done, steps=100)
            with disk.in_place():  # so that looking at what is left waits for no real disk
                disk.ops.clear()
                verdict = await cut(seen, min(each, cuts - done), seed + done, folder)
            done += verdict.cuts
            for line in (*verdict.lost, *verdict.unsound):
                failed += 1
                sys.stdout.write(f"seed {seed + done}, operation {line}\n")
    sys.stdout.write(f"power cuts: {done}, acknowledged commits lost or files unsound: {failed}\n")
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(1 if asyncio.run(soak(given.cuts, given.seed)) else 0)
