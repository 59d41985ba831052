"""Routes that carry an interaction's token: the first answer, and the messages it made."""

from playground.discord import ratelimit
from playground.discord.callbacks import Callbacks
from playground.discord.composer import Composer
from playground.discord.errors import Form, refusal
from playground.discord.interactions import Interaction, InteractionBook
from playground.discord.message_rules import read_draft
from playground.discord.messages import MessageBook
from playground.discord.rest import NO_CONTENT, Call, Reply, Route, route
from playground.discord.world import FLAG_EPHEMERAL, Channel, ChannelKind, Message, World

_TRUE = ("1", "true", "True")


class InteractionRoutes:
    """POST …/callback and everything under /webhooks/{app}/{token}."""

    def __init__(
        self,
        world: World,
        interactions: InteractionBook,
        callbacks: Callbacks,
        book: MessageBook,
        composer: Composer,
    ) -> None:
        self.world = world
        self.interactions = interactions
        self.callbacks = callbacks
        self.book = book
        self.composer = composer

    def routes(self) -> list[Route]:
        hook = "/webhooks/{id}/{token}"
        rate = ratelimit.WEBHOOK
        # The first answer is not limited: real answers to it carry no such headers.
        first = "/interactions/{id}/{token}/callback"
        found = [
            route("POST", first, self.callback, None, by_token=True),
            route("POST", hook, self.followup, rate, by_token=True),
        ]
        for last in ("@original", "{id}"):
            where = f"{hook}/messages/{last}"
            found += [
                route("GET", where, self.get, rate, by_token=True),
                route("PATCH", where, self.edit, rate, by_token=True),
                route("DELETE", where, self.delete, rate, by_token=True),
            ]
        return found

    async def callback(self, call: Call) -> Reply:
        interaction = self.interactions.to_answer(call.number(0), call.ids[1])
        self._place(interaction)
        told = await self.callbacks.answer(interaction, call.body)
        if call.query.get("with_response") in _TRUE:
            return Reply(told)
        return NO_CONTENT

    async def followup(self, call: Call) -> Reply:
        """Add a message; the first one after a defer fills in the "thinking" message instead."""
        interaction = self._interaction(call)
        channel = self._place(interaction)
        if channel.kind is ChannelKind.THREAD and channel.locked:
            raise refusal("thread_archived")
        form = Form()
        draft = read_draft(form, call.json, of_interaction=True)
        original = self.world.messages.get(interaction.original_id or 0)
        if original is not None and original.loading:
            await self.composer.apply(
                form, original, draft, call.body.uploads, may_ping_all=False, created=True
            )
            self.book.changed(original)
            return self._told(original)
        ephemeral = bool((draft.flags or 0) & FLAG_EPHEMERAL)
        message = self.callbacks.new_message(interaction, ephemeral=ephemeral, original=False)
        await self.composer.apply(
            form, message, draft, call.body.uploads, may_ping_all=False, created=True
        )
        interaction.messages.append(message)
        self.book.add(message)
        return self._told(message)

    async def get(self, call: Call) -> Reply:
        return self._told(self._message(call))

    async def edit(self, call: Call) -> Reply:
        message = self._message(call)
        channel = self.world.channels[message.channel_id]
        if channel.kind is ChannelKind.THREAD and channel.archived:
            raise refusal("thread_archived")
        form = Form()
        draft = read_draft(form, call.json, of_interaction=True, edit=True)
        first = message.loading
        await self.composer.apply(
            form, message, draft, call.body.uploads, may_ping_all=False, created=first
        )
        self.book.changed(message)
        return self._told(message)

    async def delete(self, call: Call) -> Reply:
        self.book.remove(self._message(call))
        return NO_CONTENT

    def _interaction(self, call: Call) -> Interaction:
        return self.interactions.of_webhook(call.number(0), call.ids[1])

    def _place(self, interaction: Interaction) -> Channel:
        """Return the channel of an interaction. Raises ApiError 10003 once it was deleted."""
        if interaction.channel.id not in self.world.channels:
            raise refusal("unknown_channel")
        return interaction.channel

    def _message(self, call: Call) -> Message:
        """Find @original or a message made through this very token.

        Raises ApiError 10008, or 10003 without the channel.
        """
        interaction = self._interaction(call)
        self._place(interaction)
        wanted = interaction.original_id
        if len(call.ids) > 2:
            wanted = call.number(2)
            known = {message.id for message in interaction.messages}
            if wanted not in known | {interaction.original_id}:
                raise refusal("unknown_message")
        message = self.world.messages.get(wanted or 0)
        if message is None:
            raise refusal("unknown_message")
        return message

    def _told(self, message: Message) -> Reply:
        return Reply(self.book.writer.full(message))
