"""Who asked and where: what every command and press checks before anything is held."""

import discord

from errors import MissingPermissionsError, NotAllowedError, WrongPlaceError
from models import Asker


def asker(interaction: discord.Interaction) -> Asker:
    """Return who asked and where; raises WrongPlaceError outside a guild."""
    guild_id = require_guild(interaction)
    if interaction.channel_id is None:
        raise WrongPlaceError
    return Asker(
        interaction_id=interaction.id,
        interaction_token=interaction.token,
        guild_id=guild_id,
        channel_id=interaction.channel_id,
        user_id=interaction.user.id,
        upload_limit_bytes=interaction.filesize_limit,
        role_ids=role_ids(interaction.user),
        has_unplaced_roles=has_unplaced_roles(interaction.user),
        parent_id=parent_of(interaction.channel),
    )


def role_ids(who: discord.User | discord.Member) -> tuple[int, ...]:
    """Return a member's roles, highest first."""
    if not isinstance(who, discord.Member):
        return ()
    # Two roles may stand equally high until an admin moves one; the older id is then the higher.
    roles = sorted(who.roles, key=lambda role: (-role.position, role.id))
    return tuple(role.id for role in roles if not role.is_default())


def has_unplaced_roles(who: discord.User | discord.Member) -> bool:
    """Return whether a member has roles that discord.py does not know (yet), and leaves out.

    So it is right after connecting, while Discord has not described the guild.
    """
    return isinstance(who, discord.Member) and any(
        who.guild.get_role(role_id) is None for role_id in who._roles
    )


def parent_of(channel: object) -> int | None:
    """Return the id of the channel around a thread, None for anything else."""
    return channel.parent_id if isinstance(channel, discord.Thread) else None


def require_guild(interaction: discord.Interaction) -> int:
    """Return the guild's id; raises WrongPlaceError anywhere else, however it was reached."""
    if interaction.guild_id is None or not interaction.is_guild_integration():
        raise WrongPlaceError
    return interaction.guild_id


def require_place(interaction: discord.Interaction) -> None:
    """Raise unless this is a guild channel where the bot may show a finished video.

    Checked before anything is held: what is missing now would only be noticed after paying.
    """
    require_guild(interaction)
    # Discord lets members press buttons where they may not use commands; both spend alike.
    if not interaction.permissions.use_application_commands:
        raise NotAllowedError(
            "You may not use commands in this channel, so its buttons make no videos for you "
            "either. Nothing was charged."
        )
    is_thread = isinstance(interaction.channel, discord.Thread)
    require_permissions(interaction.app_permissions, is_thread=is_thread)


def require_permissions(granted: discord.Permissions, *, is_thread: bool) -> None:
    """Raise MissingPermissionsError, naming what the bot needs and does not have."""
    needed = {
        "View Channel": granted.view_channel,
        "Send Messages in Threads" if is_thread else "Send Messages": (
            granted.send_messages_in_threads if is_thread else granted.send_messages
        ),
        "Embed Links": granted.embed_links,
        "Attach Files": granted.attach_files,
        "Read Message History": granted.read_message_history,
    }
    if missing := tuple(name for name, is_granted in needed.items() if not is_granted):
        raise MissingPermissionsError(missing)


def is_moderator(interaction: discord.Interaction) -> bool:
    """Return whether who asks may manage messages here, by the interaction's own word."""
    return interaction.permissions.manage_messages or interaction.permissions.manage_guild


def is_admin(interaction: discord.Interaction) -> bool:
    """Return whether who asks may manage this guild, by the interaction's own word."""
    return interaction.permissions.manage_guild
