"""Moments and spans as a host reads them."""

from datetime import UTC, datetime


def moment(at: int) -> str:
    """Return a moment (epoch s)."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def age(seconds: int) -> str:
    """Return how long something is ago."""
    minutes = max(0, seconds) // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
