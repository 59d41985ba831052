"""The published video models: what each may cost and how long it takes.

Source: "generations/video", "generations/status", "concepts/tokens". A price range's maximum is
above every single figure quoted anywhere for the model, so it is what is held when no price of the
account's own is stored yet. Waits are seconds from creation to completion.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """One model as published; tokens and seconds are ranges."""

    slug: str
    name: str
    min_tokens: int
    max_tokens: int
    wait_low_s: int
    wait_high_s: int


_TABLE = (
    Model("luma-flash2", "Luma Flash 2", 15, 93, 20, 35),
    Model("kling-v2.1", "Kling 2.1", 26, 94, 45, 90),
    Model("kling-v2.1-pro", "Kling 2.1 Pro", 60, 94, 60, 90),
    Model("minimax-video", "MiniMax Video", 88, 88, 60, 90),
    Model("luma-ray2", "Luma Ray 2", 42, 180, 60, 120),
    Model("luma-ray2-1080p", "Luma Ray 2 1080p", 42, 180, 60, 180),
    Model("mj-video-480p", "Midjourney 480p", 50, 320, 60, 120),
    Model("mj-video-720p", "Midjourney 720p", 50, 320, 90, 180),
    Model("sora-2", "Sora 2", 42, 125, 60, 180),
    Model("veo-3.1", "Veo 3.1", 83, 334, 60, 180),
)
PUBLISHED = {model.slug: model for model in _TABLE}
# For a model the host names that no page describes: any video takes 20 to 180 s.
UNPUBLISHED_WAIT_S = (20, 180)


def wait_range(slug: str) -> tuple[int, int]:
    """Return the published wait of a model in seconds, (low, high)."""
    model = PUBLISHED.get(slug)
    return (model.wait_low_s, model.wait_high_s) if model else UNPUBLISHED_WAIT_S
