"""The plan's allowance in words: what is used of it, by whom, for the host to see."""

import json
import math
import sqlite3
from dataclasses import dataclass

from jobs.schedule import Window, Windows
from storage import requests, settings

# Where the gate keeps what answers told, over a restart.
SCOPE, LIMITS, CLOSED = "gate", "limits", "closed"
HOUR_S, DAY_S = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Share:
    """One window: its limit (None: none), our requests in it, and those of others as last told."""

    name: str
    limit: int | None
    ours: int
    others: int = 0


def shares(windows: Windows, now: float) -> tuple[Share, Share]:
    """Return both windows as they stand on the gate's own clock."""
    return _share("an hour", windows.hour, windows, now), _share("a day", windows.day, windows, now)


def kept_shares(tx: sqlite3.Connection, now: int) -> tuple[Share, Share] | None:
    """Return both windows as the books have them (epoch s); None before any answer told."""
    told = settings.find(tx, SCOPE, LIMITS)
    if told is None:
        return None
    hour, day = json.loads(told)
    return (
        Share("an hour", hour, requests.count_since(tx, now - HOUR_S)),
        Share("a day", day, requests.count_since(tx, now - DAY_S)),
    )


def words(found: tuple[Share, Share]) -> str:
    """Return both windows in a sentence."""
    parts = [
        f"{share.ours + share.others:,} of {share.limit:,} requests in {share.name}"
        for share in found
        if share.limit is not None
    ]
    if not parts:
        return "The plan does not limit requests."
    others = max(share.others for share in found)
    about = f" About {others:,} of them were others' with the same account." if others else ""
    return f"{', '.join(parts)}.{about}"


def _share(name: str, window: Window, windows: Windows, now: float) -> Share:
    ours = windows.own(window, now)
    others = window.others if math.isfinite(window.told_at) else 0
    return Share(name, window.limit, ours, others)
