"""A caller that is cancelled in the middle of its transaction: done or not begun, never half."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from storage import settings
from storage.database import Database

WRITE_FROM_OUTSIDE = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
other.execute("BEGIN IMMEDIATE")
other.execute("INSERT INTO meta (k, v) VALUES ('outside', 1) ON CONFLICT (k) DO UPDATE SET v = 1")
other.execute("COMMIT")
"""
Way = Callable[..., Coroutine[Any, Any, Any]]


class _Held:
    """A transaction that waits in its middle until it is let go."""

    def __init__(self, *, raises: bool = False) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()
        self._raises = raises

    def __call__(self, tx: sqlite3.Connection) -> None:
        settings.put(tx, "test", "first", "x")
        self.has_begun.set()
        assert self.may_end.wait(20)
        if self._raises:
            raise RuntimeError("the step broke after its caller had gone")
        settings.put(tx, "test", "second", "x")


def _ways(db: Database) -> dict[str, Way]:
    return {
        "write": db.write,
        "insist": db.insist,
        "write_within": lambda function: db.write_within(10, function),
    }


@pytest.mark.fault("P13")
@pytest.mark.parametrize("raises", [False, True], ids=["it ends well", "it raises"])
@pytest.mark.parametrize("way", ["write", "insist", "write_within"])
async def test_cancelled_in_the_middle_it_is_whole_and_nothing_stays_open(
    db: Database, tmp_path: Path, way: str, raises: bool
) -> None:
    held, behind = _Held(raises=raises), _Held()
    behind.may_end.set()
    middle = asyncio.create_task(_ways(db)[way](held))
    await asyncio.to_thread(held.has_begun.wait, 20)
    queued = asyncio.create_task(_ways(db)[way](behind))
    await asyncio.sleep(0)  # it is handed over, and waits behind the other
    for task in (middle, queued):
        task.cancel()
    held.may_end.set()
    ended = await asyncio.gather(middle, queued, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
    await db.write(settings.put, "test", "after", "x")
    is_open = await db._writer.call(lambda: db._writer.raw.in_transaction)
    assert not is_open
    kept = set(await db.read(settings.list_scope, "test"))
    assert kept - {"after"} in ({"first", "second"}, set())
    if not raises:
        assert {"first", "second"} <= kept, "what had begun was finished"
    outside = [sys.executable, "-c", WRITE_FROM_OUTSIDE, str(tmp_path / "reelbox.sqlite3")]
    subprocess.run(outside, check=True)
    assert await db.read(settings.counter, "outside") == 1


@pytest.mark.fault("P13")
async def test_a_cancelled_reader_keeps_no_snapshot_open(db: Database) -> None:
    may_end, has_begun = threading.Event(), threading.Event()

    def look(tx: sqlite3.Connection) -> str | None:
        found = settings.find(tx, "test", "fresh")
        has_begun.set()
        assert may_end.wait(20)
        return found

    reading = asyncio.create_task(db.read(look))
    await asyncio.to_thread(has_begun.wait, 20)
    reading.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await db.write(settings.put, "test", "fresh", "x")
    for _ in db._readers:  # they take turns
        assert await db.read(settings.find, "test", "fresh") == "x"
    for reader in db._readers:
        assert not await reader.call(lambda one=reader: one.raw.in_transaction)
