"""What is looked at whenever tokens are held: who is stopped, what is unusual, what runs low.

Functions of the admission's own transaction, so that what they decide and what they tell stand or
fall with the hold.
"""

import sqlite3

from errors import SpendingStoppedError
from jobs.purse import Purse, Standing
from models import Spender
from storage import budgets, halts, ledger, notices, spending
from storage.ledger import Owner
from storage.spending import Spending, Warned

# Fewer are not unusual, however dear they are.
BRAKE_JOBS = 3
BRAKE_LIFE_S = 24 * 3600
# A pool that rolls may fall below a level and reach it again within minutes.
TOLD_AGAIN_S = 24 * 3600


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


def after_hold(tx: sqlite3.Connection, who: Spender, purse: Purse, tokens: int, now: int) -> bool:
    """Look at a hold of `tokens` just taken; `purse` is how the rules stood before it.

    Returns whether there is something to tell the guild's admins.
    """
    pool = purse.pool
    if pool is None or not pool.size_tokens:
        return False
    chosen = spending.of_guild(tx, who.guild_id)
    is_warned = _warn(tx, who.guild_id, chosen, pool, tokens, now)
    # What the host allows may be less than the pool.
    size_tokens = min(one.size_tokens for one in purse.guild)
    return _brake(tx, who, chosen, size_tokens, now) or is_warned


def brake_mark(halt_id: int) -> str:
    """Name the message that tells of a stop by the brake."""
    return f"brake:{halt_id}"


def _warn(
    tx: sqlite3.Connection, guild_id: int, chosen: Spending, pool: Standing, tokens: int, now: int
) -> bool:
    """Tell the highest level that is reached, once in a period; return whether it was told."""
    used = pool.used_tokens + tokens
    reached = _level(chosen, pool, used)
    if chosen.channel is None or reached <= _told(tx, guild_id, chosen, pool, now):
        return False
    beginning = _beginning(tx, guild_id, pool, now)
    spending.note_warned(tx, guild_id, Warned(beginning, pool.size_tokens, reached, now))
    body = {
        "percent": reached,
        "used": used,
        "held": pool.use.held_tokens + tokens,
        "spent": pool.use.spent_tokens,
        "set_aside": pool.set_aside_tokens,
        "size": pool.size_tokens,
        "resets_at": pool.window.end,
    }
    mark = f"warning:{beginning}:{pool.size_tokens}:{reached}:{now}"
    return notices.put(tx, guild_id, chosen.channel, "warning", mark, body, now)


def _told(tx: sqlite3.Connection, guild_id: int, chosen: Spending, pool: Standing, now: int) -> int:
    """Return the highest level that needs no telling again, 0 for none."""
    last = spending.find_warned(tx, guild_id)
    if last is None or last.beginning != _beginning(tx, guild_id, pool, now):
        return 0
    is_rolling = pool.period.kind == "rolling"
    if last.size_tokens != pool.size_tokens or (is_rolling and now >= last.at + TOLD_AGAIN_S):
        # The pool grew, or old videos count no more: what is no longer reached may come again.
        return min(last.level, _level(chosen, pool, pool.used_tokens))
    return last.level


def _level(chosen: Spending, pool: Standing, used_tokens: int) -> int:
    """Return the highest level that so much use reaches, 0 for none."""
    reached = (lv for lv in chosen.warn_at if used_tokens * 100 >= lv * pool.size_tokens)
    return max(reached, default=0)


def _beginning(tx: sqlite3.Connection, guild_id: int, pool: Standing, now: int) -> int:
    """Return the moment that tells a period from the next one; one that rolls has but one."""
    if pool.period.kind == "rolling":
        return budgets.restarted_at(tx, guild_id, 0, now)
    return pool.window.start


def _brake(
    tx: sqlite3.Connection, who: Spender, chosen: Spending, size_tokens: int, now: int
) -> bool:
    """Stop a member whose holds of a few minutes take an unusual share of what there is.

    Returns whether somebody is told.
    """
    if not chosen.brake_percent or halts.list_of(tx, who.guild_id, who.user_id, now):
        return False
    since = now - 60 * chosen.brake_minutes
    # What stopped them once, or was looked at and let go, does not count again.
    since = max(since, halts.last_judged_at(tx, who.guild_id, who.user_id, now) + 1)
    member = Owner("member", who.guild_id, who.user_id)
    if ledger.count_holds(tx, member, since) < BRAKE_JOBS:
        return False
    recent = ledger.used(tx, member, since, None).tokens
    if recent * 100 <= chosen.brake_percent * size_tokens:
        return False
    reason = (
        f"{recent:,} of this server's {size_tokens:,} tokens went into one member's videos "
        f"within {chosen.brake_minutes} minutes"
    )
    halt_id = halts.stop(
        tx, who.guild_id, who.user_id, halts.BRAKE, reason, now, now + BRAKE_LIFE_S
    )
    if chosen.channel is None:
        return False
    body = {
        "user": who.user_id,
        "tokens": recent,
        "minutes": chosen.brake_minutes,
        "size": size_tokens,
        "halt": halt_id,
    }
    mark = brake_mark(halt_id)
    return notices.put(tx, who.guild_id, chosen.channel, "brake", mark, body, now)
