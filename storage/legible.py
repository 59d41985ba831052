"""Whether what is stored as text can still be read: a changed byte there is no damage to SQLite."""

import json
import sqlite3
from collections.abc import Callable
from functools import partial

from models import FINAL_STATES, State
from storage import jobs, notices, outbox
from storage.errors import UnusableDatabaseError

EVER = 2**62

_OBJECTS = (("outbox", "body"), ("notice", "body"), ("draft", "body"), ("pick", "source"))


def require(connection: sqlite3.Connection) -> None:
    """Raise UnusableDatabaseError when something cannot be read that the loops act on."""
    unfinished = [state for state in State if state not in FINAL_STATES]
    _try("an unfinished job", lambda: jobs.list_in(connection, *unfinished))
    _try("a message to bring", lambda: outbox.list_due(connection, EVER, EVER))
    _try("a notice to bring", lambda: notices.list_due(connection, EVER, EVER))
    _try("a setting", lambda: connection.execute("SELECT scope, k, v FROM setting").fetchall())


def require_all(connection: sqlite3.Connection) -> None:
    """As `require`, of everything there is; takes a while on old books."""
    _try("a job", lambda: jobs.list_in(connection, *State))
    for table, column in _OBJECTS:
        query = f"SELECT {column} FROM {table}"  # noqa: S608 - our own names
        _try(f"{table}.{column}", partial(_load, connection, query))
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        _try(table, partial(_read, connection, f"SELECT * FROM {table}"))  # noqa: S608


def _read(connection: sqlite3.Connection, query: str) -> None:
    for _row in connection.execute(query):
        pass


def _load(connection: sqlite3.Connection, query: str) -> None:
    for (text,) in connection.execute(query):
        if type(json.loads(text)) is not dict:
            raise ValueError("not an object")


def _try(what: str, reading: Callable[[], object]) -> None:
    try:
        reading()
    except (sqlite3.OperationalError, ValueError, KeyError, TypeError, AttributeError) as error:
        # Which words they are is not told: a prompt belongs in no log.
        raise UnusableDatabaseError(
            f"the file is damaged: {what} cannot be read ({type(error).__name__}). "
            "Keep the file, and restore the newest backup."
        ) from error
