"""Token movements. Every event books one entry on each level, in the caller's transaction.

Levels: the host's account ("org"), one per guild, one per member of a guild. The database refuses
a hold above a limit; `settle` and `correct` are never refused, since what the vendor charged is a
fact. Entries are never changed: a mistake is corrected by another entry.
"""

import sqlite3
from dataclasses import dataclass

from storage.errors import ShortBudgetError

HOST = "org"


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens each level may hold and spend; 0 means that the level has no limit of its own."""

    host_tokens: int
    guild_tokens: int
    member_tokens: int


@dataclass(frozen=True, slots=True)
class Account:
    """One level's balance in tokens. `available` is None when the level has no limit."""

    id: str
    capped: bool
    limit_tokens: int
    held_tokens: int
    spent_tokens: int

    @property
    def available_tokens(self) -> int | None:
        if not self.capped:
            return None
        return max(0, self.limit_tokens - self.held_tokens - self.spent_tokens)


def accounts_of(guild_id: int, user_id: int) -> dict[str, str]:
    """The account ids of a member's three levels, smallest level first."""
    return {
        "member": f"member:{guild_id}:{user_id}",
        "guild": f"guild:{guild_id}",
        "host": HOST,
    }


def ensure_accounts(
    tx: sqlite3.Connection, guild_id: int, user_id: int, limits: Limits, now: int
) -> None:
    """Open the three accounts where missing and bring their limits to the configured ones."""
    ids = accounts_of(guild_id, user_id)
    _ensure(tx, ids["host"], None, limits.host_tokens, now)
    _ensure(tx, ids["guild"], ids["host"], limits.guild_tokens, now)
    _ensure(tx, ids["member"], ids["guild"], limits.member_tokens, now)


def hold(
    tx: sqlite3.Connection, job_id: int, guild_id: int, user_id: int, tokens: int, now: int
) -> None:
    """Hold `tokens` on all levels; raises ShortBudgetError, naming the first level that is short.

    The caller's transaction must not be committed after a refusal.
    """
    for level, account in accounts_of(guild_id, user_id).items():
        try:
            tx.execute(
                "INSERT INTO entry (account, job, kind, d_held, at) VALUES (?, ?, 'hold', ?, ?)",
                (account, job_id, tokens, now),
            )
        except sqlite3.IntegrityError as error:
            if str(error) != "budget":
                raise
            raise ShortBudgetError(level, get(tx, account).available_tokens or 0) from None


def settle(tx: sqlite3.Connection, job_id: int, cost_tokens: int, now: int) -> bool:
    """Turn the job's holds into the cost the vendor charged; True when it is above the hold."""
    return _resolve(tx, job_id, "settle", cost_tokens, now)


def release(tx: sqlite3.Connection, job_id: int, now: int, reason: str) -> None:
    """Give the job's holds back untouched."""
    _resolve(tx, job_id, "release", 0, now, reason)


def correct(tx: sqlite3.Connection, job_id: int, tokens: int, now: int, reason: str) -> None:
    """Book `tokens` on all levels of a job that was released before its cost became known."""
    if tokens == 0:
        return
    for account, _seq, _held in _holds(tx, job_id):
        tx.execute(
            "INSERT INTO entry (account, job, kind, d_spent, reason, at)"
            " VALUES (?, ?, 'correct', ?, ?, ?)",
            (account, job_id, tokens, reason, now),
        )


def charged(tx: sqlite3.Connection, job_id: int) -> int:
    """Tokens booked as spent for this job so far, corrections included."""
    row = tx.execute(
        "SELECT coalesce((SELECT r.d_spent FROM entry h JOIN entry r ON r.resolves = h.seq"
        "  WHERE h.job = :job AND h.account = :host AND h.kind = 'hold'), 0)"
        " + coalesce((SELECT sum(c.d_spent) FROM entry c"
        "  WHERE c.job = :job AND c.account = :host AND c.kind = 'correct'), 0)",
        {"job": job_id, "host": HOST},
    ).fetchone()
    return int(row[0])


def get(tx: sqlite3.Connection, account: str) -> Account:
    """Return one account's balance; an account nobody has used yet is empty and unlimited."""
    row = tx.execute(
        "SELECT capped, lim, held, spent FROM account WHERE id = ?", (account,)
    ).fetchone()
    if row is None:
        return Account(account, False, 0, 0, 0)
    return Account(account, bool(row[0]), row[1], row[2], row[3])


def left(tx: sqlite3.Connection, guild_id: int, user_id: int) -> int | None:
    """What a member can still use: the least that any limited level has available, or None."""
    levels = [
        get(tx, account).available_tokens for account in accounts_of(guild_id, user_id).values()
    ]
    return min((tokens for tokens in levels if tokens is not None), default=None)


def left_within(tx: sqlite3.Connection, guild_id: int, user_id: int, limits: Limits) -> int | None:
    """As `left`, also for a level that nobody has used yet: it has its whole limit."""
    whole = {
        "member": limits.member_tokens,
        "guild": limits.guild_tokens,
        "host": limits.host_tokens,
    }
    levels = []
    for level, account_id in accounts_of(guild_id, user_id).items():
        account = get(tx, account_id)
        if whole[level]:
            used = account.held_tokens + account.spent_tokens
            levels.append(max(0, whole[level] - used))
    return min(levels, default=None)


def _ensure(
    tx: sqlite3.Connection, account: str, parent: str | None, limit_tokens: int, now: int
) -> None:
    capped = int(limit_tokens > 0)
    row = tx.execute("SELECT capped, lim FROM account WHERE id = ?", (account,)).fetchone()
    if row is None:
        tx.execute(
            "INSERT INTO account (id, parent, capped) VALUES (?, ?, ?)", (account, parent, capped)
        )
        row = (capped, 0)
    if row[0] != capped:
        tx.execute("UPDATE account SET capped = ? WHERE id = ?", (capped, account))
    if capped and row[1] != limit_tokens:
        tx.execute(
            "INSERT INTO entry (account, kind, d_lim, reason, at)"
            " VALUES (?, 'grant', ?, 'the limit in the configuration', ?)",
            (account, limit_tokens - row[1], now),
        )


def _holds(tx: sqlite3.Connection, job_id: int) -> list[tuple[str, int, int]]:
    rows = tx.execute(
        "SELECT account, seq, d_held FROM entry WHERE job = ? AND kind = 'hold' ORDER BY seq",
        (job_id,),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _resolve(
    tx: sqlite3.Connection,
    job_id: int,
    kind: str,
    cost_tokens: int,
    now: int,
    reason: str | None = None,
) -> bool:
    overrun = False
    for account, seq, held in _holds(tx, job_id):
        overrun = cost_tokens > held
        tx.execute(
            "INSERT INTO entry (account, job, kind, d_held, d_spent, overrun, resolves, reason, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (account, job_id, kind, -held, cost_tokens, int(overrun), seq, reason, now),
        )
    return overrun
