"""Books as a running bot writes them, and what a file of them holds, for the tests of backups."""

import sqlite3
from contextlib import closing
from pathlib import Path

from jobs import moves
from models import State
from storage import connections, invariants, jobs, schema
from storage.ledger import Limits
from tests.storage.conftest import NOW, QUOTE, asker, order

BIG = Limits(0, 10**9, 0)


def reserve(tx: sqlite3.Connection, number: int) -> int:
    """Make a job of that interaction; return its id."""
    made = moves.reserve(
        tx,
        asker(number),
        order(f"a secret of {number}"),
        QUOTE,
        str(number),
        BIG,
        (9**9, 9**9),
        NOW,
    )
    return made.job.id


def write(path: Path, *numbers: int) -> None:
    """Add jobs as a running bot would, and leave the file beside as a kill would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        tx.row_factory = sqlite3.Row
        for number in numbers:
            tx.execute("BEGIN IMMEDIATE")
            reserve(tx, number)
            tx.execute("COMMIT")


def read(path: Path) -> list[int]:
    """Return the interactions that a file knows; its sums must agree."""
    with closing(connections.open_read_only(path)) as connection:
        assert invariants.violations(connection) == {}
        return [job.interaction_id for job in jobs.list_in(connection, *State)]


def old_books(path: Path) -> None:
    """Make a file as version 2 wrote it, with a job in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, script in schema.migrations()[:2]:
            connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        for account, parent in (("org", None), ("guild:1", "org"), ("member:1:2", "guild:1")):
            connection.execute("INSERT INTO account VALUES (?, ?, 0, 0, 0, 0)", (account, parent))
        connection.execute(
            "INSERT INTO job (id, interaction_id, guild_id, user_id, channel_id, model, request,"
            " fingerprint, hold) VALUES (1, 5, 1, 2, 3, 'm', '{}', 'f', 44)"
        )
        for account in ("member:1:2", "guild:1", "org"):
            connection.execute(
                "INSERT INTO entry (account, job, kind, d_held) VALUES (?, 1, 'hold', 44)",
                (account,),
            )
