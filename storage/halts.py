"""Spending stopped for a guild or one of its members, by an admin or by the spend brake."""

import sqlite3
from dataclasses import dataclass

BRAKE = 0  # as an actor

_SELECT = "SELECT id, guild_id, user_id, actor, reason, at, ends_at, lifted_at FROM halt"


@dataclass(frozen=True, slots=True)
class Halt:
    """One stop. `user_id` 0 is the whole guild; `ends_at` None lasts until it is lifted."""

    id: int
    guild_id: int
    user_id: int
    actor: int
    reason: str
    at: int
    ends_at: int | None
    lifted_at: int | None

    @property
    def is_by_brake(self) -> bool:
        """Return whether the spend brake stopped a member, and not an admin."""
        return self.actor == BRAKE


def stop(
    tx: sqlite3.Connection,
    guild_id: int,
    user_id: int,
    actor: int,
    reason: str,
    now: int,
    ends_at: int | None,
) -> int:
    """Stop a guild (user_id 0) or a member; return the stop's id."""
    cursor = tx.execute(
        "INSERT INTO halt (guild_id, user_id, actor, reason, at, ends_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (guild_id, user_id, actor, reason, now, ends_at),
    )
    return int(cursor.lastrowid or 0)


def lift(tx: sqlite3.Connection, guild_id: int, user_id: int, by: int, now: int) -> list[Halt]:
    """Lift every stop of a guild (user_id 0) or member; return those that stood."""
    lifted = list_of(tx, guild_id, user_id, now)
    tx.execute(
        "UPDATE halt SET lifted_at = ?, lifted_by = ?"
        " WHERE guild_id = ? AND user_id = ? AND lifted_at IS NULL",
        (now, by, guild_id, user_id),
    )
    return lifted


def find(tx: sqlite3.Connection, guild_id: int, halt_id: int) -> Halt | None:
    """Return a guild's stop of that id, or None."""
    row = tx.execute(f"{_SELECT} WHERE guild_id = ? AND id = ?", (guild_id, halt_id)).fetchone()
    return None if row is None else Halt(*row)


def list_of(tx: sqlite3.Connection, guild_id: int, user_id: int, now: int) -> list[Halt]:
    """Return the stops of a guild (user_id 0) or a member that stand now, oldest first."""
    return [halt for halt in list_standing(tx, guild_id, now) if halt.user_id == user_id]


def list_standing(tx: sqlite3.Connection, guild_id: int, now: int) -> list[Halt]:
    """Return every stop that stands in a guild now, oldest first."""
    rows = tx.execute(
        f"{_SELECT} WHERE guild_id = ? AND lifted_at IS NULL"
        " AND (ends_at IS NULL OR ends_at > ?) ORDER BY id",
        (guild_id, now),
    )
    return [Halt(*row) for row in rows]


def last_judged_at(tx: sqlite3.Connection, guild_id: int, user_id: int, now: int) -> int:
    """Return when the brake last stopped this member, or a stop was lifted; 0 for never.

    A moment that is still to come, after the clock was set back, does not count yet.
    """
    row = tx.execute(
        "SELECT coalesce(max(judged_at), 0) FROM (SELECT guild_id, user_id, lifted_at AS judged_at"
        " FROM halt UNION ALL SELECT guild_id, user_id, at FROM halt WHERE actor = 0)"
        " WHERE guild_id = ? AND user_id = ? AND judged_at <= ?",
        (guild_id, user_id, now),
    ).fetchone()
    return int(row[0])
