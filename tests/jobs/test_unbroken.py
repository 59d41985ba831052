"""Whether a start knows that nothing is missing from the books, however the run before ended."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import crashpoints
from jobs import fingerprint, moves
from jobs.recovery import Start, recover
from models import State
from storage import jobs, ledger, rewound, trace
from storage.database import DATABASE, Database, open_database
from tests.storage.child import in_child
from tests.storage.conftest import NOW, QUOTE, asker, order

KILLED = 137
LIMITS = ledger.Limits(0, 10**6, 0)
BOOKS = (DATABASE, f"{DATABASE}-wal")


def _kill() -> None:
    os._exit(KILLED)


def _run(data: Path, act: Callable[[Database, Start], Any], kill_at: str = "") -> None:
    """Start on the books in a process of its own, act, and be killed: there or at the end."""

    async def live() -> None:
        async with open_database(data) as db:
            start = await db.insist(recover, NOW, db.last_run)
            await db.leave_trace(start.epoch, start.swept_to, start.line)
            crashpoints.listen(lambda point: _kill() if point == kill_at else None)
            await act(db, start)
            _kill()

    assert in_child(lambda: asyncio.run(live())) == KILLED


async def _start(data: Path) -> Start:
    async with open_database(data) as db:
        return await db.insist(recover, NOW, db.last_run)


async def _send(db: Database, _start: Start) -> None:
    """Send a job, as the loop for that does; the request itself is left out."""
    number = 1 + len(await db.read(jobs.list_in, *State))
    mark = fingerprint.of("kling-v2.1", f"prompt {number}")
    made = await db.write(
        moves.reserve, asker(number), order(f"prompt {number}"), QUOTE, mark, LIMITS, (99, 99), NOW
    )
    await db.write(moves.enqueue, made.job.id, 31, 1000 + number)
    await db.write(moves.begin_submit, made.job.id, 1, NOW, NOW + 60, NOW)
    await db.leave_mark()


async def _nothing(_db: Database, _start: Start) -> None:
    pass


@pytest.mark.parametrize(
    "moment", ["before commit begin_submit", "after commit begin_submit", "before trace", ""]
)
async def test_a_kill_at_any_moment_around_a_request_leaves_no_doubt(
    tmp_path: Path, moment: str
) -> None:
    _run(tmp_path, _send, moment)
    start = await _start(tmp_path)
    assert start.has_past
    assert start.line
    assert start.rewound is None


async def test_nor_does_a_stop_in_order_or_a_kill_that_follows_another(tmp_path: Path) -> None:
    _run(tmp_path, _send)
    async with open_database(tmp_path) as db:
        first = await db.insist(recover, NOW, db.last_run)
        await db.leave_trace(first.epoch, first.swept_to, first.line)
    _run(tmp_path, _send, "after commit begin_submit")
    _run(tmp_path, _nothing)
    assert (await _start(tmp_path)).line == first.line != ""


def _edit(data: Path, **changes: object) -> None:
    """Change what the trace says of its place, in the very same file."""
    told = json.loads((data / trace.NAME).read_text())
    told["place"].update(changes)
    (data / trace.NAME).write_text(json.dumps(told))


def _told(data: Path, name: str) -> float:
    told: float = json.loads((data / trace.NAME).read_text())["place"][name]
    return told


def _copied(data: Path) -> None:
    """Put a copy of everything in its place, with its times."""
    shutil.copytree(data, data.with_name("copy"))
    shutil.rmtree(data)
    data.with_name("copy").rename(data)


def _copied_alone(data: Path) -> None:
    shutil.copy2(data / trace.NAME, data / "copy")
    (data / "copy").rename(data / trace.NAME)


SPOILT: dict[str, Callable[[Path], object]] = {
    "gone": lambda data: (data / trace.NAME).unlink(),
    "empty, as a cut of the power leaves it": lambda data: (data / trace.NAME).write_text(""),
    "of another kind": lambda data: (data / trace.NAME).write_text('{"moves": "5"}'),
    "no record at all": lambda data: (data / trace.NAME).write_text("[]"),
    "from before it told its place": lambda data: (data / trace.NAME).write_text(
        '{"epoch": 1, "swept_to": 5, "is_open": true, "is_cut": false}'
    ),
    "of an earlier start of the machine": lambda data: _edit(data, boot="another"),
    "of no known start": lambda data: _edit(data, boot=""),
    "of another disk": lambda data: _edit(data, device=1),
    "put back with everything else": _copied,
    "put back": _copied_alone,
    "put there later than it says": lambda data: _edit(
        data, written_at=_told(data, "written_at") - 60
    ),
    "of a machine that stood still": lambda data: _edit(
        data, clock_gap_s=_told(data, "clock_gap_s") - 60
    ),
}


@pytest.mark.parametrize("how", SPOILT)
async def test_where_the_trace_may_not_be_the_last_one_nothing_vouches_for_the_books(
    tmp_path: Path, how: str
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    _run(data, _send)
    SPOILT[how](data)
    start = await _start(data)
    assert start.line == ""
    assert start.rewound is None, "nor does anything speak against them"


async def test_a_trace_that_cannot_be_written_vouches_for_nothing(tmp_path: Path) -> None:
    async def send(db: Database, start: Start) -> None:
        (tmp_path / f".{trace.NAME}").mkdir()
        await _send(db, start)

    _run(tmp_path, send)
    assert json.loads((tmp_path / trace.NAME).read_text())["moves"] == 0, "it is the one before"
    assert (await _start(tmp_path)).line == ""


def _older_books(data: Path) -> Callable[[Database, Start], Any]:
    """Send one job, keep the books as they are then, and send another one in the same run."""

    async def act(db: Database, start: Start) -> None:
        await _send(db, start)
        shutil.copytree(data, data / "kept")
        await _send(db, start)

    return act


@pytest.mark.parametrize("spoil", [None, "of an earlier start of the machine", "put back"])
async def test_books_without_a_request_that_left_are_found_out_whatever_else_happened(
    tmp_path: Path, spoil: str | None
) -> None:
    _run(tmp_path, _older_books(tmp_path))
    _take_back(tmp_path, tmp_path / "kept")
    if spoil is not None:
        SPOILT[spoil](tmp_path)
    start = await _start(tmp_path)
    assert start.rewound is not None
    assert start.rewound.how == "lost"
    assert start.line == ""


@pytest.mark.parametrize("how", ["gone", "empty, as a cut of the power leaves it"])
async def test_older_books_whose_trace_was_lost_with_the_power_are_not_vouched_for(
    tmp_path: Path, how: str
) -> None:
    _run(tmp_path, _older_books(tmp_path))
    _take_back(tmp_path, tmp_path / "kept")
    SPOILT[how](tmp_path)
    start = await _start(tmp_path)
    assert (start.line, start.rewound) == ("", None), "the history has to tell"


async def test_books_that_once_went_another_way_are_not_vouched_for(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    _run(data, _send)
    shutil.copytree(data, tmp_path / "early")
    _run(data, _send)
    _run(data, _send)
    shutil.copytree(data, tmp_path / "late")
    _take_back(data, tmp_path / "early")
    SPOILT["gone"](data)
    _run(data, _swept)
    _run(data, _send)
    _take_back(data, tmp_path / "late")  # of as many runs as the trace, and of more moves
    start = await _start(data)
    assert (start.epoch, start.rewound) == (4, None)
    assert start.line == ""


def _take_back(data: Path, aside: Path) -> None:
    for name in BOOKS:
        shutil.copy(aside / name, data / name)


async def _swept(db: Database, _start: Start) -> None:
    """Compare the books with the history, as the sweep does, and find nothing missing."""
    await db.leave_mark(await db.insist(rewound.begin_line))


async def test_what_nobody_vouched_for_stays_so_until_it_has_been_compared(
    tmp_path: Path,
) -> None:
    _run(tmp_path, _send)
    SPOILT["of an earlier start of the machine"](tmp_path)
    _run(tmp_path, _nothing)
    _run(tmp_path, _nothing)
    _run(tmp_path, _swept, "after commit begin_line")
    _run(tmp_path, _nothing)
    told = tmp_path / "told"

    async def sweep(db: Database, start: Start) -> None:
        told.write_text(start.line)
        await _swept(db, start)

    _run(tmp_path, sweep)
    assert told.read_text() == ""
    _run(tmp_path, sweep)
    assert told.read_text() != ""


async def test_a_start_that_is_cut_short_does_not_take_a_copy_for_the_last_trace(
    tmp_path: Path,
) -> None:
    _run(tmp_path, _send)
    SPOILT["of an earlier start of the machine"](tmp_path)
    assert trace.take_up(tmp_path / DATABASE).is_moved
    # Its own is written over it by then, by this start of the machine.
    assert trace.take_up(tmp_path / DATABASE).is_moved
    assert (await _start(tmp_path)).line == ""
