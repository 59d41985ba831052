"""Which of our jobs a generation at the vendor belongs to; each is claimed once, for ever."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from models import State
from storage.errors import StorageError

_LAST_JUDGED = "SELECT coalesce(max(reading), 0) FROM verdict"


class AlreadyClaimedError(StorageError):
    """This generation belongs to another job, or this job to another generation."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A generation of nobody here. `tokens` is None when the vendor told no cost.

    `at` is when it was made, by our clock (epoch s), None where that was not noted.
    """

    id: str
    tokens: int | None
    at: int | None


@dataclass(frozen=True, slots=True)
class Learned:
    """A generation whose cost became known only after a reading that had counted it.

    `job_id` is None for one of nobody here; `at` is when it was made (epoch s).
    """

    id: str
    job_id: int | None
    tokens: int
    at: int


@dataclass(frozen=True, slots=True)
class Booked:
    """How a generation of ours was booked when it ended."""

    id: str
    job_id: int
    is_late: bool
    state: State
    tokens: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """A generation that the vendor tells otherwise by now than it was booked.

    `status` is the vendor's word for how it ended; `at` is when we noticed (epoch s).
    """

    id: str
    job_id: int
    booked_tokens: int
    told_tokens: int
    status: str
    at: int


def claim(
    tx: sqlite3.Connection,
    generation_id: str,
    job_id: int | None,
    how: str,
    cost_tokens: int | None = None,
    *,
    at: int,
) -> None:
    """Claim a generation: how is "answer", "adopted", "late" or, with no job, "foreign".

    `at` is when it was made, by our clock (epoch s).
    """
    try:
        tx.execute(
            "INSERT INTO vendor_claim (vendor_id, job, how, tokens, at, known_after)"  # noqa: S608
            f" VALUES (?, ?, ?, ?, ?, ({_LAST_JUDGED}))",
            (generation_id, job_id, how, cost_tokens, at),
        )
    except sqlite3.IntegrityError as error:
        if "UNIQUE" not in str(error):
            raise
        raise AlreadyClaimedError(generation_id) from None


def claimed(tx: sqlite3.Connection, generation_ids: list[str]) -> set[str]:
    """Return those of the given generations that somebody has claimed."""
    found: set[str] = set()
    for part, marks in _parts(generation_ids):
        rows = tx.execute(f"SELECT vendor_id FROM vendor_claim WHERE vendor_id IN ({marks})", part)  # noqa: S608
        found.update(row[0] for row in rows)
    return found


def list_uncompared(
    tx: sqlite3.Connection, generation_ids: list[str]
) -> list[tuple[str, int, str]]:
    """Return id, job and fingerprint of those that an answer told to be ours, not compared yet."""
    found: list[tuple[str, int, str]] = []
    for part, marks in _parts(generation_ids):
        rows = tx.execute(
            "SELECT v.vendor_id, j.id, j.fingerprint FROM vendor_claim v"  # noqa: S608
            " JOIN job j ON j.id = v.job WHERE v.how = 'answer' AND v.as_sent IS NULL"
            f" AND v.vendor_id IN ({marks})",
            part,
        )
        found.extend((row[0], row[1], row[2]) for row in rows)
    return found


def note_compared(tx: sqlite3.Connection, generation_id: str, *, as_sent: bool) -> bool:
    """Note how the history shows a generation of ours; False when that was noted before."""
    cursor = tx.execute(
        "UPDATE vendor_claim SET as_sent = ? WHERE vendor_id = ? AND as_sent IS NULL",
        (as_sent, generation_id),
    )
    return cursor.rowcount == 1


def find_answered_id(tx: sqlite3.Connection) -> str | None:
    """Return an id that a create call answered with lately: its form is the form of all ids."""
    row = tx.execute(
        "SELECT vendor_id FROM vendor_claim WHERE how = 'answer' ORDER BY rowid DESC LIMIT 1"
    ).fetchone()
    return None if row is None else str(row[0])


def sum_foreign(tx: sqlite3.Connection, after: int = -1) -> tuple[int, int]:
    """Return how many generations of nobody here were made `after` (epoch s), and their tokens."""
    row = tx.execute(
        "SELECT count(*), coalesce(sum(tokens), 0) FROM vendor_claim INDEXED BY claim_beside"
        " WHERE how = 'foreign' AND how IN ('foreign','late') AND coalesce(at, 0) > ?",
        (after,),
    ).fetchone()
    return int(row[0]), int(row[1])


def list_foreign(tx: sqlite3.Connection, limit: int, after: int = -1) -> list[Foreign]:
    """Return the generations of nobody here that were made `after` (epoch s), newest first."""
    rows = tx.execute(
        "SELECT vendor_id, tokens, at FROM vendor_claim INDEXED BY claim_beside"
        " WHERE how = 'foreign' AND how IN ('foreign','late') AND coalesce(at, 0) > ?"
        " ORDER BY at DESC, rowid DESC LIMIT ?",
        (after, limit),
    )
    return [Foreign(*row) for row in rows]


def learn_costs(tx: sqlite3.Connection, costs: dict[str, int]) -> None:
    """Fill in what generations of nobody here cost, where that was not told when claimed."""
    unknown = tx.execute(
        "SELECT vendor_id FROM vendor_claim INDEXED BY claim_beside"
        " WHERE how = 'foreign' AND how IN ('foreign','late') AND tokens IS NULL"
    ).fetchall()
    for (generation_id,) in unknown:
        if generation_id in costs:
            tx.execute(
                f"UPDATE vendor_claim SET tokens = ?, known_after = ({_LAST_JUDGED})"  # noqa: S608
                " WHERE vendor_id = ?",
                (costs[generation_id], generation_id),
            )


def list_learned(
    tx: sqlite3.Connection, judged: int, start: int, end: int = 2**62
) -> list[Learned]:
    """Return what was made after `start` and up to `end` (epoch s) and counted too late.

    Too late is: after the reading `judged`, or a later one, had been judged without it.
    """
    rows = tx.execute(
        "SELECT v.vendor_id, v.job, v.tokens, v.at FROM vendor_claim v INDEXED BY claim_beside"
        " JOIN reading r ON r.seq = v.known_after"
        " WHERE v.how IN ('foreign','late') AND v.at > ? AND v.at <= ? AND v.at <= r.at"
        "  AND v.known_after >= ? AND v.tokens > 0 ORDER BY v.at, v.rowid",
        (start, end, judged),
    )
    return [Learned(*row) for row in rows]


def list_booked(tx: sqlite3.Connection, generation_ids: list[str]) -> list[Booked]:
    """Return how those of the given generations were booked that are of jobs that ended."""
    found: list[Booked] = []
    for part, marks in _parts(generation_ids):
        rows = tx.execute(
            "SELECT v.vendor_id, j.id, v.how = 'late', j.state,"  # noqa: S608
            " coalesce(iif(v.how = 'late', v.tokens, j.tokens), 0)"
            " FROM vendor_claim v JOIN job j ON j.id = v.job"
            " JOIN job_state s ON s.name = j.state AND s.terminal = 1"
            f" WHERE v.vendor_id IN ({marks})",
            part,
        )
        found.extend(Booked(row[0], row[1], bool(row[2]), State(row[3]), row[4]) for row in rows)
    return found


def dispute(tx: sqlite3.Connection, booked: Booked, told: int, status: str, now: int) -> bool:
    """Note that the vendor tells a generation otherwise; False when just that is known."""
    cursor = tx.execute(
        "INSERT INTO dispute (vendor_id, booked, told, status, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (vendor_id) DO UPDATE"
        "  SET told = excluded.told, status = excluded.status, at = excluded.at"
        "  WHERE (told, status) <> (excluded.told, excluded.status)",
        (booked.id, booked.tokens, told, status, now),
    )
    return cursor.rowcount == 1


def withdraw(tx: sqlite3.Connection, generation_id: str) -> bool:
    """Forget a dispute: the vendor tells it as it was booked; False when there was none."""
    cursor = tx.execute("DELETE FROM dispute WHERE vendor_id = ?", (generation_id,))
    return cursor.rowcount == 1


def list_disputes(tx: sqlite3.Connection) -> list[Dispute]:
    """Return what the vendor tells otherwise than it was booked, newest first."""
    rows = tx.execute(
        "SELECT d.vendor_id, v.job, d.booked, d.told, d.status, d.at FROM dispute d"
        " JOIN vendor_claim v ON v.vendor_id = d.vendor_id ORDER BY d.at DESC, d.vendor_id"
    )
    return [Dispute(*row) for row in rows]


def _parts(generation_ids: list[str]) -> Iterator[tuple[list[str], str]]:
    for start in range(0, len(generation_ids), 500):
        part = generation_ids[start : start + 500]
        yield part, ", ".join("?" * len(part))
