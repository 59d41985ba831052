"""The host of this bot: who that is by Discord's own word, and what they are told."""

import asyncio
import logging

import aiohttp
import discord

from errors import NotAllowedError, quoted
from jobs.ports import Clock
from jobs.switch import Pause, Standing
from storage.checkup import OpenJobs
from ui.cards import ENDED, WORKING
from ui.text import tokens

log = logging.getLogger(__name__)

KNOWN_FOR_S = 300.0
# An answer is due within three seconds, and the books may want half of them.
ASK_S = 1.0
FIELD_CHARS = 1024
MAY_ACT = frozenset({discord.TeamMemberRole.admin, discord.TeamMemberRole.developer})


class Hosts:
    """Knows who owns the bot's application, or is an admin or developer of the team that does."""

    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._ids: frozenset[int] = frozenset()
        self._known_until = float("-inf")

    async def require(self, interaction: discord.Interaction) -> None:
        """Raise NotAllowedError unless a host asks, or when Discord does not tell who is one.

        Hiding the command is a default that every server can change, so it is no check.
        """
        if self._clock.monotonic() >= self._known_until:
            self._ids = await self._ask()
            self._known_until = self._clock.monotonic() + KNOWN_FOR_S
        if interaction.user.id not in self._ids:
            raise NotAllowedError(
                "`/admin` is for the host of this bot alone: whoever owns its application at "
                "Discord. Nothing was changed. An admin of this server can pause new videos here "
                "with `/budget pause`."
            )

    async def _ask(self) -> frozenset[int]:
        try:
            async with asyncio.timeout(ASK_S):
                application = await self._client.application_info()
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("Discord did not tell who owns this bot: %r", error)
            raise NotAllowedError(
                "Discord did not tell me just now who the host of this bot is. Nothing was "
                "changed. Please try again in a moment."
            ) from error
        team = application.team
        if team is None:
            return frozenset({application.owner.id})
        accepted = discord.TeamMembershipState.accepted
        members = {
            member.id
            for member in team.members
            if member.role in MAY_ACT and member.membership_state is accepted
        }
        return frozenset(members | {team.owner_id or 0})


def paused(pause: Pause) -> str:
    """Return what the host is told after a pause."""
    why = f", and why: {quoted(pause.reason)}." if pause.reason else "."
    return (
        "New videos are paused on every server, until `/admin resume`. Members who ask are told "
        f"so{why} Only new ones are refused: those already asked for, also the ones that wait in "
        "line, go on and are charged."
    )


def resumed(was: Pause | None, closed: tuple[str, ...]) -> str:
    """Return what the host is told after a resume."""
    done = "New videos were not paused. Nothing was changed."
    if was is not None:
        done = "New videos are taken again on every server, unless an admin paused them there."
    return " ".join([done, *(f"Just now they still cannot be made: {why}" for why in closed)])


def standing_card(standing: Standing) -> discord.Embed:
    """Return how the bot stands, for its host."""
    embed = discord.Embed(title="Reelbox on all its servers", colour=WORKING)
    if standing.pause or standing.closed:
        embed.colour = ENDED
    embed.add_field(name="New videos", value=_intake(standing), inline=False)
    lines = [_open_line(each) for each in standing.open_jobs]
    embed.add_field(name="On their way", value="\n".join(lines) or "None.", inline=False)
    lines = [standing.allowance]
    if standing.down_since is not None:
        lines.append(f"NeuralBox gives no proper answer since <t:{standing.down_since}:R>.")
    embed.add_field(name="NeuralBox", value="\n".join(lines), inline=False)
    return embed


def _intake(standing: Standing) -> str:
    lines = list(standing.closed)
    if pause := standing.pause:
        why = f": {quoted(pause.reason)}." if pause.reason else "."
        lines.insert(
            0,
            f"Paused since <t:{pause.at}:F> (<t:{pause.at}:R>) by <@{pause.by}>{why} "
            "`/admin resume` takes them again.",
        )
    return "\n".join(lines)[:FIELD_CHARS] or "They are taken."


def _open_line(each: OpenJobs) -> str:
    return (
        f"{each.count:,} **{each.state}**, {tokens(each.tokens)} held, the oldest asked for "
        f"<t:{each.oldest_at}:R>"
    )
