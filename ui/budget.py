"""A guild's budget in words: what is left, who set what, and what a change came to."""

from collections.abc import Sequence

import discord

from jobs.acts import amount
from jobs.budgets import Overview, Setup
from jobs.purse import Standing, cap_period
from models import PER, Period, State
from storage.budgets import Cap, Pool, Whose
from storage.choices import Change
from storage.halts import Halt
from storage.pots import Pot
from storage.spending import Spending
from ui.cards import ENDED, WORKING
from ui.text import inline, tokens

FIELD_CHARS = 1024
BAR_PARTS = 20
START = (
    "No admin has set a budget for this server yet. `/budget set tokens:3000 period:Month` starts "
    "one; until then the host's limits hold."
)
UNLIMITED = (
    "An admin let this server go without a limit of its own, so the host's limits hold alone. "
    "`/budget set tokens:` sets one."
)


def overview_card(view: Overview) -> discord.Embed:
    """Return what a member may know: the pool, their own share, the pot here, and what stops."""
    embed = discord.Embed(title="Budget of this server", colour=WORKING)
    if view.stops:
        embed.colour = ENDED
        for halt in view.stops:
            name = "Your new videos are paused" if halt.user_id else "New videos are paused"
            embed.add_field(name=name, value=_stop(halt), inline=False)
    if view.standing is None:
        embed.description = START if view.pool is None else UNLIMITED
    else:
        embed.add_field(name="This server", value=standing_text(view.standing), inline=False)
    others = [one for one in (*view.purse.guild, *view.purse.member) if one.source != "pool"]
    for one in others:
        embed.add_field(name=_whose(one, view), value=standing_text(one), inline=False)
    if not view.purse.member and (view.purse.pot or view.standing is not None):
        shared = "the pot that pays here" if view.purse.pot else "the server's budget"
        embed.add_field(
            name="Your share",
            value=f"You have no allowance of your own: you share in {shared}.",
            inline=False,
        )
    elif view.purse.left_tokens is None:
        embed.add_field(name="Your share", value="Nothing bounds it but the host's account.")
    left = view.purse.left_tokens
    if left is not None:
        name = "You can use here now" if view.purse.pot else "You can use now"
        less = " at most: the host's limit for all servers together leaves less just now"
        text = f"**{tokens(left)}**" + less * view.purse.is_bound_by_host
        embed.add_field(name=name, value=text, inline=False)
    if line := _held_line(view):
        embed.set_footer(text=line)
    return embed


def standing_text(one: Standing) -> str:
    """Return how a limit stands, in two lines: the sums, and when it begins anew."""
    parts = [f"{one.use.spent_tokens:,} spent", f"{one.use.held_tokens:,} held"]
    if one.set_aside_tokens:
        parts.append(f"{one.set_aside_tokens:,} set aside in pots")
    parts.append(f"**{one.available_tokens:,} left**")
    size = f"{one.limit_tokens:,} tokens {PER[one.period.kind]}"
    if one.given_tokens:
        size += f", {once(one.given_tokens)}"
    text = f"{bar(one)}\n{size}: {', '.join(parts)}."
    if one.left_tokens < 0:
        text += f" That is {-one.left_tokens:,} more than the limit; nothing new fits."
    if one.window.end is not None:
        verb = "Ends" if one.source == "pot" else "Begins anew"
        text += f"\n{verb} <t:{one.window.end}:F>, <t:{one.window.end}:R>."
    elif one.period.kind == "rolling":
        text += "\nEach video counts for 30 days from when it was asked for."
    return text


def once(given_tokens: int) -> str:
    """Return what an admin gave or took apart from the limit, in the period under way."""
    if given_tokens > 0:
        return f"and {given_tokens:,} given once"
    return f"less {-given_tokens:,} taken once"


def bar(one: Standing) -> str:
    """Return how much is used as a row of blocks and a percentage, for eyes and screen readers."""
    if not one.size_tokens:
        return "`0 tokens`"
    part = min(1.0, one.used_tokens / one.size_tokens)
    full = round(part * BAR_PARTS)
    percent = one.used_tokens * 100 // one.size_tokens
    return f"`{'█' * full}{'░' * (BAR_PARTS - full)}` {percent} % used"


def pool_answer(view: Overview, *, is_new: bool) -> str:
    """Return what a pool that was just set comes to, in the period that is under way."""
    standing = view.standing
    if view.pool is None or standing is None:
        return "This server has no limit of its own now; the host's limits hold."
    text = f"This server's budget is {'set' if is_new else 'changed'}: "
    text += f"**{amount(view.pool.tokens, view.pool.period)}**. {so_far(standing)}"
    tighter = [
        one
        for one in (*view.purse.guild, *view.purse.host)
        if one.source == "host" and one.available_tokens < standing.available_tokens
    ]
    for one in tighter:
        whose = "all servers together" if one.level == "host" else "this server"
        size = f" use {tokens(one.limit_tokens)} {PER[one.period.kind]}" * (one.level == "guild")
        text += f"\nThe host of this bot lets {whose}{size or ' use less'}, which is tighter now."
    if view.spending.channel is None and view.spending.warn_at:
        text += f"\n{warnings(view.spending)}"
    return text


def so_far(one: Standing) -> str:
    """Return what was used of a limit in the period under way, and when the next begins."""
    parts = [f"{one.use.spent_tokens:,} are spent", f"{one.use.held_tokens:,} held"]
    if one.set_aside_tokens:
        parts.append(f"{one.set_aside_tokens:,} set aside in pots")
    if one.given_tokens:
        parts.append(
            f"{abs(one.given_tokens):,} {'given' if one.given_tokens > 0 else 'taken'} once"
        )
    text = f"In this period {_listed(parts)}, so {one.available_tokens:,} are left."
    if one.window.end is not None:
        text += f" It begins anew <t:{one.window.end}:F>, <t:{one.window.end}:R>."
    return text


def setup_card(view: Setup, host_period: Period) -> discord.Embed:
    """Return everything the admins set."""
    pool = view.pool or Pool(None, host_period)
    embed = discord.Embed(title="Budget rules of this server", colour=WORKING)
    embed.add_field(
        name="Budget",
        value=START if view.pool is None else amount(pool.tokens, pool.period),
        inline=False,
    )
    embed.add_field(name="What one member may use", value=_caps(view.caps, pool), inline=False)
    embed.add_field(name="Before a video is made", value=_asking(view.spending), inline=False)
    embed.add_field(name="Warnings", value=warnings(view.spending), inline=False)
    embed.add_field(name="Spend brake", value=brake(view.spending), inline=False)
    if view.stops:
        lines = [f"{_target(halt)}: {_stop(halt)}" for halt in view.stops]
        embed.add_field(name="Paused", value=fitting(lines), inline=False)
    if view.pots:
        lines = [pot_line(pot, one) for pot, one in view.pots]
        embed.add_field(name="Pots", value=fitting(lines), inline=False)
    return embed


def cap_answer(cap: Cap, pool: Pool) -> str:
    """Return what a cap means."""
    period = cap_period(cap.kind, pool)
    size = f"{tokens(cap.tokens)} {PER[period.kind]}"
    return {
        "everyone": f"Each member may use **{size}**. A cap of their role or their own goes first.",
        "role": f"Members with <@&{cap.subject}> may use **{size}** each. Of several roles with a "
        "cap the highest counts; a member's own cap goes before any.",
        "member": f"<@{cap.subject}> may use **{size}**, whatever their roles.",
    }[cap.whose]


def removed_answer(
    whose: Whose, subject: int, view: Setup, host_period: Period, own: Standing | None
) -> str:
    """Return what holds without a cap that was taken away; `own` is what bounds that member now."""
    everyone = next((cap for cap in view.caps if cap.whose == "everyone"), None)
    if whose == "everyone":
        rest = "those of roles and single members hold on" if view.caps else "no other one is set"
        return f"The cap of each member is gone; {rest}."
    if whose == "role":
        text = f"The cap of <@&{subject}> is gone. "
        if everyone is None:
            return f"{text}Only a cap of another role of theirs, or their own, bounds its members."
        period = cap_period(everyone.kind, view.pool or Pool(None, host_period))
        size = f"{tokens(everyone.tokens)} {PER[period.kind]}"
        return (
            f"{text}Its members may use **{size}** now, as everyone may; a cap of another role of "
            "theirs or their own goes first."
        )
    text = f"The cap of <@{subject}> is gone. "
    if own is None:
        return f"{text}No other one holds for them."
    size = f"{tokens(own.limit_tokens)} {PER[own.period.kind]}"
    by = f"by their role <@&{own.subject}>" if own.source == "role" else "as every member may"
    return f"{text}They may use **{size}** now, {by}. {so_far(own)}"


def warnings(chosen: Spending) -> str:
    """Return when and where a guild's admins are warned."""
    where = f"<#{chosen.channel}>"
    if not chosen.warn_at:
        told = f" Every change is told in {where}." if chosen.channel else ""
        return f"Nobody is warned before the budget runs out.{told}"
    levels = _listed([f"{level} %" for level in chosen.warn_at])
    if not chosen.channel:
        return f"Warnings at {levels} have no channel yet: `/budget warn channel:` gives one."
    return (
        f"At {levels} of the budget, each once in a period, in {where}. Changes are told there too."
    )


def brake(chosen: Spending) -> str:
    """Return what the spend brake does."""
    if not chosen.brake_percent:
        return "Off."
    told = (
        f"It is told in <#{chosen.channel}>, where moderators can undo it."
        if chosen.channel
        else "Nobody is told, since `/budget warn channel:` is not set; an admin can end it with "
        "`/budget resume member:`."
    )
    return (
        f"A member who uses more than {chosen.brake_percent} % of the budget within "
        f"{chosen.brake_minutes} minutes, for three videos or more, is paused for a day. {told}"
    )


def confirm(chosen: Spending) -> str:
    """Return above which price members are asked first."""
    if chosen.confirm_above is None:
        return "Members are not asked before a video is made."
    return f"Members are asked first when a video costs more than {tokens(chosen.confirm_above)}."


def approval(chosen: Spending) -> str:
    """Return above which price a moderator decides."""
    if chosen.approve_above is None:
        return "No video needs a moderator's approval."
    where = f"asked in <#{chosen.approve_channel}>" if chosen.approve_channel else "asked nowhere"
    return (
        f"Videos that cost more than {tokens(chosen.approve_above)} wait for a moderator, {where}. "
        "Their tokens are held meanwhile, and come back after an hour without an answer."
    )


def pot_line(pot: Pot, one: Standing) -> str:
    """Return a pot and how it stands, in a line."""
    each = f", {pot.member_tokens:,} per member" if pot.member_tokens is not None else ""
    return (
        f"{inline(pot.name)} in <#{pot.channel_id}>: {pot.tokens:,} tokens{each}; "
        f"{one.use.spent_tokens:,} spent, {one.use.held_tokens:,} held, "
        f"**{one.available_tokens:,} left**; ends <t:{pot.ends_at}:R>"
    )


def log_card(changes: Sequence[Change], skip: int, older_page: int | None) -> discord.Embed:
    """Return changes, newest first, each with who, when and why below; `older_page` has the rest.

    Whoever made them cannot take them back.
    """
    embed = discord.Embed(title="Budget log", colour=WORKING)
    lines = []
    for change in changes:
        what = change.what.removeprefix("budget ")
        why = f" · {inline(change.reason)}" if change.reason else ""
        lines.append(
            f"{what[:1].upper()}{what[1:]}: {change.before or 'not set'} → "
            f"**{change.after or 'not set'}**\n-# <t:{change.at}:f> · <@{change.actor}>{why}"
        )
    empty = "There is nothing that far back." if skip else "Nobody has changed anything yet."
    embed.description = fitting(lines, 4000) or empty
    if lines:
        older = f"; older ones: /budget log page:{older_page}" if older_page else ""
        embed.set_footer(text=f"{skip + 1} to {skip + len(lines)}, newest first{older}")
    return embed


def _held_line(view: Overview) -> str | None:
    if view.oldest is None:
        return None
    job = view.oldest
    word = "video is" if view.open_jobs == 1 else "videos are"
    text = (
        f"{view.open_jobs} {word} under way; the oldest is job {job.id}, {job.held_tokens:,} held"
    )
    if job.state is State.UNKNOWN:
        text += ", which is being looked for at NeuralBox"
    elif job.attention is not None:
        text += ", which the host has to look at"
    return text


def _whose(one: Standing, view: Overview) -> str:
    name = inline(view.purse.pot.name) if view.purse.pot else ""
    return {
        ("guild", "host"): "What the host lets this server use",
        ("guild", "pot"): f"The pot {name} of this channel",
        ("member", "host"): "What the host lets each member use",
        ("member", "pot"): f"Your part of the pot {name}",
        ("member", "member"): "Your own allowance",
        ("member", "role"): "Your allowance, by your role",
        ("member", "everyone"): "Your share, as every member's",
    }[one.level, one.source]


def _caps(caps: Sequence[Cap], pool: Pool) -> str:
    lines = []
    for cap in caps:
        whose = {
            "everyone": "Everyone",
            "role": f"<@&{cap.subject}>",
            "member": f"<@{cap.subject}>",
        }[cap.whose]
        period = cap_period(cap.kind, pool)
        lines.append(f"{whose}: {tokens(cap.tokens)} {PER[period.kind]}")
    return fitting(lines) or "No caps: everyone shares in the budget."


def _asking(chosen: Spending) -> str:
    return f"{confirm(chosen)}\n{approval(chosen)}"


def _stop(halt: Halt) -> str:
    by = "by the spend brake" if halt.is_by_brake else f"by <@{halt.actor}>"
    until = f", until <t:{halt.ends_at}:R>" if halt.ends_at is not None else ""
    return f"{by}{until}: {inline(halt.reason)}"


def _target(halt: Halt) -> str:
    return f"<@{halt.user_id}>" if halt.user_id else "Everybody"


def fitting(lines: Sequence[str], room: int = FIELD_CHARS) -> str:
    """Return as many lines as fit, and say when some are left out."""
    text = ""
    for number, line in enumerate(lines):
        rest = f"… and {len(lines) - number} more"
        is_last = number == len(lines) - 1
        if len(text) + len(line) + (0 if is_last else len(rest) + 1) > room:
            return text + rest
        text += f"{line}\n"
    return text.rstrip("\n")


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
