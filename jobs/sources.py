"""A picture that somebody pointed at, before it is fetched."""

import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from errors import PickGoneError
from jobs.patience import write_soon
from jobs.ports import Clock
from storage import pictures
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture is, and whose it is.

    `is_link` is an address that a member typed; every other is a file of Discord's. `poster_id`
    is None when nobody is known. `name` tells several of one message apart.
    """

    url: str
    name: str = "the picture"
    poster_id: int | None = None
    poster_is_bot: bool = False
    is_spoiler: bool = False
    is_link: bool = False


class Picks:
    """Pictures pointed at in a menu, until the form that asks for the prompt comes back.

    They are in the database, so that a form survives a restart; after an hour they are gone.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def keep(self, guild_id: int, user_id: int, sources: list[Source]) -> list[str]:
        """Keep what a member pointed at; return one random id for each. May raise BusyError."""
        facts = [asdict(source) for source in sources]
        now = int(self._clock.now())
        return await write_soon(self._db, _keep, guild_id, user_id, facts, now)

    async def get(self, guild_id: int, user_id: int, pick_id: str) -> Source:
        """Return what that member pointed at; raises PickGoneError for anything else."""
        now = int(self._clock.now())
        facts = await self._db.read(pictures.find_pick, pick_id, guild_id, user_id, now)
        if facts is None:
            raise PickGoneError
        return Source(**facts)


def _keep(
    tx: sqlite3.Connection, guild_id: int, user_id: int, facts: list[dict[str, Any]], now: int
) -> list[str]:
    return [pictures.put_pick(tx, guild_id, user_id, one, now) for one in facts]
