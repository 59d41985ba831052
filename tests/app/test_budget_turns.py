"""Periods that end while the bot runs, and figures that are the ledger's at every moment."""

import re
import sqlite3
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from playground.clock import FakeClock
from tests.app import budget_hands as at
from tests.app.budget_hands import MONTH_END, answer, budget, purse_rig, tokens
from tests.rig import Rig

HOUR, DAY = 3600, 24 * 3600


def moment(zone: str, *date: int) -> int:
    return int(datetime(*date, tzinfo=ZoneInfo(zone)).timestamp())  # type: ignore[misc,arg-type]


async def until(rig: Rig, at_s: float) -> None:
    """Set the clocks to a moment, as if nobody had asked for anything meanwhile."""
    assert isinstance(rig.clock, FakeClock)
    rig.clock.set_wall(at_s)


TURNS = [
    ("UTC", "month", None, (2027, 2, 1)),
    ("America/New_York", "month", None, (2027, 2, 1)),
    ("Europe/Berlin", "month", "31", (2027, 2, 28)),
    ("Europe/Berlin", "month", "31", (2028, 2, 29)),
    ("Europe/Berlin", "day", None, (2027, 3, 29)),
    ("Europe/Berlin", "day", None, (2027, 10, 31)),
    ("America/Havana", "day", None, (2027, 3, 14, 1)),
    ("Asia/Kolkata", "week", "Thursday", (2028, 3, 2)),
    ("UTC", "day", None, (2028, 3, 1)),
]


@pytest.mark.parametrize(("zone", "kind", "starts_on", "turn"), TURNS)
async def test_a_period_ends_by_the_guilds_own_clocks(
    rig: Rig, zone: str, kind: str, starts_on: str | None, turn: tuple[int, ...]
) -> None:
    turns_at = moment(zone, *turn, *(0,) * (4 - len(turn)))
    rig.discord.rate_limits = False
    await until(rig, turns_at - 600)
    await purse_rig(rig)
    chosen = {} if starts_on is None else {"starts_on": starts_on}
    said = await budget(rig, "set", tokens=60, period=kind, time_zone=zone, **chosen)
    assert at.stamps(said) == {turns_at}
    card = await rig.card("a", member="Ben")
    assert f"<t:{turns_at}:R>" in await rig.refusal(member="Ben")
    await rig.finished(card)
    await rig.clock.advance(turns_at - 1 - rig.clock.now())
    assert f"<t:{turns_at}:R>" in await rig.refusal(member="Ben")
    await rig.clock.advance(1)
    assert "0 spent, 0 held, **60 left**" in await tokens(rig, "Ben")
    await rig.card("b", member="Ben")
    assert "16 are left" in await rig.refusal(member="Ben")
    await at.all_done(rig)
    rig.sound()


async def test_a_job_held_before_midnight_settles_on_the_period_it_was_held_in(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=100, period="month")
    await budget(rig, "everyone", tokens=50)
    await rig.clock.advance(MONTH_END - 10 - rig.clock.now())
    old = await rig.card("old", member="Ben")
    await rig.clock.advance(10)
    assert not rig.job_of(old).state.is_final
    for line in ("100 tokens a month: 0 spent, 0 held, **100 left**", "0 held, **50 left**"):
        assert line in await tokens(rig, "Ben")
    new = await rig.card("new", member="Ben")
    await rig.finished(old)
    await rig.finished(new)
    assert "100 tokens a month: 44 spent, 0 held, **56 left**" in await tokens(rig, "Ben")
    assert _spent(rig, rig.job_of(old).id) < _spent(rig, rig.job_of(new).id), "an older account"
    rig.sound()


def _spent(rig: Rig, job_id: int) -> int:
    """Return which account of the guild, by its age, a job was booked on."""
    select = (
        "SELECT a.rowid FROM entry e JOIN account a ON a.id = e.account"
        " WHERE e.job = ? AND e.kind = 'settle' AND e.account LIKE 'guild:%'"
    )
    return int(rig.read(lambda tx: tx.execute(select, (job_id,)).fetchone()[0]))


async def test_thirty_rolling_days_let_each_video_go_when_it_is_old_enough(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=100, period="rolling")
    first = await rig.card("a", member="Ben")
    began = rig.clock.now()
    await rig.finished(first)
    await rig.clock.advance(DAY)
    second = await rig.card("b", member="Ben")
    await rig.finished(second)
    assert "12 are left" in await rig.refusal()
    await until(rig, began + 30 * DAY)
    assert "12 are left" in await rig.refusal()
    await rig.clock.advance(1)
    assert "44 spent, 0 held, **56 left**" in await tokens(rig, "Ben")
    assert "Each video counts for 30 days" in await tokens(rig, "Ben")
    await rig.card("c", member="Ben")


async def test_every_figure_shown_is_the_sum_of_the_ledgers_entries(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=2000, period="month")
    await budget(rig, "everyone", tokens=700)
    await budget(rig, "brake", percent=0)
    await budget(rig, "grant", tokens=50, reason="x")
    pot = {"channel": "general", "amount": 300, "lasts": "30 days", "per_member": 200}
    await answer(rig, "pot start", pot)
    done = [await rig.card("a", member="Ben"), await rig.card("b", member="Cleo", length=10)]
    done += [await rig.card("c", member="Ben", channel="general")]
    failing = await rig.card("d", member="Ben", model="luma-ray2")
    await rig.run_until(lambda: rig.job_of(failing).generation_id is not None)
    rig.box.fail(rig.generation_id(failing), "no")
    for card in (*done, failing):
        await rig.run_until(lambda card=card: rig.job_of(card).state.is_final)  # type: ignore[misc]
    await rig.card("e", member="Ben", length=10)
    await rig.card("f", member="Ben", channel="general")
    await rig.card("g", member="Dora", guild=at.SECOND)
    shown = await tokens(rig, "Ben", channel="general")
    assert shown == await budget_show(rig, "Ben")
    held, spent = _sums(rig, f"guild:{rig.guild_id}")
    pot_held, pot_spent = _sums(rig, "pot:")
    assert (spent, pot_spent) == (132, 44)
    assert (held, pot_held) == (88, 44)
    pool = re.search(r"([\d,]+) spent, ([\d,]+) held, ([\d,]+) set aside in pots", shown)
    assert pool is not None
    rest = 300 - pot_held - pot_spent
    assert pool.groups() == (f"{spent + pot_spent}", f"{held + pot_held}", f"{rest}")
    left = 2050 - spent - held - 300
    assert f"**{left:,} left**" in shown
    assert f"300 tokens in all: {pot_spent} spent, {pot_held} held, **{rest} left**" in shown
    mine = _sums(rig, f"member:{rig.guild_id}:{at.user(rig, 'Ben')}", in_pots=True)
    assert f"200 tokens in all: {mine[1]} spent, {mine[0]} held" in shown
    elsewhere = await tokens(rig, "Ben")
    own = _sums(rig, f"member:{rig.guild_id}:{at.user(rig, 'Ben')}")
    assert f"700 tokens a month: {own[1]} spent, {own[0]} held" in elsewhere
    assert own == (88, 44)
    await at.all_done(rig)
    rig.sound()


async def budget_show(rig: Rig, member: str) -> str:
    at.open_to_everyone(rig)
    return at.words(await answer(rig, "show", {}, member=member, channel="general"))


def _sums(rig: Rig, account: str, *, in_pots: bool = False) -> tuple[int, int]:
    """Return what the entries of an owner's accounts come to: held and spent."""

    def read(tx: sqlite3.Connection) -> tuple[int, int]:
        row = tx.execute(
            "SELECT coalesce(sum(d_held), 0), coalesce(sum(d_spent), 0) FROM entry"
            " WHERE substr(account, 1, ?) = ? AND (instr(account, ':pot:') > 0) = ?",
            (len(account), account, in_pots),
        ).fetchone()
        return row[0], row[1]

    return rig.read(read)
