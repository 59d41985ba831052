"""Copies of real books with bytes changed at random: what does the bot make of them?

Also a program: `python -m tests.storage.disk_damage --copies 3000 --seed 1`.
"""

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from jobs import moves, purse
from models import Quote, Spender, State
from storage import checkup, jobs, ledger, outbox
from storage.database import BALLAST, BALLAST_BYTES, DATABASE, Database, open_database
from storage.errors import DatabaseLostError, UnusableDatabaseError
from tests.storage.conftest import NOW, asker, order
from tests.storage.disk import memory_directory
from tests.storage.disk_life import GUILDS, LIMITS, MEMBERS, NO_CAPS, Life

STEPS = 250
# From a single bit, over a few bytes, to a whole sector of something else.
WAYS = ("bit", "bytes", "zeros", "sector")
REFUSED, STOPPED, TRUE = (
    "refused at the start",
    "stopped while reading or writing",
    "served, and true",
)
GOOD_ENDS = {REFUSED, STOPPED, TRUE}
AT_ONCE = 10


@dataclass
class Tally:
    """How the copies ended, and every one that ended as none may."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


async def books(directory: Path, seed: int, steps: int = STEPS) -> bytes:
    """Live for a while, stop in order, and return the file."""
    life = Life(seed)
    _spare_ballast(directory)
    async with open_database(directory) as db:
        for _ in range(steps):
            await db.write(life.next())
    return (directory / DATABASE).read_bytes()


async def try_copies(whole: bytes, copies: int, seed: int, folder: Path) -> Tally:
    """Damage so many copies, and start on each as the bot does."""
    rng, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory(dir=folder) as sound:
        truth = await _start(Path(sound), whole)
    assert isinstance(truth, tuple)
    for first in range(0, copies, AT_ONCE):
        damaged = [damage(whole, rng) for _ in range(min(AT_ONCE, copies - first))]
        ends = await asyncio.gather(
            *(_end(copy, truth, folder, at_night=not n % 5) for n, copy in enumerate(damaged))
        )
        for number, end in enumerate(ends, first):
            if end in GOOD_ENDS:
                tally.ends[end] += 1
            else:
                tally.wrong.append(f"copy {number} of seed {seed}: {end}")
    return tally


async def _end(damaged: bytes, truth: tuple[object, ...], folder: Path, *, at_night: bool) -> str:
    """Return the word for how a start on a copy ended, or what is wrong with it."""
    with tempfile.TemporaryDirectory(dir=folder) as copy:
        try:
            served = await _start(Path(copy), damaged)
            if at_night:
                checkup.find_fault(Path(copy, DATABASE))  # whatever it finds, it says so
        except Exception as error:
            return repr(error)
    if isinstance(served, str) or served == truth:
        return served if isinstance(served, str) else TRUE
    return f"served {served}, true is {truth}"


def damage(whole: bytes, rng: random.Random) -> bytes:
    """Return a copy with something changed somewhere."""
    damaged, way = bytearray(whole), rng.choice(WAYS)
    if way == "bit":
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
    elif way == "bytes":
        for _ in range(rng.randrange(1, 9)):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
    else:
        at = rng.randrange(len(whole) // 512) * 512
        damaged[at : at + 512] = bytes(512) if way == "zeros" else rng.randbytes(512)
    return bytes(damaged)


async def _start(directory: Path, content: bytes) -> tuple[object, ...] | str:
    """Start on a file; return what would be served, or the word for why nothing is."""
    (directory / DATABASE).write_bytes(content)
    _spare_ballast(directory)
    try:
        async with open_database(directory) as db:
            served = await db.read(_balances)
            await db.read(_loops_look)
            await _go_on(db)
            return served
    except UnusableDatabaseError:
        return REFUSED
    except DatabaseLostError:
        return STOPPED


def _balances(tx: sqlite3.Connection) -> tuple[object, ...]:
    """Everything that is shown of tokens."""
    accounts = [row[0] for row in tx.execute("SELECT id FROM account ORDER BY rowid").fetchall()]
    who = [Spender(guild, member) for guild in GUILDS for member in MEMBERS]
    return (
        [ledger.get(tx, account) for account in accounts],
        [purse.look(tx, LIMITS, spender, NOW) for spender in who],
        [
            (job_id, ledger.charged(tx, job_id))
            for (job_id,) in tx.execute("SELECT id FROM job ORDER BY id").fetchall()
        ],
    )


def _loops_look(tx: sqlite3.Connection) -> None:
    jobs.list_in(tx, *(state for state in State if not state.is_final))
    jobs.list_in_flight(tx)
    jobs.list_pending_except(tx, frozenset())
    outbox.list_due(tx, NOW + 10**6, 1000)


async def _go_on(db: Database) -> None:
    """And a new video is asked for."""
    await db.write(
        lambda tx: moves.reserve(
            tx, asker(10**6), order(), Quote(44, 1), "another", LIMITS, NO_CAPS, NOW
        )
    )


def _spare_ballast(directory: Path) -> None:
    with (directory / BALLAST).open("wb") as ballast:
        ballast.truncate(BALLAST_BYTES)


async def soak(copies: int, seed: int) -> int:
    """Try so many copies; return how many ended as none may."""
    with tempfile.TemporaryDirectory() as spare, memory_directory(Path(spare)) as folder:
        whole = await books(folder, seed)
        tally = await try_copies(whole, copies, seed, folder)
    for line in tally.wrong:
        sys.stdout.write(f"{line}\n")
    ends = ", ".join(f"{end}: {count}" for end, count in sorted(tally.ends.items()))
    sys.stdout.write(f"damaged copies: {copies}; {ends}; ended wrongly: {len(tally.wrong)}\n")
    return len(tally.wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(1 if asyncio.run(soak(given.copies, given.seed)) else 0)
