"""The video models: prices, waits and sizes, all from one table that a test may change.

Sources: "video", "tokens", "generations/status", "calculate-price". Where pages give one figure
for a model it is the price of 5 s; 10 s costs twice as much, but never more than the published
maximum. No page gives waits for the last three models.
"""

from dataclasses import dataclass, replace
from typing import Any

DURATIONS_S = (5, 10)
RATIOS = ("16:9", "9:16", "1:1")


@dataclass(frozen=True, slots=True)
class BoxModel:
    """One video model. Prices in tokens, waits in seconds; `lines`: the shorter side in pixels."""

    slug: str
    name: str
    provider: str
    pricing_type: str
    min_tokens: int
    max_tokens: int
    price_5s: int
    price_10s: int
    wait_min_s: float
    wait_max_s: float
    lines: int = 1080
    min_plan: str = "basic"
    other_slugs: tuple[str, ...] = ()

    def price(self, duration_s: int) -> int:
        """Return what one clip of 5 or 10 seconds costs, in tokens."""
        return self.price_10s if duration_s == 10 else self.price_5s

    def size(self, ratio: str, scale: float = 1.0) -> tuple[int, int]:
        """Return width and height in pixels, both even, for one of the three ratios."""
        short = self.lines * scale
        long = {480: 854, 720: 1280, 1080: 1920}.get(self.lines, self.lines * 16 / 9) * scale
        width, height = {"16:9": (long, short), "9:16": (short, long), "1:1": (short, short)}[ratio]
        return max(16, round(width / 2) * 2), max(16, round(height / 2) * 2)

    def listed(self, slug: str) -> dict[str, Any]:
        """Return the model as the catalogue endpoints show it, under the slug asked for."""
        return {
            "slug": slug,
            "name": self.name,
            "category": "video",
            "provider": self.provider,
            "min_plan": self.min_plan,
            "token_cost": self.price_5s,
            "min_token_cost": self.min_tokens,
            "max_token_cost": self.max_tokens,
            "description_en": f"{self.name}: video from text or from an image.",
            "supports_streaming": False,
            "config": {"durations": list(DURATIONS_S), "aspect_ratios": list(RATIOS)},
        }


# fmt: off
VIDEO_MODELS = (
    BoxModel("luma-flash2", "Luma Ray 2 Flash", "Luma", "per_second", 15, 93, 42, 84, 20, 35,
             min_plan="free", other_slugs=("luma-ray2-flash",)),
    BoxModel("kling-v2.1", "Kling 2.1", "Replicate", "per_second", 26, 94, 44, 88, 45, 90),
    BoxModel("kling-v2.1-pro", "Kling 2.1 Pro", "Replicate", "per_second", 60, 94, 88, 94, 60, 90),
    BoxModel("minimax-video", "MiniMax Video", "Replicate", "fixed", 88, 88, 88, 88, 60, 90),
    BoxModel("luma-ray2", "Luma Ray 2", "Luma", "per_second", 42, 180, 125, 180, 60, 120),
    BoxModel("luma-ray2-1080p", "Luma Ray 2 1080p", "Luma", "per_second", 42, 180, 151, 180,
             60, 180),
    BoxModel("mj-video-480p", "MidJourney Video 480p", "MidJourney", "per_point", 50, 320, 84, 168,
             60, 120, lines=480, other_slugs=("midjourney-video",)),
    BoxModel("mj-video-720p", "MidJourney Video 720p", "MidJourney", "per_point", 50, 320, 269, 320,
             90, 180, lines=720),
    BoxModel("sora-2", "Sora 2", "OpenAI", "per_second", 42, 125, 62, 125, 60, 180),
    BoxModel("veo-3.1", "Veo 3.1", "Replicate", "per_second", 83, 334, 167, 334, 60, 180),
)
# fmt: on

# The service makes more than video; a client has to pick its own models out of the list.
OTHER_MODELS: tuple[dict[str, Any], ...] = tuple(
    {
        "slug": slug,
        "name": name,
        "category": category,
        "provider": provider,
        "min_plan": "free",
        "token_cost": cost,
        "min_token_cost": cost,
        "max_token_cost": cost + extra,
        "description_en": f"{name} by {provider}.",
        "supports_streaming": category == "text",
        "config": config,
    }
    for slug, name, category, provider, cost, extra, config in (
        ("gpt-4o-mini", "GPT-4o mini", "text", "OpenAI", 1, 0, {"context": 128_000}),
        ("dall-e-3", "DALL-E 3", "image", "OpenAI", 5, 8, {"sizes": ["1024x1024"]}),
        ("flux-1.1-pro", "Flux 1.1 Pro", "image", "Replicate", 8, 0, {"formats": ["webp"]}),
    )
)


class Catalogue:
    """The models on offer. Prices can be changed and slugs withdrawn while the server runs.

    Models in `without_pictures` (slugs as in the table) make no video from an image.
    """

    def __init__(self, models: tuple[BoxModel, ...] = VIDEO_MODELS) -> None:
        self.models = {model.slug: model for model in models}
        self.withdrawn: set[str] = set()
        self.without_pictures: set[str] = set()

    def find(self, slug: str) -> BoxModel | None:
        """Return the model of that slug, whichever of its published spellings is used, or None."""
        if slug in self.withdrawn:
            return None
        for model in self.models.values():
            if slug == model.slug or slug in model.other_slugs:
                return model
        return None

    def set_price(self, slug: str, price_5s: int, price_10s: int) -> None:
        """Change what the model costs from now on; open generations keep their price."""
        model = self.models[slug]
        self.models[slug] = replace(
            model,
            price_5s=price_5s,
            price_10s=price_10s,
            min_tokens=min(model.min_tokens, price_5s),
            max_tokens=max(model.max_tokens, price_10s),
        )

    def listed(self) -> list[dict[str, Any]]:
        """Return every model on offer, those of other categories among them."""
        videos = [m.listed(m.slug) for m in self.models.values() if m.slug not in self.withdrawn]
        return [*OTHER_MODELS[:2], *videos, *OTHER_MODELS[2:]]
