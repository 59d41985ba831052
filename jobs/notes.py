"""Short notes in a channel that go away by themselves, also after a restart in between."""

from jobs.ports import Clock
from storage import settings
from storage.database import Database

SCOPE = "notes"


class Notes:
    """Which notes still stand, by channel and message id."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def put(self, channel_id: int, message_id: int, until: int | None = None) -> None:
        """Remember a note that was just left.

        It goes at the next start at the latest, or stands over a start until then (epoch s).
        """
        at = str(until or int(self._clock.now()))
        await self._db.insist(settings.put, SCOPE, f"{channel_id}:{message_id}", at)

    async def drop(self, channel_id: int, message_id: int) -> None:
        """Forget one that is gone, or cannot be taken away."""
        await self._db.insist(settings.drop, SCOPE, f"{channel_id}:{message_id}")

    async def left_over(self) -> list[tuple[int, int, float]]:
        """Return the notes that an earlier process did not take back: where, and for how long (s).

        Those that need not stand any longer have 0 seconds.
        """
        stored = await self._db.read(settings.list_scope, SCOPE)
        left = []
        for name, until in stored.items():
            channel_id, message_id = map(int, name.split(":"))
            left.append((channel_id, message_id, max(0.0, int(until) - self._clock.now())))
        return left
