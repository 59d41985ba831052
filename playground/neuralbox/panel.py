"""The state of the local NeuralBox as the page's side panel shows it."""

from typing import Any

from playground.neuralbox.books import BoxGeneration
from playground.neuralbox.world import World

SHOWN_GENERATIONS = 200
SHOWN_REQUESTS = 30


def panel_state(world: World) -> dict[str, Any]:
    """Return generations and requests, newest first, with balance, allowance and switches."""
    return {
        "now": world.clock.now(),
        "plan": world.profile.plan,
        "balance": world.books.purse.balance,
        "charged_total": world.books.purse.charged_total,
        "wait_scale": world.wait_scale,
        "allowance": world.allowance.state(),
        "switches": world.switches.as_dict(),
        "generations": [_row(g) for g in world.books.latest(SHOWN_GENERATIONS)],
        "requests": [
            {"at": seen.at, "method": seen.method, "path": seen.path, "status": seen.status}
            for seen in reversed(world.requests[-SHOWN_REQUESTS:])
        ],
    }


def _row(generation: BoxGeneration) -> dict[str, Any]:
    is_stuck = generation.finishes_at == float("inf")
    return {
        "id": generation.id,
        "prompt": generation.prompt,
        "model": generation.model,
        "duration": generation.duration,
        "ratio": generation.ratio,
        "image": generation.image_url is not None,
        "status": generation.status,
        "created_at": generation.created_at,
        "finishes_at": None if is_stuck else generation.finishes_at,
        "finished_at": generation.finished_at,
        "tokens": generation.tokens_spent if generation.finished_at else generation.cost,
        "error": generation.error,
    }
