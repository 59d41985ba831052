"""Jobs that wait for a moderator, and what became of each. A decision is made once."""

import sqlite3
from dataclasses import dataclass
from typing import Literal

Decision = Literal["approved", "smaller", "denied", "lapsed", "cancelled"]

_SELECT = "SELECT job, ends_at, state, decided_by, decided_at, smaller FROM approval"


@dataclass(frozen=True, slots=True)
class Approval:
    """One request. `smaller_id` is the job that took this one's place, `decided_by` who decided."""

    job_id: int
    ends_at: int
    state: Literal["waiting"] | Decision
    decided_by: int | None
    decided_at: int | None
    smaller_id: int | None


def put(tx: sqlite3.Connection, job_id: int, ends_at: int) -> None:
    """Let a job wait for a moderator until that moment; from now on it cannot be sent."""
    tx.execute("INSERT INTO approval (job, ends_at) VALUES (?, ?)", (job_id, ends_at))


def find(tx: sqlite3.Connection, job_id: int) -> Approval | None:
    """Return the request of a job, or None when it needs none."""
    row = tx.execute(f"{_SELECT} WHERE job = ?", (job_id,)).fetchone()
    return None if row is None else Approval(*row)


def is_waiting(tx: sqlite3.Connection, job_id: int) -> bool:
    """Return whether a job waits for a moderator."""
    found = find(tx, job_id)
    return found is not None and found.state == "waiting"


def find_larger(tx: sqlite3.Connection, job_id: int) -> Approval | None:
    """Return the request that a job was approved in the place of, or None."""
    row = tx.execute(f"{_SELECT} WHERE smaller = ?", (job_id,)).fetchone()
    return None if row is None else Approval(*row)


def list_waiting(tx: sqlite3.Connection) -> frozenset[int]:
    """Return the numbers of all jobs that wait for a moderator."""
    rows = tx.execute("SELECT job FROM approval WHERE state = 'waiting'")
    return frozenset(row[0] for row in rows)


def list_ends(tx: sqlite3.Connection) -> list[tuple[int, int]]:
    """Return the jobs that wait for a moderator and until when, the next to end first."""
    rows = tx.execute(
        "SELECT job, ends_at FROM approval WHERE state = 'waiting' ORDER BY ends_at, job"
    )
    return [(row[0], row[1]) for row in rows]


def decide(
    tx: sqlite3.Connection, job_id: int, decision: Decision, by: int | None, now: int
) -> bool:
    """Write down what became of a request; False when it does not wait, or not any more."""
    cursor = tx.execute(
        "UPDATE approval SET state = ?, decided_by = ?, decided_at = ?"
        " WHERE job = ? AND state = 'waiting'",
        (decision, by, now, job_id),
    )
    return cursor.rowcount == 1


def set_smaller(tx: sqlite3.Connection, job_id: int, smaller_id: int) -> None:
    """Note which job took the place of one that was asked for."""
    tx.execute("UPDATE approval SET smaller = ? WHERE job = ?", (smaller_id, job_id))
