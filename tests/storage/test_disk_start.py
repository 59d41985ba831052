"""What a connection is set to, what a file may hold, and where it may lie."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage import checkup, database, mounts, schema, transactions
from storage.database import DATABASE, Database, open_database
from storage.errors import UnusableDatabaseError

SETTINGS = ("foreign_keys", "trusted_schema", "cell_size_check", "query_only", "wal_autocheckpoint")
AT_EVERY = {"foreign_keys": 1, "trusted_schema": 0, "cell_size_check": 1}
WRITES = {"query_only": 0, "wal_autocheckpoint": 1000}
READS = {"query_only": 1, "wal_autocheckpoint": 0}


def _settings(connection: sqlite3.Connection, *names: str) -> dict[str, object]:
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names or SETTINGS}


@pytest.mark.fault("D13")
async def test_each_connection_is_set_as_the_promises_need_it(db: Database) -> None:
    assert await db.write(_settings) == AT_EVERY | WRITES
    for _ in range(database.READERS):
        assert await db.read(_settings) == AT_EVERY | READS
    more = await db.write(_settings, "journal_mode", "synchronous", "journal_size_limit")
    assert more == {"journal_mode": "wal", "synchronous": 2, "journal_size_limit": 67_108_864}
    assert await db.write(_settings, "busy_timeout") == {"busy_timeout": 5000}


@pytest.mark.fault("D13")
async def test_whoever_looks_from_outside_only_reads(db: Database, tmp_path: Path) -> None:
    assert await db.read(_settings)
    with checkup.looking_at(tmp_path / DATABASE) as tx:
        seen = _settings(tx)
        assert seen | {"trusted_schema": 0} | READS == seen
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            tx.execute("DELETE FROM setting")
        tx.execute("SELECT 1")


@pytest.mark.fault("D14")
async def test_a_read_that_never_ends_is_ended(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "READ_TIMEOUT_S", 0.05)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        await db.read(lambda tx: tx.execute(endless).fetchone())
    assert not db.lost.is_set()
    assert await db.read(lambda tx: tx.execute("SELECT 1").fetchone()[0]) == 1


AMOUNTS = [
    (table, column)
    for table, columns in {
        "account": ("lim", "held", "spent"),
        "entry": ("d_lim", "d_held", "d_spent", "lim_after", "held_after", "spent_after"),
        "job": ("hold", "tokens"),
        "vendor_claim": ("tokens",),
        "pool": ("tokens",),
        "cap": ("tokens",),
        "bonus": ("tokens",),
        "pot": ("tokens", "member_tokens"),
        "price": ("tokens",),
        "reading": ("tokens", "spent"),
        "meta": ("v",),
    }.items()
    for column in columns
]
NO_NUMBERS = (
    math.nan,
    math.inf,
    -math.inf,
    1.5,
    1e300,
    "44 tokens",
    "",
    "NaN",
    b"44",
    2**63,
    -(2**64),
)


@pytest.mark.fault("D20")
def test_no_amount_in_any_table_takes_what_is_no_whole_number(tmp_path: Path) -> None:
    schema.prepare(tmp_path / DATABASE)
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as tx:
        for table, column in AMOUNTS:
            _make_strict_copy(tx, table, column)
            for value in NO_NUMBERS:
                with pytest.raises((sqlite3.IntegrityError, OverflowError)):
                    tx.execute("INSERT INTO copy (amount) VALUES (?)", (value,))
            tx.execute("INSERT INTO copy (amount) VALUES (?)", (2**62,))
            assert tx.execute("SELECT typeof(amount) FROM copy").fetchall() == [("integer",)]


def _make_strict_copy(tx: sqlite3.Connection, table: str, column: str) -> None:
    """One column alone with its own type, so that no other rule of its table refuses first.

    NaN becomes NULL on its way, which columns refuse that must have a number; the copy does too.
    """
    (sql,) = tx.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    assert sql.rstrip().endswith("STRICT"), table
    kinds = {row[1]: row[2] for row in tx.execute(f"PRAGMA table_info({table})")}
    tx.execute("DROP TABLE IF EXISTS copy")
    tx.execute(f"CREATE TABLE copy (amount {kinds[column]} NOT NULL) STRICT")


@pytest.mark.fault("D23")
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER gift AFTER INSERT ON job BEGIN UPDATE account SET lim = lim + 99; END",
        "CREATE VIEW spare AS SELECT * FROM job",
        "CREATE INDEX spare ON job(hold)",
        "CREATE TABLE spare (x)",
    ],
)
async def test_a_file_with_something_more_in_it_is_not_ours(tmp_path: Path, statement: str) -> None:
    async with open_database(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
        other.execute(statement)
    before = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(UnusableDatabaseError, match="another shape"):
        async with open_database(tmp_path):
            pass
    assert (tmp_path / DATABASE).read_bytes() == before


def _triggers() -> list[str]:
    text = "\n".join(script for _number, script in schema.migrations())
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        fresh.executescript(text)
        rows = fresh.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        return [name for (name,) in rows]


@pytest.mark.fault("D21")
def test_each_trigger_is_missed_when_it_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    schema.prepare(path)
    names = _triggers()
    assert "entry_kept" in names
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        schema.require_sound(tx, path)
        for name in names:
            tx.execute("BEGIN")
            tx.execute(f"DROP TRIGGER {name}")
            with pytest.raises(UnusableDatabaseError, match="another shape"):
                schema.require_sound(tx, path)
            tx.execute("ROLLBACK")
        schema.require_sound(tx, path)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands in for the kernel's list of what is mounted where."""
    path = tmp_path / "mounts"
    monkeypatch.setattr(mounts, "MOUNTS", path)
    yield path


@pytest.mark.fault("D15")
@pytest.mark.parametrize("kind", sorted(mounts.NETWORK_KINDS))
def test_each_kind_of_network_disk_is_refused(table: Path, tmp_path: Path, kind: str) -> None:
    table.write_text(f"/dev/vda / ext4 rw 0 0\nfar:/away {tmp_path} {kind} rw 0 0\n")
    with pytest.raises(UnusableDatabaseError, match="allow_network_disk"):
        mounts.require_local(tmp_path / "data")


@pytest.mark.fault("D15")
def test_the_innermost_and_latest_mount_counts_whatever_its_name(
    table: Path, tmp_path: Path
) -> None:
    inner = tmp_path / "a disk"
    inner.mkdir()
    escaped = str(inner).replace(" ", "\\040")
    lines = ["/dev/vda / ext4 rw 0 0", f"far:/away {tmp_path} nfs4 rw 0 0"]
    table.write_text("\n".join([*lines, f"/dev/vdb {escaped} ext4 rw 0 0"]))
    assert mounts.kind_of(inner / "data") == "ext4"
    assert mounts.kind_of(tmp_path / "a disk-like name") == "nfs4"
    table.write_text("\n".join([*lines, f"far:/x {escaped} cifs rw 0 0", "tmpfs / tmpfs rw 0 0"]))
    assert mounts.kind_of(inner) == "cifs"
    assert mounts.kind_of(Path("/")) == "tmpfs"


@pytest.mark.fault("D15")
def test_a_system_that_does_not_tell_is_believed(table: Path, tmp_path: Path) -> None:
    assert not table.exists()
    assert mounts.kind_of(tmp_path) is None
    mounts.require_local(tmp_path)


@pytest.mark.fault("D19")
async def test_nothing_of_the_database_is_handed_to_a_child(db: Database, tmp_path: Path) -> None:
    """Every descriptor of its files, the lock's too, is closed where another program begins."""
    assert await db.read(_settings)
    held = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            name = entry.readlink()
        except FileNotFoundError:
            continue  # the one that lists the directory
        if name.is_relative_to(tmp_path):
            flags = Path(f"/proc/self/fdinfo/{entry.name}").read_text().split()[3]
            held[name.name] = bool(int(flags, 8) & 0o2000000)
    assert {DATABASE, f"{DATABASE}-wal", "reelbox.lock"} <= set(held)
    assert all(held.values()), held
