"""The vendor's balance next to our books, and what each reading told next to an earlier one."""

import sqlite3
from dataclasses import dataclass
from typing import Literal

from storage import ledger

Kind = Literal["agrees", "explained", "missing", "added"]


@dataclass(frozen=True, slots=True)
class Books:
    """What our side knows at one moment, in tokens.

    `charged_tokens` is all that jobs were charged, `late_tokens` the part of it booked late, and
    `open_tokens` is held for jobs that the vendor may or may not have charged already.
    """

    charged_tokens: int
    late_tokens: int
    open_tokens: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The vendor's balance and our books at one moment (epoch s), see the table's comment."""

    seq: int
    at: int
    tokens: int
    spent_tokens: int
    open_tokens: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reading told next to the reading `since`; both are named by number.

    `tokens` is what the vendor took (above 0) or added (below 0) beyond all explanation.
    `found_tokens` were told as missing before, and are explained by costs that became known since.
    """

    reading: int
    since: int
    kind: Kind
    tokens: int
    is_settled: bool
    at: int
    found_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What verdicts said of one stretch, summed, in tokens; `difference` as in a verdict.

    `missing` is what was told as missing and is not explained yet, `found` what is.
    """

    difference: int
    missing: int
    found: int


def books(tx: sqlite3.Connection) -> Books:
    """Return what our books say now."""
    late, held = tx.execute(
        "SELECT (SELECT coalesce(sum(tokens), 0) FROM vendor_claim INDEXED BY claim_beside"
        "  WHERE how = 'late' AND how IN ('foreign','late')),"
        " (SELECT coalesce(sum(hold), 0) FROM job"
        "  WHERE state IN ('submitting','unknown','pending'))"
    ).fetchone()
    return Books(ledger.total(tx).spent_tokens, late, held)


def put(tx: sqlite3.Connection, tokens: int, known: Books, now: int) -> None:
    """Keep a balance and the books that belong to it."""
    tx.execute(
        "INSERT INTO reading (at, tokens, spent, open) VALUES (?, ?, ?, ?)",
        (now, tokens, known.charged_tokens - known.late_tokens, known.open_tokens),
    )


def find(tx: sqlite3.Connection, seq: int) -> Reading | None:
    """Return one reading, or None."""
    return next(iter(_list(tx, "seq = ?", (seq,))), None)


def find_first(tx: sqlite3.Connection) -> Reading | None:
    """Return the first reading there ever was, or None."""
    return next(iter(_list(tx, "seq = (SELECT min(seq) FROM reading)", ())), None)


def list_after(tx: sqlite3.Connection, seq: int, until: int) -> list[Reading]:
    """Return the readings after number `seq` and up to a moment (epoch s), oldest first."""
    return _list(tx, "seq > ? AND at <= ?", (seq, until))


def beside_tokens(tx: sqlite3.Connection, until: int, after: int = -1) -> int:
    """Return what generations made `after` and `until` (epoch s) cost beside the usual way.

    Those are the ones of nobody here, and ours that were booked late.
    """
    (tokens,) = tx.execute(
        "SELECT coalesce(sum(tokens), 0) FROM vendor_claim INDEXED BY claim_beside"
        " WHERE how IN ('foreign','late') AND coalesce(at, 0) > ? AND coalesce(at, 0) <= ?",
        (after, until),
    ).fetchone()
    return int(tokens)


def put_verdict(tx: sqlite3.Connection, verdict: Verdict) -> None:
    """Keep what a reading told."""
    tx.execute(
        "INSERT INTO verdict (reading, since, kind, tokens, found, is_settled, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            verdict.reading,
            verdict.since,
            verdict.kind,
            verdict.tokens,
            verdict.found_tokens,
            verdict.is_settled,
            verdict.at,
        ),
    )


def find_last_verdict(tx: sqlite3.Connection) -> Verdict | None:
    """Return what the newest judged reading told, or None."""
    row = tx.execute("SELECT * FROM verdict ORDER BY reading DESC LIMIT 1").fetchone()
    return None if row is None else _verdict(row)


def told(tx: sqlite3.Connection, since: int) -> Told:
    """Return what has already been told of differences from the reading `since`."""
    row = tx.execute(
        "SELECT coalesce(sum(tokens - found), 0), coalesce(sum(max(tokens, 0) - found), 0),"
        "  coalesce(sum(found), 0) FROM verdict WHERE since = ? AND reading > ?",
        (since, since),
    ).fetchone()
    return Told(*row)


def list_verdicts(tx: sqlite3.Connection, after: int) -> list[Verdict]:
    """Return what the readings after number `after` told, oldest first."""
    rows = tx.execute("SELECT * FROM verdict WHERE reading > ? ORDER BY reading", (after,))
    return [_verdict(row) for row in rows]


def list_missing(tx: sqlite3.Connection, after: int) -> list[Verdict]:
    """Return what was found missing since a moment (epoch s), oldest first."""
    rows = tx.execute(
        "SELECT * FROM verdict WHERE kind = 'missing' AND at >= ? ORDER BY reading", (after,)
    )
    return [_verdict(row) for row in rows]


def _list(tx: sqlite3.Connection, where: str, values: tuple[int, ...]) -> list[Reading]:
    rows = tx.execute(
        f"SELECT seq, at, tokens, spent, open FROM reading WHERE {where} ORDER BY seq",  # noqa: S608
        values,
    )
    return [Reading(*row) for row in rows]


def _verdict(row: sqlite3.Row) -> Verdict:
    return Verdict(
        row["reading"],
        row["since"],
        row["kind"],
        row["tokens"],
        bool(row["is_settled"]),
        row["at"],
        row["found"],
    )
