"""The life of messages: they appear, change and go, and whoever may see it hears of it."""

from playground.discord import gateway_session as gs
from playground.discord import permissions
from playground.discord.cdn import Cdn
from playground.discord.events import EventLog
from playground.discord.gateway import Gateway
from playground.discord.gateway_session import Session
from playground.discord.message_json import MessageWriter
from playground.discord.payloads import channel_json
from playground.discord.types import Clock, Json
from playground.discord.world import Channel, ChannelKind, Guild, Message, World

# How long a nonce is remembered ("a few minutes"), on the injected clock.
NONCE_LIFE_S = 300.0


class MessageBook:
    """Stores messages and tells the log and the gateway."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        cdn: Cdn,
        log: EventLog,
        gateway: Gateway,
    ) -> None:
        self.world = world
        self.clock = clock
        self.cdn = cdn
        self.log = log
        self.gateway = gateway
        self.writer = MessageWriter(world, cdn.sign)
        self._nonces: dict[tuple[int, int, str], tuple[float, int]] = {}

    def by_nonce(self, author_id: int, channel_id: int, nonce: str | int) -> Message | None:
        """Return the message somebody made with that nonce in the last minutes, if it exists."""
        made = self._nonces.get((author_id, channel_id, str(nonce)))
        if made is None or made[0] + NONCE_LIFE_S < self.clock.now():
            return None
        return self.world.messages.get(made[1])

    def over_rest(self, message: Message) -> Json:
        """Return a message as the bot's own requests show it."""
        # Over REST it is the application's switch that counts, not a session's intents.
        content = self.gateway.message_content_enabled
        return self.writer.for_bot(message, content_intent=content)

    def add(self, message: Message) -> None:
        """Let a message appear."""
        self.world.messages[message.id] = message
        if message.nonce is not None:
            key = (message.author.id, message.channel_id, str(message.nonce))
            self._nonces[key] = (self.clock.now(), message.id)
        if message.ephemeral:
            self.log.add("ephemeral", message)
            return
        channel = self.world.channels[message.channel_id]
        channel.message_ids.append(message.id)
        # A new message opens an archived thread again. Source: "topics/threads".
        if channel.kind is ChannelKind.THREAD and channel.archived:
            channel.archived = False
            self.thread_changed(channel)
        self.log.add("message_create", message)
        self._tell("MESSAGE_CREATE", message)

    def changed(self, message: Message) -> None:
        """Let everybody know of an edit that was made."""
        message.edits += 1
        message.edited_at = self.clock.now()
        self.log.add("ephemeral_edit" if message.ephemeral else "message_edit", message)
        self._tell("MESSAGE_UPDATE", message)

    def remove(self, message: Message) -> None:
        """Let a message go, with its files."""
        self.forget(message)
        if message.ephemeral:
            self.log.add("ephemeral_delete", message)
            return
        channel = self.world.channels.get(message.channel_id)
        if channel is not None and message.id in channel.message_ids:
            channel.message_ids.remove(message.id)
        self.log.add("message_delete", message)
        gone: Json = {"id": str(message.id), "channel_id": str(message.channel_id)}
        if message.guild_id is not None:
            gone["guild_id"] = str(message.guild_id)
        if self.bot_sees(message.channel_id):
            self.gateway.dispatch(
                "MESSAGE_DELETE", gone, intent=_intent(message), guild_id=message.guild_id
            )

    def forget(self, message: Message) -> None:
        """Take a message and its files out of the world, telling nobody."""
        message.deleted = True
        self.world.messages.pop(message.id, None)
        for file in message.files:
            self.cdn.forget(file.path)

    def thread_changed(self, thread: Channel) -> None:
        """Let everybody know that a thread was archived, locked or opened again."""
        self.log.add("world", event="THREAD_UPDATE")
        guild = self.world.guilds[thread.guild_id or 0]
        self.tell_guild("THREAD_UPDATE", channel_json(self.world, thread), guild)

    def tell_guild(self, name: str, data: Json, guild: Guild) -> None:
        """Send an event about a guild, which the bot hears while it is in there."""
        if guild.has_bot or name == "GUILD_DELETE":
            self.gateway.dispatch(name, data, intent=gs.GUILDS, guild_id=guild.id)

    def bot_sees(self, channel_id: int) -> bool:
        """Tell whether the bot can see a channel at all."""
        channel = self.world.channels.get(channel_id)
        if channel is None or channel.guild_id is None:
            return channel is not None
        guild = self.world.guilds[channel.guild_id]
        if not guild.has_bot:
            return False
        bot = guild.members[self.world.bot.id]
        seen = permissions.in_channel(guild, channel, bot)
        return bool(seen & permissions.VIEW_CHANNEL)

    def _tell(self, name: str, message: Message) -> None:
        if message.ephemeral or not self.bot_sees(message.channel_id):
            return

        def data(session: Session) -> Json:
            open_content = session.wants(gs.MESSAGE_CONTENT)
            return self.writer.event(message, content_intent=open_content)

        self.gateway.dispatch(name, data, intent=_intent(message), guild_id=message.guild_id)


def _intent(message: Message) -> int:
    return gs.DIRECT_MESSAGES if message.guild_id is None else gs.GUILD_MESSAGES
