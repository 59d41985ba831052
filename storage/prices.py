"""Models and prices as the vendor told them last."""

import sqlite3
from dataclasses import dataclass

from storage import settings


@dataclass(frozen=True, slots=True)
class StoredPrice:
    """What one generation of a model costs at a length, in tokens."""

    model: str
    duration_s: int
    tokens: int
    revision: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model the vendor lists, with the price range of its dearest and cheapest options."""

    slug: str
    name: str
    min_tokens: int | None
    max_tokens: int | None
    seen_at: int


def put(tx: sqlite3.Connection, model: str, duration_s: int, tokens: int, now: int) -> None:
    """Store a price; a changed one gets a new revision of the whole list."""
    row = tx.execute(
        "SELECT tokens, revision FROM price WHERE model = ? AND duration_s = ?", (model, duration_s)
    ).fetchone()
    revision = row[1] if row and row[0] == tokens else settings.bump(tx, "price_revision")
    tx.execute(
        "INSERT INTO price (model, duration_s, tokens, revision, seen_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (model, duration_s) DO UPDATE SET tokens = excluded.tokens,"
        "  revision = excluded.revision, seen_at = excluded.seen_at",
        (model, duration_s, tokens, revision, now),
    )


def list_all(tx: sqlite3.Connection) -> list[StoredPrice]:
    """Return every stored price."""
    rows = tx.execute("SELECT model, duration_s, tokens, revision, seen_at FROM price")
    return [StoredPrice(*row) for row in rows]


def put_models(tx: sqlite3.Connection, models: list[StoredModel]) -> None:
    """Replace the list of models by what the vendor lists now."""
    tx.execute("DELETE FROM model")
    tx.executemany(
        "INSERT INTO model (slug, name, min_tokens, max_tokens, seen_at) VALUES (?, ?, ?, ?, ?)",
        [(m.slug, m.name, m.min_tokens, m.max_tokens, m.seen_at) for m in models],
    )


def list_models(tx: sqlite3.Connection) -> list[StoredModel]:
    """Return the models the vendor listed last; empty when it was never asked."""
    rows = tx.execute("SELECT slug, name, min_tokens, max_tokens, seen_at FROM model ORDER BY slug")
    return [StoredModel(*row) for row in rows]
