"""What a guild's admins chose about spending besides the limits: who is asked, warned and stopped.

Stored as texts by key; each is read with its default. Every change by an admin leaves a row in
the guild's trail, which nobody can take back.
"""

import sqlite3
from dataclasses import asdict, dataclass

from storage import settings

WARN_AT = (50, 80, 95)
BRAKE_PERCENT, BRAKE_MINUTES = 50, 10
KEYS = (
    "confirm_above",
    "approve_above",
    "approve_channel",
    "warn_at",
    "channel",
    "brake_percent",
    "brake_minutes",
)


@dataclass(frozen=True, slots=True)
class Spending:
    """A guild's choices. Amounts are tokens; None is off.

    `confirm_above`: dearer videos are made only after their requester's own yes.
    `approve_above`: dearer ones only after a moderator's, asked in `approve_channel`.
    `warn_at`: percentages of the pool that are told in `channel`, where changes are told too.
    `brake_percent`: a member who holds more than that share of the pool within `brake_minutes`
    is stopped; 0 is off.
    """

    confirm_above: int | None = None
    approve_above: int | None = None
    approve_channel: int | None = None
    warn_at: tuple[int, ...] = WARN_AT
    channel: int | None = None
    brake_percent: int = BRAKE_PERCENT
    brake_minutes: int = BRAKE_MINUTES


@dataclass(frozen=True, slots=True)
class Warned:
    """The last warning: of which period and size of the pool, which percentage, when (epoch s)."""

    beginning: int
    size_tokens: int
    level: int
    at: int


def of_guild(tx: sqlite3.Connection, guild_id: int) -> Spending:
    """Return a guild's choices."""
    stored = settings.list_scope(tx, _scope(guild_id))
    numbers = {key: int(value) for key, value in stored.items() if value.isdecimal()}
    default = Spending()
    levels = stored.get("warn_at")
    return Spending(
        confirm_above=numbers.get("confirm_above"),
        approve_above=numbers.get("approve_above"),
        approve_channel=numbers.get("approve_channel"),
        warn_at=default.warn_at
        if levels is None
        else tuple(int(level) for level in levels.split() if level.isdecimal()),
        channel=numbers.get("channel"),
        brake_percent=numbers.get("brake_percent", default.brake_percent),
        brake_minutes=numbers.get("brake_minutes", default.brake_minutes),
    )


def put(tx: sqlite3.Connection, guild_id: int, key: str, value: str | None) -> str | None:
    """Store one choice by its field's name, None for the default; return what was stored before."""
    if key not in KEYS:
        raise ValueError(key)
    before = settings.find(tx, _scope(guild_id), key)
    if value is None:
        settings.drop(tx, _scope(guild_id), key)
    else:
        settings.put(tx, _scope(guild_id), key, value)
    return before


def find_warned(tx: sqlite3.Connection, guild_id: int) -> Warned | None:
    """Return the last warning that a guild was given, or None."""
    stored = settings.list_scope(tx, f"warned:{guild_id}")
    return Warned(**{key: int(value) for key, value in stored.items()}) if stored else None


def note_warned(tx: sqlite3.Connection, guild_id: int, warned: Warned) -> None:
    """Remember a warning as the last one."""
    for key, value in asdict(warned).items():
        settings.put(tx, f"warned:{guild_id}", key, str(value))


def _scope(guild_id: int) -> str:
    return f"spending:{guild_id}"
