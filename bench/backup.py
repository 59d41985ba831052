"""What a backup of large books costs: how long it takes, and how long a hold waits meanwhile."""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench.figures import Figure, Target, percentile
from bench.past import fill
from bench.scene import BUILD
from bench.steps import NOW, RESERVE, step
from storage import backup
from storage.database import Database, open_database

SIZE_MIB = 64
PAST_JOBS = 2000
FILLER_BYTES = 64 * 1024
HOLDS = 200
COPIES = 3
SECONDS_APART = 0.01
ALONE = "the same holds without a backup"
BARE_COPY = "a copy of the file's bytes, synced"


async def measure() -> list[Figure]:
    """Back up books of `SIZE_MIB` while holds are written one after another; tell the worst."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        data = Path(folder, "data")
        data.mkdir()
        _grow(data / "reelbox.sqlite3")
        bare_s = _bare_copy(data / "reelbox.sqlite3", Path(folder, "bare"))
        async with open_database(data) as db:
            alone_ms = await _holds(db, PAST_JOBS)
            copied_s, during_ms = await _during(db, PAST_JOBS + len(alone_ms), Path(folder))
            checked_s = await _checked(db, Path(folder, "checked"))
    return [
        Figure("backup.copy_64_mib", max(copied_s), "s", BARE_COPY, bare_s, Target("<", 1)),
        Figure("backup.copy_and_check", checked_s, "s", BARE_COPY, bare_s),
        Figure(
            "backup.hold_p50", percentile(during_ms, 0.5), "ms", ALONE, percentile(alone_ms, 0.5)
        ),
        Figure("backup.hold_max", max(during_ms), "ms", ALONE, max(alone_ms), Target("<", 100)),
    ]


def _grow(path: Path) -> None:
    """Write finished jobs, and what else makes books large."""
    fill(path, PAST_JOBS)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        number = 0
        while path.stat().st_size < SIZE_MIB << 20:
            number += 1
            connection.execute(
                "INSERT INTO setting VALUES ('bench', ?, ?)", (str(number), "x" * FILLER_BYTES)
            )
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _bare_copy(source: Path, target: Path) -> float:
    began_at = time.perf_counter()
    target.write_bytes(source.read_bytes())
    backup.sync(target)
    return time.perf_counter() - began_at


async def _during(db: Database, first: int, folder: Path) -> tuple[list[float], list[float]]:
    """Copy over and over while holds are written; return seconds of copies, milliseconds of holds.

    The copy alone: what is checked afterwards is a file that the bot does not use.
    """
    copied_s: list[float] = []
    during_ms: list[float] = []
    for number in range(COPIES):
        began_at = time.perf_counter()
        target = folder / f"copy-{number}"
        copying = asyncio.create_task(asyncio.to_thread(backup.write_copy, db.path, target))
        while not copying.done():
            during_ms.append(await _hold(db, first + len(during_ms)))
            await asyncio.sleep(SECONDS_APART)
        await copying
        copied_s.append(time.perf_counter() - began_at)
    return copied_s, during_ms


async def _checked(db: Database, target: Path) -> float:
    began_at = time.perf_counter()
    await asyncio.to_thread(backup.make, db.path, target, NOW)
    return time.perf_counter() - began_at


async def _holds(db: Database, first: int) -> list[float]:
    taken_ms = []
    for number in range(first, first + HOLDS):
        taken_ms.append(await _hold(db, number))
        await asyncio.sleep(SECONDS_APART)
    return taken_ms


async def _hold(db: Database, number: int) -> float:
    transaction = step(RESERVE, number)
    began_at = time.perf_counter()
    await db.write(transaction.run)
    return (time.perf_counter() - began_at) * 1000
