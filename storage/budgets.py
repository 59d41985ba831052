"""What a guild's admins set about spending: pool, caps, tokens given once, periods begun anew.

Nothing here is a balance: balances are the ledger's. Every change leaves a row in the guild's
trail, which nobody can take back.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from models import Period, PeriodKind

Whose = Literal["everyone", "role", "member"]


@dataclass(frozen=True, slots=True)
class Pool:
    """A guild's own limit in tokens per period; tokens None is no limit of its own."""

    tokens: int | None
    period: Period


@dataclass(frozen=True, slots=True)
class Cap:
    """What one member may use: `subject` is a role's or member's id, 0 for everyone.

    `kind` None follows the pool's period.
    """

    whose: Whose
    subject: int
    tokens: int
    kind: PeriodKind | None = None


def find_pool(tx: sqlite3.Connection, guild_id: int) -> Pool | None:
    """Return what a guild set, or None when it set nothing yet."""
    row = tx.execute(
        "SELECT tokens, kind, zone, starts_on FROM pool WHERE guild_id = ?", (guild_id,)
    ).fetchone()
    if row is None:
        return None
    return Pool(row[0], Period(cast(PeriodKind, row[1]), row[2], row[3]))


def set_pool(tx: sqlite3.Connection, guild_id: int, pool: Pool) -> None:
    """Set a guild's pool and period."""
    period = pool.period
    tx.execute(
        "INSERT INTO pool (guild_id, tokens, kind, zone, starts_on) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (guild_id) DO UPDATE SET tokens = excluded.tokens, kind = excluded.kind,"
        "  zone = excluded.zone, starts_on = excluded.starts_on",
        (guild_id, pool.tokens, period.kind, period.zone, period.starts_on),
    )


def list_caps(tx: sqlite3.Connection, guild_id: int) -> list[Cap]:
    """Return every cap of a guild: everyone's, then roles', then members'."""
    rows = tx.execute(
        "SELECT whose, subject, tokens, kind FROM cap WHERE guild_id = ?"
        " ORDER BY whose = 'member', whose = 'role', subject",
        (guild_id,),
    )
    return [Cap(*row) for row in rows]


def find_cap(
    tx: sqlite3.Connection, guild_id: int, user_id: int, role_ids: Iterable[int]
) -> Cap | None:
    """Return the cap that holds for a member: their own, the highest role's, or everyone's.

    `role_ids` are the member's roles, highest first; the first one with a cap decides.
    """
    own = find_one_cap(tx, guild_id, "member", user_id)
    if own is not None:
        return own
    capped = {cap.subject: cap for cap in list_caps(tx, guild_id) if cap.whose == "role"}
    for role_id in role_ids:
        if role_id in capped:
            return capped[role_id]
    return find_one_cap(tx, guild_id, "everyone", 0)


def find_one_cap(tx: sqlite3.Connection, guild_id: int, whose: Whose, subject: int) -> Cap | None:
    """Return one cap as it was set, or None."""
    row = tx.execute(
        "SELECT whose, subject, tokens, kind FROM cap"
        " WHERE guild_id = ? AND whose = ? AND subject = ?",
        (guild_id, whose, subject),
    ).fetchone()
    return None if row is None else Cap(*row)


def set_cap(tx: sqlite3.Connection, guild_id: int, cap: Cap) -> None:
    """Set a cap, in place of an earlier one of the same subject."""
    tx.execute(
        "INSERT INTO cap (guild_id, whose, subject, tokens, kind) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (guild_id, whose, subject)"
        " DO UPDATE SET tokens = excluded.tokens, kind = excluded.kind",
        (guild_id, cap.whose, cap.subject, cap.tokens, cap.kind),
    )


def drop_cap(tx: sqlite3.Connection, guild_id: int, whose: Whose, subject: int) -> None:
    """Take a cap away."""
    tx.execute(
        "DELETE FROM cap WHERE guild_id = ? AND whose = ? AND subject = ?",
        (guild_id, whose, subject),
    )


def give(tx: sqlite3.Connection, guild_id: int, user_id: int, tokens: int, now: int) -> None:
    """Add tokens once to the pool (user_id 0) or a member's cap, for the period of `now`."""
    tx.execute(
        "INSERT INTO bonus (guild_id, user_id, tokens, at) VALUES (?, ?, ?, ?)",
        (guild_id, user_id, tokens, now),
    )


def given(tx: sqlite3.Connection, guild_id: int, user_id: int, start: int, end: int | None) -> int:
    """Return the sum of what was given once between two moments."""
    row = tx.execute(
        "SELECT coalesce(sum(tokens), 0) FROM bonus"
        " WHERE guild_id = ? AND user_id = ? AND at >= ? AND at < ?",
        (guild_id, user_id, start, 2**62 if end is None else end),
    ).fetchone()
    return int(row[0])


def restart(tx: sqlite3.Connection, guild_id: int, user_id: int, now: int) -> None:
    """Begin the period of the pool (user_id 0) or of a member anew."""
    tx.execute(
        "INSERT INTO restart (guild_id, user_id, at) VALUES (?, ?, ?)", (guild_id, user_id, now)
    )


def restarted_at(tx: sqlite3.Connection, guild_id: int, user_id: int, now: int) -> int:
    """Return when a period was last begun anew by hand, 0 for never.

    A moment that is still to come, after the clock was set back, does not count yet.
    """
    row = tx.execute(
        "SELECT coalesce(max(at), 0) FROM restart WHERE guild_id = ? AND user_id = ? AND at <= ?",
        (guild_id, user_id, now),
    ).fetchone()
    return int(row[0])
