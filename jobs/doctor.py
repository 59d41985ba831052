"""A page for the host: how the bot and its books are, what needs them, and what to do about it.

It may be asked for while the bot runs, or does not: it only reads, asks the network nothing, and
shows neither secrets nor prompts.
"""

import json
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import config
from config import StorageConfig
from jobs import backup_desk, checks
from jobs.checks import Line
from jobs.times import moment
from storage import backup_restore, checkup, mounts, schema
from storage.errors import UnusableDatabaseError
from storage.lock import is_held


def report(path: Path, now: int, *, as_json: bool = False) -> tuple[str, bool]:
    """Return what there is to say of the bot configured there, and whether all is well.

    `now` is epoch s. Text is for a terminal; JSON is a list of level, topic and text.
    """
    try:
        read = config.load(path)
    except config.ConfigError as error:
        lines = [Line("ATTENTION", "config", problem) for problem in error.problems]
    else:
        lines = [
            Line("ok", "config", f"{path} is fine"),
            *examine(read.storage, read.video.models, now),
        ]
    text = json.dumps([asdict(line) for line in lines], indent=1) + "\n"
    return text if as_json else _page(lines, now), all(line.level != "ATTENTION" for line in lines)


def examine(storage: StorageConfig, models: tuple[str, ...], now: int) -> Iterator[Line]:
    """Look at everything there is; `now` is epoch s. Never raises for what it finds."""
    data_dir = storage.data_dir
    yield from _program()
    try:
        yield from _directory(storage, models, now)
    except UnusableDatabaseError as error:
        yield Line("ATTENTION", "books", str(error))
        if said := backup_desk.newest_words(storage, now):
            yield Line("note", "backups", said)
    except OSError as error:
        yield Line(
            "ATTENTION",
            "data",
            f"storage.data_dir {data_dir.absolute()} cannot be looked at: "
            f"{error.strerror or error}; look as the user that the bot runs as",
        )


def _directory(storage: StorageConfig, models: tuple[str, ...], now: int) -> Iterator[Line]:
    data_dir = storage.data_dir
    if not data_dir.is_dir():
        yield Line(
            "ATTENTION",
            "data",
            f"storage.data_dir {data_dir.absolute()} is not there; correct it (a relative path "
            "begins where the bot is started), or start the bot once to make it",
        )
        return
    yield _disk(data_dir, storage.min_free_bytes)
    if (kind := mounts.kind_of(data_dir)) in mounts.NETWORK_KINDS:
        yield Line(
            "note",
            "data",
            f"{data_dir.absolute()} is on a network file system ({kind}), where a commit may be "
            "lost; move it to a local disk",
        )
    running = is_held(data_dir / "reelbox.lock")
    yield Line("ok" if running else "note", "process", _running_words(running))
    path = storage.database
    backup_restore.require_whole(path)
    if not path.is_file():
        yield Line(
            "ATTENTION",
            "books",
            f"there is no {path.name} in {data_dir.absolute()}; if the bot ran before, "
            "storage.data_dir is not the one it used, else start it once",
        )
        return
    with checkup.looking_at(path) as tx:
        version = schema.require_ours(tx, path)
        newest = schema.migrations()[-1][0]
        if version < newest:
            yield _old_schema(tx, version, newest)
            return
        yield Line("ok", "books", f"schema {version}, as this version writes it")
        yield from checks.books(tx, path)
        yield from checks.recovery(tx, now)
        yield from checks.backups(tx, storage, now, is_running=running is True)
        yield from checks.intake(tx, now)
        yield from checks.jobs(tx, now)
        yield from checks.requests(tx, now)
        yield from checks.money(tx, now, is_running=running is True)
        yield from checks.models(tx, models)
        yield from checks.messages(tx)


def _program() -> Iterator[Line]:
    sqlite = sqlite3.sqlite_version
    yield Line("ok", "program", f"Python {platform.python_version()}, SQLite {sqlite}")
    major, minor, patch = (int(part) for part in sqlite.split(".")[:3])
    if not checkup.is_wal_reset_mended((major, minor, patch)):
        yield Line(
            "note",
            "program",
            f"SQLite {sqlite} has a rare fault when two programs write to one file (mended in "
            "3.51.3, 3.50.7 and 3.44.6); the bot writes alone, so let no other program write",
        )


def _disk(data_dir: Path, min_free_bytes: int) -> Line:
    free = shutil.disk_usage(data_dir).free
    words = f"{data_dir.absolute()}, {free >> 20:,} MiB free"
    if free < min_free_bytes:
        return Line(
            "ATTENTION",
            "data",
            f"{words}, below storage.min_free_mib = {min_free_bytes >> 20:,}, so no new videos are "
            "taken; free some disk space",
        )
    return Line("ok", "data", f"{words} (new videos stop below {min_free_bytes >> 20:,})")


def _running_words(running: bool | None) -> str:
    if running is None:
        return "whether the bot is running cannot be told on this system"
    return "the bot is running" if running else "the bot is not running"


def _old_schema(tx: sqlite3.Connection, version: int, newest: int) -> Line:
    damage = tx.execute("PRAGMA quick_check(1)").fetchone()[0]
    if damage != "ok":
        return Line(
            "ATTENTION", "books", f"damaged ({damage}); keep the file, restore the newest backup"
        )
    return Line(
        "note",
        "books",
        f"schema {version}; the next start of this version brings it to {newest}, and only then "
        "can the rest be looked at",
    )


def _page(lines: list[Line], now: int) -> str:
    """Return the findings as text for a terminal, the ones that need somebody marked."""
    wide = max(len(line.topic) for line in lines)
    shown = [f"{line.level:<9}  {line.topic:<{wide}}  {line.text}" for line in lines]
    urgent = sum(line.level == "ATTENTION" for line in lines)
    end = f"Lines that need you: {urgent}." if urgent else "All is well."
    return "\n".join([f"Reelbox, {moment(now)}", *shown, end, ""])
