"""Books of an older version: backed up before they are changed, and restored as they were."""

import os
import signal
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from config import StorageConfig
from jobs.backups import before_migrating
from storage import backup, backup_restore, connections, invariants, rewound, schema
from storage.database import open_database
from storage.errors import UnusableDatabaseError
from tests.storage.child import in_child
from tests.storage.conftest import NOW
from tests.storage.shelf import old_books

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("private_files")]


def test_an_older_backup_is_restored_as_it_is_and_the_next_start_brings_it_up_to_date(
    tmp_path: Path, shelf: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    old_books(data / "reelbox.sqlite3")
    target = shelf / backup.name_for(NOW, 2)
    backup.make(data / "reelbox.sqlite3", target, NOW)
    schema.prepare(data / "reelbox.sqlite3")
    done = backup_restore.restore(target, data / "reelbox.sqlite3", NOW)
    assert done.version == 2
    schema.prepare(data / "reelbox.sqlite3")
    with closing(connections.open_read_only(data / "reelbox.sqlite3")) as connection:
        assert invariants.violations(connection) == {}
        assert connection.execute("SELECT interaction_id FROM job").fetchone()[0] == 5
        assert rewound.find(connection) is not None


def _migrate_until(data: Path, steps: int) -> None:
    """Bring books up to date, and die after so many steps of SQLite's machine at their tables."""
    apply = schema._apply

    def die() -> None:
        nonlocal steps
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def slowly(connection: sqlite3.Connection, number: int, script: str) -> None:
        (_, _, file) = connection.execute("PRAGMA database_list").fetchone()
        if file.endswith("reelbox.sqlite3"):  # and not the passing copy that the backup tries on
            connection.set_progress_handler(die, 10)
        apply(connection, number, script)

    storage = StorageConfig(data, min_free_bytes=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_apply", slowly)
        schema.prepare(storage.database, before_migrating(storage, NOW))


@pytest.mark.fault("P15")
def test_a_migration_killed_in_the_middle_is_repeated_and_had_a_verified_backup_before(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    old_books(data / "reelbox.sqlite3")
    found, was_killed, steps = [], True, 1
    while was_killed:
        code = in_child(partial(_migrate_until, data, steps))
        assert code in (0, -signal.SIGKILL)
        was_killed = code != 0
        kept = list(backup.list_verified(data / "backups"))
        assert kept[-1].is_before_migration
        with closing(connections.open_read_only(kept[-1].path)) as connection:
            assert schema.require_ours(connection, kept[-1].path) == 2
        with closing(connections.open_read_only(data / "reelbox.sqlite3")) as connection:
            version = schema.require_ours(connection, data)
            assert schema.find_damage(connection, version) is None, "one version or the next"
        found.append(version)
        steps *= 2
    assert len(found) > 5, "it was killed at work, several times"
    assert found[0] == 2
    assert found[-1] == schema.newest_version()
    assert len(list((data / "backups").iterdir())) >= 1


async def test_books_of_an_older_version_are_not_changed_while_there_is_no_backup(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    old_books(data / "reelbox.sqlite3")
    before = (data / "reelbox.sqlite3").read_bytes()
    storage = StorageConfig(data, min_free_bytes=0, backup_dir=tmp_path / "not mounted")
    with pytest.raises(UnusableDatabaseError, match="not changed before there is a backup"):
        async with open_database(data, before_migrating=before_migrating(storage, NOW)):
            pytest.fail("it was opened")
    assert (data / "reelbox.sqlite3").read_bytes() == before
