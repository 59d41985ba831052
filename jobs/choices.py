"""What guilds and members chose, for those who may not touch the database themselves."""

import sqlite3
from collections.abc import Mapping

from jobs.patience import write_soon
from jobs.ports import Clock
from storage import choices
from storage.choices import Change, Consent, GuildChoices
from storage.database import Database

DEFAULT = GuildChoices()


class Choices:
    """The cogs' way to choices. A change holds from the moment its method returns.

    Methods that change something raise BusyError when the books could not be written in time;
    then nothing is changed.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def of_guild(self, guild_id: int) -> GuildChoices:
        """Return a guild's choices, each with its default."""
        return await self._db.read(choices.of_guild, guild_id)

    async def set_of_guild(
        self, guild_id: int, what: str, value: str | bool | int | None, actor: int
    ) -> None:
        """Change the field `what` of a guild's GuildChoices; None goes back to the default."""
        await self.set_several_of_guild(guild_id, {what: value}, actor)

    async def set_several_of_guild(
        self, guild_id: int, values: Mapping[str, str | bool | int | None], actor: int
    ) -> None:
        """As `set_of_guild` for several fields: all of them are changed, or none."""
        stored = {what: _stored(what, value) for what, value in values.items()}
        await write_soon(self._db, _set_several, guild_id, stored, actor, self._now())

    async def is_spoiler_channel(self, channel_id: int) -> bool:
        """Return whether results in this channel are spoilers unless the member says otherwise."""
        return await self._db.read(choices.is_spoiler_channel, channel_id)

    async def set_spoiler_channel(
        self, guild_id: int, channel_id: int, is_spoiler: bool, actor: int
    ) -> None:
        """Set a channel's default."""
        await write_soon(
            self._db,
            choices.set_spoiler_channel,
            guild_id,
            channel_id,
            is_spoiler,
            actor,
            self._now(),
        )

    async def changes(self, guild_id: int) -> list[Change]:
        """Return the newest changes of a guild's choices, newest first."""
        return await self._db.read(choices.list_changes, guild_id)

    async def consent_of(self, guild_id: int, user_id: int) -> Consent:
        """Return what a member said of others animating their pictures."""
        return await self._db.read(choices.consent_of, guild_id, user_id)

    async def set_consent(self, guild_id: int, user_id: int, consent: Consent) -> Consent:
        """Remember what a member said; return what held before."""
        return await write_soon(self._db, _set_consent, guild_id, user_id, consent)

    async def wants_pings(self, user_id: int) -> bool:
        """Return whether a member wants to be told when a video is done."""
        return await self._db.read(choices.wants_pings, user_id)

    async def set_pings(self, user_id: int, is_wanted: bool) -> None:
        """Remember whether a member wants to be told."""
        await write_soon(self._db, choices.set_pings, user_id, is_wanted)

    def _now(self) -> int:
        return int(self._clock.now())


def _stored(what: str, value: str | bool | int | None) -> str | None:
    """Return a value as it is stored. The default is nothing stored, however it was chosen."""
    if value is None or value == getattr(DEFAULT, what):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _set_several(
    tx: sqlite3.Connection, guild_id: int, values: Mapping[str, str | None], actor: int, now: int
) -> None:
    for what, value in values.items():
        choices.set_of_guild(tx, guild_id, what, value, actor, now)


def _set_consent(tx: sqlite3.Connection, guild_id: int, user_id: int, consent: Consent) -> Consent:
    before = choices.consent_of(tx, guild_id, user_id)
    choices.set_consent(tx, guild_id, user_id, consent)
    return before
