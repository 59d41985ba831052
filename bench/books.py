"""How fast the books are: jobs a second and single holds, next to SQLite doing the same bare.

Every commit waits for the disk (`synchronous=FULL`). The bare loop says the very statements that
the bot's steps say, in as many transactions, on one thread; what lies between the two is the
bot's own code and the hop to its database thread.
"""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure, Target, percentile
from bench.scene import BUILD
from bench.statements import Statement, record, replay
from bench.steps import FINISH, KINDS, RESERVE, step
from storage import schema
from storage.database import open_database

JOBS = 1500
# Ours and the bare loop take turns, so that both meet the same moods of the disk. Each turn's
# jobs are all open at once between their first step and their last.
TURN = 250
BASELINE = "bare sqlite3 loop"

Taken = dict[str, list[float]]


async def measure() -> list[Figure]:
    """Take `JOBS` jobs from their hold to their settling in both ways, on fresh files."""
    BUILD.mkdir(exist_ok=True)
    ours: Taken = {kind: [] for kind in KINDS}
    bare: Taken = {kind: [] for kind in KINDS}
    said = _rehearsed()
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder,
        _bare(Path(folder, "bare.sqlite3")) as connection,
    ):
        async with open_database(Path(folder)) as db:
            for turn in _turns():
                order = [(kind, number) for kind in KINDS for number in turn]
                for kind, number in order:
                    transaction = step(kind, number)
                    with _timed(ours[kind]):
                        await db.write(transaction.run)
                for key in order:
                    with _timed(bare[key[0]]):
                        replay(connection, said[key])
    pair = (RESERVE, FINISH)
    reserve_p99 = Target("<", 50)
    return [
        _rate("books.pairs_a_second", pair, ours, bare, Target(">", 200)),
        _rate("books.jobs_a_second", KINDS, ours, bare, None),
        _latency("books.reserve_p50", RESERVE, 0.5, ours, bare, None),
        _latency("books.reserve_p99", RESERVE, 0.99, ours, bare, reserve_p99),
        _latency("books.settle_p50", FINISH, 0.5, ours, bare, None),
        _latency("books.settle_p99", FINISH, 0.99, ours, bare, None),
    ]


def _rehearsed() -> dict[tuple[str, int], list[Statement]]:
    """Return what each step will say, in the order in which all of them are run."""
    order = [(kind, number) for turn in _turns() for kind in KINDS for number in turn]
    return dict(zip(order, record(step(*key) for key in order), strict=True))


def _turns() -> list[range]:
    return [range(start, start + TURN) for start in range(0, JOBS, TURN)]


@contextmanager
def _bare(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file of the same shape with the writer's settings."""
    schema.prepare(path)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        yield connection
    finally:
        connection.close()


@contextmanager
def _timed(taken_ms: list[float]) -> Iterator[None]:
    began_at = time.perf_counter()
    yield
    taken_ms.append((time.perf_counter() - began_at) * 1000)


def _rate(
    name: str, kinds: tuple[str, ...], ours: Taken, bare: Taken, target: Target | None
) -> Figure:
    """Jobs a second, when only these steps of theirs count."""
    ours_s, bare_s = (sum(sum(taken[kind]) for kind in kinds) / 1000 for taken in (ours, bare))
    return Figure(name, JOBS / ours_s, "/s", BASELINE, JOBS / bare_s, target)


def _latency(
    name: str, kind: str, part: float, ours: Taken, bare: Taken, target: Target | None
) -> Figure:
    ours_ms, bare_ms = percentile(ours[kind], part), percentile(bare[kind], part)
    return Figure(name, ours_ms, "ms", BASELINE, bare_ms, target)
