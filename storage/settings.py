"""Small facts kept by name: texts by scope and key, and counters."""

import sqlite3


def put(tx: sqlite3.Connection, scope: str, key: str, value: str) -> None:
    """Store a text under a scope and key, replacing what was there."""
    tx.execute(
        "INSERT INTO setting (scope, k, v) VALUES (?, ?, ?)"
        " ON CONFLICT (scope, k) DO UPDATE SET v = excluded.v",
        (scope, key, value),
    )


def find(tx: sqlite3.Connection, scope: str, key: str) -> str | None:
    """Return the text stored under a scope and key, or None."""
    row = tx.execute("SELECT v FROM setting WHERE scope = ? AND k = ?", (scope, key)).fetchone()
    return None if row is None else str(row[0])


def list_scope(tx: sqlite3.Connection, scope: str) -> dict[str, str]:
    """Return everything stored under a scope."""
    rows = tx.execute("SELECT k, v FROM setting WHERE scope = ?", (scope,))
    return {row[0]: row[1] for row in rows}


def drop(tx: sqlite3.Connection, scope: str, key: str) -> None:
    """Forget what is stored under a scope and key."""
    tx.execute("DELETE FROM setting WHERE scope = ? AND k = ?", (scope, key))


def counter(tx: sqlite3.Connection, name: str) -> int:
    """Return a counter's value; 0 when it was never set."""
    row = tx.execute("SELECT v FROM meta WHERE k = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])


def set_counter(tx: sqlite3.Connection, name: str, value: int) -> None:
    """Set a counter."""
    tx.execute(
        "INSERT INTO meta (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
        (name, value),
    )


def bump(tx: sqlite3.Connection, name: str) -> int:
    """Raise a counter by one and return its new value."""
    value = counter(tx, name) + 1
    set_counter(tx, name, value)
    return value
