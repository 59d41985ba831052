"""What people do with plain messages: post, reply, delete."""

from collections.abc import Sequence

from playground.discord import permissions
from playground.discord.client_rules import NotPossibleError
from playground.discord.errors import ApiError, Form
from playground.discord.media_probe import content_type_of
from playground.discord.mentions import Allowed
from playground.discord.message_rules import MAX_CONTENT, Draft
from playground.discord.parts import Parts
from playground.discord.sources import store_sticker
from playground.discord.stage import Stage, Who
from playground.discord.types import Json, Ref
from playground.discord.uploads import Upload
from playground.discord.world import Channel, ChannelKind, Guild, Message, MessageKind, User

NamedBytes = tuple[str, bytes]


class Posting:
    """Plain messages of people, other bots and webhooks."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._stage = Stage(parts)

    async def say(
        self,
        content: str = "",
        *,
        member: Who = "Ben",
        channel: Ref | Channel = "videos",
        guild: Ref | Guild | None = None,
        attachments: Sequence[NamedBytes] = (),
        stickers: Sequence[NamedBytes] = (),
        embeds: Sequence[Json] = (),
        reply_to: Message | Ref | None = None,
        ping: bool = True,
        as_webhook: str | None = None,
        as_bot: str | None = None,
    ) -> Message:
        """Post a message. Mentions are written "<@id>"; the bot's own is `bot_mention`.

        `stickers` are files by name (PNG, APNG, GIF or Lottie, by their bytes); `embeds` are what
        Discord would show for a link, see link_embed(). `as_webhook` posts under that name as a
        webhook, `as_bot` as another bot, which joins if it is not there yet. Raises
        NotPossibleError without the permission, for an empty or over-long message, or a file above
        the limit.
        """
        if as_bot is not None:
            member = self._other_bot(as_bot, guild)
        place = self._stage.place(channel, guild, member)
        message = self._blank(place, member, as_webhook)
        if len(content) > MAX_CONTENT:
            raise NotPossibleError(f"a message has {MAX_CONTENT} characters at most")
        if reply_to is not None:
            target = self.parts.world.message(reply_to)
            if target.channel_id != place.id:
                raise NotPossibleError("a reply stays in its channel")
            message.kind = MessageKind.REPLY
            message.reference, message.reference_channel_id = target.id, place.id
        message.embeds = list(embeds)
        message.stickers = [store_sticker(self.parts, *sticker) for sticker in stickers]
        draft = Draft((), Allowed(replied_user=ping), content=content.strip())
        files = {
            index: Upload(index, name, content_type_of(name), data)
            for index, (name, data) in enumerate(attachments)
        }
        await self._compose(message, draft, files, place)
        self.parts.book.add(message)
        return message

    def delete_message(self, message: Message | Ref) -> None:
        """Delete a message (an ephemeral one too, as its owner may)."""
        self.parts.book.remove(self.parts.world.message(message))

    async def _compose(
        self, message: Message, draft: Draft, files: dict[int, Upload], place: Channel
    ) -> None:
        may_ping_all = bool(self._rights(place, message) & permissions.MENTION_EVERYONE)
        try:
            await self.parts.composer.apply(
                Form(), message, draft, files, may_ping_all=may_ping_all, created=True
            )
        except ApiError as error:
            raise NotPossibleError(error.body["message"]) from None

    def _blank(self, place: Channel, member: Who, webhook: str | None) -> Message:
        parts = self.parts
        author = self._author(place, member, webhook)
        message = Message(
            id=parts.ids.next(),
            channel_id=place.id,
            guild_id=place.guild_id,
            author=author,
            created_at=parts.clock.now(),
            webhook_id=author.id if webhook is not None else None,
        )
        if place.kind is ChannelKind.FORUM:
            raise NotPossibleError(f"{place.name} is a forum: only its posts take messages")
        wanted = permissions.VIEW_CHANNEL | permissions.sending(place)
        if self._rights(place, message) & wanted != wanted or place.locked:
            raise NotPossibleError(f"{author.name} may not post in {place.name}")
        return message

    def _author(self, place: Channel, member: Who, webhook: str | None) -> User:
        world = self.parts.world
        if webhook is not None:
            known = [u for u in world.users.values() if u.webhook and u.name == webhook]
            author = known[0] if known else User(self.parts.ids.next(), webhook, webhook=True)
            world.users[author.id] = author
            return author
        if place.recipient_id is not None:
            return world.users[place.recipient_id]
        if isinstance(member, User):
            return member
        try:
            return world.member(member, world.guilds[place.guild_id or 0]).user
        except LookupError as error:
            raise NotPossibleError(str(error)) from None

    def _rights(self, place: Channel, message: Message) -> int:
        if place.guild_id is None or message.webhook_id is not None:
            return permissions.ALL
        return self._stage.allowed(self.parts.world.guilds[place.guild_id], place, message.author)

    def _other_bot(self, name: str, guild: Ref | Guild | None) -> User:
        home = self.parts.world.guild(guild)
        for one in home.members.values():
            if one.user.name == name and one.user.bot:
                return one.user
        return self.parts.founder.member(home, name, bot=True).user
