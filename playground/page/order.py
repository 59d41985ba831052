"""What the page asks for: one POST, read and checked."""

import dataclasses
import json
from typing import Any

from aiohttp import web

from playground.discord.types import Json
from playground.discord.world import Channel, Guild, Member, Message, User, World

FILE_PREFIX = "file:"

Upload = tuple[str, bytes]
"""A file's name and its bytes."""


class Refused(Exception):  # noqa: N818 - it is an answer for the page, not a fault
    """What was asked cannot be done; the text is shown to the person."""


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """One action of a person: who, where, what, and the files that came along by field."""

    user: User
    guild: Guild | None
    channel: Channel
    body: Json
    files: dict[str, list[Upload]]
    world: World

    @property
    def member(self) -> Member | None:
        """The person as a member of the guild; None in direct messages."""
        return self.guild.members[self.user.id] if self.guild else None

    def text(self, name: str) -> str:
        """Return a text of the body. Raises Refused when it is none."""
        value = self.body.get(name)
        if not isinstance(value, str):
            raise Refused(f"{name} is missing")
        return value

    def mapping(self, name: str) -> Json:
        """Return an object of the body, empty when it is not there."""
        value = self.body.get(name) or {}
        if not isinstance(value, dict):
            raise Refused(f"{name} must be an object")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts of the body, empty when it is not there."""
        value = self.body.get(name) or []
        if not isinstance(value, list):
            raise Refused(f"{name} must be a list")
        return [str(one) for one in value]

    def message(self, name: str = "message") -> Message:
        """Return the message that the body names, if this person can see it."""
        try:
            found = self.world.message(self.text(name))
        except (LookupError, ValueError):
            raise Refused("This message is gone.") from None
        is_hidden = found.ephemeral_for not in (None, self.user.id)
        if is_hidden or found.channel_id != self.channel.id:
            raise Refused("This message is gone.")
        return found


async def read_order(request: web.Request, world: World) -> Order:
    """Read a POST of the page. Raises Refused for one that names nobody or no place."""
    form = await request.post()
    try:
        body = json.loads(str(form["json"]))
    except (KeyError, ValueError):
        raise Refused("The request holds no order.") from None
    if not isinstance(body, dict):
        raise Refused("The order must be an object.")
    files: dict[str, list[Upload]] = {}
    for field, value in form.items():
        if field.startswith(FILE_PREFIX) and isinstance(value, web.FileField):
            files.setdefault(field.removeprefix(FILE_PREFIX), []).append(
                (value.filename, value.file.read())
            )
    user, guild, channel = _place(body, world)
    return Order(user, guild, channel, body, files, world)


def _place(body: dict[str, Any], world: World) -> tuple[User, Guild | None, Channel]:
    user = world.users.get(_id(body.get("member")))
    channel = world.channels.get(_id(body.get("channel")))
    if user is None or user.bot:
        raise Refused("There is nobody of that name.")
    if channel is None:
        raise Refused("This channel is gone.")
    guild = world.guilds.get(channel.guild_id) if channel.guild_id is not None else None
    is_stranger = user.id not in guild.members if guild else channel.recipient_id != user.id
    if is_stranger:
        raise Refused(f"{user.name} is not here.")
    return user, guild, channel


def _id(value: Any) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() else 0
