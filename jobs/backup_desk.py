"""What a host is told by `python bot.py backup` and `restore`: what was done, what to do next."""

from pathlib import Path

from config import StorageConfig
from jobs.times import age, moment
from storage import backup, backup_restore, schema
from storage.backup import Backup, BackupError
from storage.lock import AlreadyRunningError

DAY_S = 24 * 3600
# Results are kept so long on NeuralBox's smallest plan, and so may the history be.
SHORT_HISTORY_S = 7 * DAY_S
# Nothing usable to restore, no backup written, the bot is running.
EXIT_CODES = EXIT_RESTORE, EXIT_BACKUP, EXIT_LOCKED = 66, 73, 75


def back_up(storage: StorageConfig, file: Path | None, now: int) -> tuple[str, int]:
    """Write a backup, also while the bot runs; return what to say and the exit code."""
    if not storage.database.is_file():
        return (
            f"Nothing was written: there are no books at {storage.database.absolute()}. If the bot "
            "ran before, storage.data_dir is not the one it used.\n",
            EXIT_BACKUP,
        )
    target = file or storage.backups_dir
    try:
        if file is None:
            storage.backups_dir.mkdir(mode=0o700, exist_ok=True)
        if target.is_dir():
            target = target / backup.name_for(now)
        size = backup.make(storage.database, target, now)
    except BackupError as error:
        return f"No backup was written: {error}.\n", EXIT_BACKUP
    except OSError as error:
        return f"No backup was written: {target}: {error.strerror or error}.\n", EXIT_BACKUP
    return (
        f"{target.absolute()}: the books of {moment(now)}, {_size(size)}, read back and found "
        "whole.\nIt holds jobs, prompts and budgets, and no tokens or keys. Videos and pictures "
        "are not in it. Keep a copy of it on another machine.\n",
        0,
    )


def list_backups(storage: StorageConfig, now: int) -> tuple[str, int]:
    """Say which backups could be restored now; return that and the exit code."""
    found = backup.list_all(storage.backups_dir)
    verified = list(backup.list_verified(storage.backups_dir))
    lines = [_line(one, now) for one in verified]
    where = storage.backups_dir.absolute()
    if bad := [one.path.name for one in found if one not in verified]:
        lines.append(f"Not usable, and left as they are: {', '.join(bad)}")
    if not verified:
        return "\n".join([*lines, f"There is no usable backup in {where}.", ""]), EXIT_RESTORE
    head = f"Backups in {where}, read through just now, newest first:"
    tail = f"Stop the bot, then: python bot.py restore {verified[0].path}"
    return "\n".join([head, *lines, tail, ""]), 0


def restore(storage: StorageConfig, file: Path, now: int) -> tuple[str, int]:
    """Put a backup in the place of the books; return what to say and the exit code."""
    beside = storage.backups_dir / file
    copy = beside if not file.exists() and beside.exists() else file
    try:
        done = backup_restore.restore(copy, storage.database, now)
    except AlreadyRunningError:
        return (
            f"Nothing was restored: the bot is running on {storage.data_dir.absolute()}. Stop it "
            "first.\n",
            EXIT_LOCKED,
        )
    except BackupError as error:
        return f"Nothing was restored: {error}.\n", EXIT_RESTORE
    newest = schema.newest_version()
    lines = [
        f"Restored: the books of {moment(done.made_at)}, {age(now - done.made_at)} old."
        + ("" if done.version == newest else " The next start brings them to this version."),
    ]
    if done.kept is not None:
        lines.append(f"The books of before were kept: {done.kept.absolute()}")
    lines.append(
        "Start the bot. It takes no new videos for about 20 minutes, until it has compared the "
        "books with NeuralBox's history; nothing that may have been sent is sent again. What was "
        "made since then is listed by `python bot.py doctor`, as nobody's."
    )
    if now - done.made_at > SHORT_HISTORY_S:
        lines.append(
            "This backup is older than a week. NeuralBox keeps its history for a time that depends "
            "on the plan; what is older than that cannot be compared, so the books may stay "
            "incomplete. The balance report tells by how much."
        )
    return "\n".join([*lines, ""]), 0


def newest_words(storage: StorageConfig, now: int) -> str:
    """Say which backup to restore when the books cannot be used; "" where there are none at all."""
    try:
        if not backup.list_all(storage.backups_dir):
            return ""
        newest = backup.find_newest_verified(storage.backups_dir)
    except OSError as error:
        return f"{storage.backups_dir.absolute()} cannot be read: {error.strerror or error}."
    if newest is None:
        return f"There is no usable backup in {storage.backups_dir.absolute()}."
    return (
        f"The newest usable backup is {newest.path.absolute()}, {age(now - newest.made_at)} old: "
        f"python bot.py restore {newest.path}"
    )


def _line(one: Backup, now: int) -> str:
    update = ", from before an update" if one.is_before_migration else ""
    return (
        f"  {one.path.name}  {moment(one.made_at)}, {age(now - one.made_at)} old, "
        f"{_size(one.size_bytes)}{update}"
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1024:,.0f} KiB" if size_bytes < 1 << 20 else f"{size_bytes >> 20:,} MiB"
