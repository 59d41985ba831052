import pytest

from jobs.outlook import LASTS, UNKNOWN, Outlook
from storage import pots
from storage.database import Database
from tests.jobs.past import Past
from tests.jobs.reporting import DAY_S, GUILD, NOW, moment, report_of, set_pool


async def test_a_pool_used_evenly_runs_dry_when_its_pace_says(db: Database, past: Past) -> None:
    await set_pool(db, 300)
    start = moment("2026-11-01 00:00")
    for number in range(4):
        await past.job(start + number * 5 * DAY_S, hold_tokens=50, cost_tokens=50)
    # 200 of 300 in 20 days, so the last 100 take 10 more, but the window ends first.
    assert (await report_of(db, now=start + 20 * DAY_S)).outlook == LASTS
    await set_pool(db, 299)
    told = await report_of(db, now=start + 20 * DAY_S)
    assert told.outlook == Outlook("dry", start + 20 * DAY_S + 99 * DAY_S // 10)


async def test_only_the_period_under_way_of_a_budget_has_an_outlook(
    db: Database, past: Past
) -> None:
    for day in range(60):
        await past.job(NOW - day * DAY_S)
    assert (await report_of(db)).outlook is None
    await set_pool(db, 10_000)
    assert (await report_of(db)).outlook == LASTS
    for which in ("last", 30):
        assert (await report_of(db, which)).outlook is None
    await set_pool(db, None)
    assert (await report_of(db)).outlook is None


@pytest.mark.parametrize(("jobs", "hours"), [(2, 48), (3, 23)])
async def test_too_little_says_nothing_about_the_days_to_come(
    db: Database, past: Past, jobs: int, hours: int
) -> None:
    await set_pool(db, 1000)
    for _ in range(jobs):
        await past.job(NOW - hours * 3600, hold_tokens=300, cost_tokens=300)
    assert (await report_of(db)).outlook == UNKNOWN


async def test_what_pots_used_says_nothing_about_the_pace(db: Database, past: Past) -> None:
    await set_pool(db, 1000)
    await db.write(pots.add, GUILD, 31, 500, None, "party", NOW - 5 * DAY_S, NOW + DAY_S)
    for day in range(1, 5):
        await past.job(NOW - day * DAY_S, hold_tokens=100, cost_tokens=100)
    assert (await report_of(db)).outlook == UNKNOWN


async def test_videos_that_cost_nothing_use_nothing_up(db: Database, past: Past) -> None:
    await set_pool(db, 1000)
    for day in range(1, 5):
        await past.job(NOW - day * DAY_S, outcome="failed")
    assert (await report_of(db)).outlook == LASTS


async def test_a_pool_that_is_used_up_is_dry_now(db: Database, past: Past) -> None:
    await set_pool(db, 44)
    await past.job(NOW - 60)
    assert (await report_of(db)).outlook == Outlook("dry", NOW)


async def test_a_steady_pace_within_a_rolling_pool_never_runs_dry(db: Database, past: Past) -> None:
    await set_pool(db, 32 * 10, "rolling")
    for day in range(60, 0, -1):
        await past.job(NOW - day * DAY_S, hold_tokens=10, cost_tokens=10)
    assert (await report_of(db)).outlook == LASTS


async def test_a_rolling_pool_runs_dry_before_old_tokens_come_back(
    db: Database, past: Past
) -> None:
    await set_pool(db, 150, "rolling")
    for day in range(10, 0, -1):
        await past.job(NOW - day * DAY_S, hold_tokens=10, cost_tokens=10)
    # 100 in 10 days; the other 50 go in 5, and the first 10 come back only in 20.
    assert (await report_of(db)).outlook == Outlook("dry", NOW + 5 * DAY_S)


async def test_tokens_that_come_back_make_a_rolling_pool_last_longer(
    db: Database, past: Past
) -> None:
    await set_pool(db, 300, "rolling")
    await past.job(NOW - 29 * DAY_S, hold_tokens=120, cost_tokens=120)
    for day in range(18, 0, -1):
        await past.job(NOW - day * DAY_S, hold_tokens=10, cost_tokens=10)
    # All 300 are used in 29 days: dry now. With one token more, 120 come back within two days.
    assert (await report_of(db)).outlook == Outlook("dry", NOW)
    await set_pool(db, 340, "rolling")
    assert (await report_of(db)).outlook == LASTS


async def test_what_a_pot_used_comes_back_to_a_rolling_pool_as_well(
    db: Database, past: Past
) -> None:
    await set_pool(db, 340, "rolling")
    begun_at = NOW - 29 * DAY_S
    await db.write(pots.add, GUILD, 31, 120, None, "party", begun_at, begun_at + DAY_S)
    await past.job(begun_at, hold_tokens=120, cost_tokens=120)
    for day in range(18, 0, -1):
        await past.job(NOW - day * DAY_S, hold_tokens=10, cost_tokens=10)
    # 40 are left, 180 went in 29 days: that is 6.4 days; after one of them 120 come back.
    assert (await report_of(db)).outlook == LASTS
