"""The requests of the last day, for the allowance's windows."""

import sqlite3
from dataclasses import dataclass

# Old ones are dropped by their number and not by their age: a clock that was wrong for a moment
# must not make the bot forget what it sent. More than any plan with a limit allows in a day.
KEPT_ROWS = 20_000
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Booking:
    """A request that left, or is about to (epoch s), and what it is for."""

    at: float
    purpose: str


def add(tx: sqlite3.Connection, bookings: list[Booking]) -> None:
    """Write down requests, and forget those of long ago."""
    tx.executemany(
        "INSERT INTO request (at, purpose) VALUES (?, ?)",
        [(booking.at, booking.purpose) for booking in bookings],
    )
    tx.execute("DELETE FROM request WHERE seq <= (SELECT max(seq) FROM request) - ?", (KEPT_ROWS,))


def pull_back(tx: sqlite3.Connection, now: float) -> None:
    """Move what a wrong clock wrote into the future to now and before, its spacing kept."""
    ahead_s = tx.execute("SELECT max(at) - ? FROM request", (now,)).fetchone()[0]
    if ahead_s is not None and ahead_s > 0:
        tx.execute("UPDATE request SET at = at - ? WHERE at > ?", (ahead_s, now))


def list_since(tx: sqlite3.Connection, at: float) -> list[float]:
    """Return when the requests after that moment left (epoch s), oldest first."""
    rows = tx.execute("SELECT at FROM request WHERE at > ? ORDER BY at", (at,))
    return [row[0] for row in rows]


def count_since(tx: sqlite3.Connection, at: float) -> int:
    """Return how many requests left after that moment."""
    return int(tx.execute("SELECT count(*) FROM request WHERE at > ?", (at,)).fetchone()[0])
