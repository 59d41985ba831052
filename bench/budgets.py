"""What admins ask of a long past: a report, a look at the budget, a simulation, a file.

All jobs are of one guild and of one month, so that nothing can be passed over.
"""

import asyncio
import csv
import io
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import copies
from bench.figures import Figure, Target, percentile
from bench.scene import BUILD
from bench.steps import COST_TOKENS, KINDS, MEMBERS, NOW, RESERVE, step
from jobs import purse
from jobs.clock import SystemClock
from jobs.export import Exports
from jobs.reports import Reports
from jobs.simulate import Rule, Rules, Simulations
from models import Period, Spender
from storage import budgets, jobs, ledger, outbox, reports, schema
from storage.budgets import Cap, Pool
from storage.database import Database, open_database
from storage.ledger import Limits, Use

PAST_JOBS = 100_000
BATCH = 1000
SPAN_S = 14 * 24 * 3600  # the month is in its 15th day
LOOKS, REPORTS, GLANCE_S = 200, 7, 0.001
GUILD, MEMBER, PLENTY = 11, 21, 1_000_000_000
LIMITS = Limits(PLENTY, PLENTY, PLENTY, Period("month"))
RULES = Rules(Rule(PLENTY, Period("month")), Rule(50, Period("month")))
UNLIMITED_BYTES = 1 << 40
BARE_SUM, EMPTY, BARE_CSV = "a bare sum of the same entries", "empty books", "csv of a bare SELECT"


class _Clock(SystemClock):
    """Stands at the moment the past ends."""

    def now(self) -> float:
        return NOW


async def measure() -> list[Figure]:
    """Measure on books with `PAST_JOBS` finished jobs of a month, and on empty ones."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        for directory in (old, new):
            directory.mkdir()
            _prepare(directory / "reelbox.sqlite3", PAST_JOBS if directory is old else 0)
        async with open_database(new) as db:
            empty_looks = await _looks(db)
        async with open_database(old) as db:
            figures = await _of_a_long_past(db, empty_looks)
    return figures


async def _of_a_long_past(db: Database, empty_looks: list[float]) -> list[Figure]:
    looks = await _looks(db)
    reader, simulations = Reports(db, _Clock(), LIMITS), Simulations(db, _Clock(), LIMITS)
    reports_ms, sums_ms = [], []
    for _ in range(REPORTS):
        reports_ms.append(await _taken_ms(partial(reader.report, GUILD)))
        sums_ms.append(await _taken_ms(partial(db.read, _bare_sum)))
    simulate_ms = await _taken_ms(lambda: simulations.simulate(GUILD, RULES, "this"))
    export_ms, waits_ms = await _watched(db)
    bare_csv_ms = await _taken_ms(lambda: db.read(_bare_csv))
    # The hardest look: a period that was changed in its middle cuts through an account.
    await db.write(_set_pool, Period("week"))
    changed = await _looks(db)
    target = Target("<", 20)
    return [
        Figure(
            "budgets.report_p50",
            percentile(reports_ms, 0.5),
            "ms",
            BARE_SUM,
            percentile(sums_ms, 0.5),
            Target("<", 1000),
        ),
        _of_looks("budgets.show_p50", 0.5, looks, empty_looks, target),
        _of_looks("budgets.show_p99", 0.99, looks, empty_looks, target),
        _of_looks("budgets.show_changed_p50", 0.5, changed, empty_looks, None),
        Figure("budgets.simulate", simulate_ms, "ms", BARE_SUM, percentile(sums_ms, 0.5)),
        Figure("budgets.export_ledger", export_ms / 1000, "s", BARE_CSV, bare_csv_ms / 1000),
        _of_looks("budgets.read_beside_export_p99", 0.99, waits_ms, empty_looks, Target("<", 200)),
    ]


def _prepare(path: Path, count: int) -> None:
    """Write the guild's limits and so many finished jobs, spread evenly over the month.

    The first ones are made by the bot's own steps, the others are copies of them.
    """
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = OFF")
        _set_pool(connection, Period("month"))
        budgets.set_cap(connection, GUILD, Cap("everyone", 0, PLENTY))
        begun_at = NOW - SPAN_S
        for batch in range(count // BATCH):
            connection.execute("BEGIN")
            if batch:
                copies.copy(connection, BATCH, batch, SPAN_S * batch * BATCH // count)
            else:
                for number in range(BATCH):
                    _live(connection, number, begun_at + SPAN_S * number // count)
                for row in outbox.list_due(connection, NOW + 3600, 2 * BATCH):
                    outbox.finish(connection, row.id)
            connection.execute("COMMIT")
        assert ledger.total(connection) == Use(0, count * COST_TOKENS)


def _live(tx: sqlite3.Connection, number: int, at: int) -> None:
    """Take one job through all its steps; see `bench.past` for why its hold is done by hand."""
    asker, order, quote, mark, *_ = step(RESERVE, number).args
    order = replace(order, request=replace(order.request, model=f"model {number % 7}"))
    job_id = jobs.insert(tx, asker, order, quote, mark, at)
    purse.hold(tx, job_id, LIMITS, asker.spender, quote.tokens, at)
    for kind in KINDS[1:]:
        step(kind, number).run(tx)


def _set_pool(tx: sqlite3.Connection, period: Period) -> None:
    budgets.set_pool(tx, GUILD, Pool(PLENTY, period))


async def _looks(db: Database) -> list[float]:
    """Return milliseconds of what `/budget show` reads, by one member after the other."""
    members = [MEMBER + number % MEMBERS for number in range(LOOKS)]
    return [await _taken_ms(partial(db.read, _show, member)) for member in members]


def _show(tx: sqlite3.Connection, user_id: int) -> None:
    purse.look(tx, LIMITS, Spender(GUILD, user_id), NOW)
    purse.current_pool(tx, GUILD, NOW)
    reports.find_oldest_open(tx, GUILD)


def _bare_sum(tx: sqlite3.Connection) -> None:
    tx.execute(
        "SELECT count(*), sum(d_held), sum(d_spent) FROM entry"
        " WHERE account IN (SELECT account FROM cell WHERE level = 'guild' AND guild_id = ?)",
        (GUILD,),
    ).fetchall()


def _bare_csv(tx: sqlite3.Connection) -> None:
    rows = tx.execute(
        "SELECT e.* FROM entry e JOIN cell c ON c.account = e.account"
        " WHERE c.guild_id = ? AND c.level <> 'host' ORDER BY e.seq",
        (GUILD,),
    )
    csv.writer(io.StringIO()).writerows(rows)


async def _watched(db: Database) -> tuple[float, list[float]]:
    """Return milliseconds of the whole ledger as a file, and of looks in the meantime."""
    exports = Exports(db, _Clock(), LIMITS)
    began_at = time.perf_counter()
    writing = asyncio.create_task(exports.export(GUILD, "ledger", UNLIMITED_BYTES))
    waits_ms = []
    while not writing.done():
        waits_ms.append(await _taken_ms(lambda: db.read(_show, MEMBER)))
        await asyncio.sleep(GLANCE_S)
    assert (await writing).rows >= 4 * PAST_JOBS
    return (time.perf_counter() - began_at) * 1000, waits_ms


async def _taken_ms(what: Callable[[], Awaitable[object]]) -> float:
    began_at = time.perf_counter()
    await what()
    return (time.perf_counter() - began_at) * 1000


def _of_looks(
    name: str, part: float, looks: list[float], empty: list[float], target: Target | None
) -> Figure:
    return Figure(name, percentile(looks, part), "ms", EMPTY, percentile(empty, part), target)
