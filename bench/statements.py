"""What the bot's steps say to SQLite, written down, and said again without the bot."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from bench.steps import Step
from storage import schema

Statement = tuple[str, Any]


class _Recorder(sqlite3.Connection):
    """A connection that remembers each statement with its values."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.said: list[Statement] = []

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.said.append((sql, parameters))
        return super().execute(sql, parameters)


def record(steps: Iterable[Step]) -> list[list[Statement]]:
    """Run the steps on a file in memory; return the statements of each, in their order."""
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=_Recorder)
    connection.row_factory = sqlite3.Row
    try:
        for _version, script in schema.migrations():
            connection.executescript(script)
        recorded = []
        for step in steps:
            connection.said = []
            step.run(connection)
            recorded.append(connection.said)
    finally:
        connection.close()
    return recorded


def replay(connection: sqlite3.Connection, statements: list[Statement]) -> None:
    """Run one step's statements as one transaction, reading every row that a query returns."""
    connection.execute("BEGIN IMMEDIATE")
    for sql, parameters in statements:
        connection.execute(sql, parameters).fetchall()
    connection.execute("COMMIT")
