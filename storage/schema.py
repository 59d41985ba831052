"""The file's shape: numbered migrations, and a refusal to serve a file that is not ours."""

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from crashpoints import reach
from storage import constraints
from storage.errors import UNREADABLE, UnusableDatabaseError, cannot_be_used

APPLICATION_ID = 0x5265656C  # "Reel"
# A wrong entry of an index here would be a wrong balance that no invariant sees.
INDEXES_OF_BALANCES = (
    "integrity_check('entry')",
    "integrity_check('account')",
    "integrity_check('cell')",
    "integrity_check('bonus')",
    "integrity_check('pot')",
)
MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(path: Path, before_migrating: Callable[[int], None] | None = None) -> None:
    """Create the file, or bring one that is ours up to date.

    Blocking; meant for the start of the process, before anything else has the file open. An older
    file is handed to `before_migrating` first, as its version; what that raises ends it. Raises
    UnusableDatabaseError with a sentence for the host; the file is then left as it was found.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None)
    except sqlite3.Error as error:
        raise cannot_be_used(path, error) from error
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        version = require_ours(connection, path)
        if before_migrating is not None and 0 < version < newest_version():
            before_migrating(version)
        connection.execute("PRAGMA journal_mode = WAL")
        bring_up_to_date(connection, version)
    except UNREADABLE as error:
        raise cannot_be_used(path, error) from error
    finally:
        connection.close()


def migrations() -> list[tuple[int, str]]:
    """All released migrations as (version, script), oldest first."""
    found = sorted(MIGRATIONS.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [(int(file.name[:4]), file.read_text(encoding="utf-8")) for file in found]


def newest_version() -> int:
    """Return the version that this program writes."""
    return migrations()[-1][0]


def require_ours(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's version, 0 for an empty one.

    Raises UnusableDatabaseError, with a sentence, for another program's file or a newer version.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    newest = newest_version()
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

    `wholly` compares every index with its table, which takes twice as long; else those alone
    through which balances are read.
    """
    if trouble := find_damage(connection, newest_version(), wholly=wholly):
        raise UnusableDatabaseError(
            f"{path} {trouble}. Keep the file, and restore the newest backup."
        )


def find_damage(
    connection: sqlite3.Connection, version: int, *, wholly: bool = False
) -> str | None:
    """Return what is wrong with a file of that version, None when it is whole and shaped so.

    See `require_sound`; a file of an older version is always compared wholly.
    """
    is_whole = wholly or version < newest_version()
    checks = ("integrity_check(5)",) if is_whole else ("quick_check(5)", *INDEXES_OF_BALANCES)
    with _constraints_aside(connection):
        told = [row[0] for check in checks for row in connection.execute(f"PRAGMA {check}")]
    damage = [words for words in told if words != "ok"]
    if damage or connection.execute("PRAGMA foreign_key_check").fetchone():
        return f"is damaged ({'; '.join(damage) or 'a reference leads nowhere'})"
    if _fingerprint(connection) != _expected_fingerprint(version):
        return (
            "has another shape than Reelbox writes: a table, index or trigger was added, changed "
            "or dropped"
        )
    if names := list(constraints.broken(connection)):
        return f"is damaged (a row breaks the rules of {', '.join(names)})"
    return None


@contextmanager
def _constraints_aside(connection: sqlite3.Connection) -> Iterator[None]:
    """Let SQLite's checks leave out the CHECKs of tables; see `constraints`, which asks them."""
    (before,) = connection.execute("PRAGMA ignore_check_constraints").fetchone()
    connection.execute("PRAGMA ignore_check_constraints = ON")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA ignore_check_constraints = {before}")


def bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Run the migrations that a file of that version lacks, each in a transaction of its own."""
    for number, script in migrations():
        if number > version:
            reach("before migration", str(number))
            _apply(connection, number, script)
            reach("after migration", str(number))


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


def _expected_fingerprint(version: int) -> str:
    return _fingerprint_after(tuple(one for one in migrations() if one[0] <= version))


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
