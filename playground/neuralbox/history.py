"""Reads what a history request asks for, under both published names of each filter."""

from collections.abc import Mapping
from dataclasses import dataclass

from playground.neuralbox.books import BoxGeneration
from playground.neuralbox.problems import invalid

CATEGORIES = frozenset({"text", "image", "video", "audio", "tts", "stt", "tool"})
STATUSES = frozenset({"completed", "pending", "failed"})
LARGEST_PAGE = 100
DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which generations are wanted, and which page of them."""

    number: int
    limit: int
    categories: frozenset[str]
    models: frozenset[str]
    status: str | None
    favorites_only: bool

    def wants(self, generation: BoxGeneration) -> bool:
        """True when all filters let the generation through."""
        return (
            all(generation.category == category for category in self.categories)
            and all(generation.model == model for model in self.models)
            and self.status in {None, generation.status}
            and (generation.is_favorited or not self.favorites_only)
        )


def read_page(query: Mapping[str, str]) -> PageQuery:
    """Return the query; unknown names are ignored, values that cannot be raise a 422."""
    categories = frozenset(query[name] for name in ("category", "type") if query.get(name))
    if not categories <= CATEGORIES:
        raise invalid("category", f"must be one of {', '.join(sorted(CATEGORIES))}")
    status = query.get("status") or None
    if status is not None and status not in STATUSES:
        raise invalid("status", f"must be one of {', '.join(sorted(STATUSES))}")
    favorites = query.get("favorites_only", "false").lower()
    if favorites not in {"true", "false", "1", "0"}:
        raise invalid("favorites_only", "must be true or false")
    return PageQuery(
        number=_number(query, "page", 1, largest=None),
        limit=_number(query, "limit", DEFAULT_LIMIT, largest=LARGEST_PAGE),
        categories=categories,
        models=frozenset(query[name] for name in ("model_slug", "model") if query.get(name)),
        status=status,
        favorites_only=favorites in {"true", "1"},
    )


def _number(query: Mapping[str, str], name: str, default: int, *, largest: int | None) -> int:
    text = query.get(name, str(default))
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if value < 1 or (largest is not None and value > largest):
        raise invalid(name, f"must be from 1{f' to {largest}' if largest else ''}")
    return value
