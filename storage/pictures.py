"""Start pictures that are kept, and pictures somebody has just pointed at."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PICK_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """One picture file: its name (the content's SHA-256 and kind) and its size in pixels."""

    file: str
    width: int
    height: int
    size_bytes: int


def put(tx: sqlite3.Connection, picture: KeptPicture, now: int) -> None:
    """Note a picture that was just kept or used again."""
    tx.execute(
        "INSERT INTO picture (file, width, height, size_bytes, used_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (file) DO UPDATE SET used_at = max(used_at, excluded.used_at)",
        (picture.file, picture.width, picture.height, picture.size_bytes, now),
    )


def find(tx: sqlite3.Connection, file: str) -> KeptPicture | None:
    """Return a kept picture, or None when it was dropped."""
    row = tx.execute(
        "SELECT file, width, height, size_bytes FROM picture WHERE file = ?", (file,)
    ).fetchone()
    return None if row is None else KeptPicture(*row)


def list_files(tx: sqlite3.Connection) -> frozenset[str]:
    """Return the names of all kept pictures."""
    return frozenset(row[0] for row in tx.execute("SELECT file FROM picture"))


def drop_unused(tx: sqlite3.Connection, before: int) -> list[str]:
    """Forget pictures last used before then, but those of jobs under way; return their names."""
    rows = tx.execute(
        "DELETE FROM picture WHERE used_at < ? AND NOT EXISTS (SELECT 1 FROM job j"
        " JOIN job_state s ON s.name = j.state LEFT JOIN outbox o ON o.job = j.id"
        "  AND o.kind <> 'progress' AND o.done = 0"
        " WHERE j.picture = picture.file AND (s.terminal = 0 OR o.id IS NOT NULL))"
        " RETURNING file",
        (before,),
    )
    return [row[0] for row in rows.fetchall()]


def drop_if_alone(tx: sqlite3.Connection, file: str, removed: Iterable[int]) -> bool:
    """Forget a picture unless a job other than these still shows or needs it; True when gone."""
    marks = ", ".join(map(str, map(int, removed)))
    cursor = tx.execute(
        "DELETE FROM picture WHERE file = ? AND NOT EXISTS (SELECT 1 FROM job j"  # noqa: S608
        " LEFT JOIN showing s ON s.job = j.id WHERE j.picture = picture.file"
        f" AND j.id NOT IN ({marks}) AND s.hidden IS NOT 'removed')",
        (file,),
    )
    return cursor.rowcount == 1


def put_pick(
    tx: sqlite3.Connection, guild_id: int, user_id: int, source: dict[str, Any], now: int
) -> str:
    """Keep what a member pointed at until the form is filled in; return the pick's random id."""
    tx.execute("DELETE FROM pick WHERE created_at < ?", (now - PICK_LIFE_S,))
    row = tx.execute(
        "INSERT INTO pick (guild_id, user_id, source, created_at) VALUES (?, ?, ?, ?) RETURNING id",
        (guild_id, user_id, json.dumps(source, ensure_ascii=False), now),
    ).fetchone()
    return str(row[0])


def find_pick(
    tx: sqlite3.Connection, pick_id: str, guild_id: int, user_id: int, now: int
) -> dict[str, Any] | None:
    """Return what that member of that guild pointed at within the last hour, or None."""
    row = tx.execute(
        "SELECT source FROM pick WHERE id = ? AND guild_id = ? AND user_id = ? AND created_at >= ?",
        (pick_id, guild_id, user_id, now - PICK_LIFE_S),
    ).fetchone()
    return None if row is None else dict(json.loads(row[0]))
