"""What must always hold of the books, as queries that must return no row."""

import re
import sqlite3
from functools import cache
from pathlib import Path

from storage.errors import UnusableDatabaseError


@cache
def queries() -> dict[str, str]:
    """All invariants: name, with its number first, to query."""
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def violations(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return the invariants that do not hold, each with up to ten offending rows."""
    found = {}
    for name, query in queries().items():
        if rows := connection.execute(query).fetchmany(10):
            found[name] = [tuple(row) for row in rows]
    return found


def require(connection: sqlite3.Connection) -> None:
    """Raise UnusableDatabaseError, naming every invariant that does not hold."""
    if broken := violations(connection):
        listed = "; ".join(f"{name}: {rows[:3]}" for name, rows in broken.items())
        raise UnusableDatabaseError(
            f"the books do not add up ({listed}). No tokens will be spent on them. "
            "Keep the file, and restore the newest backup."
        )
