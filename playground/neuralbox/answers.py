"""The JSON of every answer about a generation, in whichever dialect the profile speaks.

Sources: "video", "generate/status", "generations/status", "user/history", "generations/history".
"""

import math
from dataclasses import dataclass
from typing import Any

from playground.neuralbox.books import BoxGeneration
from playground.neuralbox.faults import AS_BILLED
from playground.neuralbox.world import World

# Which fields of a completed answer each published form leaves out.
_LEFT_OUT = {
    "rich": {"result_text", "error", "created_at", "completed_at"},
    "dated": {"result_text", "error", "thumbnail_url", "processing_ms"},
    "poor": {
        "model_slug",
        "result_text",
        "error",
        "thumbnail_url",
        "result_metadata",
        "created_at",
        "completed_at",
    },
    "full": set(),
}


@dataclass(frozen=True, slots=True)
class _View:
    """A generation as it lets itself be seen: what a script hides is hidden here."""

    status: str
    url: str | None
    cost: Any
    shows_cost: bool
    created_at: Any


class Answers:
    """Shapes generations into answers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def created(self, generation: BoxGeneration) -> dict[str, Any]:
        """Return the answer to a creation."""
        dialect = self._world.profile.dialect
        wanted = generation.twist.answered_id
        answer: dict[str, Any] = {
            "id": generation.wire_id if wanted is None else wanted,
            "status": "pending",
            dialect.model_field: generation.model,
            "processing_ms": None,
            "created_at": self._view(generation, counts=False).created_at,
        }
        if dialect.fields == "poor":
            answer = {"id": answer["id"], "status": "pending"}
        elif dialect.fields == "full":
            answer = {**answer, **self._pending(generation)}
        return answer

    def status(self, generation: BoxGeneration) -> dict[str, Any]:
        """Return the status answer of the first published path."""
        view = self._view(generation, counts=True)
        answer: dict[str, Any] = {"id": generation.wire_id, "status": view.status}
        if view.status == "completed":
            return {**answer, **self._completed(generation, view)}
        if view.status == "failed":
            return {**answer, **self._failed(generation, view)}
        answer.update(self._pending(generation))
        if self._world.profile.dialect.progress:
            answer.update(self._progress(generation))
        return answer

    def second_status(self, generation: BoxGeneration) -> dict[str, Any]:
        """Return the status answer of the second published path, whatever the dialect."""
        view = self._view(generation, counts=True)
        answer: dict[str, Any] = {
            "id": generation.wire_id,
            "status": view.status,
            "model": generation.model,
        }
        if view.status == "completed":
            answer["url"] = view.url
            answer.update(_dimensions(generation))
            self._put_cost(answer, "tokens_used", view)
            answer["balance_remaining"] = self._world.books.purse.balance
        elif view.status == "failed":
            answer["error"] = generation.error
            self._put_cost(answer, "tokens_used", view)
        else:
            answer.update(self._progress(generation))
        answer["created_at"] = view.created_at
        if view.status == "completed":
            answer["completed_at"] = self._completed_at(generation)
        return answer

    def history_item(self, generation: BoxGeneration) -> dict[str, Any]:
        """Return the generation as a row of the history."""
        view = self._view(generation, counts=True)
        change = generation.twist.history_prompt
        prompt = change(generation.prompt) if change else generation.prompt
        if self._world.profile.dialect.history == "second":
            item = {
                "id": generation.wire_id,
                "type": generation.category,
                "model": generation.model,
                "status": view.status,
                "prompt": prompt,
                "url": view.url,
            }
            self._put_cost(item, "tokens_used", view)
        else:
            item = {
                "id": generation.wire_id,
                "model_slug": generation.model,
                "model_name": generation.model_name,
                "category": generation.category,
                "prompt": prompt,
                "status": view.status,
                "result_text": None,
                "result_url": view.url,
            }
            self._put_cost(item, "tokens_spent", view)
            item["is_favorited"] = generation.is_favorited
            item["user_rating"] = generation.user_rating
        item["created_at"] = view.created_at
        return item

    def history_page(self, found: list[BoxGeneration], page: int, limit: int) -> dict[str, Any]:
        """Return one page of what was found."""
        shown = found[(page - 1) * limit : page * limit]
        answer: dict[str, Any] = {
            "items": [self.history_item(generation) for generation in shown],
            "total": len(found),
            "page": page,
            "limit": limit,
        }
        if self._world.profile.dialect.pages_field:
            answer["pages"] = math.ceil(len(found) / limit)
        return answer

    def _view(self, generation: BoxGeneration, *, counts: bool) -> _View:
        twist = generation.twist
        status, cost = generation.status, generation.tokens_spent
        if counts:
            generation.looks += 1
            generation.completed_looks += status == "completed"
        if twist.word is not None and generation.looks <= (twist.word_for or 0):
            status = twist.word
        url = None
        if status == "completed":
            cost = cost if twist.shown_cost is AS_BILLED else twist.shown_cost
            if generation.completed_looks > (twist.hides_url_for or 0):
                url = twist.url or f"{self._world.origin}/generations/{generation.id}.mp4"
        elif status != "failed":
            cost = 0
        shows_cost = not (twist.hides_cost and status == "completed")
        created_at = self._world.stamp(generation.created_at)
        if twist.created_at is not None:
            created_at = twist.created_at
        return _View(status, url, cost, shows_cost, created_at)

    def _pending(self, generation: BoxGeneration) -> dict[str, Any]:
        dialect = self._world.profile.dialect
        answer: dict[str, Any] = {
            dialect.model_field: generation.model,
            dialect.result_field: None,
            dialect.cost_field: 0,
        }
        if dialect.fields == "poor":
            del answer[dialect.model_field]
        elif dialect.fields == "full":
            answer |= {"result_text": None, "thumbnail_url": None, "error": None}
            answer |= {"processing_ms": None, "result_metadata": None}
        elif dialect.fields == "dated":
            answer["created_at"] = self._view(generation, counts=False).created_at
        return answer

    def _completed(self, generation: BoxGeneration, view: _View) -> dict[str, Any]:
        dialect = self._world.profile.dialect
        took_s = (generation.finished_at or 0.0) - generation.created_at
        answer: dict[str, Any] = {
            "model_slug": generation.model,
            "result_url": view.url,
            "result_text": None,
            "thumbnail_url": f"{self._world.origin}/thumbnails/{generation.id}.jpg",
            "error": None,
            "tokens_spent": view.cost,
            "processing_ms": round(took_s * 1000),
            "result_metadata": _dimensions(generation),
            "created_at": view.created_at,
            "completed_at": self._completed_at(generation),
        }
        left_out = _LEFT_OUT[dialect.fields] | (set() if view.shows_cost else {"tokens_spent"})
        answer = {name: value for name, value in answer.items() if name not in left_out}
        if dialect.dimensions == "flat":
            answer |= answer.pop("result_metadata", {})
        if dialect.balance_remaining:
            answer["balance_remaining"] = self._world.books.purse.balance
        names = {
            "model_slug": dialect.model_field,
            "result_url": dialect.result_field,
            "tokens_spent": dialect.cost_field,
        }
        return {names.get(name, name): value for name, value in answer.items()}

    def _failed(self, generation: BoxGeneration, view: _View) -> dict[str, Any]:
        dialect = self._world.profile.dialect
        answer = {"error": generation.error, dialect.cost_field: view.cost}
        return {**self._pending(generation), **answer} if dialect.fields == "full" else answer

    def _progress(self, generation: BoxGeneration) -> dict[str, Any]:
        gone_s = self._world.clock.now() - generation.created_at
        whole_s = generation.finishes_at - generation.created_at
        if math.isinf(whole_s):
            return {"progress": 99, "eta_seconds": 0}
        left_s = max(0.0, whole_s - gone_s)
        part = 1 - left_s / whole_s if whole_s > 0 else 1.0
        return {"progress": min(99, round(part * 100)), "eta_seconds": math.ceil(left_s)}

    def _completed_at(self, generation: BoxGeneration) -> str:
        return self._world.stamp(generation.finished_at or generation.created_at)

    def _put_cost(self, answer: dict[str, Any], name: str, view: _View) -> None:
        if view.shows_cost:
            answer[name] = view.cost


def _dimensions(generation: BoxGeneration) -> dict[str, int]:
    return {
        "duration": generation.duration,
        "width": generation.width,
        "height": generation.height,
    }
