"""/budget set, everyone, role, member, grant, reset: how much may be used, and by whom."""

import discord
from discord import app_commands

from cogs.budget.common import (
    MOST_CHOICES,
    MOST_TOKENS,
    PERIODS,
    Amount,
    BudgetRoom,
    Reason,
    budget,
    by,
    days,
    parse_day,
    period_kind,
    require_admin,
    require_zone,
    spender,
    zones,
)
from errors import NotAllowedError
from jobs.purse import Standing
from jobs.service import JobService
from models import Period, Spender
from storage.budgets import Cap, Pool, Whose
from ui import budget as words
from ui.answers import answer
from ui.places import asker
from ui.text import tokens as count

EXAMPLE_TOKENS = (100, 300, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 30_000, 100_000)


class Limits(BudgetRoom):
    """What may be used in a period."""

    service: JobService

    @budget.command(name="set")
    @app_commands.describe(
        tokens="How many tokens the server may use in a period",
        period="When the budget begins anew",
        time_zone="By whose clocks; pick a place near you",
        starts_on="A weekday for weeks, a day for months",
        unlimited="Take the server's own limit away",
        reason="Why; it stands in /budget log",
    )
    @app_commands.choices(period=PERIODS)
    async def set_pool(
        self,
        interaction: discord.Interaction,
        tokens: Amount | None = None,
        period: str | None = None,
        time_zone: app_commands.Range[str, 1, 64] | None = None,
        starts_on: app_commands.Range[str, 1, 20] | None = None,
        unlimited: bool = False,
        reason: Reason | None = None,
    ) -> None:
        """Set this server's budget; what is left out stays as it is."""
        guild_id = require_admin(interaction)
        if unlimited and tokens is not None:
            raise NotAllowedError("Please give either tokens or no limit. Nothing was changed.")
        zone = require_zone(time_zone) if time_zone else None
        chosen_kind = period_kind(period)

        def change(before: Pool | None) -> Pool:
            was = before or Pool(None, self.budgets.allowed.period)
            size = None if unlimited else was.tokens if tokens is None else tokens
            if size is None and not unlimited:
                raise NotAllowedError(
                    "Please say how many tokens the server may use, for example "
                    "`/budget set tokens:3000 period:Month`. Nothing was changed."
                )
            kind = chosen_kind or was.period.kind
            day = parse_day(kind, starts_on)
            if day is None:
                day = was.period.starts_on if kind == was.period.kind else 1
            return Pool(size, Period(kind, zone or was.period.zone, day))

        is_new = await self.budgets.set_pool(guild_id, change, by(interaction, reason))
        view = await self.budgets.overview(asker(interaction).spender)
        await answer(interaction, words.pool_answer(view, is_new=is_new))

    @budget.command()
    @app_commands.describe(
        tokens="How many tokens each member may use in a period",
        period="When it begins anew; left empty, with the budget",
        remove="Take this cap away",
        reason="Why; it stands in /budget log",
    )
    @app_commands.choices(period=PERIODS)
    async def everyone(
        self,
        interaction: discord.Interaction,
        tokens: Amount | None = None,
        period: str | None = None,
        remove: bool = False,
        reason: Reason | None = None,
    ) -> None:
        """Cap what each member may use, unless their role or their own cap says otherwise."""
        who = Spender(require_admin(interaction), 0)
        await self._cap(interaction, who, "everyone", 0, tokens, period, remove, reason)

    @budget.command()
    @app_commands.describe(
        role="Whose members",
        tokens="How many tokens each of them may use in a period",
        period="When it begins anew; left empty, with the budget",
        remove="Take this cap away",
        reason="Why; it stands in /budget log",
    )
    @app_commands.choices(period=PERIODS)
    async def role(
        self,
        interaction: discord.Interaction,
        role: discord.Role,
        tokens: Amount | None = None,
        period: str | None = None,
        remove: bool = False,
        reason: Reason | None = None,
    ) -> None:
        """Cap what each member with a role may use; the highest role with a cap counts."""
        who = Spender(require_admin(interaction), 0)
        if role.is_default():
            raise NotAllowedError("For everybody there is `/budget everyone`. Nothing was changed.")
        await self._cap(interaction, who, "role", role.id, tokens, period, remove, reason)

    @budget.command()
    @app_commands.describe(
        member="Who",
        tokens="How many tokens they may use in a period",
        period="When it begins anew; left empty, with the budget",
        remove="Take this cap away",
        reason="Why; it stands in /budget log",
    )
    @app_commands.choices(period=PERIODS)
    async def member(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        tokens: Amount | None = None,
        period: str | None = None,
        remove: bool = False,
        reason: Reason | None = None,
    ) -> None:
        """Cap what one member may use, whatever their roles."""
        who = spender(require_admin(interaction), member)
        await self._cap(interaction, who, "member", member.id, tokens, period, remove, reason)

    @budget.command()
    @app_commands.describe(
        tokens="How many; a negative number takes back",
        reason="Why; it stands in /budget log",
        member="On top of this member's cap; left empty, on top of the server's budget",
    )
    async def grant(
        self,
        interaction: discord.Interaction,
        tokens: app_commands.Range[int, -MOST_TOKENS, MOST_TOKENS],
        reason: Reason,
        member: discord.User | None = None,
    ) -> None:
        """Give tokens once, for the period under way."""
        who = spender(require_admin(interaction), member)
        if tokens == 0:
            raise NotAllowedError("Zero tokens change nothing. Nothing was changed.")
        await self.budgets.give(who, tokens, by(interaction, reason))
        whose = f"<@{member.id}>'s cap" if member else "this server's budget"
        verb = f"{count(tokens)} more for" if tokens > 0 else f"{count(-tokens)} taken off"
        await answer(interaction, f"{verb} {whose}, once. {await self._now(who)}")

    @budget.command()
    @app_commands.describe(
        member="Whose cap; left empty, the server's budget",
        reason="Why; it stands in /budget log",
    )
    async def reset(
        self,
        interaction: discord.Interaction,
        member: discord.User | None = None,
        reason: Reason | None = None,
    ) -> None:
        """Begin the period anew now: what was used so far does not count any more."""
        who = spender(require_admin(interaction), member)
        await self.budgets.restart(who, by(interaction, reason))
        whose = f"<@{member.id}>'s cap" if member else "This server's budget"
        text = f"{whose} begins anew from now. {await self._now(who)}"
        await answer(interaction, f"{text} The ledger keeps what was used before.")

    @set_pool.autocomplete("tokens")
    @everyone.autocomplete("tokens")
    @role.autocomplete("tokens")
    @member.autocomplete("tokens")
    async def amounts(
        self, interaction: discord.Interaction, typed: int | str
    ) -> list[app_commands.Choice[int]]:
        """Offer amounts with what they come to in videos, from memory."""
        digits = "".join(char for char in str(typed) if char.isdecimal())[:8]
        found = [int(digits)] if digits else []
        found += [number for number in EXAMPLE_TOKENS if str(number).startswith(digits)]
        return [
            app_commands.Choice(name=self._worth(number)[:100], value=number)
            for number in dict.fromkeys(number for number in found if number <= MOST_TOKENS)
        ][:MOST_CHOICES]

    set_pool.autocomplete("time_zone")(zones)
    set_pool.autocomplete("starts_on")(days)

    def _worth(self, number: int) -> str:
        usual = self.service.video.model
        offer = next((one for one in self.service.offers() if one.slug == usual), None)
        if offer is None or not number:
            return count(number)
        videos = number // max(1, offer.tokens[0])
        return f"{count(number)}: up to {videos:,} short videos with {offer.name}"

    async def _cap(
        self,
        interaction: discord.Interaction,
        who: Spender,
        whose: Whose,
        subject: int,
        tokens: int | None,
        period: str | None,
        remove: bool,
        reason: str | None,
    ) -> None:
        if remove == (tokens is not None):
            raise NotAllowedError(
                "Please give either tokens or remove. Nothing was changed. 0 tokens means that "
                "nothing may be used."
            )
        if tokens is None:
            if not await self.budgets.drop_cap(who, whose, subject, by(interaction, reason)):
                await answer(interaction, "There was no such cap. Nothing was changed.")
                return
            setup = await self.budgets.setup(who.guild_id)
            own = await self._own(who) if who.user_id else None
            host_period = self.budgets.allowed.period
            text = words.removed_answer(whose, subject, setup, host_period, own)
            await answer(interaction, text)
            return
        cap = Cap(whose, subject, tokens, period_kind(period))
        await self.budgets.set_cap(who, cap, by(interaction, reason))
        pool = (await self.budgets.setup(who.guild_id)).pool
        text = words.cap_answer(cap, pool or Pool(None, self.budgets.allowed.period))
        now = await self._now(who) if who.user_id else ""
        await answer(interaction, f"{text} {now}".strip())

    async def _now(self, who: Spender) -> str:
        """Say how what was changed stands in the period under way, where that is one sum."""
        if who.user_id:
            found = await self._own(who)
        else:
            found = (await self.budgets.overview(who)).standing
        return words.so_far(found) if found else ""

    async def _own(self, who: Spender) -> Standing | None:
        """Return how the cap that holds for a member stands, whoever's it is."""
        view = await self.budgets.overview(who)
        own = (one for one in view.purse.member if one.source not in ("host", "pot"))
        return next(own, None)
