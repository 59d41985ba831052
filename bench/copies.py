"""A long past in a short time: jobs the bot's own steps wrote, booked again by SQL.

The copies go through the same states and the same triggers as the originals, a batch at a time, so
that the file comes out as it would have; only the steps' own Python is left out.
"""

import sqlite3

STATES = ("queued", "submitting", "pending", "completed")
# What else a finished job leaves, each by the column that names it.
_BESIDE = {"vendor_claim": "job", "result": "job", "wait": "job", "outbox": "job"}
# Columns that have to differ from the original's, and how.
_OTHERWISE = {
    ("job", "id"): "id + :jobs",
    ("job", "interaction_id"): "interaction_id + :jobs",
    ("job", "message_id"): "message_id + :jobs",
    ("job", "created_at"): "created_at + :later_s",
    ("job", "state"): "'reserved'",
    ("job", "public_id"): "lower(hex(randomblob(16)))",
    ("vendor_claim", "vendor_id"): "vendor_id + :jobs",
    **{(table, column): f"{column} + :jobs" for table, column in _BESIDE.items()},
}
_NUMBERED = {("wait", "seq"), ("outbox", "id")}


def copy(tx: sqlite3.Connection, count: int, number: int, later_s: int) -> None:
    """Book the first `count` jobs, all completed, a `number`th time (from 1), that much later."""
    values = {"count": count, "jobs": count * number, "later_s": later_s}
    _insert(tx, "job", "id", values)
    tx.execute(
        "INSERT INTO entry (account, job, kind, d_held, at)"
        " SELECT account, job + :jobs, 'hold', d_held, at + :later_s FROM entry"
        "  WHERE kind = 'hold' AND job <= :count ORDER BY seq",
        values,
    )
    for state in STATES:
        tx.execute(
            "UPDATE job SET state = :state WHERE id > :jobs AND id <= :jobs + :count",
            {**values, "state": state},
        )
    for table, column in _BESIDE.items():
        _insert(tx, table, column, values)
    tx.execute(
        "INSERT INTO entry (account, job, kind, d_held, d_spent, overrun, resolves, at)"
        " SELECT h.account, h.job, r.kind, r.d_held, r.d_spent, r.overrun, h.seq, r.at"
        # CROSS JOIN keeps the order of reading; any other one would read everything there is.
        "  FROM entry o INDEXED BY one_hold CROSS JOIN entry r ON r.resolves = o.seq"
        "  CROSS JOIN entry h INDEXED BY one_hold"
        "   ON h.job = o.job + :jobs AND h.account = o.account AND h.kind = 'hold'"
        "  WHERE o.kind = 'hold' AND o.job <= :count ORDER BY o.seq",
        values,
    )


def _insert(tx: sqlite3.Connection, table: str, key: str, values: dict[str, int]) -> None:
    names = [row[1] for row in tx.execute(f"PRAGMA table_info({table})")]
    kept = [name for name in names if (table, name) not in _NUMBERED]
    changed = [_OTHERWISE.get((table, name), name) for name in kept]
    tx.execute(
        f"INSERT INTO {table} ({', '.join(kept)}) SELECT {', '.join(changed)} FROM {table}"  # noqa: S608
        f" WHERE {key} <= :count ORDER BY {key}",
        values,
    )
