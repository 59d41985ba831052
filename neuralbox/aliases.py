"""Models that are published under more than one slug. Source: "video" and "tokens".

The video page's slugs are canonical here. One of the token pages folds both MidJourney qualities
into a single slug.
"""

_OTHER_SPELLING = {
    "luma-flash2": "luma-ray2-flash",
    "luma-ray2-flash": "luma-flash2",
    "mj-video-480p": "midjourney-video",
    "mj-video-720p": "midjourney-video",
    # Nobody chose a quality with this slug, so it falls back to the cheaper of the two.
    "midjourney-video": "mj-video-480p",
}

_FAMILY = {
    "luma-ray2-flash": "luma-flash2",
    "mj-video-480p": "midjourney-video",
    "mj-video-720p": "midjourney-video",
}


def other_spelling(slug: str) -> str | None:
    """Return the slug to try once when the service does not know `slug`, or None."""
    return _OTHER_SPELLING.get(slug)


def family(slug: str) -> str:
    """Return one name for all spellings of a model, `slug` itself when it has only one.

    Answers may echo another spelling than the one that was sent, so comparisons use this.
    """
    return _FAMILY.get(slug, slug)
