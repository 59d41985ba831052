"""The /budget group itself, who may use it, and what its options offer."""

import math
from functools import cache
from typing import cast, get_args
from zoneinfo import available_timezones

import discord
from discord import app_commands
from discord.ext import commands

from errors import BusyError, NotAllowedError
from jobs.acts import WEEKDAYS, By
from jobs.budgets import Budgets
from models import PeriodKind, Spender
from ui.places import has_unplaced_roles, is_admin, require_guild, role_ids

MOST_TOKENS = 10_000_000
MOST_CHOICES = 25

budget = app_commands.Group(
    name="budget",
    description="What this server may spend on videos; for its admins",
    guild_only=True,
    allowed_contexts=app_commands.AppCommandContext(guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    # Discord can hide a whole group only; what is for everyone is in /tokens as well.
    default_permissions=discord.Permissions(manage_guild=True),
)

Choices = list[app_commands.Choice[int | str | float]]
PERIODS: Choices = [
    app_commands.Choice(name="Day", value="day"),
    app_commands.Choice(name="Week", value="week"),
    app_commands.Choice(name="Month", value="month"),
    app_commands.Choice(name="Rolling: the last 30 days", value="rolling"),
    app_commands.Choice(name="None: it never begins anew", value="none"),
]
Amount = app_commands.Range[int, 0, MOST_TOKENS]
Reason = app_commands.Range[str, 1, 300]
_RESOLVED: dict[discord.AppCommandOptionType, tuple[type, ...]] = {
    discord.AppCommandOptionType.user: (discord.User, discord.Member),
    discord.AppCommandOptionType.role: (discord.Role,),
    discord.AppCommandOptionType.channel: (
        app_commands.AppCommandChannel,
        app_commands.AppCommandThread,
    ),
}


class BudgetRoom(commands.Cog):
    """What every part of the cog has."""

    budgets: Budgets

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Refuse what no option offers: discord.py leaves all bounds to Discord."""
        command = interaction.command
        if isinstance(command, app_commands.Command):
            for option in command.parameters:
                given = getattr(interaction.namespace, option.display_name, None)
                # A null that no client sends is not the same as nothing.
                is_there = option.display_name in interaction.namespace
                is_left_out = not is_there and not option.required
                if not is_left_out and not _fits(option, given):
                    refusal = NotAllowedError(
                        f"The option `{option.display_name}` does not take that. Nothing was "
                        "changed."
                    )
                    raise app_commands.CommandInvokeError(command, refusal)
        return True


def require_admin(interaction: discord.Interaction) -> int:
    """Return the guild's id; raises NotAllowedError for all but those who may manage it.

    Hiding the command from members is a default that a server can change, so it is no check.
    """
    guild_id = require_guild(interaction)
    if not is_admin(interaction):
        raise NotAllowedError(
            "The budget holds for everybody here, so only members with **Manage Server** can "
            "change it or see who used what. Nothing was changed. `/tokens` shows what is left."
        )
    return guild_id


def by(interaction: discord.Interaction, reason: str | None = None) -> By:
    """Return who asks for an act, and why."""
    return By(interaction.id, interaction.user.id, reason)


def spender(guild_id: int, member: discord.User | discord.Member | None) -> Spender:
    """Return a member as somebody with a cap; None is the pool.

    Raises BusyError while Discord has not told where the member's roles stand.
    """
    if member is not None and has_unplaced_roles(member):
        raise BusyError
    return Spender(guild_id, member.id, role_ids(member)) if member else Spender(guild_id, 0)


def period_kind(period: str | None) -> PeriodKind | None:
    """Return an option as a kind of period; raises NotAllowedError for one there is not."""
    if period is not None and period not in get_args(PeriodKind):
        raise NotAllowedError("I do not know that period. Nothing was changed.")
    return cast(PeriodKind | None, period)


def parse_day(kind: str, given: str | None) -> int | None:
    """Return on which weekday or day of the month a period starts; None when nothing was given.

    Raises NotAllowedError with what would do.
    """
    if given is None:
        return None
    text = given.strip().casefold()
    if kind == "week":
        for number, name in enumerate(WEEKDAYS, start=1):
            if len(text) >= 2 and name.casefold().startswith(text):
                return number
        raise NotAllowedError("A week starts on a weekday, Monday to Sunday. Nothing was changed.")
    if kind == "month":
        if text.isdecimal() and 1 <= int(text) <= 31:
            return int(text)
        raise NotAllowedError(
            "A month starts on a day from 1 to 31; in shorter months on their last day. Nothing "
            "was changed."
        )
    raise NotAllowedError("Only weeks and months have a first day to choose. Nothing was changed.")


async def days(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer weekdays for a week and days for a month."""
    kind = getattr(interaction.namespace, "period", None)
    names = [] if kind == "month" else list(WEEKDAYS)
    names += [] if kind == "week" else [str(day) for day in range(1, 32)]
    return _matching(names, typed)


async def zones(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer time zones by any part of their name."""
    common = ["UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles"]
    rest = sorted(name for name in _all_zones() - set(common) if "/" in name)
    return _matching([*common, *rest], typed.replace(" ", "_"))


@cache
def _all_zones() -> frozenset[str]:
    """Read once, since it walks the disk and a member's every key press asks."""
    # The machine's own zone is no place, and may be another one after a move.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def require_zone(name: str) -> str:
    """Return a time zone's name; raises NotAllowedError for one that there is not."""
    if name not in _all_zones():
        raise NotAllowedError(
            "I do not know that time zone. Nothing was changed. Please pick one from the list, "
            "such as Europe/Berlin."
        )
    return name


def _fits(option: app_commands.Parameter, given: object) -> bool:
    kinds = discord.AppCommandOptionType
    if option.type is kinds.boolean:
        return isinstance(given, bool)
    if option.type is kinds.integer:
        size: float = given if isinstance(given, int) and not isinstance(given, bool) else math.nan
    elif option.type is kinds.string:
        size = len(given) if isinstance(given, str) else math.nan
    else:
        # Discord tells whom or what an id stands for; without that, discord.py makes up an object.
        return isinstance(given, _RESOLVED.get(option.type, object))
    low, high = option.min_value, option.max_value
    return (-math.inf if low is None else low) <= size <= (math.inf if high is None else high)


def _matching(names: list[str], typed: str) -> list[app_commands.Choice[str]]:
    wanted = typed.casefold().strip()
    found = [name for name in names if wanted in name.casefold()]
    return [app_commands.Choice(name=name, value=name) for name in found[:MOST_CHOICES]]


def require_messages_channel(
    interaction: discord.Interaction, channel: discord.abc.Snowflake
) -> None:
    """Raise NotAllowedError unless the bot can send a message there right now."""
    guild = interaction.guild
    place = guild.get_channel_or_thread(channel.id) if guild else None
    if guild is None or not isinstance(place, discord.TextChannel | discord.Thread):
        raise NotAllowedError(
            f"I cannot see <#{channel.id}>, or it takes no messages. Nothing was changed. Let me "
            "in there, or choose another channel."
        )
    granted = place.permissions_for(guild.me)
    needed = {
        "View Channel": granted.view_channel,
        "Send Messages": granted.send_messages_in_threads
        if isinstance(place, discord.Thread)
        else granted.send_messages,
        "Embed Links": granted.embed_links,
    }
    if missing := [name for name, is_granted in needed.items() if not is_granted]:
        raise NotAllowedError(
            f"I cannot write in <#{channel.id}>: I am missing **{', '.join(missing)}** there. "
            "Nothing was changed. Allow it in that channel's settings, then try again."
        )
