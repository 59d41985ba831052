from datetime import UTC, datetime

import pytest

from jobs import acts, moves, purse
from jobs.acts import Act
from jobs.reports import OUTCOMES, Slice
from models import Period, PeriodKind, State
from storage import budgets, ledger, pots
from storage.budgets import Pool
from storage.database import Database
from storage.ledger import Limits, Owner
from storage.reports import find_oldest_open
from tests.jobs.past import FREE, Past
from tests.jobs.reporting import DAY_S, GUILD, NOW, moment, report_of, set_pool

OTHER_GUILD = 12
MEMBER, FRIEND = 21, 22
BERLIN = "Europe/Berlin"


async def admin_sets(db: Database, tokens: int, *, at: int) -> None:
    pool = Pool(tokens, Period("month"))
    await db.write(acts.set_pool, Act(at, 41, None, at, FREE), GUILD, lambda _before: pool)


async def test_every_token_is_told_by_member_model_day_and_outcome(
    db: Database, past: Past
) -> None:
    await set_pool(db, 1000)
    await past.job(moment("2026-11-02 10:00"), MEMBER, 50, 44)
    await past.job(moment("2026-11-20 23:59"), FRIEND, 94, 90, model="veo-3")
    await past.job(moment("2026-11-21 00:00"), MEMBER, 30, outcome="failed")
    await past.job(moment("2026-11-21 01:00"), MEMBER, 31, outcome="rejected")
    await past.job(moment("2026-11-21 02:00"), MEMBER, 32, outcome="cancelled")
    await past.job(moment("2026-11-21 03:00"), FRIEND, 33, outcome="not made")
    await past.job(NOW, FRIEND, 34, outcome="under way")

    told = await report_of(db)

    assert (told.guild_id, told.start, told.end) == (GUILD, moment("2026-11-01 00:00"), NOW)
    assert (told.jobs, told.spent_tokens, told.held_tokens) == (7, 134, 34)
    assert told.returned_tokens == (50 - 44) + (94 - 90) + 30 + 31 + 32 + 33
    assert told.members == (Slice("22", 3, 90, 34), Slice("21", 4, 44))
    assert told.models == (Slice("Veo 3", 1, 90), Slice("Kling 2.1", 6, 44, 34))
    days = {day.label: day for day in told.days}
    assert [day.label for day in told.days] == [f"2026-11-{n:02}" for n in range(1, 23)]
    assert days["2026-11-02"] == Slice("2026-11-02", 1, 44)
    assert days["2026-11-20"] == Slice("2026-11-20", 1, 90)
    assert days["2026-11-21"] == Slice("2026-11-21", 4, 0)
    assert days["2026-11-22"] == Slice("2026-11-22", 1, 0, 34)
    assert days["2026-11-03"] == Slice("2026-11-03", 0, 0)
    assert told.outcomes == (
        Slice("completed", 2, 134),
        Slice("failed", 1, 0),
        Slice("rejected", 1, 0),
        Slice("cancelled", 1, 0),
        Slice("not made", 1, 0),
        Slice("under way", 1, 0, 34),
    )
    assert told.pool is not None
    assert (told.pool.use.spent_tokens, told.pool.use.held_tokens) == (134, 34)


async def test_a_guild_nobody_used_has_a_report_of_zeros(db: Database) -> None:
    told = await report_of(db)
    assert (told.jobs, told.spent_tokens, told.returned_tokens) == (0, 0, 0)
    assert (told.members, told.models, told.pool) == ((), (), None)
    assert [outcome.label for outcome in told.outcomes] == list(OUTCOMES)
    assert (told.before_spent_tokens, told.before_jobs, told.outlook) == (None, None, None)


async def test_other_guilds_are_no_part_of_it(db: Database, past: Past) -> None:
    await past.job(NOW - 60, guild_id=OTHER_GUILD)
    told = await report_of(db)
    assert (told.jobs, told.before_jobs) == (0, None)


async def test_a_job_counts_where_it_was_held_however_late_it_ends(
    db: Database, past: Past
) -> None:
    await set_pool(db, 1000)
    held_at = moment("2026-10-31 23:59")
    await past.job(held_at, ends_at=moment("2026-11-03 00:00"))
    assert (await report_of(db)).jobs == 0
    last = await report_of(db, "last")
    assert (last.jobs, last.spent_tokens) == (1, 44)
    assert (last.start, last.end) == (moment("2026-10-01 00:00"), moment("2026-11-01 00:00"))
    assert last.days[-1] == Slice("2026-10-31", 1, 44)
    assert len(last.days) == 31


async def test_the_window_before_is_told_next_to_it(db: Database, past: Past) -> None:
    await set_pool(db, 1000)
    await past.job(moment("2026-10-01 00:00"), cost_tokens=40)
    await past.job(moment("2026-10-31 23:59"), outcome="failed")
    await past.job(moment("2026-11-01 00:00"))
    told = await report_of(db)
    assert (told.before_spent_tokens, told.before_jobs) == (40, 2)
    last = await report_of(db, "last")
    assert (last.before_spent_tokens, last.before_jobs) == (None, None)


async def test_a_job_that_turned_up_after_all_is_told_as_completed_at_its_cost(
    db: Database, past: Past
) -> None:
    await past.job(NOW - 60, hold_tokens=94, cost_tokens=44, outcome="late")
    told = await report_of(db)
    assert (told.spent_tokens, told.returned_tokens) == (44, 50)
    assert told.outcomes[0] == Slice("completed", 1, 44)


async def test_days_are_the_guilds_own_also_when_its_clocks_change(
    db: Database, past: Past
) -> None:
    await set_pool(db, 1000, "month", BERLIN)
    first = moment("2026-10-25 00:00", BERLIN)  # 25 hours long
    for hour in (0, 24):
        await past.job(first + hour * 3600)
    await past.job(first + 25 * 3600)
    told = await report_of(db, now=moment("2026-10-27 00:00", BERLIN))
    assert [(day.label, day.jobs) for day in told.days[-3:]] == [
        ("2026-10-25", 2),
        ("2026-10-26", 1),
        ("2026-10-27", 0),
    ]


async def test_a_guild_that_set_nothing_is_told_by_the_hosts_period(
    db: Database, past: Past
) -> None:
    await past.job(moment("2026-11-16 01:00"))
    await past.job(moment("2026-11-15 23:00"))
    told = await report_of(db, allowed=Limits(0, 0, 0, Period("week")))
    assert (told.start, told.jobs, told.before_jobs) == (moment("2026-11-16 00:00"), 1, 1)
    assert told.period == Period("week")


@pytest.mark.parametrize(("days", "jobs", "before"), [(1, 1, 1), (2, 2, 1), (7, 3, None)])
async def test_so_many_days_are_local_days_with_today_as_the_last(
    db: Database, past: Past, days: int, jobs: int, before: int | None
) -> None:
    await set_pool(db, 1000, "month", BERLIN)
    now = moment("2026-11-22 00:30", BERLIN)
    for at in ("2026-11-22 00:30", "2026-11-21 00:00", "2026-11-20 23:59"):
        await past.job(moment(at, BERLIN))
    told = await report_of(db, days, now=now)
    assert (told.jobs, told.before_jobs, len(told.days)) == (jobs, before, days)
    assert told.days[-1].label == "2026-11-22"
    assert told.pool is None


async def test_a_rolling_window_has_31_days_and_forgets_to_the_second(
    db: Database, past: Past
) -> None:
    await set_pool(db, 1000, "rolling")
    for at in (NOW - 30 * DAY_S - 1, NOW - 30 * DAY_S, NOW):
        await past.job(at)
    told = await report_of(db)
    assert (told.jobs, told.before_jobs, len(told.days)) == (2, 1, 31)
    assert (told.days[0].jobs, told.days[-1].jobs) == (1, 1)


async def test_without_a_period_all_counts_and_the_last_30_days_are_shown(
    db: Database, past: Past
) -> None:
    await set_pool(db, 1000, "none")
    for at in (NOW - 400 * DAY_S, NOW - 29 * DAY_S):
        await past.job(at)
    told = await report_of(db)
    assert (told.start, told.jobs, told.before_jobs) == (NOW - 400 * DAY_S, 2, None)
    assert len(told.days) == 30
    assert sum(day.jobs for day in told.days) == told.days[0].jobs == 1
    assert told.pool is not None
    assert (told.pool.use.spent_tokens, told.never_was) == (88, False)
    last = await report_of(db, "last")
    assert (last.never_was, last.jobs, last.days, last.pool) == (True, 0, (), None)


async def test_without_a_period_a_report_begins_with_the_first_video(
    db: Database, past: Past
) -> None:
    await set_pool(db, 1000, "none")
    assert (await report_of(db)).start == NOW
    await past.job(NOW - 3 * DAY_S)
    told = await report_of(db)
    assert (told.start, len(told.days), told.days[0].jobs) == (NOW - 3 * DAY_S, 4, 1)


async def test_a_period_without_end_that_was_begun_anew_has_one_before_it(
    db: Database, past: Past
) -> None:
    await set_pool(db, 1000, "none")
    await db.write(budgets.restart, GUILD, 0, NOW - 20 * DAY_S)
    assert (await report_of(db, "last")).never_was
    await past.job(NOW - 30 * DAY_S)
    await past.job(NOW - 10 * DAY_S)
    told = await report_of(db)
    assert (told.start, told.jobs) == (NOW - 20 * DAY_S, 1)
    last = await report_of(db, "last")
    assert (last.start, last.end) == (NOW - 30 * DAY_S, NOW - 20 * DAY_S)
    assert (last.jobs, last.never_was, last.pool and last.pool.use.tokens) == (1, False, 44)
    await db.write(budgets.restart, GUILD, 0, NOW - 5 * DAY_S)
    last = await report_of(db, "last")
    assert (last.start, last.end, last.jobs) == (NOW - 20 * DAY_S, NOW - 5 * DAY_S, 1)


async def test_a_budget_that_was_not_touched_since_is_told_as_it_stood(
    db: Database, past: Past
) -> None:
    november = moment("2026-11-01 00:00")
    await admin_sets(db, 500, at=november - 20 * DAY_S)
    await admin_sets(db, 1000, at=november - 1)
    await past.job(november - 10 * DAY_S, hold_tokens=300, cost_tokens=300)
    last = (await report_of(db, "last")).pool
    assert last is not None
    assert (last.size_tokens, last.use.spent_tokens, last.left_tokens) == (1000, 300, 700)


async def test_what_became_of_a_budget_later_says_nothing_about_how_it_stood(
    db: Database, past: Past
) -> None:
    november = moment("2026-11-01 00:00")
    await past.job(november - 10 * DAY_S, hold_tokens=900, cost_tokens=900)
    await admin_sets(db, 300, at=november)
    last = await report_of(db, "last")
    assert (last.pool, last.spent_tokens, last.end) == (None, 900, november)
    assert (await report_of(db)).pool is not None


async def test_a_period_begun_anew_in_its_middle_is_not_measured_by_one_limit(
    db: Database, past: Past
) -> None:
    november = moment("2026-11-01 00:00")
    await set_pool(db, 1000)
    await past.job(november - 20 * DAY_S, hold_tokens=900, cost_tokens=900)
    await db.write(budgets.restart, GUILD, 0, november - 15 * DAY_S)
    await past.job(november - 10 * DAY_S, hold_tokens=900, cost_tokens=900)
    last = await report_of(db, "last")
    assert (last.spent_tokens, last.pool) == (1800, None)


async def test_what_pots_of_an_earlier_period_used_is_told_apart(db: Database, past: Past) -> None:
    await set_pool(db, 1000, "day")
    await db.write(pots.add, GUILD, 31, 500, None, "old", NOW - DAY_S, NOW + DAY_S)
    await db.write(pots.add, GUILD, 32, 500, None, "new", NOW - 3600, NOW + DAY_S)
    await past.job(NOW - DAY_S, hold_tokens=50, cost_tokens=50)
    await past.job(NOW - 60, hold_tokens=300, cost_tokens=300)
    await past.job(NOW - 50, hold_tokens=70, cost_tokens=70, channel_id=32)
    await past.job(NOW - 40, hold_tokens=100, cost_tokens=100, channel_id=99)
    told = await report_of(db)
    assert told.pool is not None
    assert (told.spent_tokens, told.pool.use.spent_tokens) == (470, 170)
    assert (told.pot_tokens, told.earlier_pot_tokens) == (370, 300)
    # The budget of the day before pays what its pot used today.
    last = await report_of(db, "last")
    assert last.pool is not None
    assert (last.spent_tokens, last.pool.use.spent_tokens) == (50, 350)
    assert (last.pot_tokens, last.earlier_pot_tokens) == (50, 0)
    some_days = await report_of(db, 1)
    assert (some_days.pot_tokens, some_days.earlier_pot_tokens) == (370, 0)
    await set_pool(db, 1000, "rolling")
    told = await report_of(db)
    assert told.pool is not None
    assert told.pool.use.spent_tokens == told.spent_tokens == 520
    assert (told.pot_tokens, told.earlier_pot_tokens) == (420, 0)


async def test_a_period_begun_anew_by_hand_begins_there(db: Database, past: Past) -> None:
    await set_pool(db, 1000)
    at = moment("2026-11-10 15:00")
    await past.job(at - 1)
    await db.write(budgets.restart, GUILD, 0, at)
    await past.job(at)
    told = await report_of(db)
    assert (told.start, told.jobs, told.spent_tokens) == (at, 1, 44)
    assert told.days[0] == Slice("2026-11-10", 1, 44)


async def test_what_a_pot_paid_is_part_of_the_report(db: Database, past: Past) -> None:
    await set_pool(db, 1000)
    await db.write(pots.add, GUILD, 31, 500, None, "party", NOW - DAY_S, NOW + DAY_S)
    await past.job(NOW - 60)
    await past.job(NOW - 50, channel_id=99)
    told = await report_of(db)
    assert (told.jobs, told.spent_tokens) == (2, 88)


@pytest.mark.parametrize("kind", ["day", "week", "month", "rolling", "none"])
async def test_every_sum_is_the_ledgers_own_also_after_periods_changed(
    db: Database, past: Past, kind: PeriodKind
) -> None:
    kinds: tuple[PeriodKind, ...] = ("month", "day", "rolling", "week", "none")
    outcomes = (*OUTCOMES, "late")
    for number in range(70):
        at = NOW - 70 * 14 * 3600 + number * 14 * 3600
        if number % 14 == 0:
            await set_pool(db, 100_000, kinds[number // 14])
        user_id, outcome = MEMBER + number % 3, outcomes[number % len(outcomes)]
        await past.job(at, user_id, 50 + number, 40 + number, outcome)
    await set_pool(db, 100_000, kind)
    for which in ("this", "last"):
        told = await report_of(db, which)
        assert told.which == which
        if told.never_was:
            continue
        assert told.pool is not None
        window = told.pool.window
        use = await db.read(ledger.used, Owner("guild", GUILD), window.start, window.end)
        assert (told.spent_tokens, told.held_tokens) == (use.spent_tokens, use.held_tokens)
        for slices in (told.members, told.models, told.outcomes):
            assert sum(one.spent_tokens for one in slices) == told.spent_tokens
            assert sum(one.held_tokens for one in slices) == told.held_tokens
            assert sum(one.jobs for one in slices) == told.jobs
        if kind != "none":
            assert sum(day.jobs for day in told.days) == told.jobs


async def test_the_oldest_open_job_is_told_with_its_hold_and_its_doubt(
    db: Database, past: Past
) -> None:
    assert await db.read(find_oldest_open, GUILD) is None
    await past.job(NOW - 500)
    await past.reserve(NOW - 400, guild_id=OTHER_GUILD)
    first = await past.reserve(NOW - 300, hold_tokens=94)
    await past.reserve(NOW - 200, user_id=FRIEND)
    found = await db.read(find_oldest_open, GUILD)
    assert found is not None
    assert (found.id, found.user_id, found.held_tokens) == (first, MEMBER, 94)
    assert (found.held_at, found.state, found.is_in_doubt) == (NOW - 300, State.RESERVED, False)
    await past.send(first, NOW - 290)
    await db.write(moves.doubt, first, "no answer", NOW - 280)
    found = await db.read(find_oldest_open, GUILD)
    assert found is not None
    assert (found.state, found.attention, found.is_in_doubt) == (State.UNKNOWN, "no answer", True)


@pytest.mark.parametrize("days", [0, -1, 367])
async def test_only_days_of_a_year_can_be_asked_for(db: Database, days: int) -> None:
    with pytest.raises(ValueError, match=str(days)):
        await report_of(db, days)


async def test_the_pool_of_a_report_is_what_the_purse_says(db: Database, past: Past) -> None:
    await set_pool(db, 1000)
    await db.write(budgets.give, GUILD, 0, 50, NOW - 60)
    await past.job(NOW - 60)
    pool = await db.read(budgets.find_pool, GUILD)
    assert pool is not None
    told = await report_of(db)
    assert told.pool == await db.read(purse.pool_standing, GUILD, pool, NOW)
    assert datetime.fromtimestamp(told.end, UTC).year == 2026
