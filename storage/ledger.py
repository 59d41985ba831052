"""Token movements. Every event books one entry on each level, in the caller's transaction.

Levels: the host of the bot, a guild (or a pot of it), a member there. A level has an account for
each period; a job settles on the accounts it was held on, so the end of a period moves nothing.
The database refuses a hold above a limit; `settle` and `correct` are never refused, since what
the vendor charged is a fact. Entries are never changed: a mistake is corrected by another entry.
"""

import sqlite3
from dataclasses import dataclass

from models import ENDLESS, Period
from storage.errors import Level, ShortBudgetError


@dataclass(frozen=True, slots=True)
class Limits:
    """What the host lets each level hold and spend in a period; 0 is no limit of the host's."""

    host_tokens: int
    guild_tokens: int
    member_tokens: int
    period: Period = ENDLESS


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose accounts: the host (no ids), a guild, a member there, or a pot's share of those."""

    level: Level
    guild_id: int = 0
    user_id: int = 0
    pot_id: int = 0

    def account_id(self, keys: tuple[int, ...]) -> str:
        """Name the account opened at these moments: this level's own, then those above it."""
        name = {
            "host": "org",
            "guild": f"pot:{self.pot_id}" if self.pot_id else f"guild:{self.guild_id}",
            "member": f"member:{self.guild_id}:{self.user_id}"
            + (f":pot:{self.pot_id}" if self.pot_id else ""),
        }[self.level]
        return "@".join((name, *map(str, keys))) if any(keys) else name


@dataclass(frozen=True, slots=True)
class Account:
    """One account's balance in tokens. `available` is None when it has no limit."""

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


@dataclass(frozen=True, slots=True)
class Use:
    """Tokens held for jobs that are under way, and spent on those that ended."""

    held_tokens: int = 0
    spent_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.held_tokens + self.spent_tokens

    def __add__(self, other: "Use") -> "Use":
        return Use(
            self.held_tokens + other.held_tokens,
            self.spent_tokens + other.spent_tokens,
        )


def open_account(
    tx: sqlite3.Connection, owner: Owner, keys: tuple[int, ...], parent: str | None
) -> Account:
    """Return the account of these moments, opened under `parent` when it is new."""
    account = owner.account_id(keys)
    if tx.execute("SELECT 1 FROM account WHERE id = ?", (account,)).fetchone() is None:
        tx.execute("INSERT INTO account (id, parent, capped) VALUES (?, ?, 0)", (account, parent))
        tx.execute(
            "INSERT INTO cell (account, level, guild_id, user_id, pot_id) VALUES (?, ?, ?, ?, ?)",
            (account, owner.level, owner.guild_id, owner.user_id, owner.pot_id),
        )
    return get(tx, account)


def limit(
    tx: sqlite3.Connection,
    account: Account,
    tokens: int | None,
    now: int,
    reason: str,
    actor: int | None = None,
) -> None:
    """Bring an account's limit to `tokens`; None takes the limit away."""
    if account.capped != (tokens is not None):
        tx.execute("UPDATE account SET capped = ? WHERE id = ?", (tokens is not None, account.id))
    if tokens is not None and tokens != account.limit_tokens:
        tx.execute(
            "INSERT INTO entry (account, kind, d_lim, actor, reason, at)"
            " VALUES (?, 'grant', ?, ?, ?, ?)",
            (account.id, tokens - account.limit_tokens, actor, reason, now),
        )


def hold(
    tx: sqlite3.Connection, job_id: int, accounts: dict[Level, str], tokens: int, now: int
) -> None:
    """Hold `tokens` on the account of each level, in the order given.

    Raises ShortBudgetError, naming the first level that is short; then the caller's transaction
    must not be committed.
    """
    for level, account in accounts.items():
        try:
            tx.execute(
                "INSERT INTO entry (account, job, kind, d_held, at) VALUES (?, ?, 'hold', ?, ?)",
                (account, job_id, tokens, now),
            )
        except sqlite3.IntegrityError as error:
            if str(error) != "budget":
                raise
            raise ShortBudgetError(level) from None


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
        "SELECT h.seq, h.account FROM entry h JOIN account a ON a.id = h.account"
        " WHERE h.job = ? AND h.kind = 'hold' AND a.parent IS NULL",
        (job_id,),
    ).fetchone()
    if row is None:
        return 0
    (tokens,) = tx.execute(
        "SELECT coalesce((SELECT d_spent FROM entry WHERE resolves = :hold), 0)"
        " + coalesce((SELECT sum(d_spent) FROM entry"
        "  WHERE job = :job AND account = :account AND kind = 'correct'), 0)",
        {"hold": row[0], "account": row[1], "job": job_id},
    ).fetchone()
    return int(tokens)


def get(tx: sqlite3.Connection, account: str) -> Account:
    """Return one account's balance; an account nobody has used yet is empty and unlimited."""
    row = tx.execute(
        "SELECT capped, lim, held, spent FROM account WHERE id = ?", (account,)
    ).fetchone()
    if row is None:
        return Account(account, False, 0, 0, 0)
    return Account(account, bool(row[0]), row[1], row[2], row[3])


def used(
    tx: sqlite3.Connection, owner: Owner, start: int, end: int | None, *, any_pot: bool = False
) -> Use:
    """Return what became of the tokens held at or after `start` and before `end` (epoch s).

    Of the owner's pot alone (0: outside pots), or with `any_pot` wherever they were held.
    """
    rows = tx.execute(
        "SELECT c.account, c.first_at, c.last_at, a.held, a.spent"
        " FROM cell c INDEXED BY cell_of JOIN account a ON a.id = c.account"
        " WHERE c.level = ? AND c.guild_id = ? AND c.user_id = ? AND c.last_at >= ?"
        "  AND (? OR c.pot_id = ?)",
        (owner.level, owner.guild_id, owner.user_id, start, any_pot, owner.pot_id),
    )
    total = Use()
    for account, first_at, last_at, held, spent in rows:
        if first_at >= start and (end is None or last_at < end):
            total += Use(held, spent)
        elif end is None or first_at < end:
            # Opened under another period: what it holds belongs only partly to this one.
            total += _used_of(tx, account, start, end)
    return total


def count_holds(tx: sqlite3.Connection, owner: Owner, since: int) -> int:
    """Return how many jobs were held since then on an owner's accounts and cost something.

    Of the owner's pot alone (0: outside pots). What was given back untouched does not count.
    """
    row = tx.execute(
        "SELECT count(*) FROM cell c INDEXED BY cell_of"
        " JOIN entry h ON h.account = c.account AND h.kind = 'hold' AND h.at >= ?"
        " LEFT JOIN entry r ON r.resolves = h.seq"
        " WHERE c.level = ? AND c.guild_id = ? AND c.user_id = ? AND c.last_at >= ?"
        "  AND c.pot_id = ? AND (r.seq IS NULL OR r.d_spent > 0)",
        (since, owner.level, owner.guild_id, owner.user_id, since, owner.pot_id),
    ).fetchone()
    return int(row[0])


def total(tx: sqlite3.Connection) -> Use:
    """Return what is held and was spent in all, on every account of the host's."""
    row = tx.execute(
        "SELECT coalesce(sum(held), 0), coalesce(sum(spent), 0) FROM account WHERE parent IS NULL"
    ).fetchone()
    return Use(row[0], row[1])


def find_pot(tx: sqlite3.Connection, job_id: int) -> int:
    """Return the pot that a job was held on, 0 for none."""
    row = tx.execute(
        "SELECT c.pot_id FROM entry e JOIN cell c ON c.account = e.account"
        " WHERE e.job = ? AND e.kind = 'hold' LIMIT 1",
        (job_id,),
    ).fetchone()
    return 0 if row is None else int(row[0])


def _used_of(tx: sqlite3.Connection, account: str, start: int, end: int | None) -> Use:
    """As `used` for the part of one account's holds that lies between two moments."""
    bounds = {"account": account, "start": start, "end": 2**62 if end is None else end}
    held, spent = tx.execute(
        "SELECT coalesce(sum(iif(r.seq IS NULL, h.d_held, 0)), 0), coalesce(sum(r.d_spent), 0)"
        " FROM entry h LEFT JOIN entry r ON r.resolves = h.seq"
        " WHERE h.account = :account AND h.kind = 'hold' AND h.at >= :start AND h.at < :end",
        bounds,
    ).fetchone()
    (corrected,) = tx.execute(
        # Corrections are few, so they are looked through first.
        "SELECT coalesce(sum(c.d_spent), 0) FROM entry c INDEXED BY entry_correct"
        " CROSS JOIN entry h ON h.job = c.job AND h.account = c.account AND h.kind = 'hold'"
        " WHERE c.account = :account AND c.kind = 'correct' AND h.at >= :start AND h.at < :end",
        bounds,
    ).fetchone()
    return Use(held, spent + corrected)


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
