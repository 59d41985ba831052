"""Messages as Discord writes them, and what of them a bot without the content intent sees.

Source: "resources/message"; for the content rules "events/gateway" (message content intent).
"""

from collections.abc import Callable

from playground.discord.payloads import iso, iso_or_none, member_json, user_json
from playground.discord.types import Json
from playground.discord.world import Attachment, Message, World

SignUrl = Callable[[str], str]
"""Turns a stored file's path into an address that runs out."""

_SPOILER_FLAG = 1 << 3


class MessageWriter:
    """Writes messages as JSON, with fresh signed links at every call."""

    def __init__(self, world: World, sign: SignUrl) -> None:
        self.world = world
        self.sign = sign

    def attachment(self, file: Attachment) -> Json:
        url = self.sign(file.path)
        written: Json = {
            "id": str(file.id),
            "filename": file.filename,
            "size": file.size,
            "url": url,
            "proxy_url": url,
            "content_type": file.content_type,
            "flags": _SPOILER_FLAG if file.spoiler else 0,
        }
        for name in ("description", "width", "height"):
            value = getattr(file, name)
            if value is not None:
                written[name] = value
        if file.ephemeral:
            written["ephemeral"] = True
        return written

    def full(self, message: Message) -> Json:
        """Return everything, as the author's own client sees it."""
        written = self._alone(message)
        if message.reference is not None:
            written["message_reference"] = {
                "type": 0,
                "message_id": str(message.reference),
                "channel_id": str(message.reference_channel_id),
                **({"guild_id": str(message.guild_id)} if message.guild_id else {}),
            }
            target = self.world.messages.get(message.reference)
            written["referenced_message"] = self._alone(target) if target else None
        return written

    def for_bot(self, message: Message, *, content_intent: bool) -> Json:
        """Return what the bot gets: each message is judged by itself, the replied-to one too."""
        written = self.full(message)
        if content_intent:
            return written
        if not self.open_to_bot(message):
            _empty(written)
        target = self.world.messages.get(message.reference or 0)
        if target is not None and not self.open_to_bot(target):
            _empty(written["referenced_message"])
        return written

    def open_to_bot(self, message: Message) -> bool:
        """Tell whether the bot may read a message without the privileged intent."""
        return message.author is self.world.bot or message.guild_id is None or message.names_bot

    def event(self, message: Message, *, content_intent: bool) -> Json:
        """Return a MESSAGE_CREATE or MESSAGE_UPDATE: with its guild and the author's member."""
        written = self.for_bot(message, content_intent=content_intent)
        if message.guild_id is None:
            return written
        guild = self.world.guilds[message.guild_id]
        written["guild_id"] = str(guild.id)
        author = guild.members.get(message.author.id)
        if author is not None and message.webhook_id in (None, message.application_id):
            written["member"] = member_json(author, with_user=False)
        for mention in written["mentions"]:
            member = guild.members.get(int(mention["id"]))
            if member is not None:
                mention["member"] = member_json(member, with_user=False)
        return written

    def _alone(self, message: Message) -> Json:
        users = self.world.users
        written: Json = {
            "id": str(message.id),
            "channel_id": str(message.channel_id),
            "type": int(message.kind),
            "author": user_json(message.author),
            "content": message.content,
            "timestamp": iso(message.created_at),
            "edited_timestamp": iso_or_none(message.edited_at),
            "tts": message.tts,
            "mention_everyone": message.mention_everyone,
            "mentions": [user_json(users[user_id]) for user_id in message.mentions],
            "mention_roles": [str(role_id) for role_id in message.mention_roles],
            "attachments": [self.attachment(file) for file in message.attachments],
            "embeds": [self._linked(part) for part in message.embeds],
            "components": [self._linked(part) for part in message.components],
            "pinned": False,
            "flags": message.flags,
        }
        for name in ("nonce", "interaction_metadata", "interaction"):
            value = getattr(message, name)
            if value is not None:
                written[name] = value
        for name in ("application_id", "webhook_id"):
            value = getattr(message, name)
            if value is not None:
                written[name] = str(value)
        if message.stickers:
            written["sticker_items"] = message.stickers
        return written

    def _linked(self, part: Json) -> Json:
        """Return a stored part with its inner "cdn:PATH" addresses replaced by signed ones."""
        written: Json = {}
        for key, value in part.items():
            if isinstance(value, dict):
                written[key] = self._linked(value)
            elif isinstance(value, list):
                written[key] = [self._linked(v) if isinstance(v, dict) else v for v in value]
            elif isinstance(value, str) and value.startswith("cdn:/"):
                written[key] = self.sign(value.removeprefix("cdn:"))
            else:
                written[key] = value
        return written


def _empty(written: Json) -> None:
    written.update(content="", embeds=[], attachments=[], components=[])
