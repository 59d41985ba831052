"""The first and the last transaction of a recovery, on books with a job in every state."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobs import aftermath, fingerprint, moves
from jobs.recovery import recover
from models import State
from neuralbox import Generation, Status
from storage import approvals, claims, invariants, jobs, ledger, notices, outbox, rewound, schema
from storage.rewound import Rewound
from storage.trace import Trace
from tests.storage.conftest import NOW, QUOTE, asker, order

LATER = NOW + 600
HORIZON_S = 900
LIMITS = ledger.Limits(0, 10**6, 0)


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "reelbox.sqlite3"
    schema.prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection
        assert invariants.violations(connection) == {}


def _job(tx: sqlite3.Connection, number: int, state: State, prompt: str = "") -> int:
    prompt = prompt or f"prompt {number}"
    mark = fingerprint.of("kling-v2.1", prompt)
    made = moves.reserve(tx, asker(number), order(prompt), QUOTE, mark, LIMITS, (99, 99), NOW)
    if state is not State.RESERVED:
        moves.enqueue(tx, made.job.id, 31, 1000 + number)
    if state in (State.SUBMITTING, State.PENDING):
        moves.begin_submit(tx, made.job.id, 1, NOW, NOW + 60, NOW)
    if state is State.PENDING:
        moves.accept(tx, made.job.id, State.SUBMITTING, f"g{number}", "answer", NOW)
    return made.job.id


def _entry(number: int, prompt: str, *, at: int = NOW + 60) -> Generation:
    return Generation(
        f"v{number}",
        Status.COMPLETED,
        result_url="https://x/1.mp4",
        cost_tokens=44,
        model="kling-v2.1",
        prompt=prompt,
        created_at=at,
    )


def _begin(tx: sqlite3.Connection) -> None:
    rewound.mark(tx, Rewound("restore", NOW + 10))
    recover(tx, LATER, Trace())
    marker = rewound.find(tx)
    assert marker is not None
    rewound.mark(tx, Rewound("restore", NOW + 10, marker.begun_at, LATER, LATER))


def _states(tx: sqlite3.Connection, *job_ids: int) -> list[State]:
    return [jobs.get(tx, job_id).state for job_id in job_ids]


def test_whatever_waits_is_looked_up_and_of_those_alike_one_at_a_time(
    tx: sqlite3.Connection,
) -> None:
    reserved = _job(tx, 1, State.RESERVED)
    queued, twin = _job(tx, 2, State.QUEUED, "alike"), _job(tx, 3, State.QUEUED, "alike")
    submitting, pending = _job(tx, 4, State.SUBMITTING), _job(tx, 5, State.PENDING)
    asked = _job(tx, 6, State.QUEUED)
    approvals.put(tx, asked, NOW + 3600)
    notices.put(tx, 11, 31, "warning", "half", {}, NOW)
    _begin(tx)
    assert _states(tx, reserved, queued, submitting, asked) == [State.UNKNOWN] * 4
    assert _states(tx, twin, pending) == [State.QUEUED, State.PENDING]
    assert jobs.get(tx, submitting).attention is None, "that one is looked up as ever"
    assert notices.list_due(tx, LATER + 9999, 10) == [], "it may have been told"
    recover(tx, LATER + 60, Trace())  # killed, and started again
    assert _states(tx, reserved, queued, submitting, asked) == [State.UNKNOWN] * 4


def test_the_last_step_finds_gives_back_and_tells_apart_and_only_once(
    tx: sqlite3.Connection,
) -> None:
    found, absent = _job(tx, 1, State.QUEUED), _job(tx, 2, State.QUEUED)
    twins = [_job(tx, number, State.QUEUED, "alike") for number in (3, 4)]
    asked = _job(tx, 5, State.QUEUED)
    approvals.put(tx, asked, NOW + 3600)
    _begin(tx)
    entries = [
        _entry(1, "prompt 1"),
        _entry(2, "alike"),
        _entry(3, "asked for since"),
        _entry(4, "made after recovery began", at=LATER + 5),
        _entry(5, "prompt 2", at=NOW - 500),
    ]
    over = aftermath.conclude(tx, entries, 0.0, LATER + HORIZON_S + 100)
    assert (over.adopted, over.given_back) == (1, 4)
    assert _states(tx, found) == [State.PENDING]
    assert jobs.get(tx, found).generation_id == "v1"
    assert _states(tx, absent, asked, twins[0]) == [State.NOT_SUBMITTED] * 3
    assert _states(tx, twins[1]) == [State.CANCELLED]
    assert claims.claimed(tx, ["v1", "v2", "v3", "v4", "v5"]) == {"v1", "v2", "v3", "v5"}
    assert jobs.get(tx, absent).generation_id is None, "what is older than a job is not its own"
    assert aftermath.sum_unknown(tx, over) == (2, 88)
    assert ledger.total(tx).held_tokens == QUOTE.tokens, "of the one that is being made"
    assert rewound.find(tx) is None
    assert rewound.find_last(tx) == over


def test_what_may_have_been_told_is_marked_and_what_comes_after_is_not(
    tx: sqlite3.Connection,
) -> None:
    before, after = _job(tx, 1, State.PENDING), _job(tx, 2, State.PENDING)
    _begin(tx)
    moves.finish(tx, before, _entry(1, "prompt 1"), LATER - 1, LATER + 10)
    moves.finish(tx, after, _entry(2, "prompt 2"), LATER + 5, LATER + 10)
    assert outbox.find_last_word(tx, before).body == {"again": True}
    assert outbox.find_last_word(tx, after).body == {}, "it was seen unfinished since"
    fresh = _job(tx, 3, State.PENDING)
    assert fresh > rewound.NUMBERS_LEFT_OUT
    moves.finish(tx, fresh, _entry(3, "prompt 3"), LATER - 1, LATER + 10)
    row = outbox.find_last_word(tx, fresh)
    assert (row.body, row.id > rewound.NUMBERS_LEFT_OUT) == ({}, True)
