"""Which of our jobs a generation at the vendor belongs to; each is claimed once, for ever."""

import sqlite3

from storage.errors import StorageError


class AlreadyClaimedError(StorageError):
    """This generation belongs to another job, or this job to another generation."""


def claim(
    tx: sqlite3.Connection,
    generation_id: str,
    job_id: int | None,
    how: str,
    cost_tokens: int | None = None,
) -> None:
    """Claim a generation: how is "answer", "adopted", "late" or, with no job, "foreign"."""
    try:
        tx.execute(
            "INSERT INTO vendor_claim (vendor_id, job, how, tokens) VALUES (?, ?, ?, ?)",
            (generation_id, job_id, how, cost_tokens),
        )
    except sqlite3.IntegrityError as error:
        if "UNIQUE" not in str(error):
            raise
        raise AlreadyClaimedError(generation_id) from None


def claimed(tx: sqlite3.Connection, generation_ids: list[str]) -> set[str]:
    """Return those of the given generations that somebody has claimed."""
    found: set[str] = set()
    for start in range(0, len(generation_ids), 500):
        part = generation_ids[start : start + 500]
        marks = ", ".join("?" * len(part))
        rows = tx.execute(f"SELECT vendor_id FROM vendor_claim WHERE vendor_id IN ({marks})", part)  # noqa: S608
        found.update(row[0] for row in rows)
    return found


def find_answered_id(tx: sqlite3.Connection) -> str | None:
    """Return an id that a create call answered with lately: its form is the form of all ids."""
    row = tx.execute(
        "SELECT vendor_id FROM vendor_claim WHERE how = 'answer' ORDER BY rowid DESC LIMIT 1"
    ).fetchone()
    return None if row is None else str(row[0])
