"""What a generation came to, and how long it took."""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """What the vendor said of a finished job, and where our copy of the file is (a file name)."""

    job_id: int
    url: str | None
    error: str | None
    width: int | None
    height: int | None
    duration_s: int | None
    submitted_at: int | None
    seen_at: int
    file: str | None
    size_bytes: int | None


def put(
    tx: sqlite3.Connection,
    job_id: int,
    *,
    url: str | None,
    error: str | None,
    width: int | None,
    height: int | None,
    duration_s: int | None,
    submitted_at: int | None,
    seen_at: int,
) -> None:
    """Store what the vendor said of a finished job."""
    tx.execute(
        "INSERT INTO result (job, url, error, width, height, duration_s, submitted_at, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (job_id, url, error, width, height, duration_s, submitted_at, seen_at),
    )


def find(tx: sqlite3.Connection, job_id: int) -> Result | None:
    """Return a job's result, or None when it has none."""
    row = tx.execute(
        "SELECT job, url, error, width, height, duration_s, submitted_at, seen_at, file, size_bytes"
        " FROM result WHERE job = ?",
        (job_id,),
    ).fetchone()
    return None if row is None else Result(*row)


def set_url(tx: sqlite3.Connection, job_id: int, url: str) -> None:
    """Replace an address that did not answer by a fresh one."""
    tx.execute("UPDATE result SET url = ? WHERE job = ?", (url, job_id))


def set_file(tx: sqlite3.Connection, job_id: int, file: str, size_bytes: int, sha256: str) -> None:
    """Remember our own copy of the video."""
    tx.execute(
        "UPDATE result SET file = ?, size_bytes = ?, sha256 = ? WHERE job = ?",
        (file, size_bytes, sha256, job_id),
    )


def drop_file(tx: sqlite3.Connection, job_id: int) -> str | None:
    """Forget our copy of a video; return the file's name, None when there was none."""
    row = tx.execute("SELECT file FROM result WHERE job = ?", (job_id,)).fetchone()
    tx.execute("UPDATE result SET file = NULL WHERE job = ?", (job_id,))
    return None if row is None else row[0]


def drop_old_files(tx: sqlite3.Connection, before: int) -> list[str]:
    """Forget our copies of videos seen before then and already shown; return the files' names."""
    rows = tx.execute(
        "SELECT job, file FROM result WHERE file IS NOT NULL AND seen_at < ? AND NOT EXISTS"
        " (SELECT 1 FROM outbox o WHERE o.job = result.job AND o.kind <> 'progress'"
        " AND o.done = 0)",
        (before,),
    ).fetchall()
    for row in rows:
        tx.execute("UPDATE result SET file = NULL WHERE job = ?", (row[0],))
    return [row[1] for row in rows]


def list_files(tx: sqlite3.Connection) -> frozenset[str]:
    """Return the names of all videos that are kept."""
    return frozenset(row[0] for row in tx.execute("SELECT file FROM result WHERE file IS NOT NULL"))


@dataclass(frozen=True, slots=True)
class Wait:
    """A generation finished between `after_s` and `within_s` seconds after it was submitted."""

    model: str
    duration_s: int
    has_image: bool
    outcome: str
    submitted_at: int
    after_s: int
    within_s: int


def put_wait(tx: sqlite3.Connection, job_id: int, wait: Wait) -> None:
    """Store how long a generation took."""
    tx.execute(
        "INSERT INTO wait"
        " (job, model, duration_s, has_image, outcome, submitted_at, after_s, within_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            job_id,
            wait.model,
            wait.duration_s,
            int(wait.has_image),
            wait.outcome,
            wait.submitted_at,
            wait.after_s,
            wait.within_s,
        ),
    )


def list_recent_waits(tx: sqlite3.Connection, limit: int = 60) -> list[Wait]:
    """Return the newest waits of each model, length and way to start, in the order of submission.

    Those of generations that failed are left out: they say nothing about waits.
    """
    kinds = tx.execute("SELECT DISTINCT model, duration_s, has_image FROM wait").fetchall()
    rows = [
        row
        for kind in kinds
        for row in tx.execute(
            "SELECT model, duration_s, has_image, outcome, submitted_at, after_s, within_s"
            " FROM wait WHERE model = ? AND duration_s = ? AND has_image = ?"
            " AND outcome = 'completed' ORDER BY seq DESC LIMIT ?",
            (*kind, limit),
        )
    ]
    found = [Wait(r[0], r[1], bool(r[2]), r[3], r[4], r[5], r[6]) for r in rows]
    return sorted(found, key=lambda wait: wait.submitted_at)
