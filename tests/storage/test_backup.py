"""Backups of books in use, and putting one back: checked, whole, and never half done."""

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from config import StorageConfig
from jobs import moves
from jobs.backups import before_migrating
from models import State
from storage import backup, backup_restore, invariants, jobs, rewound, schema, trace
from storage.backup import BackupError
from storage.database import open_database
from storage.errors import UnusableDatabaseError
from storage.ledger import Limits
from storage.lock import AlreadyRunningError
from tests.storage.child import in_child
from tests.storage.conftest import NOW, QUOTE, asker, order

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
BIG = Limits(0, 10**9, 0)
HOUR_S = 3600


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """A data directory's books, empty."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    schema.prepare(data / "reelbox.sqlite3")
    return data / "reelbox.sqlite3"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Where backups go."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


@pytest.fixture(autouse=True)
def _private_files() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def _reserve(tx: sqlite3.Connection, number: int) -> int:
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


def _write(path: Path, *numbers: int) -> None:
    """Add jobs as a running bot would, and leave the file beside as a kill would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as tx:
        tx.row_factory = sqlite3.Row
        for number in numbers:
            tx.execute("BEGIN IMMEDIATE")
            _reserve(tx, number)
            tx.execute("COMMIT")


def _read(path: Path) -> list[int]:
    """Return the interactions that a file knows; its sums must agree."""
    with closing(backup.open_read_only(path)) as connection:
        assert invariants.violations(connection) == {}
        return [job.interaction_id for job in jobs.list_in(connection, *State)]


@pytest.mark.fault("D16")
async def test_a_backup_under_constant_writes_is_one_moment_and_its_sums_agree(
    tmp_path: Path, shelf: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    done = asyncio.Event()
    async with open_database(data) as db:

        async def write_on() -> int:
            number = 0
            while not done.is_set():
                number += 1
                await db.write(_reserve, number)
            return number

        writing = asyncio.create_task(write_on())
        made = []
        for count in range(5):
            target = shelf / backup.name_for(NOW + count)
            await asyncio.to_thread(backup.make, db.path, target, NOW + count)
            made.append(target)
        done.set()
        written = await writing
    sizes = [len(_read(one)) for one in made]
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0], "it was written to all the time"
    assert sizes[-1] <= written
    for one, size in zip(made, sizes, strict=True):
        assert _read(one) == list(range(1, size + 1)), "every commit up to one moment, none after"
    backup_restore.restore(made[2], data / "reelbox.sqlite3", NOW)
    assert len(_read(data / "reelbox.sqlite3")) == sizes[2]


@pytest.mark.fault("S7")
def test_nobody_else_can_read_a_backup_and_it_opens_no_interaction(
    books: Path, shelf: Path
) -> None:
    with closing(sqlite3.connect(books, isolation_level=None)) as tx:
        tx.row_factory = sqlite3.Row
        job_id = _reserve(tx, 1)
        tx.execute("UPDATE interaction_token SET token = 'aTokenThatOpensAMessage'")
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)
    assert oct(target.stat().st_mode)[-3:] == "600"
    assert [path.name for path in shelf.iterdir()] == [target.name], "one file, nothing beside it"
    assert b"aTokenThatOpensAMessage" in books.read_bytes() or (
        b"aTokenThatOpensAMessage" in books.with_name(f"{books.name}-wal").read_bytes()
    )
    assert b"aTokenThatOpensAMessage" not in target.read_bytes()
    with closing(backup.open_read_only(target)) as connection:
        assert backup.find_made_at(connection) == NOW
        assert jobs.get(connection, job_id).interaction_id == 1


def test_what_was_deleted_long_ago_is_not_in_a_backup(books: Path, shelf: Path) -> None:
    with closing(sqlite3.connect(books, isolation_level=None)) as tx:
        tx.execute("PRAGMA secure_delete = OFF")  # some builds have it on
        tx.execute("INSERT INTO setting VALUES ('a', 'b', 'aWordThatWasTakenBack')")
        tx.execute("DELETE FROM setting WHERE scope = 'a'")
    assert b"aWordThatWasTakenBack" in books.read_bytes()
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)
    assert b"aWordThatWasTakenBack" not in target.read_bytes()


def test_a_copy_that_does_not_add_up_is_no_backup(books: Path, shelf: Path) -> None:
    _write(books, 1)
    with closing(sqlite3.connect(books, isolation_level=None)) as tx:
        tx.execute("UPDATE account SET held = held + 1 WHERE id = 'org'")
    with pytest.raises(BackupError, match="do not add up"):
        backup.make(books, shelf / backup.name_for(NOW), NOW)
    assert list(shelf.iterdir()) == []


@pytest.mark.fault("D18")
@pytest.mark.parametrize("limit", [0, 4096, 100_000])
def test_a_target_that_fills_up_leaves_no_half_of_a_copy_and_the_last_one_stays(
    books: Path, shelf: Path, limit: int
) -> None:
    _write(books, *range(40))
    good = shelf / backup.name_for(NOW)
    backup.make(books, good, NOW)
    assert good.stat().st_size > limit
    target = shelf / backup.name_for(NOW + HOUR_S)

    def starved() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with pytest.raises(BackupError, match="could not be"):
            backup.make(books, target, NOW + HOUR_S)

    assert in_child(starved) == 0
    assert list(shelf.iterdir()) == [good]
    assert len(_read(good)) == len(_read(books)) == 40


def test_no_backup_is_made_that_would_leave_the_disk_too_full(books: Path, shelf: Path) -> None:
    free = shutil.disk_usage(shelf).free
    with pytest.raises(BackupError, match="make room there"):
        backup.make(books, shelf / backup.name_for(NOW), NOW, spare_bytes=2 * free)
    assert list(shelf.iterdir()) == []


def test_the_last_24_and_the_last_of_14_days_are_kept_and_halves_are_swept_up(
    books: Path, shelf: Path
) -> None:
    first = NOW - NOW % 86_400
    _write(books, 1)
    template = shelf / "template"
    backup.make(books, template, NOW)
    made = [first + hour * HOUR_S for hour in range(40 * 24)]
    for at in made:
        os.link(template, shelf / backup.name_for(at))
    template.unlink()
    (shelf / f".{backup.name_for(NOW)}.partial").write_bytes(b"half")
    os.link(shelf / backup.name_for(made[0]), shelf / backup.name_for(made[5], 3))
    (shelf / "mine.sqlite3").write_bytes(b"somebody's own file")
    backup.prune(shelf)
    kept = {path.name for path in shelf.iterdir()}
    last_of_days = [first + day * 86_400 + 23 * HOUR_S for day in range(26, 40)]
    wanted = {backup.name_for(at) for at in [*made[-24:], *last_of_days]}
    assert kept == {*wanted, backup.name_for(made[5], 3), "mine.sqlite3"}
    assert len(wanted) == 24 + 13


def test_the_old_books_are_kept_with_the_commits_beside_them_and_both_stay_readable(
    books: Path, shelf: Path
) -> None:
    _write(books, 1)
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)

    # What a killed bot leaves: commits that are only in the file beside.
    def killed() -> None:
        tx = sqlite3.connect(books, isolation_level=None)
        tx.row_factory = sqlite3.Row
        tx.execute("BEGIN IMMEDIATE")
        _reserve(tx, 2)
        tx.execute("COMMIT")
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(killed) == -signal.SIGKILL
    assert books.with_name(f"{books.name}-wal").stat().st_size > 0
    done = backup_restore.restore(target, books, NOW + 60)
    assert done.made_at == NOW
    assert done.kept is not None
    assert not books.with_name(f"{books.name}-wal").exists()
    assert _read(books) == [1], "the old commits were not applied to the restored file"
    assert _read(done.kept) == [1, 2], "nor lost"
    again = backup_restore.restore(done.kept, books, NOW + 60)
    assert _read(books) == [1, 2], "a restore can be taken back, too"
    assert again.kept is not None
    assert again.kept != done.kept
    with closing(backup.open_read_only(books)) as connection:
        assert rewound.find(connection) is not None


def test_a_backup_is_not_restored_under_a_running_bot(books: Path, shelf: Path) -> None:
    _write(books, 1)
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)
    _write(books, 2)
    ended = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from storage.lock import instance_lock\n"
            "with instance_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()",
            str(books.parent / "reelbox.lock"),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert ended.stdout is not None
    assert ended.stdout.readline() == b"held\n"
    with pytest.raises(AlreadyRunningError):
        backup_restore.restore(target, books, NOW)
    ended.communicate()
    assert _read(books) == [1, 2]
    assert sorted(path.name for path in books.parent.iterdir() if "restor" in path.name) == []


def test_a_restore_killed_at_any_step_is_refused_by_a_start_until_it_is_done_again(
    tmp_path: Path, books: Path, shelf: Path
) -> None:
    target = shelf / backup.name_for(NOW)
    _write(books, 1)
    backup.make(books, target, NOW)
    _write(books, 2)
    template = books.parent
    was_killed, step = True, 0
    refused = 0
    while was_killed:
        data = tmp_path / str(step)
        shutil.copytree(template, data)
        books = data / "reelbox.sqlite3"
        was_killed = _is_killed_restoring(step, target, books)
        try:
            backup_restore.require_whole(books)
        except UnusableDatabaseError:
            refused += 1
        else:
            # Either nothing had begun, or all was done, and then it is marked.
            known = _read(books)
            with closing(backup.open_read_only(books)) as connection:
                assert (known == [1]) == (rewound.find(connection) is not None)
            assert known in ([1, 2], [1])
        backup_restore.restore(target, books, NOW + 60)
        backup_restore.require_whole(books)
        assert _read(books) == [1]
        kept = [path for path in data.glob("*.before-*") if not path.name.endswith("-wal")]
        assert [1, 2] in [_read(path) for path in kept], "the books of before are still there"
        step += 1
    assert step > 10, "that many changes on disk make a restore"
    assert refused >= 5, "from the first move to the last"


def _is_killed_restoring(step: int, copy: Path, database: Path) -> bool:
    """Restore in a process that kills itself before its nth change on disk; False if it ended."""
    left = step

    def deadly(function: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **kwargs: object) -> object:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return function(*args, **kwargs)

        return run

    def restoring() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(backup, "sync", deadly(backup.sync))
            patch.setattr(os, "rename", deadly(os.rename))
            patch.setattr(os, "unlink", deadly(os.unlink))
            backup_restore.restore(copy, database, NOW)

    code = in_child(restoring)
    assert code in (0, -signal.SIGKILL)
    return code != 0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"not a database" * 500), "not a database"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: _execute(path, "PRAGMA user_version = 99"), "newer Reelbox"),
        (lambda path: _execute(path, "PRAGMA application_id = 7"), "not a Reelbox database"),
        (lambda path: _execute(path, "DROP TRIGGER entry_kept"), "another shape"),
        (lambda path: _execute(path, "UPDATE account SET held = held + 1"), "do not add up"),
        (lambda path: os.truncate(path, path.stat().st_size // 2), "malformed|damaged|cannot be"),
        (lambda path: path.unlink(), "is not there"),
    ],
    ids=[
        "no database",
        "empty",
        "newer",
        "another program's",
        "trigger gone",
        "sum",
        "cut",
        "gone",
    ],
)
def test_what_cannot_be_trusted_is_not_restored_and_the_books_stay(
    books: Path, shelf: Path, spoil: object, said: str
) -> None:
    _write(books, 1)
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)
    _write(books, 2)
    assert callable(spoil)
    spoil(target)
    before = sorted(path.name for path in books.parent.iterdir())
    with pytest.raises(BackupError, match=said):
        backup_restore.restore(target, books, NOW)
    assert _read(books) == [1, 2]
    after = [path.name for path in books.parent.iterdir() if path.name != "reelbox.lock"]
    assert set(after) <= set(before) | {"reelbox.sqlite3-shm", "reelbox.sqlite3-wal"}
    assert list(backup.list_verified(shelf)) == []


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def _old(path: Path) -> None:
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


def test_an_older_backup_is_restored_as_it_is_and_the_next_start_brings_it_up_to_date(
    tmp_path: Path, shelf: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    _old(data / "reelbox.sqlite3")
    target = shelf / backup.name_for(NOW, 2)
    backup.make(data / "reelbox.sqlite3", target, NOW)
    schema.prepare(data / "reelbox.sqlite3")
    done = backup_restore.restore(target, data / "reelbox.sqlite3", NOW)
    assert done.version == 2
    schema.prepare(data / "reelbox.sqlite3")
    with closing(backup.open_read_only(data / "reelbox.sqlite3")) as connection:
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
    _old(data / "reelbox.sqlite3")
    found, was_killed, steps = [], True, 1
    while was_killed:
        code = in_child(partial(_migrate_until, data, steps))
        assert code in (0, -signal.SIGKILL)
        was_killed = code != 0
        kept = list(backup.list_verified(data / "backups"))
        assert kept[-1].is_before_migration
        with closing(backup.open_read_only(kept[-1].path)) as connection:
            assert schema.require_ours(connection, kept[-1].path) == 2
        with closing(backup.open_read_only(data / "reelbox.sqlite3")) as connection:
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
    _old(data / "reelbox.sqlite3")
    before = (data / "reelbox.sqlite3").read_bytes()
    storage = StorageConfig(data, min_free_bytes=0, backup_dir=tmp_path / "not mounted")
    with pytest.raises(UnusableDatabaseError, match="not changed before there is a backup"):
        async with open_database(data, before_migrating=before_migrating(storage, NOW)):
            pytest.fail("it was opened")
    assert (data / "reelbox.sqlite3").read_bytes() == before


def test_only_a_file_beside_that_should_be_there_and_is_not_tells_of_lost_commits(
    books: Path,
) -> None:
    beside = books.with_name(f"{books.name}-wal")
    assert trace.take_up(books) == trace.Trace()
    trace.write(books, trace.Trace(3, 7, is_open=True))
    beside.write_bytes(b"commits")
    assert trace.take_up(books) == trace.Trace(3, 7)
    beside.unlink()
    assert trace.take_up(books) == trace.Trace(3, 7), "that start may have tidied it up"
    trace.write(books, trace.Trace(4, 7, is_open=True))
    assert trace.take_up(books).is_cut
    assert trace.take_up(books).is_cut, "until the books themselves say so"
    trace.write(books, trace.Trace(5, 7, is_open=False))
    assert trace.take_up(books) == trace.Trace(5, 7), "closed in order"
    (books.parent / trace.NAME).write_text("{")
    assert trace.take_up(books) == trace.Trace()
