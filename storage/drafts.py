"""Orders that wait for their requester's own yes: kept, found, and used for one video at most."""

import json
import sqlite3
from dataclasses import asdict, dataclass, replace
from typing import Any

from models import Order, Origin, VideoRequest, Way


@dataclass(frozen=True, slots=True)
class Draft:
    """An order with its variants: the first is as it was asked for, later ones are smaller.

    Variants differ in model and length alone. `created_at` is epoch s.
    """

    id: str
    guild_id: int
    user_id: int
    variants: tuple[Order, ...]
    created_at: int


def put(
    tx: sqlite3.Connection, guild_id: int, user_id: int, variants: tuple[Order, ...], now: int
) -> Draft:
    """Keep an order, with at least itself as a variant."""
    row = tx.execute(
        "INSERT INTO draft (guild_id, user_id, body, created_at) VALUES (?, ?, ?, ?) RETURNING id",
        (guild_id, user_id, _text(variants), now),
    ).fetchone()
    return Draft(str(row[0]), guild_id, user_id, variants, now)


def widen(tx: sqlite3.Connection, guild_id: int, draft_id: str, variant: Order) -> Draft | None:
    """Add a variant unless it is one already; return the draft, None when it is gone."""
    draft = find(tx, guild_id, draft_id)
    if draft is None or variant in draft.variants:
        return draft
    variants = (*draft.variants, variant)
    tx.execute("UPDATE draft SET body = ? WHERE id = ?", (_text(variants), draft_id))
    return replace(draft, variants=variants)


def find(tx: sqlite3.Connection, guild_id: int, draft_id: str) -> Draft | None:
    """Return a guild's draft, or None."""
    row = tx.execute(
        "SELECT id, guild_id, user_id, body, created_at FROM draft WHERE id = ? AND guild_id = ?",
        (draft_id, guild_id),
    ).fetchone()
    if row is None:
        return None
    variants = _variants(row["body"])
    return Draft(row["id"], row["guild_id"], row["user_id"], variants, row["created_at"])


def find_made(
    tx: sqlite3.Connection, guild_id: int, draft_id: str, interaction_id: int
) -> int | None:
    """Return the job that another press made of a draft; None when none did.

    It is the smaller one where a moderator approved that instead. A job whose card never got out
    does not count, nor does the same press replayed.
    """
    row = tx.execute(
        "SELECT coalesce(a.smaller, j.id) FROM draft d JOIN job j ON j.id = d.job"
        " LEFT JOIN approval a ON a.job = j.id WHERE d.id = ? AND d.guild_id = ?"
        " AND j.interaction_id <> ? AND (a.smaller IS NOT NULL OR j.message_id IS NOT NULL"
        " OR j.state <> 'cancelled')",
        (draft_id, guild_id, interaction_id),
    ).fetchone()
    return None if row is None else int(row[0])


def use(tx: sqlite3.Connection, guild_id: int, user_id: int, draft_id: str, job_id: int) -> bool:
    """Note what a member's draft became; False when there is no such draft any more."""
    cursor = tx.execute(
        "UPDATE draft SET job = ? WHERE id = ? AND guild_id = ? AND user_id = ?",
        (job_id, draft_id, guild_id, user_id),
    )
    return cursor.rowcount == 1


def drop_old(tx: sqlite3.Connection, before: int) -> int:
    """Forget drafts made before then (epoch s); return how many."""
    return tx.execute("DELETE FROM draft WHERE created_at < ?", (before,)).rowcount


def _text(variants: tuple[Order, ...]) -> str:
    order = variants[0]
    body = {
        "request": asdict(order.request),
        "origin": asdict(order.origin),
        "is_private": order.is_private,
        "is_spoiler": order.is_spoiler,
        # The words alone may be long, so they are kept once.
        "variants": [[one.request.model, one.request.duration_s] for one in variants],
    }
    return json.dumps(body, ensure_ascii=False)


def _variants(text: str) -> tuple[Order, ...]:
    body: dict[str, Any] = json.loads(text)
    origin = body["origin"]
    order = Order(
        VideoRequest(**body["request"]),
        Origin(**{**origin, "way": Way(origin["way"])}),
        is_private=body["is_private"],
        is_spoiler=body["is_spoiler"],
    )
    return tuple(
        replace(order, request=replace(order.request, model=model, duration_s=duration_s))
        for model, duration_s in body["variants"]
    )
