"""Whoever presses at the same moment, in one process or in two: no level goes above its limit."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from errors import BudgetExceededError
from jobs import moves, purse
from models import Period, Quote, Reservation, Spender
from storage import budgets, invariants, ledger, pots, schema, spending
from storage.budgets import Cap, Pool
from storage.database import Database
from storage.ledger import Limits, Owner
from tests.storage import racer
from tests.storage.conftest import GUILD, NOW, QUOTE, asker, order

MEMBERS = range(1, 201)
CHANNEL, POT_CHANNEL = 31, 32
DAILY = Period("day", "Europe/Berlin")
NO_LIMITS = Limits(0, 0, 0)


async def _press(
    db: Database,
    number: int,
    user_id: int,
    *,
    limits: Limits = NO_LIMITS,
    channel_id: int = CHANNEL,
    role_ids: tuple[int, ...] = (),
    tokens: int = QUOTE.tokens,
    guild_id: int = GUILD,
) -> Reservation | BudgetExceededError:
    """Press once; return what came of it."""
    pressed = replace(asker(number, guild_id, user_id), channel_id=channel_id, role_ids=role_ids)
    args = (order(), Quote(tokens, 1), str(number), limits, (999, 999), NOW)
    try:
        return await db.write(moves.reserve, pressed, *args)
    except BudgetExceededError as refusal:
        return refusal


async def _set(db: Database, *caps: Cap, pool: int | None = None) -> None:
    def change(tx: sqlite3.Connection) -> None:
        spending.put(tx, GUILD, "brake_percent", "0")
        budgets.set_pool(tx, GUILD, Pool(pool, DAILY))
        for cap in caps:
            budgets.set_cap(tx, GUILD, cap)

    await db.write(change)


async def _sound(db: Database, guilds: tuple[int, ...] = (GUILD,)) -> int:
    """Check that the books add up, level by level; return what is held in all."""
    assert await db.read(invariants.violations) == {}
    of_guilds = 0
    for guild_id in guilds:
        members = [
            (await db.read(ledger.used, Owner("member", guild_id, n), 0, None, any_pot=True)).tokens
            for n in MEMBERS
        ]
        guild = await db.read(ledger.used, Owner("guild", guild_id), 0, None, any_pot=True)
        assert guild.tokens == sum(members)
        of_guilds += guild.tokens
    host = await db.read(ledger.total)
    assert host.tokens == of_guilds
    return host.tokens


def _taken(outcomes: list[Reservation | BudgetExceededError]) -> list[Reservation]:
    return [outcome for outcome in outcomes if isinstance(outcome, Reservation)]


@pytest.mark.parametrize("tokens", [0, 43, 44, 1234])
async def test_two_hundred_members_get_exactly_what_fits_into_the_pool(
    db: Database, tokens: int
) -> None:
    await _set(db, pool=tokens)
    outcomes = await asyncio.gather(*(_press(db, n, n) for n in MEMBERS))
    assert len(_taken(outcomes)) == tokens // 44
    refused = [outcome for outcome in outcomes if isinstance(outcome, BudgetExceededError)]
    assert {(one.level, one.source, one.available_tokens) for one in refused} == {
        ("guild", "pool", tokens % 44)
    }
    assert await _sound(db) == tokens // 44 * 44


async def test_prices_of_all_sizes_fill_the_pool_without_a_token_above(db: Database) -> None:
    await _set(db, pool=3000)
    presses = (_press(db, n, n, tokens=1 + n * 37 % 90) for n in MEMBERS)
    outcomes = await asyncio.gather(*presses)
    taken = _taken(outcomes)
    refused = [outcome for outcome in outcomes if isinstance(outcome, BudgetExceededError)]
    held = sum(one.job.hold_tokens for one in taken)
    assert await _sound(db) == held <= 3000
    assert all(one.needed_tokens > one.available_tokens >= 3000 - held for one in refused)


async def test_two_hundred_members_with_caps_each_get_their_own_share(db: Database) -> None:
    caps = (Cap("everyone", 0, 100, "month"), Cap("role", 51, 50), Cap("member", 1, 0))
    await _set(db, *caps, pool=100_000)
    # Everyone three times, mixed; every second member has the role.
    presses = [
        _press(db, n * 10 + again, n, role_ids=(51,) if n % 2 else (), limits=Limits(9000, 0, 99))
        for again in range(3)
        for n in MEMBERS
    ]
    outcomes = await asyncio.gather(*presses)
    used = {
        n: (await db.read(ledger.used, Owner("member", GUILD, n), 0, None)).tokens for n in MEMBERS
    }
    most = {n: 44 if n % 2 else 88 for n in MEMBERS} | {1: 0}
    assert all(used[n] <= most[n] for n in MEMBERS)
    assert sum(used.values()) == 9000 // 44 * 44 == 44 * len(_taken(outcomes))
    assert used == {n: used[n] // 44 * 44 for n in MEMBERS}
    assert await _sound(db) == 9000 // 44 * 44


async def test_a_pot_and_its_pool_are_each_filled_and_never_above(db: Database) -> None:
    await _set(db, pool=1000)
    args = (POT_CHANNEL, 450, 50, "Friday", NOW, NOW + 3600)
    await db.write(pots.add, GUILD, *args)
    presses = [
        _press(db, n * 10 + place, n, channel_id=place)
        for n in MEMBERS
        for place in (CHANNEL, POT_CHANNEL)
    ]
    outcomes = await asyncio.gather(*presses)
    in_pot = await db.read(ledger.used, Owner("guild", GUILD, 0, 1), 0, None)
    outside = await db.read(ledger.used, Owner("guild", GUILD), 0, None)
    assert in_pot.tokens == 450 // 44 * 44
    assert outside.tokens == (1000 - 450) // 44 * 44
    assert len(_taken(outcomes)) == 450 // 44 + 550 // 44
    assert await _sound(db) == in_pot.tokens + outside.tokens
    shares = [
        (await db.read(ledger.used, Owner("member", GUILD, n, 1), 0, None)).tokens for n in MEMBERS
    ]
    assert max(shares) == 44, "one each: two do not fit into a share of 50"


async def test_limits_that_are_lowered_in_the_rush_hold_from_that_moment(db: Database) -> None:
    await _set(db, pool=5000)

    def lower(tx: sqlite3.Connection) -> int:
        budgets.set_pool(tx, GUILD, Pool(1000, DAILY))
        return ledger.total(tx).held_tokens

    presses = [_press(db, n, n) for n in MEMBERS]
    lowered = db.write(lower)
    *outcomes, held = await asyncio.gather(*presses[:90], lowered, *presses[90:])
    reservations = [one for one in (*outcomes, held) if isinstance(one, Reservation)]
    # Ninety were before the change, and nothing fits after it.
    assert len(reservations) == 90
    look = await db.read(purse.look, NO_LIMITS, Spender(GUILD, 1), NOW)
    assert (look.guild[0].left_tokens, look.left_tokens) == (1000 - 90 * 44, 0)
    assert await _sound(db) == 90 * 44


async def test_many_guilds_share_what_the_host_allows(db: Database) -> None:
    guilds = (GUILD, 12, 13)
    limits = Limits(2000, 880, 0)
    presses = [
        _press(db, guild_id * 1000 + n, n, guild_id=guild_id, limits=limits)
        for n in MEMBERS
        for guild_id in guilds
    ]
    outcomes = await asyncio.gather(*presses)
    assert len(_taken(outcomes)) == 2000 // 44
    assert await _sound(db, guilds) == 2000 // 44 * 44
    for guild_id in guilds:
        assert (await db.read(ledger.used, Owner("guild", guild_id), 0, None)).tokens <= 880


@pytest.mark.fault("D2")
def test_two_processes_that_race_for_the_last_tokens_never_get_one_too_many(
    tmp_path: Path,
) -> None:
    books = tmp_path / "books.sqlite3"
    schema.prepare(books)
    racers = [_start(tmp_path, books, number) for number in (1, 2)]
    try:
        for one in racers:
            assert _answer(one) == "ready"
        for guild_id in range(1, 6):
            for one in racers:
                assert one.stdin is not None
                one.stdin.write(f"{guild_id}\n")
                one.stdin.flush()
            got = [int(_answer(one)) for one in racers]
            assert sum(got) == racer.FITTING, got
    finally:
        for one in racers:
            one.communicate()
    assert [one.returncode for one in racers] == [0, 0]
    with closing(sqlite3.connect(books)) as connection:
        assert invariants.violations(connection) == {}
        held = connection.execute("SELECT held FROM account WHERE id LIKE 'guild:%'").fetchall()
        assert held == [(racer.FITTING * racer.HOLD,)] * 5


def _start(tmp_path: Path, books: Path, number: int) -> subprocess.Popen[str]:
    folder = tmp_path / str(number)
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.racer", str(folder), str(books), str(number)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
