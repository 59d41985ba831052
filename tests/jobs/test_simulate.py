from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import BudgetExceededError
from jobs import periods
from jobs.reports import Which
from jobs.simulate import Outcome, Rule, Rules, Simulations, begins_at, replay
from models import Period, PeriodKind
from playground.clock import FakeClock
from storage import budgets, pots
from storage.budgets import Cap, Pool
from storage.database import Database
from storage.movements import Movement
from tests.jobs.past import FREE, Past

GUILD, OTHER_GUILD = 11, 12
MEMBER, FRIEND, THIRD = 21, 22, 23
DAY_S = 24 * 3600
BERLIN = "Europe/Berlin"
NOW = int(datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("UTC")).timestamp())
START = NOW - 40 * DAY_S
KINDS: tuple[PeriodKind, ...] = ("day", "week", "month", "rolling", "none")


def rule(tokens: int, kind: PeriodKind = "none", zone: str = "UTC") -> Rule:
    return Rule(tokens, Period(kind, zone))


@pytest.fixture
def simulations(db: Database) -> Simulations:
    return Simulations(db, FakeClock(NOW), FREE)


async def test_a_cap_of_50_a_day_would_have_refused_and_saved_so_much(
    db: Database, past: Past, simulations: Simulations
) -> None:
    day = NOW - 3 * DAY_S
    await past.job(day, MEMBER, 30, 20)
    await past.job(day + 100, MEMBER, 30, 25)  # 20 + 30: just fits, as the first one has ended
    await past.job(day + 200, MEMBER, 30, 30)  # 45 + 30
    await past.job(day + 300, FRIEND, 60, 44)  # never fits
    await past.job(day + 400, THIRD, 50, 50)
    await past.job(day + DAY_S, MEMBER, 50, 50)
    await past.job(day + DAY_S + 100, MEMBER, 10, outcome="failed")
    outcome = await simulations.simulate(GUILD, Rules(member=rule(50, "day")))
    assert (outcome.jobs, outcome.refused_jobs, outcome.refused_members) == (7, 3, 2)
    assert (outcome.refused_by_member, outcome.refused_by_pool) == (3, 0)
    assert (outcome.saved_tokens, outcome.spent_tokens) == (30 + 44, 20 + 25 + 50 + 50)
    assert outcome.end == NOW


async def test_what_is_held_at_that_moment_counts_until_it_ends(
    db: Database, past: Past, simulations: Simulations
) -> None:
    first = await past.reserve(NOW - 500, MEMBER, 94)
    await past.job(NOW - 400, FRIEND, 50, 50)  # 94 + 50 > 100
    await past.accept(first, NOW - 350)
    await past.finish(first, 44, NOW - 300)
    await past.job(NOW - 200, FRIEND, 50, 50)  # 44 + 50
    outcome = await simulations.simulate(GUILD, Rules(rule(100)))
    assert (outcome.refused_jobs, outcome.refused_by_pool, outcome.saved_tokens) == (1, 1, 50)


async def test_without_any_rule_nothing_is_refused(
    db: Database, past: Past, simulations: Simulations
) -> None:
    await past.job(NOW - 500)
    await past.job(NOW - 400, outcome="late", cost_tokens=40)
    await past.job(NOW - 300, guild_id=OTHER_GUILD)
    outcome = await simulations.simulate(GUILD, Rules())
    assert (outcome.jobs, outcome.refused_jobs, outcome.spent_tokens) == (2, 0, 84)


async def test_a_limit_counts_what_was_used_before_the_window_as_well(
    db: Database, past: Past, simulations: Simulations
) -> None:
    await past.job(NOW - 4 * DAY_S, hold_tokens=60, cost_tokens=60)
    await past.job(NOW - 60, hold_tokens=60, cost_tokens=60)
    expected: dict[PeriodKind, int] = {"day": 0, "month": 1, "rolling": 1, "none": 1}
    for kind, refused in expected.items():
        outcome = await simulations.simulate(GUILD, Rules(rule(100, kind)), 2)
        assert (outcome.jobs, outcome.refused_jobs) == (1, refused), kind


async def test_what_a_pot_paid_for_is_left_out(
    db: Database, past: Past, simulations: Simulations
) -> None:
    await db.write(pots.add, GUILD, 31, 500, None, "party", NOW - DAY_S, NOW + DAY_S)
    await past.job(NOW - 500, hold_tokens=94, cost_tokens=94)
    await past.job(NOW - 400, hold_tokens=44, cost_tokens=44, channel_id=99)
    outcome = await simulations.simulate(GUILD, Rules(rule(50)))
    assert (outcome.jobs, outcome.refused_jobs, outcome.spent_tokens) == (1, 0, 44)


async def test_a_guild_without_a_past_has_nothing_to_refuse(simulations: Simulations) -> None:
    outcome = await simulations.simulate(GUILD, Rules(rule(1)), "last")
    assert (outcome.jobs, outcome.refused_jobs, outcome.saved_tokens) == (0, 0, 0)


async def test_a_first_job_of_this_very_second_counts(
    db: Database, past: Past, simulations: Simulations
) -> None:
    await past.job(NOW)
    assert (await simulations.simulate(GUILD, Rules(rule(1)))).refused_jobs == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_the_rules_that_were_in_force_refuse_nothing_that_was_admitted(
    db: Database, past: Past, simulations: Simulations, kind: PeriodKind
) -> None:
    cap_kind = KINDS[(KINDS.index(kind) + 3) % len(KINDS)]
    await db.write(budgets.set_pool, GUILD, Pool(700, Period(kind, BERLIN)))
    await db.write(budgets.set_cap, GUILD, Cap("everyone", 0, 400, cap_kind))
    outcomes = ("completed", "late", "failed", "completed", "cancelled", "under way")
    refused = 0
    for number in range(90):
        at = START + number * 10 * 3600
        try:
            await past.job(
                at,
                MEMBER + number % 4,
                30 + number % 50,
                20 + number % 40,
                outcomes[number % 6],
                ends_at=at + 5 * 3600,
            )
        except BudgetExceededError:
            refused += 1
    assert refused
    rules = Rules(rule(700, kind, BERLIN), rule(400, cap_kind, BERLIN))
    windows: tuple[Which, ...] = ("this", "last", 10, 60)
    for which in windows:
        outcome = await simulations.simulate(GUILD, rules, which)
        assert outcome.refused_jobs == 0
    assert outcome.jobs == 90 - refused
    tighter = await simulations.simulate(GUILD, Rules(rule(40, kind, BERLIN)), 60)
    assert tighter.refused_by_pool > 0


class _Planned(NamedTuple):
    """A job of a made-up past: when it is held and ends, in order of its moves."""

    user_id: int
    held_at: int
    lasts_s: int
    hold_tokens: int
    cost_tokens: int
    corrected_tokens: int


JOBS = st.builds(
    _Planned,
    st.integers(1, 3),
    st.integers(0, 70 * DAY_S).map(lambda s: START + s // 1800 * 1800),
    st.integers(0, 40 * DAY_S),
    st.integers(1, 60),
    st.integers(0, 70),
    st.sampled_from([0, 0, 0, 25]),
)
RULES = st.builds(
    Rule,
    st.integers(0, 200),
    st.builds(Period, st.sampled_from(KINDS), st.sampled_from(["UTC", BERLIN, "Asia/Kolkata"])),
)


def _moves(jobs: list[_Planned]) -> list[Movement]:
    found: list[tuple[int, int, int, bool, int, int]] = []
    for job_id, job in enumerate(jobs, 1):
        end = job.held_at + job.lasts_s
        found.append((job.held_at, 0, job_id, True, job.hold_tokens, 0))
        found.append((end, 1, job_id, False, -job.hold_tokens, job.cost_tokens))
        if job.corrected_tokens:
            found.append((end + DAY_S, 2, job_id, False, 0, job.corrected_tokens))
    return [
        Movement(seq, job, jobs[job - 1].user_id, jobs[job - 1].held_at, is_hold, held, spent)
        for seq, (_, _, job, is_hold, held, spent) in enumerate(sorted(found))
    ]


def _refused(past: list[Movement], rules: Rules) -> dict[int, str]:
    """Who refuses which job, by adding up everything again at every hold."""
    admitted: list[Movement] = []
    refused: dict[int, str] = {}
    for move in past:
        if move.is_hold:
            for whose, rule in (("member", rules.member), ("pool", rules.pool)):
                if rule is None or move.job_id in refused:
                    continue
                window = periods.window(rule.period, move.held_at)
                used = sum(
                    one.d_held + one.d_spent
                    for one in admitted
                    if window.holds(one.held_at)
                    and (whose == "pool" or one.user_id == move.user_id)
                )
                if used + move.d_held > rule.tokens:
                    refused[move.job_id] = whose
        if move.job_id not in refused:
            admitted.append(move)
    return refused


@given(
    st.lists(JOBS, max_size=25), st.none() | RULES, st.none() | RULES, st.integers(0, 70 * DAY_S)
)
def test_a_replay_agrees_with_plain_addition(
    jobs: list[_Planned], pool: Rule | None, member: Rule | None, begins: int
) -> None:
    rules, start, end = Rules(pool, member), START + begins, START + 60 * DAY_S
    since = begins_at(rules, start)
    past = [move for move in _moves(jobs) if move.held_at >= since]
    refused = _refused(past, rules)
    counted = [move for move in past if start <= move.held_at < end]
    holds = [move for move in counted if move.is_hold]
    no = [move for move in holds if move.job_id in refused]
    assert replay(past, rules, start, end) == Outcome(
        jobs=len(holds),
        refused_jobs=len(no),
        refused_members=len({move.user_id for move in no}),
        refused_by_pool=sum(refused[move.job_id] == "pool" for move in no),
        refused_by_member=sum(refused[move.job_id] == "member" for move in no),
        saved_tokens=sum(move.d_spent for move in counted if move.job_id in refused),
        spent_tokens=sum(move.d_spent for move in counted if move.job_id not in refused),
        start=start,
        end=end,
    )


@given(st.lists(JOBS, max_size=25), RULES, RULES)
def test_what_rules_admitted_they_admit_again(
    jobs: list[_Planned], pool: Rule, member: Rule
) -> None:
    rules, past = Rules(pool, member), _moves(jobs)
    refused = _refused(past, rules)
    admitted = [move for move in past if move.job_id not in refused]
    assert replay(admitted, rules, 0, 2**62).refused_jobs == 0
