"""Short notes in a channel that go away by themselves, also after a restart in between."""

from jobs.ports import Clock
from storage import settings
from storage.database import Database

SCOPE = "notes"


class Notes:
    """Which notes still stand, by channel and message id."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def put(self, channel_id: int, message_id: int) -> None:
        """Remember a note that was just left."""
        at = str(int(self._clock.now()))
        await self._db.insist(settings.put, SCOPE, f"{channel_id}:{message_id}", at)

    async def drop(self, channel_id: int, message_id: int) -> None:
        """Forget one that is gone, or cannot be taken away."""
        await self._db.insist(settings.drop, SCOPE, f"{channel_id}:{message_id}")

    async def left_over(self) -> list[tuple[int, int]]:
        """Return the notes that an earlier process did not take back."""
        names = await self._db.read(settings.list_scope, SCOPE)
        pairs = (name.split(":") for name in names)
        return [(int(channel_id), int(message_id)) for channel_id, message_id in pairs]
