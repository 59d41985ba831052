"""Messages to a guild's admins, written in the transaction they tell about.

A mark names what is told, once per guild; what becomes of it later is an edit of that message.
"""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from storage import rewound

OPEN, DONE, PARKED = 0, 1, 2
# What had no place for longer than this is old news and is not brought any more.
NEWS_LIFE_S = 24 * 3600
# Discord takes 25 characters; two for each byte.
NONCE_BYTES = 12

Kind = Literal["warning", "brake", "change", "approval"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One message; `body` is JSON. `message_id` is None while it is not known to be out.

    `nonce` is the same whenever this message is sent, and no other's in any database.
    """

    id: int
    guild_id: int
    channel_id: int
    kind: Kind
    mark: str
    body: dict[str, Any]
    message_id: int | None
    attempts: int
    next_at: int
    nonce: str


def put(
    tx: sqlite3.Connection,
    guild_id: int,
    channel_id: int,
    kind: Kind,
    mark: str,
    body: dict[str, Any],
    now: int,
) -> bool:
    """Queue a message for a channel; False when the guild was told of this mark already."""
    cursor = tx.execute(
        "INSERT INTO notice (id, guild_id, channel_id, kind, mark, body, next_at, nonce)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (guild_id, mark) DO NOTHING",
        (
            rewound.next_number(tx, "notice"),
            guild_id,
            channel_id,
            kind,
            mark,
            _text(body),
            now,
            secrets.token_hex(NONCE_BYTES),
        ),
    )
    return cursor.rowcount == 1


def find(tx: sqlite3.Connection, guild_id: int, mark: str) -> Notice | None:
    """Return a guild's message of that mark, or None."""
    row = tx.execute(
        "SELECT * FROM notice WHERE guild_id = ? AND mark = ?", (guild_id, mark)
    ).fetchone()
    return None if row is None else _notice(row)


def renew(tx: sqlite3.Connection, guild_id: int, mark: str, body: dict[str, Any], now: int) -> bool:
    """Let a message say something else, whether it is out or still to come; False for none.

    One that is set aside and never came out stays so until its place is back.
    """
    cursor = tx.execute(
        "UPDATE notice SET body = ?, next_at = ?,"
        # The first form may be out, though nobody knows.
        " attempts = iif(message_id IS NULL, 1, 0),"
        " done = iif(done = 2 AND message_id IS NULL, 2, 0) WHERE guild_id = ? AND mark = ?",
        (_text(body), now, guild_id, mark),
    )
    return cursor.rowcount == 1


def amend(
    tx: sqlite3.Connection, guild_id: int, mark: str, facts: dict[str, Any], now: int
) -> bool:
    """As `renew`, adding facts to what a message says; False when there is none of that mark."""
    told = find(tx, guild_id, mark)
    return told is not None and renew(tx, guild_id, mark, {**told.body, **facts}, now)


def list_due(
    tx: sqlite3.Connection, now: int, limit: int, busy: frozenset[int] = frozenset()
) -> list[Notice]:
    """Return open messages whose time has come and that are not in `busy`, oldest first.

    Of those that a channel does not have yet, the first alone: they are read in the order of what
    happened, which several at once would not keep. While one of those is in `busy`, none: what
    comes out meanwhile might be taken for another.
    """
    rows = tx.execute(
        "SELECT * FROM notice WHERE done = 0 AND next_at <= ? AND (message_id IS NOT NULL OR id ="
        " (SELECT min(first.id) FROM notice AS first WHERE first.done = 0 AND first.next_at <= ?"
        " AND first.channel_id = notice.channel_id AND first.message_id IS NULL))"
        " ORDER BY next_at, id LIMIT ?",
        (now, now, limit + 2 * len(busy)),
    )
    taken = _busy_channels(tx, busy)
    free = (row for row in rows if row["id"] not in busy)
    found = [_notice(row) for row in free if row["message_id"] or row["channel_id"] not in taken]
    return found[:limit]


def _busy_channels(tx: sqlite3.Connection, busy: frozenset[int]) -> set[int]:
    """Return the channels that one in `busy` is about to come out in."""
    rows = tx.execute("SELECT id, channel_id FROM notice WHERE done = 0 AND message_id IS NULL")
    return {row["channel_id"] for row in rows if row["id"] in busy}


def find_next_at(tx: sqlite3.Connection, busy: frozenset[int] = frozenset()) -> int | None:
    """Return when the next open message is due that is not in `busy`, nor waits for one that is.

    None when there is none.
    """
    rows = tx.execute(
        "SELECT id, channel_id, message_id, next_at FROM notice WHERE done = 0 ORDER BY next_at, id"
    ).fetchall()
    taken = _busy_channels(tx, busy)
    free = (
        row
        for row in rows
        if row["id"] not in busy and (row["message_id"] or row["channel_id"] not in taken)
    )
    return next((int(row["next_at"]) for row in free), None)


def list_messages(tx: sqlite3.Connection, channel_id: int) -> frozenset[int]:
    """Return the ids of the messages that notices are in a channel."""
    rows = tx.execute(
        "SELECT message_id FROM notice WHERE channel_id = ? AND message_id IS NOT NULL",
        (channel_id,),
    )
    return frozenset(row["message_id"] for row in rows)


def remember_message(tx: sqlite3.Connection, notice: Notice, message_id: int) -> None:
    """Note where and under which id a message is out."""
    tx.execute(
        "UPDATE notice SET channel_id = ?, message_id = ? WHERE id = ?",
        (notice.channel_id, message_id, notice.id),
    )


def finish(tx: sqlite3.Connection, notice: Notice) -> None:
    """Close a message that arrived, unless it was renewed meanwhile."""
    tx.execute(
        "UPDATE notice SET done = 1 WHERE id = ? AND body = ? AND done = 0",
        (notice.id, _text(notice.body)),
    )


def postpone(tx: sqlite3.Connection, notice: Notice, next_at: int) -> None:
    """Note a failed attempt and when to try again, unless it was moved or renewed meanwhile."""
    tx.execute(
        "UPDATE notice SET attempts = attempts + 1, next_at = ?"
        " WHERE id = ? AND channel_id = ? AND body = ?",
        (next_at, notice.id, notice.channel_id, _text(notice.body)),
    )


def park(tx: sqlite3.Connection, notice: Notice, not_before: int) -> None:
    """Set a message aside that has no place, unless it was given another one meanwhile.

    `not_before` ends its pause.
    """
    tx.execute(
        "UPDATE notice SET done = 2, attempts = attempts + 1, next_at = ?"
        " WHERE id = ? AND channel_id = ?",
        (not_before, notice.id, notice.channel_id),
    )


def move(tx: sqlite3.Connection, guild_id: int, channel_id: int, now: int) -> int:
    """Bring what a guild's admins were not told yet to another channel; return how many that are.

    Requests for approval stay where their moderators are. What was set aside and is old news stays
    too; a warning is news until its period ends.
    """
    cursor = tx.execute(
        # It may be out, though nobody knows, and this may be the place where it is.
        "UPDATE notice SET channel_id = ?, done = 0, attempts = 1, next_at = ?"
        " WHERE guild_id = ? AND kind <> 'approval' AND message_id IS NULL"
        " AND (done = 0"
        " OR done = 2 AND coalesce(json_extract(body, '$.resets_at'), next_at + ?) > ?)",
        (channel_id, now, guild_id, NEWS_LIFE_S, now),
    )
    return cursor.rowcount


def unpark(tx: sqlite3.Connection, guild_id: int, now: int, *, is_sure: bool) -> int:
    """Try again what had no place in this guild and is no old news; return how many that are.

    At once when the place `is_sure` to be back, else each when its pause is over.
    """
    cursor = tx.execute(
        "UPDATE notice SET done = 0, next_at = iif(?, ?, max(next_at, ?))"
        " WHERE done = 2 AND guild_id = ? AND next_at > ?",
        (is_sure, now, now, guild_id, now - NEWS_LIFE_S),
    )
    return cursor.rowcount


def drop_untold(tx: sqlite3.Connection) -> None:
    """Bring nothing that is not known to be out: it may be."""
    tx.execute("UPDATE notice SET done = 1 WHERE message_id IS NULL AND done <> 1")


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False)


def _notice(row: sqlite3.Row) -> Notice:
    return Notice(
        row["id"],
        row["guild_id"],
        row["channel_id"],
        row["kind"],
        row["mark"],
        json.loads(row["body"]),
        row["message_id"],
        row["attempts"],
        row["next_at"],
        row["nonce"],
    )
