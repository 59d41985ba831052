"""How a connection is opened: the settings that the promises rest on."""

import sqlite3
from pathlib import Path

BUSY_TIMEOUT_S = 5.0
WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open one connection with the settings that the promises rest on."""
    connection = open_read_only(path) if read_only else _open(path, "rw")
    connection.execute("PRAGMA foreign_keys = ON")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL would lose acknowledged commits at a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        # What is deleted, such as an interaction's token, is not left in a page that is free.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_SIZE_LIMIT_BYTES}")
    return connection


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a file, of whatever version, without ever changing it; raises sqlite3.Error.

    It may be copied from here: a connection that only queries cannot do that.
    """
    connection = _open(path, "ro")
    # Only the writer checkpoints: two checkpointers at once meet the WAL-reset race.
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _open(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        # Created on the database thread and used on it alone; closing may come from there too.
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection
