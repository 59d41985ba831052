"""A period ends, is changed or begun anew while jobs are under way: what counts where."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from errors import BudgetExceededError
from jobs import moves, periods, purse
from jobs.purse import Standing
from models import Period, Quote, Spender, State
from neuralbox import Generation, Status
from storage import budgets, claims, invariants, ledger, pots, schema
from storage.budgets import Cap, Pool
from storage.ledger import Limits
from tests.storage.conftest import GUILD, MEMBER, asker, order

HOUR, DAY = 3600, 86400
NOON = int(datetime(2027, 5, 13, 12, tzinfo=UTC).timestamp())  # a Thursday
MIDNIGHT = NOON - 12 * HOUR
NO_LIMITS = Limits(0, 0, 0)
WHO = Spender(GUILD, MEMBER)


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "reelbox.sqlite3"
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection
        assert invariants.violations(connection) == {}


def _hold(tx: sqlite3.Connection, tokens: int, now: int, limits: Limits = NO_LIMITS) -> int:
    (number,) = tx.execute("SELECT count(*) FROM job").fetchone()
    args = (asker(number + 1), order(), Quote(tokens, 1), str(number), limits, (99, 99), now)
    tx.execute("BEGIN IMMEDIATE")
    try:
        job_id = moves.reserve(tx, *args).job.id
    except BudgetExceededError:
        tx.execute("ROLLBACK")
        raise
    tx.execute("COMMIT")
    return job_id


def _send(tx: sqlite3.Connection, job_id: int, now: int) -> None:
    moves.enqueue(tx, job_id, 31, 1000 + job_id)
    moves.begin_submit(tx, job_id, 1, now, now + 60, now)


def _settle(tx: sqlite3.Connection, job_id: int, cost: int, now: int) -> None:
    _send(tx, job_id, now)
    moves.accept(tx, job_id, State.SUBMITTING, str(job_id), "answer", now)
    generation = Generation(str(job_id), Status.COMPLETED, cost_tokens=cost)
    moves.finish(tx, job_id, generation, now, now)


def _book_late(tx: sqlite3.Connection, job_id: int, cost: int, now: int) -> None:
    _send(tx, job_id, now)
    moves.doubt(tx, job_id, None, now)
    moves.give_up_unknown(tx, job_id, now)
    claims.claim(tx, str(job_id), job_id, "late", cost, at=now)
    ledger.correct(tx, job_id, cost, now, "made after all")


def _pool(tx: sqlite3.Connection, tokens: int, period: Period) -> None:
    budgets.set_pool(tx, GUILD, Pool(tokens, period))


def _standing(tx: sqlite3.Connection, now: int, source: str = "pool") -> Standing:
    look = purse.look(tx, NO_LIMITS, WHO, now)
    return next(one for one in (*look.member, *look.guild) if one.source == source)


def _use(standing: Standing) -> tuple[int, int]:
    return standing.use.held_tokens, standing.use.spent_tokens


def test_a_job_settles_in_the_period_it_was_held_in_and_a_new_one_begins_empty(
    tx: sqlite3.Connection,
) -> None:
    _pool(tx, 100, Period("day"))
    job = _hold(tx, 90, MIDNIGHT - 1)
    with pytest.raises(BudgetExceededError) as refused:
        _hold(tx, 11, MIDNIGHT - 1)
    assert (refused.value.available_tokens, refused.value.resets_at) == (10, MIDNIGHT)
    _hold(tx, 100, MIDNIGHT)
    _settle(tx, job, 95, MIDNIGHT + HOUR)
    assert _use(_standing(tx, MIDNIGHT + HOUR)) == (100, 0)
    pool = Pool(100, Period("day"))
    window = periods.before(pool.period, periods.window(pool.period, NOON))
    earlier = purse.pool_standing(tx, GUILD, pool, NOON, window)
    assert earlier is not None
    assert _use(earlier) == (0, 95)
    # The end of a day moved nothing: each has its own accounts.
    keys = {row[0] for row in tx.execute("SELECT id FROM account WHERE id LIKE 'guild:%'")}
    assert keys == {f"guild:11@{MIDNIGHT - DAY}@0", f"guild:11@{MIDNIGHT}@0"}


def test_a_period_changed_in_the_middle_counts_each_job_by_when_it_was_held(
    tx: sqlite3.Connection,
) -> None:
    _pool(tx, 1000, Period("none"))
    for begin in (MIDNIGHT - HOUR, MIDNIGHT):  # yesterday's must not count, today's must
        _hold(tx, 1, begin)
        _settle(tx, _hold(tx, 10, begin), 20, begin + 7 * HOUR)
        _book_late(tx, _hold(tx, 100, begin), 100, begin + 7 * HOUR)
        moves.cancel(tx, _hold(tx, 7, begin), State.RESERVED, "why", begin, tell=True)
    assert _use(_standing(tx, NOON)) == (2, 240)
    _pool(tx, 1000, Period("day"))
    assert _use(_standing(tx, NOON)) == (1, 120)
    assert _use(_standing(tx, NOON - DAY)) == (1, 120), "the day before, by a clock set back"
    _hold(tx, 879, NOON)
    with pytest.raises(BudgetExceededError):
        _hold(tx, 1, NOON)
    # And back again: all of it counts.
    _pool(tx, 1122, Period("none"))
    _hold(tx, 1, NOON)
    with pytest.raises(BudgetExceededError):
        _hold(tx, 1, NOON)


def test_the_last_thirty_days_are_counted_to_the_second(tx: sqlite3.Connection) -> None:
    _pool(tx, 100, Period("rolling", "Asia/Kathmandu"))
    for late in (0, 1, 2):
        _hold(tx, 30, NOON + late)
    end = NOON + periods.ROLLING_S
    with pytest.raises(BudgetExceededError):
        _hold(tx, 11, end)
    _hold(tx, 40, end + 1)
    with pytest.raises(BudgetExceededError):
        _hold(tx, 1, end + 1)
    assert _standing(tx, end + 2).left_tokens == 30
    assert _standing(tx, end + 3).left_tokens == 60


def test_a_reset_counts_what_is_held_from_that_second_on(tx: sqlite3.Connection) -> None:
    _pool(tx, 100, Period("month"))
    budgets.give(tx, GUILD, 0, 50, NOON - 1)
    _hold(tx, 70, NOON - 1)
    _hold(tx, 20, NOON)
    budgets.restart(tx, GUILD, 0, NOON)
    standing = _standing(tx, NOON)
    assert (_use(standing), standing.size_tokens) == ((20, 0), 100)
    # By a clock set back, the reset is still to come.
    assert _standing(tx, NOON - 1).size_tokens == 150
    assert _standing(tx, NOON - 1).used_tokens == 90


@pytest.mark.parametrize("kind", [None, "week"])
def test_a_cap_of_the_pools_own_kind_begins_when_the_pool_does(
    tx: sqlite3.Connection, kind: str | None
) -> None:
    _pool(tx, 1000, Period("week", "Europe/Berlin", 4))
    budgets.set_cap(tx, GUILD, Cap("everyone", 0, 50, kind))  # type: ignore[arg-type]  # as parsed
    berlin = MIDNIGHT - 2 * HOUR
    _hold(tx, 50, berlin - 1)
    assert _standing(tx, berlin - 1, "everyone").left_tokens == 0
    assert _standing(tx, berlin, "everyone").window == _standing(tx, berlin).window
    assert _standing(tx, berlin, "everyone").left_tokens == 50


def test_a_pot_is_charged_to_the_period_it_was_set_up_in_and_gives_back_what_is_left(
    tx: sqlite3.Connection,
) -> None:
    _pool(tx, 500, Period("day"))
    pot = pots.add(tx, GUILD, 31, 300, None, "Friday", NOON, NOON + 2 * DAY)
    job = _hold(tx, 200, NOON + DAY)  # in the pot's channel, a day later
    assert _standing(tx, NOON).used_tokens == 300
    assert _standing(tx, NOON + DAY).used_tokens == 0
    with pytest.raises(BudgetExceededError) as refused:
        _hold(tx, 101, NOON + DAY)
    assert (refused.value.source, refused.value.available_tokens) == ("pot", 100)
    _settle(tx, job, 120, NOON + DAY)
    pots.close(tx, pot, NOON + DAY)
    pool = Pool(500, Period("day"))
    first = periods.window(pool.period, NOON)
    standing = purse.pool_standing(tx, GUILD, pool, NOON + DAY, first)
    assert standing is not None
    assert (standing.used_tokens, standing.set_aside_tokens) == (120, 0)
    _hold(tx, 500, NOON + DAY)
    with pytest.raises(BudgetExceededError) as refused:
        _hold(tx, 1, NOON + DAY)
    assert refused.value.source == "pool"


def test_a_hosts_period_of_another_kind_than_the_guilds_bounds_as_well(
    tx: sqlite3.Connection,
) -> None:
    limits = Limits(0, 150, 0, Period("month"))
    _pool(tx, 100, Period("day"))
    _hold(tx, 100, NOON, limits)
    with pytest.raises(BudgetExceededError) as refused:
        _hold(tx, 51, NOON + DAY, limits)
    assert (refused.value.source, refused.value.available_tokens) == ("host", 50)
    _hold(tx, 50, NOON + DAY, limits)
    with pytest.raises(BudgetExceededError):
        _hold(tx, 1, NOON + 2 * DAY, limits)
    _hold(tx, 100, NOON + 19 * DAY, limits)
