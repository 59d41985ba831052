import asyncio
import sqlite3

import pytest

from errors import BudgetExceededError, TooManyJobsError
from jobs import moves, purse
from models import Quote, Reservation, Spender, State
from neuralbox import Generation, Status
from storage import claims, invariants, jobs, ledger, settings
from storage.database import Database
from storage.errors import DuplicateInteractionError, StaleStateError
from tests.storage.conftest import GUILD, MEMBER, NOW, QUOTE, asker, order

LIMITS = ledger.Limits(host_tokens=0, guild_tokens=100, member_tokens=0)


async def _reserve(
    db: Database,
    interaction_id: int,
    quote: Quote = QUOTE,
    limits: ledger.Limits = LIMITS,
    user_id: int = MEMBER,
) -> Reservation:
    return await db.write(
        moves.reserve,
        asker(interaction_id, user_id=user_id),
        order(),
        quote,
        f"fingerprint {interaction_id}",
        limits,
        (100, 1000),
        NOW,
    )


async def _left(db: Database, limits: ledger.Limits = LIMITS) -> int | None:
    return (await db.read(purse.look, limits, Spender(GUILD, MEMBER), NOW)).left_tokens


async def _pending(db: Database, interaction_id: int, **kwargs: object) -> int:
    job_id = (await _reserve(db, interaction_id)).job.id
    await db.write(moves.enqueue, job_id, 31, 1000 + interaction_id)
    await db.write(moves.begin_submit, job_id, 1, NOW, NOW + 60, NOW)
    await db.write(moves.accept, job_id, State.SUBMITTING, f"g{interaction_id}", "answer", NOW)
    return job_id


def _generation(cost_tokens: int | None, status: Status = Status.COMPLETED) -> Generation:
    return Generation("g1", status, result_url="https://x/1.mp4", cost_tokens=cost_tokens)


async def _sound(db: Database) -> None:
    assert await db.read(invariants.violations) == {}


async def test_a_hold_is_taken_on_all_levels_and_told_with_what_is_left(db: Database) -> None:
    reservation = await _reserve(db, 1)
    assert reservation.left_tokens == 56
    for account in ("org", f"guild:{GUILD}", f"member:{GUILD}:{MEMBER}"):
        assert (await db.read(ledger.get, account)).held_tokens == 44
    await _sound(db)


async def test_a_job_that_does_not_fit_writes_nothing_and_names_the_level(db: Database) -> None:
    await _reserve(db, 1)
    await _reserve(db, 2)
    with pytest.raises(BudgetExceededError) as refused:
        await _reserve(db, 3)
    assert (refused.value.level, refused.value.available_tokens) == ("guild", 12)
    assert len(await db.read(jobs.list_in, State.RESERVED)) == 2
    await _sound(db)


@pytest.mark.parametrize("level", ["member", "guild", "host"])
async def test_the_smallest_level_that_is_short_is_named_first(db: Database, level: str) -> None:
    tokens = {"host": 1000, "guild": 1000, "member": 1000, level: 43}
    limits = ledger.Limits(tokens["host"], tokens["guild"], tokens["member"])
    with pytest.raises(BudgetExceededError) as refused:
        await _reserve(db, 1, limits=limits)
    assert refused.value.level == level


async def test_the_vendors_balance_less_all_open_holds_bounds_every_hold(db: Database) -> None:
    def balance(tx: sqlite3.Connection) -> None:
        settings.set_counter(tx, moves.BALANCE, 50)
        settings.set_counter(tx, moves.BALANCE_AT, NOW)

    await db.write(balance)
    await _reserve(db, 1)
    with pytest.raises(BudgetExceededError) as refused:
        await _reserve(db, 2)
    assert (refused.value.level, refused.value.available_tokens) == ("account", 6)
    await _sound(db)


async def test_two_hundred_at_once_on_a_budget_for_ten_give_ten_holds(db: Database) -> None:
    limits = ledger.Limits(0, 440, 0)
    tries = (_reserve(db, n, limits=limits, user_id=n) for n in range(1, 201))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 10
    assert sum(isinstance(outcome, BudgetExceededError) for outcome in outcomes) == 190
    await _sound(db)


async def test_a_replayed_interaction_has_one_job(db: Database) -> None:
    await _reserve(db, 1)
    with pytest.raises(DuplicateInteractionError):
        await _reserve(db, 1)
    await _sound(db)


async def test_a_member_over_the_cap_of_unfinished_jobs_is_refused(db: Database) -> None:
    await _reserve(db, 1)
    with pytest.raises(TooManyJobsError):
        await db.write(moves.reserve, asker(2), order(), QUOTE, "f", LIMITS, (1, 10), NOW)


@pytest.mark.parametrize("cost", [0, 30, 44])
async def test_settling_books_what_was_charged_and_frees_the_rest(db: Database, cost: int) -> None:
    job_id = await _pending(db, 1)
    assert await db.write(moves.finish, job_id, _generation(cost), NOW, NOW + 60) is False
    guild = await db.read(ledger.get, f"guild:{GUILD}")
    assert (guild.held_tokens, guild.spent_tokens) == (0, cost)
    assert await db.read(ledger.charged, job_id) == cost
    await _sound(db)


async def test_a_charge_above_the_hold_is_booked_flagged_and_pauses_the_model(db: Database) -> None:
    job_id = await _pending(db, 1)
    assert await db.write(moves.finish, job_id, _generation(200), NOW, NOW + 60) is True
    assert (await db.read(ledger.get, f"guild:{GUILD}")).spent_tokens == 200
    assert (await db.read(jobs.get, job_id)).attention == "overrun"
    assert "kling-v2.1" in await db.read(settings.list_scope, moves.PAUSED_MODELS)
    assert await _left(db) == 0
    await _sound(db)


async def test_finishing_twice_books_once(db: Database) -> None:
    job_id = await _pending(db, 1)
    await db.write(moves.finish, job_id, _generation(44), NOW, NOW + 60)
    with pytest.raises(StaleStateError):
        await db.write(moves.finish, job_id, _generation(44), NOW, NOW + 60)
    assert await db.read(ledger.charged, job_id) == 44
    await _sound(db)


@pytest.mark.parametrize("end", ["cancelled", "rejected", "failed", "not_submitted"])
async def test_every_end_without_a_video_gives_everything_back(db: Database, end: str) -> None:
    job_id = (await _reserve(db, 1)).job.id
    await db.write(moves.enqueue, job_id, 31, 41)
    if end == "cancelled":
        await db.write(moves.cancel, job_id, State.QUEUED, "why", NOW, tell=True)
    else:
        await db.write(moves.begin_submit, job_id, 1, NOW, NOW + 60, NOW)
        if end == "rejected":
            await db.write(moves.reject, job_id, "why", "said", NOW)
        elif end == "not_submitted":
            await db.write(moves.doubt, job_id, None, NOW)
            await db.write(moves.give_up_unknown, job_id, NOW)
        else:
            await db.write(moves.accept, job_id, State.SUBMITTING, "g1", "answer", NOW)
            await db.write(moves.finish, job_id, _generation(None, Status.FAILED), NOW, NOW + 9)
    assert (await db.read(jobs.get, job_id)).state == end
    assert await db.read(ledger.charged, job_id) == 0
    assert await _left(db) == 100
    await _sound(db)


async def test_a_generation_belongs_to_one_job_for_ever(db: Database) -> None:
    await _pending(db, 1)
    other = (await _reserve(db, 2)).job.id
    await db.write(moves.enqueue, other, 31, 42)
    await db.write(moves.begin_submit, other, 1, NOW, NOW + 60, NOW)
    with pytest.raises(claims.AlreadyClaimedError):
        await db.write(moves.accept, other, State.SUBMITTING, "g1", "answer", NOW)
    assert (await db.read(jobs.get, other)).state is State.SUBMITTING
    await _sound(db)


async def test_two_equal_requests_cannot_both_be_in_doubt(db: Database) -> None:
    ids = []
    for n in (1, 2):
        reservation = await db.write(
            moves.reserve, asker(n), order(), QUOTE, "the same", LIMITS, (9, 9), NOW
        )
        ids.append(reservation.job.id)
        await db.write(moves.enqueue, ids[-1], 31, 40 + n)
    await db.write(moves.begin_submit, ids[0], 1, NOW, NOW + 60, NOW)
    with pytest.raises(sqlite3.IntegrityError):
        await db.write(moves.begin_submit, ids[1], 1, NOW, NOW + 60, NOW)


@pytest.mark.fault("D21")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET d_held = 1",
        "DELETE FROM entry",
        "DELETE FROM job",
        "UPDATE job SET hold = 1",
        "UPDATE job SET state = 'rejected'",
        "DELETE FROM vendor_claim",
        "INSERT INTO entry (account, job, kind, d_held) VALUES ('org', 1, 'hold', 5)",
        "INSERT INTO entry (account, job, kind, d_held, resolves)"
        " VALUES ('org', 1, 'release', -9, 1)",
        "INSERT INTO entry (account, kind, d_lim) VALUES ('org', 'grant', 1.5)",
    ],
)
async def test_the_books_refuse_what_the_rules_forbid(db: Database, statement: str) -> None:
    await _pending(db, 1)
    with pytest.raises(sqlite3.IntegrityError):
        await db.write(lambda tx: tx.execute(statement) and None)
    await _sound(db)


async def test_a_changed_limit_is_a_grant_and_a_lowered_one_stops_new_holds(db: Database) -> None:
    await _reserve(db, 1)
    raised = await _reserve(db, 2, limits=ledger.Limits(0, 300, 0))
    assert raised.left_tokens == 212
    with pytest.raises(BudgetExceededError):
        await _reserve(db, 3, limits=ledger.Limits(0, 50, 0))
    await _sound(db)


async def test_a_flipped_amount_is_noticed(db: Database) -> None:
    await _pending(db, 1)

    def flip(tx: sqlite3.Connection) -> None:
        tx.execute("UPDATE account SET held = held + 64 WHERE id = 'org'")

    await db.write(flip)
    assert any(name.startswith("I01") for name in await db.read(invariants.violations))
