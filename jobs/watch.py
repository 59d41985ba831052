"""What is looked at whenever tokens are held: who is stopped, what is unusual, what runs low.

Functions of the admission's own transaction, so that what they decide and what they tell stand or
fall with the hold.
"""

import sqlite3

from errors import SpendingStoppedError
from jobs import periods
from jobs.purse import Purse, Standing
from models import Spender
from storage import halts, ledger, notices, spending
from storage.ledger import Owner
from storage.spending import Spending

# Fewer are not unusual, however dear they are.
BRAKE_JOBS = 3
BRAKE_LIFE_S = 24 * 3600


def require_going(tx: sqlite3.Connection, who: Spender, now: int) -> None:
    """Raise SpendingStoppedError where an admin or the brake stopped the guild or this member."""
    for halt in halts.list_standing(tx, who.guild_id, now):
        if halt.user_id in (0, who.user_id):
            raise SpendingStoppedError(
                halt.reason,
                by=None if halt.is_by_brake else halt.actor,
                is_member=bool(halt.user_id),
                ends_at=halt.ends_at,
            )


def after_hold(tx: sqlite3.Connection, who: Spender, purse: Purse, tokens: int, now: int) -> None:
    """Look at a hold of `tokens` just taken; `purse` is how the rules stood before it."""
    pool = next((one for one in purse.guild if one.source == "pool"), None)
    if pool is None or not pool.size_tokens:
        return
    chosen = spending.of_guild(tx, who.guild_id)
    _warn(tx, who.guild_id, chosen, pool, tokens, now)
    _brake(tx, who, chosen, pool, now)


def _warn(
    tx: sqlite3.Connection, guild_id: int, chosen: Spending, pool: Standing, tokens: int, now: int
) -> None:
    """Tell the highest level that is reached, once in a period and size of the pool."""
    used = pool.used_tokens + tokens
    reached = [level for level in chosen.warn_at if used * 100 >= level * pool.size_tokens]
    if chosen.channel is None or not reached:
        return
    # A pool that rolls has no period to count by; its warnings come again after a month.
    is_rolling = pool.period.kind == "rolling"
    series = f"warning:{now // periods.ROLLING_S if is_rolling else pool.window.key}"
    series += f":{pool.size_tokens}:"
    # What was told covers the levels below it, also when the use drops and comes again.
    told = (level for level in chosen.warn_at if notices.was_told(tx, guild_id, f"{series}{level}"))
    if max(reached) <= max(told, default=0):
        return
    body = {
        "percent": max(reached),
        "used": used,
        "held": pool.use.held_tokens + tokens,
        "spent": pool.use.spent_tokens,
        "set_aside": pool.set_aside_tokens,
        "size": pool.size_tokens,
        "resets_at": pool.window.end,
    }
    mark = f"{series}{max(reached)}"
    notices.put(tx, guild_id, chosen.channel, "warning", mark, body, now)


def _brake(
    tx: sqlite3.Connection, who: Spender, chosen: Spending, pool: Standing, now: int
) -> None:
    """Stop a member whose holds of a few minutes take an unusual share of the pool."""
    if not chosen.brake_percent or halts.list_of(tx, who.guild_id, who.user_id, now):
        return
    since = now - 60 * chosen.brake_minutes
    # What stopped them once, or was looked at and let go, does not count again.
    since = max(since, halts.last_judged_at(tx, who.guild_id, who.user_id) + 1)
    member = Owner("member", who.guild_id, who.user_id)
    if ledger.count_holds(tx, member, since) < BRAKE_JOBS:
        return
    recent = ledger.used(tx, member, since, None).tokens
    if recent * 100 <= chosen.brake_percent * pool.size_tokens:
        return
    reason = (
        f"{recent:,} of this server's {pool.size_tokens:,} tokens went into one member's videos "
        f"within {chosen.brake_minutes} minutes"
    )
    halt_id = halts.stop(
        tx, who.guild_id, who.user_id, halts.BRAKE, reason, now, now + BRAKE_LIFE_S
    )
    if chosen.channel is not None:
        body = {
            "user": who.user_id,
            "tokens": recent,
            "minutes": chosen.brake_minutes,
            "size": pool.size_tokens,
            "halt": halt_id,
        }
        notices.put(tx, who.guild_id, chosen.channel, "brake", f"brake:{halt_id}", body, now)
