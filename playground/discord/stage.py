"""Where an interaction happens: who, in which channel, and may they; then telling the bot."""

import time

from playground.discord import permissions
from playground.discord.client_rules import NotPossibleError, StoreFile
from playground.discord.interactions import Interaction, InteractionKind
from playground.discord.media_probe import Shape, content_type_of, picture_shape, safe_name
from playground.discord.outside import moved
from playground.discord.parts import Parts
from playground.discord.types import Json, Ref
from playground.discord.world import (
    Attachment,
    Channel,
    ChannelKind,
    Guild,
    Member,
    Message,
    User,
)

Who = Ref | Member | User


class Stage:
    """Opens interactions for a person in a place."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def place(self, channel: Ref | Channel, guild: Ref | Guild | None, person: Who) -> Channel:
        """Find the channel meant; "dm" is the person's direct messages with the bot."""
        world = self.parts.world
        if channel == "dm":
            return world.dm(self._user(person, world.guild(guild)))
        return world.channel(channel, world.guild(guild))

    def enter(
        self,
        kind: InteractionKind,
        person: Who,
        channel: Ref | Channel,
        guild: Ref | Guild | None,
    ) -> Interaction:
        """Open an interaction. Raises NotPossibleError when the person may not do so there."""
        place = self.place(channel, guild, person)
        if place.guild_id is None:
            user = self.parts.world.users[place.recipient_id or 0]
            return self.parts.interactions.open(kind, user, place, None)
        home = self.parts.world.guilds[place.guild_id]
        user = self._user(person, home)
        if place.kind is ChannelKind.FORUM:
            raise NotPossibleError(f"{place.name} is a forum: only its posts take commands")
        if not home.has_bot:
            raise NotPossibleError(f"the bot is not in {home.name}")
        allowed = self.allowed(home, place, user)
        wanted = permissions.VIEW_CHANNEL
        if kind in (InteractionKind.COMMAND, InteractionKind.AUTOCOMPLETE):
            wanted |= permissions.USE_APPLICATION_COMMANDS
        if allowed & wanted != wanted:
            raise NotPossibleError(f"{user.name} may not use commands in #{place.name}")
        return self.parts.interactions.open(kind, user, place, home)

    def enter_at(self, kind: InteractionKind, person: Who, message: Message) -> Interaction:
        """Open an interaction on a message."""
        place = self.parts.world.channels[message.channel_id]
        if (
            place.kind is ChannelKind.THREAD
            and place.archived
            and kind is InteractionKind.COMPONENT
        ):
            raise NotPossibleError("the thread is archived")
        guild = self.parts.world.guilds.get(message.guild_id or 0)
        return self.enter(kind, person, place, guild)

    def command(self, interaction: Interaction, name: str, kind: int) -> Json:
        """Find a registered command and check who may use it. Raises NotPossibleError."""
        guild = interaction.guild
        try:
            found = self.parts.commands.find(guild.id if guild else None, name, kind)
        except LookupError as error:
            raise NotPossibleError(str(error)) from None
        needed = found.get("default_member_permissions")
        if needed is None or guild is None:
            return found
        has = permissions.in_guild(guild, guild.members[interaction.user.id])
        # "0" stands for nobody but administrators.
        wanted = int(needed) or permissions.ADMINISTRATOR
        if has & wanted != wanted:
            raise NotPossibleError(f"{interaction.user.name} may not use /{name}")
        return found

    def allowed(self, guild: Guild, channel: Channel, user: User) -> int:
        """Return a person's permissions in a channel. Raises NotPossibleError for strangers."""
        member = guild.members.get(user.id)
        if member is None:
            raise NotPossibleError(f"{user.name} is not a member of {guild.name}")
        return permissions.in_channel(guild, channel, member)

    def store_for(self, interaction: Interaction) -> StoreFile:
        """Return the upload of a client: the file is ephemeral and belongs to the interaction."""

        def store(filename: str, data: bytes) -> Attachment:
            parts, user = self.parts, interaction.user
            limit = max(parts.world.upload_limit(interaction.channel), user.upload_limit or 0)
            if len(data) > limit:
                raise NotPossibleError(f"{filename} is above the limit of {limit} bytes")
            name = safe_name(filename)
            file_id = parts.ids.next()
            kind = content_type_of(name)
            path = f"/ephemeral-attachments/{parts.world.bot.id}/{file_id}/{name}"
            shape = picture_shape(data) if kind.startswith("image/") else Shape()
            parts.cdn.put(path, data, kind, ephemeral=True)
            return Attachment(
                id=file_id,
                channel_id=interaction.channel.id,
                filename=name,
                size=len(data),
                content_type=kind,
                path=path,
                width=shape.width,
                height=shape.height,
                ephemeral=True,
            )

        return store

    def send(self, interaction: Interaction) -> None:
        """Tell the bot; the three seconds begin."""
        if not interaction.dispatched_at:
            self.parts.log.add(
                "interaction_created",
                channel_id=interaction.channel.id,
                member_id=interaction.user.id,
                interaction_id=interaction.id,
                what=interaction.kind.name.lower(),
                name=interaction.name,
            )
            interaction.dispatched_at = time.monotonic()
        if self.parts.outside is not None:
            interaction.payload = moved(interaction.payload, self.parts.outside)
        guild_id = interaction.guild.id if interaction.guild else None
        self.parts.gateway.dispatch("INTERACTION_CREATE", interaction.payload, guild_id=guild_id)

    def _user(self, person: Who, guild: Guild) -> User:
        world = self.parts.world
        if isinstance(person, User):
            return person
        try:
            return world.member(person, guild).user
        except LookupError:
            raise NotPossibleError(f"{person!r} is not a member of {guild.name}") from None
