"""/settings: what a server's admins choose for everybody there."""

import discord
from discord import app_commands
from discord.ext import commands

from errors import MissingPermissionsError, NotAllowedError
from jobs.choices import Choices
from ui import choices as words
from ui.answers import answer
from ui.places import is_admin, require_guild, require_permissions

WHOSE_PICTURES: list[app_commands.Choice[int | str | float]] = [
    app_commands.Choice(name="Anybody's, unless the poster said no", value="anyone"),
    app_commands.Choice(name="One's own only", value="own"),
    app_commands.Choice(name="One's own, and those of members who said yes", value="opt-in"),
]
WHOSE_BUTTONS: list[app_commands.Choice[int | str | float]] = [
    app_commands.Choice(name="Anyone; whoever presses pays", value="anyone"),
    app_commands.Choice(name="Whoever asked for the video, and moderators", value="requester"),
    app_commands.Choice(name="Moderators only", value="moderators"),
]
POSTABLE = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.public_thread,
    discord.ChannelType.private_thread,
    discord.ChannelType.news_thread,
]
Chosen = app_commands.AppCommandChannel | app_commands.AppCommandThread


class TextPlace(app_commands.Transformer):
    """A text channel or thread as Discord describes it, whether or not the bot knows it."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return POSTABLE

    async def transform(self, interaction: discord.Interaction, value: Chosen, /) -> Chosen:
        return value


class Settings(commands.Cog):
    """Choices of a server, effective at once."""

    settings = app_commands.Group(
        name="settings",
        description="What holds for everybody on this server; for its admins",
        guild_only=True,
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        default_permissions=discord.Permissions(manage_guild=True),
    )

    def __init__(self, choices: Choices) -> None:
        self.choices = choices

    @settings.command()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show every setting of this server, and who changed what."""
        guild_id = require_admin(interaction)
        channel_id = interaction.channel_id or 0
        card = words.settings_card(
            await self.choices.of_guild(guild_id),
            channel_id,
            await self.choices.is_spoiler_channel(channel_id),
            await self.choices.changes(guild_id),
        )
        await interaction.response.send_message(embed=card, ephemeral=True)

    @settings.command()
    @app_commands.describe(
        whose="Whose pictures members may animate",
        bots="Whether pictures posted by bots and webhooks may be animated",
    )
    @app_commands.choices(whose=WHOSE_PICTURES)
    async def pictures(
        self, interaction: discord.Interaction, whose: str, bots: bool | None = None
    ) -> None:
        """Say whose pictures members may animate."""
        guild_id = require_admin(interaction)
        values: dict[str, str | bool | int | None] = {"pictures": whose}
        if bots is not None:
            values["bots"] = bots
        await self.choices.set_several_of_guild(guild_id, values, interaction.user.id)
        now = await self.choices.of_guild(guild_id)
        await answer(interaction, f"{words.pictures(now)} {words.bots(now)}")

    @settings.command()
    @app_commands.describe(who="Who may press Again, Edit and the others under a video")
    @app_commands.choices(who=WHOSE_BUTTONS)
    async def buttons(self, interaction: discord.Interaction, who: str) -> None:
        """Say who may use the buttons under a video."""
        guild_id = require_admin(interaction)
        await self.choices.set_of_guild(guild_id, "buttons", who, interaction.user.id)
        await answer(interaction, words.buttons(await self.choices.of_guild(guild_id)))

    @settings.command()
    @app_commands.describe(
        on="Whether videos there are hidden behind a spoiler by default",
        channel="The text channel or thread; left empty, this one",
    )
    async def spoilers(
        self,
        interaction: discord.Interaction,
        on: bool,
        channel: app_commands.Transform[Chosen, TextPlace] | None = None,
    ) -> None:
        """Hide the videos of a channel behind a spoiler, unless a member says otherwise."""
        guild_id = require_admin(interaction)
        channel_id = channel.id if channel else interaction.channel_id or 0
        await self.choices.set_spoiler_channel(guild_id, channel_id, on, interaction.user.id)
        await answer(
            interaction,
            words.spoilers(channel_id, await self.choices.is_spoiler_channel(channel_id)),
        )

    @settings.command()
    @app_commands.describe(on="Whether members are mentioned when their video is done")
    async def pings(self, interaction: discord.Interaction, on: bool) -> None:
        """Say whether members are mentioned when their video is done."""
        guild_id = require_admin(interaction)
        await self.choices.set_of_guild(guild_id, "pings", on, interaction.user.id)
        await answer(interaction, words.pings(await self.choices.of_guild(guild_id)))

    @settings.command()
    @app_commands.describe(on="Whether mentioning the bot with a picture starts a video")
    async def mentions(self, interaction: discord.Interaction, on: bool) -> None:
        """Say whether mentioning the bot with, or in reply to, a picture starts a video."""
        guild_id = require_admin(interaction)
        await self.choices.set_of_guild(guild_id, "mentions", on, interaction.user.id)
        await answer(interaction, words.mentions(await self.choices.of_guild(guild_id)))

    @settings.command()
    @app_commands.describe(
        channel="A text channel, thread or forum; left empty, where they were asked for"
    )
    async def deliver(
        self,
        interaction: discord.Interaction,
        channel: app_commands.Transform[Chosen, TextPlace] | None = None,
    ) -> None:
        """Choose where finished videos are posted."""
        guild_id = require_admin(interaction)
        if channel is not None:
            _require_deliverable(interaction.guild, channel)
        target = channel.id if channel else None
        await self.choices.set_of_guild(guild_id, "deliver_to", target, interaction.user.id)
        await answer(interaction, words.deliver(await self.choices.of_guild(guild_id)))


def require_admin(interaction: discord.Interaction) -> int:
    """Return the guild's id; raises NotAllowedError for all but those who may manage it.

    Hiding the command from members is a default that a server can change, so it is no check.
    """
    guild_id = require_guild(interaction)
    if not is_admin(interaction):
        raise NotAllowedError(
            "Settings hold for everybody here, so only members with **Manage Server** can see and "
            "change them. Nothing was changed. What is yours to choose is in `/preferences`."
        )
    return guild_id


def _require_deliverable(guild: discord.Guild | None, channel: Chosen) -> None:
    """Raise NotAllowedError unless the bot could post a video there right now."""
    place = guild.get_channel_or_thread(channel.id) if guild else None
    kinds = discord.TextChannel | discord.ForumChannel | discord.Thread
    if guild is None or not isinstance(place, kinds):
        raise NotAllowedError(
            f"I cannot see <#{channel.id}>, or it is archived or takes no messages. Nothing was "
            "changed. Let me in there, then use this command again."
        )
    if isinstance(place, discord.ForumChannel) and place.flags.require_tag:
        raise NotAllowedError(
            f"Every post in <#{channel.id}> needs a tag, and I know none to choose. Nothing was "
            "changed. Please choose a forum that does without."
        )
    is_thread = isinstance(place, discord.Thread)
    if isinstance(place, discord.Thread) and (place.locked or place.parent is None):
        raise NotAllowedError(
            f"<#{channel.id}> is locked, so I cannot post there. Nothing was changed. Please "
            "unlock it or choose another place."
        )
    try:
        require_permissions(place.permissions_for(guild.me), is_thread=is_thread)
    except MissingPermissionsError as error:
        raise NotAllowedError(
            f"I cannot show videos in <#{channel.id}>: I am missing **{', '.join(error.names)}** "
            "there. Nothing was changed. Allow it in that channel's settings, then use this "
            "command again."
        ) from error
