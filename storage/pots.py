"""Pots: tokens of a guild's pool set aside for one channel or thread until a date."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

_COLUMNS = (
    "id, guild_id, channel_id, tokens, member_tokens, name, begun_at,"
    " min(ends_at, coalesce(closed_at, ends_at))"
)


@dataclass(frozen=True, slots=True)
class Pot:
    """One pot. `member_tokens` is the most that one member may use of it, None for all of it."""

    id: int
    guild_id: int
    channel_id: int
    tokens: int
    member_tokens: int | None
    name: str
    begun_at: int
    ends_at: int

    def is_running(self, now: int) -> bool:
        """Return whether the pot pays for its channel at that moment."""
        return self.begun_at <= now < self.ends_at


def add(
    tx: sqlite3.Connection,
    guild_id: int,
    channel_id: int,
    tokens: int,
    member_tokens: int | None,
    name: str,
    begun_at: int,
    ends_at: int,
) -> int:
    """Set up a pot; return its id."""
    cursor = tx.execute(
        "INSERT INTO pot (guild_id, channel_id, tokens, member_tokens, name, begun_at, ends_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (guild_id, channel_id, tokens, member_tokens, name, begun_at, ends_at),
    )
    return int(cursor.lastrowid or 0)


def close(tx: sqlite3.Connection, pot_id: int, now: int) -> None:
    """End a pot before its date."""
    tx.execute("UPDATE pot SET closed_at = ? WHERE id = ? AND closed_at IS NULL", (now, pot_id))


def find(tx: sqlite3.Connection, guild_id: int, pot_id: int) -> Pot | None:
    """Return a guild's pot of that id, or None."""
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM pot WHERE guild_id = ? AND id = ?",  # noqa: S608
        (guild_id, pot_id),
    ).fetchone()
    return None if row is None else Pot(*row)


def find_running(
    tx: sqlite3.Connection, guild_id: int, channel_ids: Iterable[int | None], now: int
) -> Pot | None:
    """Return the pot that pays in the first of these channels that has one now, or None."""
    running = {pot.channel_id: pot for pot in list_since(tx, guild_id, now) if pot.is_running(now)}
    for channel_id in channel_ids:
        if channel_id in running:
            return running[channel_id]
    return None


def list_since(tx: sqlite3.Connection, guild_id: int, since: int) -> list[Pot]:
    """Return a guild's pots that end after that moment, oldest first."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM pot WHERE guild_id = ? AND ends_at > ? ORDER BY id",  # noqa: S608
        (guild_id, since),
    )
    return [Pot(*row) for row in rows]


def list_begun(tx: sqlite3.Connection, guild_id: int, start: int, end: int | None) -> list[Pot]:
    """Return a guild's pots that were set up between two moments, oldest first."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM pot WHERE guild_id = ? AND begun_at >= ? AND begun_at < ?"  # noqa: S608
        " ORDER BY id",
        (guild_id, start, 2**62 if end is None else end),
    )
    return [Pot(*row) for row in rows]
