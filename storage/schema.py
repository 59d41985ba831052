"""The file's shape: numbered migrations, and a refusal to serve a file that is not ours."""

import hashlib
import re
import sqlite3
from functools import cache
from pathlib import Path

from storage.errors import UNREADABLE, UnusableDatabaseError, cannot_be_used

APPLICATION_ID = 0x5265656C  # "Reel"
MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(path: Path) -> None:
    """Create the file or bring it up to date, and check that it is sound and shaped as expected.

    Blocking; meant for the start of the process, before anything else has the file open. Raises
    UnusableDatabaseError with a sentence for the host; the file is then left as it was found.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None)
    except sqlite3.Error as error:
        raise cannot_be_used(path, error) from error
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        _migrate(connection, path)
        require_sound(connection, path)
    except UNREADABLE as error:
        raise cannot_be_used(path, error) from error
    finally:
        connection.close()


def migrations() -> list[tuple[int, str]]:
    """All released migrations as (version, script), oldest first."""
    found = sorted(MIGRATIONS.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [(int(file.name[:4]), file.read_text(encoding="utf-8")) for file in found]


def require_ours(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's version, 0 for an empty one.

    Raises UnusableDatabaseError, with a sentence, for another program's file or a newer version.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    newest = migrations()[-1][0]
    if tables and application_id != APPLICATION_ID:
        raise UnusableDatabaseError(f"{path} is not a Reelbox database; name another data_dir")
    if version > newest:
        raise UnusableDatabaseError(
            f"{path} was written by a newer Reelbox (schema {version}; this one knows {newest}). "
            "Install that version again; nothing was changed."
        )
    return int(version)


def require_sound(connection: sqlite3.Connection, path: Path, *, wholly: bool = False) -> None:
    """Raise UnusableDatabaseError, with a sentence, for damage or for another shape than ours.

    `wholly` also compares every index with its table, which takes several times as long.
    """
    check = "PRAGMA integrity_check(5)" if wholly else "PRAGMA quick_check(5)"
    damage = [row[0] for row in connection.execute(check) if row[0] != "ok"]
    if damage or connection.execute("PRAGMA foreign_key_check").fetchone():
        raise UnusableDatabaseError(
            f"{path} is damaged ({'; '.join(damage) or 'a reference leads nowhere'}). "
            "Keep the file, and restore the newest backup."
        )
    if _fingerprint(connection) != _expected_fingerprint():
        raise UnusableDatabaseError(
            f"{path} has another shape than this version writes: a table, index or trigger was "
            "added, changed or dropped. Restore the newest backup."
        )


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = require_ours(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    for number, script in migrations():
        if number > version:
            _apply(connection, number, script)


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    # executescript commits whatever was open before it, so the transaction is inside the script.
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\nPRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {number};\nCOMMIT;"
        )
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _expected_fingerprint() -> str:
    return _fingerprint_after(tuple(migrations()))


@cache
def _fingerprint_after(scripts: tuple[tuple[int, str], ...]) -> str:
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for number, script in scripts:
            _apply(fresh, number, script)
        return _fingerprint(fresh)
    finally:
        fresh.close()


def _fingerprint(connection: sqlite3.Connection) -> str:
    rows = connection.execute(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_master"
        " WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"
    )
    text = "\n".join("|".join((kind, name, re.sub(r"\s+", " ", sql))) for kind, name, sql in rows)
    return hashlib.sha256(text.encode()).hexdigest()
