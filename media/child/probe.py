"""What a clip is."""

from typing import Any

from media.child import clip


def do(source: str) -> dict[str, Any]:
    """Return the facts of a clip, of which no more than the first frame is decoded."""
    return clip.facts(source)
