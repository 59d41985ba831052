"""People and places as Discord writes them, with every field its API description requires.

Source: "resources/user", "resources/guild", "resources/channel", "topics/permissions" (roles).
"""

import datetime

from playground.discord import permissions
from playground.discord.types import Json
from playground.discord.world import (
    FLAG_TEAM_USER,
    Channel,
    ChannelKind,
    Emoji,
    Guild,
    Member,
    Role,
    Team,
    User,
    World,
)

# Levels of a boosted guild by its upload limit in MiB: what a client derives the limit from.
_TIERS = ((100, 3), (50, 2))


def iso(epoch_s: float) -> str:
    """Write a time as Discord does: ISO 8601 with microseconds and +00:00."""
    stamp = datetime.datetime.fromtimestamp(epoch_s, tz=datetime.UTC)
    return stamp.isoformat(timespec="microseconds")


def iso_or_none(epoch_s: float | None) -> str | None:
    return None if epoch_s is None else iso(epoch_s)


def user_json(user: User) -> Json:
    return {
        "id": str(user.id),
        "username": user.name if user.bot else user.name.lower().replace(" ", "_"),
        "global_name": None if user.bot or user.team else user.name,
        "discriminator": _discriminator(user),
        "avatar": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "banner": None,
        "accent_color": None,
        "public_flags": FLAG_TEAM_USER if user.team else 0,
        "flags": FLAG_TEAM_USER if user.team else 0,
        **({"bot": True} if user.bot else {}),
    }


def _discriminator(user: User) -> str:
    if user.webhook or user.team:
        return "0000"
    return "4021" if user.bot else "0"


def own_user_json(user: User) -> Json:
    """The bot as it sees itself."""
    return {
        **user_json(user),
        "bot": True,
        "mfa_enabled": True,
        "locale": user.locale,
        "premium_type": 0,
        "email": None,
        "verified": True,
    }


def member_json(member: Member, *, with_user: bool = True) -> Json:
    return {
        **({"user": user_json(member.user)} if with_user else {}),
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "roles": [str(role_id) for role_id in member.role_ids],
        "joined_at": iso(member.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "flags": 0,
        "mute": False,
        "deaf": False,
    }


def acting_member_json(guild: Guild, channel: Channel, member: Member) -> Json:
    """The member of an interaction: with the permissions it has in that channel."""
    allowed = permissions.in_channel(guild, channel, member)
    return {**member_json(member), "permissions": str(allowed), "unusual_dm_activity_until": None}


def role_json(role: Role) -> Json:
    managed = role.managed_by is not None
    return {
        "id": str(role.id),
        "name": role.name,
        "description": None,
        "permissions": str(role.permissions),
        "position": role.position,
        "color": role.color,
        "colors": {
            "primary_color": role.color,
            "secondary_color": None,
            "tertiary_color": None,
        },
        "hoist": False,
        "managed": managed,
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
        **({"tags": {"bot_id": str(role.managed_by)}} if managed else {}),
    }


def emoji_json(emoji: Emoji) -> Json:
    return {
        "id": str(emoji.id),
        "name": emoji.name,
        "roles": [],
        "require_colons": True,
        "managed": False,
        "animated": emoji.animated,
        "available": True,
    }


def thread_member_json(world: World, thread: Channel) -> Json:
    """The bot as a member of a thread."""
    return {
        "id": str(thread.id),
        "user_id": str(world.bot.id),
        "join_timestamp": iso(thread.created_at),
        "flags": 0,
    }


def _last_message(channel: Channel) -> str | None:
    return str(channel.message_ids[-1]) if channel.message_ids else None


def channel_json(world: World, channel: Channel) -> Json:
    """A channel, a thread or a direct message, whichever it is."""
    if channel.recipient_id is not None:
        return {
            "id": str(channel.id),
            "type": int(channel.kind),
            "last_message_id": _last_message(channel),
            "flags": 0,
            "recipients": [user_json(world.users[channel.recipient_id])],
        }
    common: Json = {
        "id": str(channel.id),
        "type": int(channel.kind),
        "last_message_id": _last_message(channel),
        "last_pin_timestamp": None,
        "flags": channel.flags,
        "guild_id": str(channel.guild_id),
        "name": channel.name,
        "parent_id": str(channel.parent_id) if channel.parent_id else None,
        "rate_limit_per_user": channel.slowmode_s,
    }
    if channel.kind is ChannelKind.THREAD:
        return {**common, **_thread_fields(world, channel)}
    if channel.kind is ChannelKind.FORUM:
        common |= _forum_fields(world, channel)
    return {
        **common,
        "topic": channel.topic,
        "position": channel.position,
        "nsfw": channel.nsfw,
        "permission_overwrites": [
            {
                "id": str(overwrite.id),
                "type": int(overwrite.of_member),
                "allow": str(overwrite.allow),
                "deny": str(overwrite.deny),
            }
            for overwrite in channel.overwrites.values()
        ],
    }


def _forum_fields(world: World, channel: Channel) -> Json:
    # What a text channel says of its newest message, a forum says of its newest post.
    posts = [str(c.id) for c in world.channels.values() if c.parent_id == channel.id]
    return {
        "last_message_id": posts[-1] if posts else None,
        "available_tags": [
            {
                "id": str(tag.id),
                "name": tag.name,
                "moderated": False,
                "emoji_id": None,
                "emoji_name": None,
            }
            for tag in channel.available_tags
        ],
        "default_reaction_emoji": None,
        "default_sort_order": None,
        "default_forum_layout": 0,
        "default_auto_archive_duration": channel.auto_archive_min,
        "default_thread_rate_limit_per_user": 0,
    }


def _thread_fields(world: World, channel: Channel) -> Json:
    # The message that opened the thread is not counted. Source: "resources/channel" (object).
    replies = sum(one != channel.id for one in channel.message_ids)
    return {
        "owner_id": str(channel.owner_id),
        "message_count": replies,
        "total_message_sent": replies,
        "member_count": 1 if channel.owner_id == world.bot.id else 2,
        "applied_tags": [str(tag_id) for tag_id in channel.applied_tags],
        "thread_metadata": {
            "archived": channel.archived,
            "archive_timestamp": iso(channel.created_at),
            "create_timestamp": iso(channel.created_at),
            "auto_archive_duration": channel.auto_archive_min,
            "locked": channel.locked,
        },
    }


def guild_json(guild: Guild) -> Json:
    """A guild as REST gives it, without channels and members."""
    mib = guild.upload_limit // (1024 * 1024)
    tier = next((level for floor, level in _TIERS if mib >= floor), 0)
    nothing = (
        "icon description home_header splash discovery_splash banner application_id"
        " afk_channel_id system_channel_id widget_channel_id max_presences vanity_url_code"
        " rules_channel_id safety_alerts_channel_id public_updates_channel_id incidents_data"
        " premium_progress_bar_enabled_user_updated_at"
    )
    return {
        **dict.fromkeys(nothing.split()),
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "features": [],
        "region": "deprecated",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 0,
        "roles": [role_json(role) for role in guild.roles.values()],
        "emojis": [emoji_json(emoji) for emoji in guild.emojis.values()],
        "stickers": [],
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_members": 25_000_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": tier,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
    }


def guild_create_json(world: World, guild: Guild, *, all_members: bool) -> Json:
    """A guild as the gateway gives it.

    Without the members intent the member list holds the bot alone. Source: "events/gateway-events".
    """
    bot = guild.members[world.bot.id]
    seen = [
        channel
        for channel in guild.channels.values()
        if channel.kind is not ChannelKind.THREAD
        or (
            not channel.archived
            and permissions.in_channel(guild, channel, bot) & permissions.VIEW_CHANNEL
        )
    ]
    members = guild.members.values() if all_members else [bot]
    return {
        **guild_json(guild),
        "joined_at": iso(bot.joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "voice_states": [],
        "members": [member_json(member) for member in members],
        "channels": [channel_json(world, c) for c in seen if c.kind is not ChannelKind.THREAD],
        "threads": [channel_json(world, c) for c in seen if c.kind is ChannelKind.THREAD],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def team_json(team: Team) -> Json:
    """A team as its applications tell of it. Source: "topics/teams"."""
    members = [
        {
            "user": user_json(member.user),
            "team_id": str(team.id),
            "membership_state": 2 if member.accepted else 1,
            "role": member.role,
            "permissions": ["*"],
        }
        for member in team.members
    ]
    return {
        "id": str(team.id),
        "icon": None,
        "name": team.name,
        "owner_user_id": str(team.owner_id),
        "members": members,
    }


def application_json(world: World, *, flags: int) -> Json:
    """The bot's own application, as its owner would see it."""
    owner = world.app_owner or world.users[world.first_guild.owner_id]
    team = None
    if isinstance(owner, Team):
        # In place of an owner Discord tells an account made up for the team, with its flag.
        team = team_json(owner)
        owner = User(id=owner.id, name=f"team{owner.id}", team=True)
    nothing = (
        "icon type interactions_endpoint_url role_connections_verification_url event_webhooks_url"
    )
    return {
        **dict.fromkeys(nothing.split()),
        "id": str(world.bot.id),
        "name": world.bot.name,
        "description": "Makes short videos",
        "bot": user_json(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "integration_types_config": {"0": {}},
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "owner": user_json(owner),
        "team": team,
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "event_webhooks_status": 1,
        "event_webhooks_types": [],
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
    }
