"""Putting a backup in the place of the books: checked before, and never half done."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage import backup, backup_restore, connections, copying, rewound, trace
from storage.backup import BackupError
from storage.errors import UnusableDatabaseError
from storage.lock import AlreadyRunningError
from tests.storage.child import in_child
from tests.storage.conftest import NOW
from tests.storage.shelf import read, reserve, write

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("private_files")]

ROOT = Path(__file__).parents[2]


def test_the_old_books_are_kept_with_the_commits_beside_them_and_both_stay_readable(
    books: Path, shelf: Path
) -> None:
    write(books, 1)
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)

    # What a killed bot leaves: commits that are only in the file beside.
    def killed() -> None:
        tx = sqlite3.connect(books, isolation_level=None)
        tx.row_factory = sqlite3.Row
        tx.execute("BEGIN IMMEDIATE")
        reserve(tx, 2)
        tx.execute("COMMIT")
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(killed) == -signal.SIGKILL
    assert books.with_name(f"{books.name}-wal").stat().st_size > 0
    done = backup_restore.restore(target, books, NOW + 60)
    assert done.made_at == NOW
    assert done.kept is not None
    assert not books.with_name(f"{books.name}-wal").exists()
    assert read(books) == [1], "the old commits were not applied to the restored file"
    assert read(done.kept) == [1, 2], "nor lost"
    again = backup_restore.restore(done.kept, books, NOW + 60)
    assert read(books) == [1, 2], "a restore can be taken back, too"
    assert again.kept is not None
    assert again.kept != done.kept
    with closing(connections.open_read_only(books)) as connection:
        assert rewound.find(connection) is not None


def test_a_backup_is_not_restored_under_a_running_bot(books: Path, shelf: Path) -> None:
    write(books, 1)
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)
    write(books, 2)
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
    assert read(books) == [1, 2]
    assert sorted(path.name for path in books.parent.iterdir() if "restor" in path.name) == []


def test_a_restore_killed_at_any_step_is_refused_by_a_start_until_it_is_done_again(
    tmp_path: Path, books: Path, shelf: Path
) -> None:
    target = shelf / backup.name_for(NOW)
    write(books, 1)
    backup.make(books, target, NOW)
    write(books, 2)
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
            known = read(books)
            with closing(connections.open_read_only(books)) as connection:
                assert (known == [1]) == (rewound.find(connection) is not None)
            assert known in ([1, 2], [1])
        backup_restore.restore(target, books, NOW + 60)
        backup_restore.require_whole(books)
        assert read(books) == [1]
        kept = [path for path in data.glob("*.before-*") if not path.name.endswith("-wal")]
        assert [1, 2] in [read(path) for path in kept], "the books of before are still there"
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
            patch.setattr(copying, "sync", deadly(copying.sync))
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
    write(books, 1)
    target = shelf / backup.name_for(NOW)
    backup.make(books, target, NOW)
    write(books, 2)
    assert callable(spoil)
    spoil(target)
    before = sorted(path.name for path in books.parent.iterdir())
    with pytest.raises(BackupError, match=said):
        backup_restore.restore(target, books, NOW)
    assert read(books) == [1, 2]
    after = [path.name for path in books.parent.iterdir() if path.name != "reelbox.lock"]
    assert set(after) <= set(before) | {"reelbox.sqlite3-shm", "reelbox.sqlite3-wal"}
    assert list(backup.list_verified(shelf)) == []


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


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
