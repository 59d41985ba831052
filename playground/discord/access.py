"""What the bot may do with its own token, and how Discord refuses the rest.

Source: "topics/permissions", "topics/opcodes-and-status-codes".
"""

from playground.discord import permissions
from playground.discord.errors import refusal
from playground.discord.message_rules import Draft
from playground.discord.uploads import Upload
from playground.discord.world import Channel, Guild, World


class Access:
    """The bot's rights by place."""

    def __init__(self, world: World) -> None:
        self.world = world

    def guild(self, guild_id: int) -> Guild:
        """Return a guild the bot is in. Raises ApiError 10004 or 50001."""
        guild = self.world.guilds.get(guild_id)
        if guild is None:
            raise refusal("unknown_guild")
        if not guild.has_bot:
            raise refusal("missing_access")
        return guild

    def see(self, channel_id: int) -> Channel:
        """Return a channel the bot can see. Raises ApiError 10003 or 50001."""
        channel = self.world.channels.get(channel_id)
        if channel is None:
            raise refusal("unknown_channel")
        if not self.allowed(channel) & permissions.VIEW_CHANNEL:
            raise refusal("missing_access")
        return channel

    def need(self, channel: Channel, wanted: int) -> None:
        """Raise ApiError 50013 unless the bot has all these permissions in a channel."""
        if self.allowed(channel) & wanted != wanted:
            raise refusal("missing_permissions")

    def need_to_show(self, channel: Channel, draft: Draft, uploads: dict[int, Upload]) -> None:
        """Raise ApiError 50013 unless the bot may send what a message brings: files and embeds."""
        if uploads:
            self.need(channel, permissions.ATTACH_FILES)
        if draft.embeds:
            self.need(channel, permissions.EMBED_LINKS)

    def may_ping_all(self, channel: Channel) -> bool:
        """Return whether the bot's @everyone and roles notify anybody in a channel."""
        return bool(self.allowed(channel) & permissions.MENTION_EVERYONE)

    def allowed(self, channel: Channel) -> int:
        """Return the bot's permissions in a channel."""
        if channel.guild_id is None:
            base = permissions.IN_DM | permissions.VIEW_CHANNEL | permissions.SEND_MESSAGES
            return base | permissions.READ_MESSAGE_HISTORY
        guild = self.world.guilds[channel.guild_id]
        if not guild.has_bot:
            return 0
        return permissions.in_channel(guild, channel, guild.members[self.world.bot.id])
