"""The files beside the books: a row names what is there, and what no row names is swept up."""

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from media.partfile import PREFIX
from storage import pictures, results
from tests.harness.stage import Stage, reading

# Past the hour in which a file without a row may be one that is being made.
AGED_S = 2 * 3600
# Of the clock, in which a start has swept up.
SWEPT_WITHIN_S = 600.0


def missing(tx: sqlite3.Connection, data: Path) -> list[str]:
    """Return the files that rows name and that are not there: never so, also after a kill."""
    return [
        f"{directory}/{name} is not there, and the books name it"
        for directory, names in _named(tx)
        for name in sorted(names)
        if not (data / directory / name).exists()
    ]


async def left_lying(stage: Stage, data: Path) -> list[str]:
    """Return what no row names and a new start does not sweep up; there is one when need be.

    The files are made older than they are, as the sweep goes by the kernel's clock.
    """
    if not (lying := _strays(data)):
        return []
    old = time.time() - AGED_S
    for path in lying:
        os.utime(path, (old, old))
    if 0 in stage.bots:
        await stage.kill(stage.bots[0])
    bot = await stage.start(data)
    await stage.eventually(lambda: bot.code is not None or not _strays(data), SWEPT_WITHIN_S)
    ended = [] if bot.code is None else [f"the bot that sweeps up ended with {bot.code}"]
    return ended + [f"{path.relative_to(data)} lies there for nobody" for path in _strays(data)]


def _strays(data: Path) -> list[Path]:
    with reading(data) as tx:
        # A video's smaller copies share its stem.
        stems = {
            directory: {name.split(".", 1)[0] for name in names} for directory, names in _named(tx)
        }
    return [
        path
        for directory, named in stems.items()
        if (data / directory).is_dir()
        for path in sorted((data / directory).iterdir())
        if path.name.startswith(PREFIX) or path.name.split(".", 1)[0] not in named
    ]


def _named(tx: sqlite3.Connection) -> Iterator[tuple[str, frozenset[str]]]:
    yield "videos", results.list_files(tx)
    yield "pictures", pictures.list_files(tx)
