"""Asking a moderator before a dear video is sent: the job waits with its tokens held.

Functions of a transaction, called by the moves they belong to. The notice in the moderators'
channel and the request itself stand or fall with the hold.
"""

import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from errors import NobodyToAskError
from jobs import periods
from jobs.purse import Purse, Standing
from models import Job, Spender
from storage import approvals, budgets, jobs, ledger, notices, spending
from storage.approvals import Decision
from storage.budgets import Pool
from storage.ledger import Limits, Owner, Use

APPROVAL_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class Smaller:
    """A cheaper variant that may be approved instead, with its price in tokens."""

    model: str
    model_name: str
    duration_s: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Asking:
    """What the price book knows and a moderator is told."""

    model_name: str
    smaller: Smaller | None = None


def find_channel(tx: sqlite3.Connection, guild_id: int, tokens: int) -> int | None:
    """Return where a video of that price has to be approved, None when it goes without.

    Raises NobodyToAskError where the guild wants approval but named no channel for it.
    """
    chosen = spending.of_guild(tx, guild_id)
    if chosen.approve_above is None or tokens <= chosen.approve_above:
        return None
    if not chosen.approve_channel:
        raise NobodyToAskError(tokens, chosen.approve_above)
    return chosen.approve_channel


def use_of(tx: sqlite3.Connection, limits: Limits, who: Spender, now: int) -> Use:
    """Return what a member used since the guild's budget last began anew, in pots as well."""
    pool = budgets.find_pool(tx, who.guild_id) or Pool(None, limits.period)
    restarted_at = budgets.restarted_at(tx, who.guild_id, 0, now)
    window = periods.window(pool.period, now, restarted_at)
    owner = Owner("member", who.guild_id, who.user_id)
    return ledger.used(tx, owner, window.start, window.end, any_pot=True)


def ask(
    tx: sqlite3.Connection,
    job: Job,
    channel_id: int,
    asking: Asking,
    purse: Purse,
    limits: Limits,
    now: int,
) -> int:
    """Let a job wait for a moderator, and tell them; return when that ends (epoch s).

    `purse` is how the rules stood before the job's own hold, which is written already.
    """
    use = use_of(tx, limits, Spender(job.guild_id, job.user_id), now)
    ends_at = now + APPROVAL_LIFE_S
    approvals.put(tx, job.id, ends_at)
    cap = next((one for one in purse.member if one.source != "host"), None)
    pool = next((one for one in purse.guild if one.source != "host"), None)
    request = job.request
    body: dict[str, Any] = {
        "state": "waiting",
        "job": job.id,
        "public_id": job.public_id,
        "user": job.user_id,
        "channel": job.channel_id,
        "is_private": job.is_private,
        "tokens": job.hold_tokens,
        "prompt": request.prompt,
        "avoid": request.negative_prompt,
        "model_name": asking.model_name,
        "duration_s": request.duration_s,
        "ratio": request.aspect_ratio,
        "has_picture": request.picture is not None,
        "spent": use.spent_tokens,
        "held": use.held_tokens - job.hold_tokens,
        "cap": _standing(cap),
        "pool": _standing(pool),
        "smaller": asdict(asking.smaller) if asking.smaller else None,
        "ends_at": ends_at,
    }
    notices.put(tx, job.guild_id, channel_id, "approval", _mark(job.id), body, now)
    return ends_at


def close(
    tx: sqlite3.Connection,
    job_id: int,
    decision: Decision,
    by: int | None,
    now: int,
    **facts: Any,
) -> bool:
    """End a job's wait and let its notice say how; False when it does not wait (any more)."""
    if not approvals.decide(tx, job_id, decision, by, now):
        return False
    told = {"state": decision, "by": by, **facts}
    notices.amend(tx, jobs.get(tx, job_id).guild_id, _mark(job_id), told, now)
    return True


def note_smaller(tx: sqlite3.Connection, job: Job, smaller_id: int, now: int) -> None:
    """Note which job took the place of this one, in the books and on the notice."""
    approvals.set_smaller(tx, job.id, smaller_id)
    notices.amend(tx, job.guild_id, _mark(job.id), {"new_job": smaller_id}, now)


def find_notice(tx: sqlite3.Connection, job: Job) -> notices.Notice | None:
    """Return the notice that asks about a job, or None."""
    return notices.find(tx, job.guild_id, _mark(job.id))


def find_smaller(notice: notices.Notice) -> Smaller | None:
    """Return the cheaper variant that a notice offers, or None."""
    told = notice.body["smaller"]
    return Smaller(**told) if told else None


def _mark(job_id: int) -> str:
    return f"approval:{job_id}"


def _standing(one: Standing | None) -> dict[str, int] | None:
    return None if one is None else {"used": one.used_tokens, "size": one.size_tokens}
