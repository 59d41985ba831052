"""INTERACTION_CREATE as Discord writes it. Source: "interactions/receiving-and-responding"."""

from playground.discord import permissions
from playground.discord.interactions import Interaction, InteractionKind
from playground.discord.message_json import MessageWriter
from playground.discord.payloads import (
    acting_member_json,
    channel_json,
    member_json,
    role_json,
    user_json,
)
from playground.discord.types import Json
from playground.discord.world import Attachment, Channel, Guild, Message, User, World

_IN_GUILD, _IN_BOT_DM = 0, 1


class Resolver:
    """Gathers the objects that an interaction's ids stand for."""

    def __init__(self, world: World, writer: MessageWriter, interaction: Interaction) -> None:
        self.world = world
        self.writer = writer
        self.guild = interaction.guild
        self.person = interaction.user
        self.found: Json = {}

    def user(self, user: User) -> None:
        self._put("users", user.id, user_json(user))
        member = self.guild.members.get(user.id) if self.guild else None
        if self.guild is not None and member is not None:
            written = member_json(member, with_user=False)
            written["permissions"] = str(permissions.in_guild(self.guild, member))
            self._put("members", user.id, written)

    def role(self, role_id: int) -> None:
        if self.guild is not None:
            self._put("roles", role_id, role_json(self.guild.roles[role_id]))

    def channel(self, channel: Channel) -> None:
        written = channel_json(self.world, channel)
        if self.guild is not None:
            member = self.guild.members[self.person.id]
            written["permissions"] = str(permissions.in_channel(self.guild, channel, member))
        self._put("channels", channel.id, written)

    def attachment(self, file: Attachment) -> None:
        self._put("attachments", file.id, self.writer.attachment(file))

    def message(self, message: Message) -> None:
        # The target of a command carries its content, intent or not.
        self._put("messages", message.id, self.writer.full(message))

    def _put(self, kind: str, key: int, written: Json) -> None:
        self.found.setdefault(kind, {})[str(key)] = written


def owners(guild: Guild | None) -> Json:
    """Say why the app may act: installed on the guild, or talking in its own messages."""
    return {"0": str(guild.id) if guild else "0"}


def write_payload(world: World, interaction: Interaction, data: Json) -> Json:
    """Return the event's data; also notes the metadata its messages will carry."""
    user, guild, channel = interaction.user, interaction.guild, interaction.channel
    written: Json = {
        "id": str(interaction.id),
        "application_id": str(world.bot.id),
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "data": data,
        "channel_id": str(channel.id),
        "channel": channel_json(world, channel),
        "locale": user.locale,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": owners(guild),
        "attachment_size_limit": max(world.upload_limit(channel), user.upload_limit or 0),
    }
    if guild is None:
        written |= {
            "user": user_json(user),
            "context": _IN_BOT_DM,
            "app_permissions": str(permissions.IN_DM),
        }
    else:
        written |= _in_guild(world, interaction, guild, written["channel"])
    if interaction.kind is not InteractionKind.AUTOCOMPLETE:
        interaction.metadata = metadata_of(interaction)
    return written


def _in_guild(world: World, interaction: Interaction, guild: Guild, channel: Json) -> Json:
    member = guild.members[interaction.user.id]
    acting = acting_member_json(guild, interaction.channel, member)
    channel["permissions"] = acting["permissions"]
    bot = guild.members[world.bot.id]
    return {
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        "guild_locale": guild.locale,
        "member": acting,
        "context": _IN_GUILD,
        "app_permissions": str(permissions.in_channel(guild, interaction.channel, bot)),
    }


def metadata_of(interaction: Interaction) -> Json:
    """Return what the messages of an interaction tell of it."""
    written: Json = {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "user": user_json(interaction.user),
        "authorizing_integration_owners": owners(interaction.guild),
    }
    if interaction.kind is InteractionKind.COMPONENT and interaction.source is not None:
        written["interacted_message_id"] = str(interaction.source.id)
    if interaction.kind is InteractionKind.MODAL and interaction.parent is not None:
        written["triggering_interaction_metadata"] = interaction.parent.metadata
    if interaction.is_context_menu and interaction.source is not None:
        written["target_message_id"] = str(interaction.source.id)
    return written
