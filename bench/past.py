"""What a long past costs: a hold, the loops' looks at open jobs, and the checks at a start.

The first two should cost what they cost on empty books; the checks read everything, with two
threads at once.
"""

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench import copies
from bench.figures import Figure, Target, percentile
from bench.scene import BUILD
from bench.steps import KINDS, NOW, RESERVE, step
from jobs import purse
from models import State
from storage import jobs, outbox, schema
from storage.database import Database, open_database

PAST_JOBS = 100_000
# So long passes from one job to the next: a hundred thousand of them in a year.
SECONDS_APART = 300
BATCH = 1000
HOLDS = 200
LOOKS = 50
EMPTY = "empty books"
BARE_CHECK = "SQLite's own check alone"


async def measure() -> list[Figure]:
    """Measure on books with `PAST_JOBS` finished jobs of one guild, and on empty ones."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        for directory in (old, new):
            directory.mkdir()
        fill(old / "reelbox.sqlite3")
        bare_s, bare_cpu_s = _bare_check(old / "reelbox.sqlite3")
        began_at, began_cpu_at = time.perf_counter(), time.process_time()
        async with open_database(old) as db:
            start_s = time.perf_counter() - began_at
            start_cpu_s = time.process_time() - began_cpu_at
            old_holds, old_looks = await _holds(db, PAST_JOBS), await _looks(db)
        async with open_database(new) as db:
            new_holds, new_looks = await _holds(db, 0), await _looks(db)
    return [
        _compared("past.reserve_p50", 0.5, old_holds, new_holds, None),
        _compared("past.reserve_p99", 0.99, old_holds, new_holds, Target("<", 50)),
        _compared("past.open_jobs_p50", 0.5, old_looks, new_looks, None),
        Figure("past.start_checks", start_s, "s", BARE_CHECK, bare_s, Target("<", 5)),
        Figure("past.start_checks_cpu", start_cpu_s, "s", BARE_CHECK, bare_cpu_s),
    ]


def fill(path: Path, count: int = PAST_JOBS) -> None:
    """Write finished jobs, all told: a batch by the bot's own steps, the others as its copies."""
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = OFF")
        for batch in range(count // BATCH):
            connection.execute("BEGIN")
            if batch:
                copies.copy(connection, BATCH, batch, batch * BATCH * SECONDS_APART)
            else:
                for number in range(BATCH):
                    _live(connection, number)
                for row in outbox.list_due(connection, NOW + 3600, 2 * BATCH):
                    outbox.finish(connection, row.id)
            connection.execute("COMMIT")


def _bare_check(path: Path) -> tuple[float, float]:
    """Return seconds of the clock and of the processor for SQLite's check of that file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        began_at, began_cpu_at = time.perf_counter(), time.process_time()
        connection.execute("PRAGMA quick_check").fetchall()
        return time.perf_counter() - began_at, time.process_time() - began_cpu_at


def _live(tx: sqlite3.Connection, number: int) -> None:
    """Take one job through all its steps.

    Its admission is done by hand: the bot's own first counts the guild's open jobs, and what that
    costs is measured later.
    """
    asker, order, quote, mark, limits, _caps, now = step(RESERVE, number).args
    job_id = jobs.insert(tx, asker, order, quote, mark, now)
    purse.hold(tx, job_id, limits, asker.spender, quote.tokens, now)
    for kind in KINDS[1:]:
        step(kind, number).run(tx)


async def _holds(db: Database, first: int) -> list[float]:
    """Return milliseconds of new holds, one transaction each."""
    taken_ms = []
    for number in range(first, first + HOLDS):
        transaction = step(RESERVE, number)
        began_at = time.perf_counter()
        await db.write(transaction.run)
        taken_ms.append((time.perf_counter() - began_at) * 1000)
    return taken_ms


async def _looks(db: Database) -> list[float]:
    """Return milliseconds of reading the open jobs, as the loops do at every nudge."""
    taken_ms = []
    for _ in range(LOOKS):
        began_at = time.perf_counter()
        await db.read(_open)
        taken_ms.append((time.perf_counter() - began_at) * 1000)
    return taken_ms


def _open(tx: sqlite3.Connection) -> None:
    jobs.list_in(tx, State.QUEUED)
    jobs.list_in_flight(tx)
    jobs.list_pending_except(tx, frozenset())


def _compared(
    name: str, part: float, old: list[float], new: list[float], target: Target | None
) -> Figure:
    return Figure(name, percentile(old, part), "ms", EMPTY, percentile(new, part), target)
