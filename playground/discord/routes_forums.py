"""Routes that open a post in a forum, and the list of a guild's open threads.

Source: "resources/channel" (start thread in forum or media channel), "resources/guild" (list
active guild threads), "topics/threads".
"""

from typing import Any

from playground.discord import permissions, ratelimit
from playground.discord.access import Access
from playground.discord.composer import Composer
from playground.discord.errors import Form, refusal, snowflake
from playground.discord.events import EventLog
from playground.discord.message_rules import Draft, read_draft
from playground.discord.messages import MessageBook
from playground.discord.payloads import channel_json, thread_member_json
from playground.discord.rest import Call, Reply, Route, route
from playground.discord.types import Clock, Json
from playground.discord.world import (
    CHANNEL_FLAG_REQUIRE_TAG,
    Channel,
    ChannelKind,
    Message,
    World,
)

MAX_NAME = 100
MAX_TAGS = 5
MAX_SLOWMODE_S = 21_600
ARCHIVE_CHOICES_MIN = (60, 1_440, 4_320, 10_080)


class ForumRoutes:
    """Posts are threads whose id is that of their first message.

    Threads in text channels are not started over the API here (50024).
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        access: Access,
        book: MessageBook,
        composer: Composer,
        log: EventLog,
    ) -> None:
        self.world = world
        self.clock = clock
        self.access = access
        self.book = book
        self.composer = composer
        self.log = log

    def routes(self) -> list[Route]:
        other = ratelimit.OTHER
        return [
            route("POST", "/channels/{id}/threads", self.create, other, major=1),
            route("GET", "/guilds/{id}/threads/active", self.active, other, major=1),
        ]

    async def create(self, call: Call) -> Reply:
        forum = self.access.see(call.number(0))
        if forum.kind is not ChannelKind.FORUM:
            raise refusal("other_channel_type")
        self.access.need(forum, permissions.SEND_MESSAGES)
        form = Form()
        post = self._read_post(form, forum, call.json)
        draft = self._read_message(form, call.json)
        self.access.need_to_show(forum, draft, call.body.uploads)
        form.check()
        _check_tags(forum, post)
        message = Message(
            id=post.id,
            channel_id=post.id,
            guild_id=post.guild_id,
            author=self.world.bot,
            created_at=post.created_at,
        )
        # The message needs its channel while it is put together; others find it once it is there.
        self.world.channels[post.id] = post
        try:
            await self.composer.apply(
                form,
                message,
                draft,
                call.body.uploads,
                may_ping_all=self.access.may_ping_all(forum),
                created=True,
            )
            # Reading a video's header takes a while: the forum may be gone by now.
            self.access.see(forum.id)
        except BaseException:
            del self.world.channels[post.id]
            self.book.forget(message)
            raise
        self._open(post)
        self.book.add(message)
        return Reply(self._written(post) | {"message": self.book.over_rest(message)}, 201)

    async def active(self, call: Call) -> Reply:
        guild = self.access.guild(call.number(0))
        threads = [
            channel
            for channel in guild.channels.values()
            if channel.kind is ChannelKind.THREAD
            and not channel.archived
            and self.book.bot_sees(channel.id)
        ]
        threads.sort(key=lambda thread: thread.id, reverse=True)
        return Reply(
            {
                "threads": [channel_json(self.world, thread) for thread in threads],
                "members": [thread_member_json(self.world, thread) for thread in threads],
                "has_more": False,
            }
        )

    def _read_post(self, form: Form, forum: Channel, body: Any) -> Channel:
        body = body if isinstance(body, dict) else {}
        name = body.get("name")
        if name is None:
            form.required(("name",))
        elif not form.length(("name",), name, 1, MAX_NAME):
            name = None
        archive = body.get("auto_archive_duration")
        if archive not in (None, *ARCHIVE_CHOICES_MIN):
            text = f"Value must be one of {ARCHIVE_CHOICES_MIN}."
            form.fault(("auto_archive_duration",), "BASE_TYPE_CHOICES", text)
        slowmode = body.get("rate_limit_per_user") or 0
        form.number(("rate_limit_per_user",), slowmode, 0, MAX_SLOWMODE_S)
        return Channel(
            id=self.world.ids.next(),
            name=name or "",
            kind=ChannelKind.THREAD,
            guild_id=forum.guild_id,
            parent_id=forum.id,
            owner_id=self.world.bot.id,
            slowmode_s=slowmode,
            auto_archive_min=archive or forum.auto_archive_min,
            applied_tags=_read_tags(form, body.get("applied_tags") or []),
            created_at=self.clock.now(),
        )

    def _read_message(self, form: Form, body: Any) -> Draft:
        message = body.get("message") if isinstance(body, dict) else None
        if message is None:
            form.required(("message",))
        return read_draft(form, message, of_interaction=False, path=("message",))

    def _open(self, post: Channel) -> None:
        guild = self.world.guilds[post.guild_id or 0]
        post.position = len(guild.channels)
        guild.channels[post.id] = post
        self.log.add("world", event="THREAD_CREATE")
        self.book.tell_guild("THREAD_CREATE", self._written(post) | {"newly_created": True}, guild)

    def _written(self, post: Channel) -> Json:
        return channel_json(self.world, post) | {"member": thread_member_json(self.world, post)}


def _read_tags(form: Form, listed: Any) -> list[int]:
    if not form.length(("applied_tags",), listed, 0, MAX_TAGS, what="list"):
        return []
    found = []
    for index, value in enumerate(listed):
        tag_id = snowflake(value)
        if tag_id is None:
            text = f'Value "{value}" is not snowflake.'
            form.fault(("applied_tags", index), "NUMBER_TYPE_COERCE", text)
        else:
            found.append(tag_id)
    return found


def _check_tags(forum: Channel, post: Channel) -> None:
    known = {tag.id for tag in forum.available_tags}
    if not known.issuperset(post.applied_tags):
        raise refusal("unknown_tag")
    if forum.flags & CHANNEL_FLAG_REQUIRE_TAG and not post.applied_tags:
        raise refusal("tag_required")
