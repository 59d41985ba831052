"""Whether each row keeps the CHECKs of its table: what SQLite's own checks do slowly.

They make the list of an `IN (...)` anew for each row, which is most of their time; a query makes it
once.
"""

import re
import sqlite3
from collections.abc import Iterator

_OPENING = re.compile(r"\bCHECK\s*\(", re.IGNORECASE)
# A text, which may hold what looks like a parenthesis or a comment; a comment; a parenthesis.
_TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|[()]")


def broken(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the tables of which a row breaks a CHECK; the shape must be ours by then."""
    tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    for name, sql in tables.fetchall():
        if (query := _query(name, sql)) and connection.execute(query).fetchone():
            yield name


def of(sql: str) -> list[str]:
    """Return the expressions that a statement CREATE TABLE asks of each row."""
    text = _TOKEN.sub(lambda found: "" if found[0].startswith("--") else found[0], sql)
    return [
        text[opening.end() : _closing(text, opening.end())] for opening in _OPENING.finditer(text)
    ]


def _query(table: str, sql: str) -> str:
    # As in SQLite, an expression that comes to NULL is kept.
    kept = " OR ".join(f"NOT ({expression})" for expression in of(sql))
    return kept and f"SELECT 1 FROM {table} NOT INDEXED WHERE {kept} LIMIT 1"  # noqa: S608


def _closing(text: str, start: int) -> int:
    """Return where the parenthesis ends that was opened just before `start`."""
    depth = 1
    for found in _TOKEN.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.start()
    raise ValueError("a parenthesis that does not end")
