"""What a backup of large books costs: how long it takes, and how long a hold waits meanwhile.

Holds are written one after another all the time. Those during a backup take turns with as many
without one, so that both meet the same moods of the machine; of the turns the middle one is told.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bench.figures import Figure, Target, percentile
from bench.past import fill
from bench.scene import BUILD
from bench.steps import NOW, RESERVE, step
from storage import backup, copying
from storage.database import Database, open_database

SIZE_MIB = 64
PAST_JOBS = 28_000
FILLER_BYTES = 4 * 1024
TURNS = 5
SECONDS_APART = 0.01
ALONE = "the same holds without a backup"
BARE_COPY = "a copy of the file's bytes, synced"


@dataclass(frozen=True, slots=True)
class Turn:
    """What a copy took, and what each hold took during it and right after it, in ms."""

    taken_s: float
    cpu_s: float
    during_ms: list[float]
    alone_ms: list[float]


async def measure() -> list[Figure]:
    """Back up books of `SIZE_MIB` while holds are written."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        data = Path(folder, "data")
        data.mkdir()
        _grow(data / "reelbox.sqlite3")
        bare = [_bare_copy(data / "reelbox.sqlite3", Path(folder, "bare")) for _ in range(TURNS)]
        async with open_database(data) as db:
            holds = Holds(db)
            taking = partial(copying.take, db.path, Path(folder, "pages"))
            takes = [await holds.beside(taking, Path(folder, "pages")) for _ in range(TURNS)]
            making = partial(backup.make, db.path, Path(folder, "made"), NOW)
            makes = [await holds.beside(making, Path(folder, "made")) for _ in range(TURNS)]
    bare_s, bare_cpu_s = (median(values) for values in zip(*bare, strict=True))
    return [
        _seconds("backup.take_64_mib", takes, bare_s, Target("<", 1)),
        _cpu("backup.take_64_mib_cpu", takes, bare_cpu_s),
        _seconds("backup.written_and_checked", makes, bare_s, None),
        _cpu("backup.written_and_checked_cpu", makes, bare_cpu_s),
        _holds("backup.hold_p50", 0.5, makes, None),
        _holds("backup.hold_max_while_taken", 1, takes, Target("<", 100)),
        _holds("backup.hold_max", 1, makes, Target("<", 100)),
    ]


def _grow(path: Path) -> None:
    """Write finished jobs, and settings for what is missing to the size."""
    fill(path, PAST_JOBS)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        missing = max(0, (SIZE_MIB << 20) - path.stat().st_size) // FILLER_BYTES
        connection.executemany(
            "INSERT INTO setting VALUES ('bench', ?, ?)",
            ((str(number), "x" * FILLER_BYTES) for number in range(missing)),
        )


def _bare_copy(source: Path, target: Path) -> tuple[float, float]:
    began_at, began_cpu_at = time.perf_counter(), time.process_time()
    target.write_bytes(source.read_bytes())
    copying.sync(target)
    target.unlink()
    return time.perf_counter() - began_at, time.process_time() - began_cpu_at


class Holds:
    """Writes holds, each in a transaction of its own."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._number = PAST_JOBS

    async def beside(self, copy: Callable[[], object], target: Path) -> Turn:
        """Copy in a thread while holds are written, and write as many after that."""
        during_ms: list[float] = []
        copied = asyncio.create_task(asyncio.to_thread(_timed, copy))
        while not copied.done():
            during_ms.append(await self._hold())
        taken_s, cpu_s = await copied
        target.unlink()
        alone_ms = [await self._hold() for _ in during_ms]
        return Turn(taken_s, cpu_s, during_ms, alone_ms)

    async def _hold(self) -> float:
        transaction = step(RESERVE, self._number)
        self._number += 1
        began_at = time.perf_counter()
        await self._db.write(transaction.run)
        taken_ms = (time.perf_counter() - began_at) * 1000
        await asyncio.sleep(SECONDS_APART)
        return taken_ms


def _timed(copy: Callable[[], object]) -> tuple[float, float]:
    """Return seconds of the clock, and of the processor on this thread."""
    began_at, began_cpu_at = time.perf_counter(), time.thread_time()
    copy()
    return time.perf_counter() - began_at, time.thread_time() - began_cpu_at


def _seconds(name: str, turns: list[Turn], bare_s: float, target: Target | None) -> Figure:
    return Figure(name, median(one.taken_s for one in turns), "s", BARE_COPY, bare_s, target)


def _cpu(name: str, turns: list[Turn], bare_cpu_s: float) -> Figure:
    return Figure(name, median(one.cpu_s for one in turns), "s", BARE_COPY, bare_cpu_s)


def _holds(name: str, part: float, turns: list[Turn], target: Target | None) -> Figure:
    during = median(percentile(one.during_ms, part) for one in turns)
    alone = median(percentile(one.alone_ms, part) for one in turns)
    return Figure(name, during, "ms", ALONE, alone, target)
