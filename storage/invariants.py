"""What must always hold of the books, as queries that must return no row."""

import re
import sqlite3
from functools import cache
from pathlib import Path

from storage.errors import UnusableDatabaseError


@cache
def queries() -> dict[str, str]:
    """All invariants: name, with its number first, to query."""
    return _read("invariants.sql", "name")


@cache
def screens() -> dict[tuple[str, ...], str]:
    """Invariants by number, to a query that has no row only when each of theirs has none."""
    return {tuple(n.split()): query for n, query in _read("screens.sql", "screen").items()}


def violations(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return the invariants that do not hold, each with up to ten offending rows."""
    # Where all is well, which is always, a few looks at everything are as good as many.
    well = {
        number
        for numbers, query in screens().items()
        if connection.execute(query).fetchone() is None
        for number in numbers
    }
    found = {}
    for name, query in queries().items():
        if name.split()[0] not in well and (rows := connection.execute(query).fetchmany(10)):
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


def _read(file: str, mark: str) -> dict[str, str]:
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    parts = re.split(rf"^-- {mark}: (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))
