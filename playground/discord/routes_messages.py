"""Routes that send, change and read messages with the bot's own token."""

from playground.discord import permissions, ratelimit
from playground.discord.access import Access
from playground.discord.composer import Composer
from playground.discord.errors import ApiError, Form, refusal
from playground.discord.message_rules import Draft, read_draft
from playground.discord.messages import MessageBook
from playground.discord.ratelimit import RateLimits
from playground.discord.rest import NO_CONTENT, Call, Reply, Route, route
from playground.discord.types import Clock, Json
from playground.discord.world import Channel, ChannelKind, Message, MessageKind, User, World

# Older messages of one's own may be edited three times in six seconds per channel only.
OLD_EDIT_AFTER_S = 3600.0
_OLD_EDIT = "Maximum number of edits to messages older than 1 hour reached. Try again later."


class MessageRoutes:
    """The bot's own sending. Ephemeral messages do not exist here (10008)."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        access: Access,
        book: MessageBook,
        composer: Composer,
        limits: RateLimits,
    ) -> None:
        self.world = world
        self.clock = clock
        self.access = access
        self.book = book
        self.composer = composer
        self.limits = limits

    def routes(self) -> list[Route]:
        many, one = "/channels/{id}/messages", "/channels/{id}/messages/{id}"
        read = ratelimit.MESSAGE_READ
        return [
            route("POST", many, self.create, ratelimit.MESSAGE_CREATE, major=1),
            route("GET", many, self.listed, read, major=1),
            route("GET", one, self.get, read, major=1),
            route("PATCH", one, self.edit, ratelimit.MESSAGE_EDIT, major=1),
            route("DELETE", one, self.delete, ratelimit.MESSAGE_DELETE, major=1),
            route("POST", "/attachments/refresh-urls", self.refresh_urls, ratelimit.OTHER),
        ]

    async def create(self, call: Call) -> Reply:
        channel = self.access.see(call.number(0))
        if channel.kind is ChannelKind.FORUM:
            raise refusal("not_text")
        form = Form()
        draft = read_draft(form, call.json, of_interaction=False)
        self._may_send(channel, draft, call)
        if draft.enforce_nonce and draft.nonce is not None:
            known = self.book.by_nonce(self.world.bot.id, channel.id, draft.nonce)
            if known is not None:
                return self._told(known)
        message = Message(
            id=self.world.ids.next(),
            channel_id=channel.id,
            guild_id=channel.guild_id,
            author=self.world.bot,
            created_at=self.clock.now(),
            nonce=draft.nonce,
        )
        self._reply_to(form, channel, message, draft)
        await self.composer.apply(
            form,
            message,
            draft,
            call.body.uploads,
            may_ping_all=self.access.may_ping_all(channel),
            created=True,
        )
        self.book.add(message)
        return self._told(message)

    async def edit(self, call: Call) -> Reply:
        channel, message = self._find(call)
        if message.author is not self.world.bot:
            raise refusal("other_author")
        if channel.kind is ChannelKind.THREAD and channel.archived:
            raise refusal("thread_archived")
        form = Form()
        draft = read_draft(form, call.json, of_interaction=False, edit=True)
        self.access.need_to_show(channel, draft, call.body.uploads)
        self._slow_down(channel, message)
        await self.composer.apply(
            form,
            message,
            draft,
            call.body.uploads,
            may_ping_all=self.access.may_ping_all(channel),
            created=False,
        )
        self.book.changed(message)
        return self._told(message)

    async def delete(self, call: Call) -> Reply:
        channel, message = self._find(call)
        if message.author is not self.world.bot:
            if channel.guild_id is None:
                raise refusal("not_in_dm")
            self.access.need(channel, permissions.MANAGE_MESSAGES)
        self.book.remove(message)
        return NO_CONTENT

    async def get(self, call: Call) -> Reply:
        channel, message = self._find(call)
        self.access.need(channel, permissions.READ_MESSAGE_HISTORY)
        return self._told(message)

    async def listed(self, call: Call) -> Reply:
        channel = self.access.see(call.number(0))
        if not self.access.allowed(channel) & permissions.READ_MESSAGE_HISTORY:
            return Reply([])
        limit = int(call.query.get("limit", "50"))
        if not 1 <= limit <= 100:
            form = Form()
            form.number(("limit",), limit, 1, 100)
            form.check()
        ids = channel.message_ids
        before, after = int(call.query.get("before", "0")), int(call.query.get("after", "0"))
        ids = [one for one in ids if (not before or one < before) and one > after]
        chosen = ids[:limit] if after and not before else ids[-limit:]
        return Reply([self.book.over_rest(self.world.messages[one]) for one in reversed(chosen)])

    async def refresh_urls(self, call: Call) -> Reply:
        """Renew links to attachments. Works for bots but is not in Discord's documentation."""
        form = Form()
        urls = (call.json or {}).get("attachment_urls")
        form.length(("attachment_urls",), urls, 1, 50, what="list")
        form.check()
        renewed = []
        for url in urls or []:
            path = self.composer.cdn.path_of(str(url))
            fresh = self.composer.cdn.sign(path) if path else url
            renewed.append({"original": url, "refreshed": fresh})
        return Reply({"refreshed_urls": renewed})

    def _find(self, call: Call) -> tuple[Channel, Message]:
        channel = self.access.see(call.number(0))
        message = self.world.messages.get(call.number(1))
        if message is None or message.channel_id != channel.id or message.ephemeral:
            raise refusal("unknown_message")
        return channel, message

    def _may_send(self, channel: Channel, draft: Draft, call: Call) -> None:
        if channel.recipient_id is not None:
            self._may_write_to(self.world.users[channel.recipient_id])
        if channel.kind is ChannelKind.THREAD and channel.locked:
            raise refusal("thread_archived")
        self.access.need(channel, permissions.sending(channel))
        self.access.need_to_show(channel, draft, call.body.uploads)

    def _may_write_to(self, user: User) -> None:
        shared = [g for g in self.world.guilds.values() if g.has_bot and user.id in g.members]
        if not shared:
            raise refusal("no_server_in_common")
        if not user.dms_open:
            raise refusal("user_closed")

    def _reply_to(self, form: Form, channel: Channel, message: Message, draft: Draft) -> None:
        if draft.reply_to is None:
            return
        if not self.access.allowed(channel) & permissions.READ_MESSAGE_HISTORY:
            raise refusal("reply_without_history")
        target = self.world.messages.get(draft.reply_to)
        if target is None or target.channel_id != channel.id or target.ephemeral:
            if draft.fail_if_not_exists:
                form.fault(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            return
        message.kind = MessageKind.REPLY
        message.reference, message.reference_channel_id = target.id, channel.id

    def _slow_down(self, channel: Channel, message: Message) -> None:
        if self.clock.now() - message.created_at <= OLD_EDIT_AFTER_S:
            return
        verdict = self.limits.take(
            ratelimit.MESSAGE_EDIT_OLD, str(channel.id), counts_globally=False
        )
        if verdict.retry_after_s is not None:
            wait: Json = {"retry_after": verdict.retry_after_s, "global": False}
            headers = {**verdict.headers, "Via": "1.1 google"}
            raise ApiError(429, 30046, _OLD_EDIT, extra=wait, headers=headers)

    def _told(self, message: Message) -> Reply:
        return Reply(self.book.over_rest(message))
