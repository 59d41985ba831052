"""Messages that still have to reach Discord, written in the transaction they tell about."""

import json
import sqlite3
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from storage import rewound

OPEN, DONE, PARKED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message to bring: `kind` is "progress", "final", "late" or "redraw"; `body` is JSON."""

    id: int
    job_id: int
    kind: str
    body: dict[str, Any]
    attempts: int
    next_at: int


def put(
    tx: sqlite3.Connection,
    job_id: int,
    kind: str,
    body: dict[str, Any],
    now: int,
    *,
    done: bool = False,
) -> None:
    """Queue a message; a newer progress or redraw replaces the one before."""
    tx.execute(
        "INSERT INTO outbox (id, job, kind, body, next_at, done) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (job, kind) DO UPDATE SET body = excluded.body, attempts = 0,"
        "  next_at = excluded.next_at, done = excluded.done"
        " WHERE kind IN ('progress','redraw')",
        (
            rewound.next_number(tx, "outbox"),
            job_id,
            kind,
            json.dumps(body, ensure_ascii=False),
            now,
            int(done),
        ),
    )


def list_due(
    tx: sqlite3.Connection, now: int, limit: int, busy: frozenset[int] = frozenset()
) -> list[OutboxRow]:
    """Return open rows whose time has come: finals first, oldest first, no job in `busy`."""
    rows = tx.execute(
        "SELECT * FROM outbox WHERE done = 0 AND next_at <= ?"
        " ORDER BY kind = 'progress', next_at, id",
        (now,),
    )
    # Left out here, since a job in `busy` may have several rows.
    return [_row(row) for row in islice((row for row in rows if row["job"] not in busy), limit)]


def find_next_at(tx: sqlite3.Connection, busy: frozenset[int] = frozenset()) -> int | None:
    """Return when the next open row of a job not in `busy` is due; None when there is none."""
    rows = tx.execute("SELECT job, next_at FROM outbox WHERE done = 0 ORDER BY next_at, id")
    return next((int(row["next_at"]) for row in rows if row["job"] not in busy), None)


def drop(tx: sqlite3.Connection, job_id: int, kind: str) -> None:
    """Take back a message that did not leave yet: something newer is to be told."""
    tx.execute("UPDATE outbox SET done = 1 WHERE job = ? AND kind = ? AND done = 0", (job_id, kind))


def finish(tx: sqlite3.Connection, row_id: int, done: int = DONE) -> None:
    """Close a row: DONE when it arrived or has nobody to arrive at, PARKED when it cannot."""
    tx.execute("UPDATE outbox SET done = ? WHERE id = ?", (done, row_id))


def finish_unless_renewed(tx: sqlite3.Connection, row: OutboxRow) -> None:
    """Close a progress that arrived, unless a newer one took its place meanwhile."""
    body = json.dumps(row.body, ensure_ascii=False)
    tx.execute("UPDATE outbox SET done = 1 WHERE id = ? AND body = ? AND done = 0", (row.id, body))


def postpone(tx: sqlite3.Connection, row_id: int, next_at: int) -> None:
    """Note a failed attempt and when to try again."""
    tx.execute(
        "UPDATE outbox SET attempts = attempts + 1, next_at = ? WHERE id = ?", (next_at, row_id)
    )


def hurry(tx: sqlite3.Connection) -> None:
    """Let what failed go before all others: its failing was nobody's fault."""
    tx.execute(
        "UPDATE outbox SET next_at = 0 WHERE done = 0 AND kind <> 'progress' AND attempts > 0"
    )


def remember(tx: sqlite3.Connection, row: OutboxRow, facts: dict[str, Any]) -> OutboxRow:
    """Add facts to a row's body, so that a step already taken is not taken again."""
    body = {**row.body, **facts}
    tx.execute(
        "UPDATE outbox SET body = ? WHERE id = ?", (json.dumps(body, ensure_ascii=False), row.id)
    )
    return replace(row, body=body)


def park(tx: sqlite3.Connection, row: OutboxRow, not_before: int) -> None:
    """Set a message aside that has no place; `not_before` ends its pause."""
    tx.execute(
        "UPDATE outbox SET done = 2, attempts = attempts + 1, next_at = ? WHERE id = ?",
        (not_before, row.id),
    )


def mark_told(tx: sqlite3.Connection) -> None:
    """Note on all last words that did not arrive, as far as is known, that they may have arrived.

    Then they are shown where a message is there to be changed, and no message is made for them.
    """
    tx.execute(
        "UPDATE outbox SET body = json_set(body, '$.again', json('true'))"
        " WHERE kind IN ('final','late') AND done <> 1"
    )


def unpark(tx: sqlite3.Connection, guild_id: int, now: int, *, is_sure: bool) -> int:
    """Try again what could not be brought to this guild; return how many messages that are.

    At once when the place `is_sure` to be back, else each when its pause is over.
    """
    cursor = tx.execute(
        "UPDATE outbox SET done = 0, next_at = iif(?, ?, max(next_at, ?)) WHERE done = 2"
        " AND job IN (SELECT o.job FROM outbox o CROSS JOIN job j ON j.id = o.job"
        " WHERE o.done = 2 AND j.guild_id = ?)",
        (is_sure, now, now, guild_id),
    )
    return cursor.rowcount


def find_last_word(tx: sqlite3.Connection, job_id: int) -> OutboxRow:
    """Return the message that told, or tells, how a job ended; raises KeyError while it has not."""
    row = tx.execute(
        "SELECT * FROM outbox WHERE job = ? AND kind IN ('final','late')"
        " ORDER BY kind = 'late' DESC LIMIT 1",
        (job_id,),
    ).fetchone()
    if row is None:
        raise KeyError(job_id)
    return _row(row)


def list_told(tx: sqlite3.Connection, stage: str) -> list[int]:
    """Return the unfinished jobs whose cards were last told that they are at this stage."""
    rows = tx.execute(
        "SELECT j.id FROM job j JOIN outbox o ON o.job = j.id AND o.kind = 'progress'"
        " WHERE j.state IN ('reserved','queued','submitting','unknown','pending')"
        " AND json_extract(o.body, '$.stage') = ? ORDER BY j.id",
        (stage,),
    )
    return [row[0] for row in rows]


def is_parked(tx: sqlite3.Connection, job_id: int) -> bool:
    """Return whether a job's result could not be brought to where it belongs."""
    row = tx.execute(
        "SELECT 1 FROM outbox WHERE job = ? AND kind IN ('final','late') AND done = 2", (job_id,)
    ).fetchone()
    return row is not None


def _row(row: sqlite3.Row) -> OutboxRow:
    return OutboxRow(
        row["id"], row["job"], row["kind"], json.loads(row["body"]), row["attempts"], row["next_at"]
    )
