"""The ordered log of what happened on the local Discord, to wait on and to look back at."""

import asyncio
import dataclasses
from collections.abc import Callable

from playground.discord.types import Json
from playground.discord.world import Message


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One happening.

    `kind` is one of: message_create, message_edit, message_delete, ephemeral, ephemeral_edit,
    ephemeral_delete, interaction_created, interaction_answered, commands_registered, connected,
    resumed, disconnected, typing, world, unknown_route. `message` is as it was at that moment;
    `member_id` is the owner of an ephemeral message or whoever acted; `at` is the injected clock's.
    """

    index: int
    kind: str
    at: float
    message: Message | None = None
    channel_id: int | None = None
    member_id: int | None = None
    interaction_id: int | None = None
    detail: Json = dataclasses.field(default_factory=dict)


class EventLog(list[Event]):
    """All events, oldest first; slice it to look back."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self._more = asyncio.Event()

    def add(
        self,
        kind: str,
        message: Message | None = None,
        *,
        channel_id: int | None = None,
        member_id: int | None = None,
        interaction_id: int | None = None,
        **detail: object,
    ) -> Event:
        """Write one event and wake everybody who waits."""
        event = Event(
            index=len(self),
            kind=kind,
            at=self._now(),
            message=message.as_it_was() if message else None,
            channel_id=message.channel_id if message else channel_id,
            member_id=message.ephemeral_for if message and message.ephemeral else member_id,
            interaction_id=interaction_id,
            detail=detail,
        )
        self.append(event)
        self._more.set()
        self._more = asyncio.Event()
        return event

    async def wait_for(
        self,
        predicate: Callable[[Event], bool],
        *,
        timeout: float = 5.0,
        start_at: int | None = None,
    ) -> Event:
        """Return the first event from index `start_at` on (None: from now on) that fits.

        Raises TimeoutError after `timeout` real seconds.
        """
        index = len(self) if start_at is None else start_at
        async with asyncio.timeout(timeout):
            while True:
                while index < len(self):
                    if predicate(self[index]):
                        return self[index]
                    index += 1
                await self._more.wait()
