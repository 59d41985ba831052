"""A report and a simulation in words, beside the picture that shows the same."""

from collections.abc import Sequence

import discord

from jobs.export import File
from jobs.outlook import Outlook
from jobs.purse import Standing
from jobs.reports import Report, Slice
from jobs.simulate import Outcome, Rules
from models import PER
from ui import chart_words
from ui.budget import bar, fitting, once, standing_text
from ui.cards import WORKING
from ui.text import tokens

CHART = "budget-report.png"
TOP = 5
NEVER_WAS = (
    "Nothing begins anew by itself here, so there was no period before this one. `/budget report` "
    "tells of everything so far, `/budget report days:30` of the last 30 days."
)


def report_card(report: Report) -> discord.Embed:
    """Return a report in words; its chart goes beside it, where Discord shows it larger."""
    embed = discord.Embed(title="Budget report", colour=WORKING)
    embed.description = (
        f"<t:{report.start}:f> to <t:{report.end}:f>, days by the clocks of {report.zone}. A video "
        "counts when it was asked for."
    )
    if report.pool is not None:
        text = standing_text(report.pool) if report.is_running else _stood_text(report.pool)
        embed.add_field(name="Budget", value=text, inline=False)
    nothing = "Nothing yet." if report.is_running else "Nothing."
    embed.add_field(name="In all", value=_in_all(report), inline=False)
    embed.add_field(name="By member", value=_table(report.members, "<@{}>", nothing), inline=True)
    embed.add_field(name="By model", value=_table(report.models, "{}", nothing), inline=True)
    outcomes = [one for one in report.outcomes if one.jobs]
    embed.add_field(name="What became of them", value=_table(outcomes, "{}", nothing), inline=False)
    if text := comparison(report):
        embed.add_field(name="Compared", value=text, inline=False)
    if report.pool is not None and report.outlook is not None:
        embed.add_field(name="Outlook", value=prospects(report.pool, report.outlook), inline=False)
    return embed


def comparison(report: Report) -> str:
    """Return the spending next to that of the time before; "" when there was none."""
    before = report.before_spent_tokens
    if before is None:
        return ""
    had = f"{chart_words.before_name(report)} had {tokens(before)}"
    if before:
        had += f" ({(report.spent_tokens - before) * 100 // before:+,} %)"
    so_far = " so far" if report.which == "this" and report.period.kind != "rolling" else ""
    return f"{tokens(report.spent_tokens)} spent{so_far}; {had}."


def prospects(pool: Standing, outlook: Outlook) -> str:
    """Return how a pool goes on, in a sentence."""
    if outlook.fate == "unknown":
        return "Too little has happened yet to say how long the budget lasts."
    if not pool.available_tokens:
        return "Nothing is left of the budget."
    if outlook.dry_at is not None:
        return f"At this pace the budget runs dry <t:{outlook.dry_at}:R>, <t:{outlook.dry_at}:D>."
    if pool.window.end is not None:
        return "At this pace the budget lasts until it begins anew."
    return f"At this pace the budget lasts{' a year or more' * (pool.period.kind == 'none')}."


def simulation_text(rules: Rules, outcome: Outcome) -> str:
    """Return what other limits would have done, in two sentences."""
    if not outcome.jobs:
        return "Nobody asked for a video in that time, so there is nothing to play again."
    given = []
    if rules.pool is not None:
        given.append(f"{tokens(rules.pool.tokens)} {PER[rules.pool.period.kind]} for the server")
    if rules.member is not None:
        given.append(
            f"{tokens(rules.member.tokens)} {PER[rules.member.period.kind]} for each member"
        )
    limits = " and ".join(given)
    when = f"from <t:{outcome.start}:D> to <t:{outcome.end}:D>"
    asked = "the one request" if outcome.jobs == 1 else f"the {outcome.jobs:,} requests"
    if not outcome.refused_jobs:
        none = f"{asked} {when} would not" if outcome.jobs == 1 else f"none of {asked} {when} would"
        return f"With {limits}, {none} have been refused. Nothing was changed."
    refused = asked if outcome.jobs == 1 else f"**{outcome.refused_jobs:,}** of {asked}"
    people = "1 person" if outcome.refused_members == 1 else f"{outcome.refused_members:,} people"
    return (
        f"With {limits}, {refused} {when} would have been refused, to {people}, and "
        f"**{tokens(outcome.saved_tokens)}** saved; {tokens(outcome.spent_tokens)} would have been "
        "spent all the same. Nothing was changed."
    )


def export_text(file: File) -> str:
    """Return what is in an exported file, in a sentence or two."""
    if not file.rows and not file.is_cut:
        return "There is nothing to export yet: the file has only its headings."
    rows = "1 row" if file.rows == 1 else f"{file.rows:,} rows"
    cut = " Older rows did not fit and are left out." if file.is_cut else ""
    return f"{rows}, times by this server's clocks.{cut}"


def _stood_text(one: Standing) -> str:
    """Return how a pool stood when its window ended."""
    parts = [f"{one.use.spent_tokens:,} spent"]
    if one.use.held_tokens:
        parts.append(f"{one.use.held_tokens:,} still held")
    if one.set_aside_tokens:
        parts.append(f"{one.set_aside_tokens:,} set aside in pots")
    parts.append(f"**{one.available_tokens:,} not used**")
    size = f"{one.limit_tokens:,} tokens {PER[one.period.kind]}"
    if one.given_tokens:
        size += f", {once(one.given_tokens)}"
    over = f" That was {-one.left_tokens:,} more than the limit." if one.left_tokens < 0 else ""
    return f"{bar(one)}\n{size}: {', '.join(parts)}.{over}"


def _in_all(report: Report) -> str:
    text = (
        f"{_videos(report.jobs)} asked for: {tokens(report.spent_tokens)} spent, "
        f"{report.held_tokens:,} still held, {report.returned_tokens:,} given back."
    )
    if report.pot_tokens:
        text += f" Of that, {tokens(report.pot_tokens)} in pots"
        if report.earlier_pot_tokens == report.pot_tokens:
            text += ", which the budget of an earlier period pays"
        elif report.earlier_pot_tokens:
            text += f"; the budget of an earlier period pays {report.earlier_pot_tokens:,} of them"
        text += "."
    later = 0 if report.pool is None else report.pool.use.tokens - _own_tokens(report)
    if later > 0:
        text += f" The budget also pays {tokens(later)} that its pots used after this period."
    return text


def _own_tokens(report: Report) -> int:
    """Return what the period's own budget paid of what was asked for in it."""
    return report.spent_tokens + report.held_tokens - report.earlier_pot_tokens


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count:,} videos"


def _table(rows: Sequence[Slice], name: str, nothing: str) -> str:
    lines = [
        f"{name.format(row.label)}: {tokens(row.spent_tokens + row.held_tokens)}, "
        f"{_videos(row.jobs)}"
        for row in rows[:TOP]
    ]
    if len(rows) > TOP:
        rest = sum(row.spent_tokens + row.held_tokens for row in rows[TOP:])
        lines.append(f"{len(rows) - TOP:,} more: {tokens(rest)}")
    return fitting(lines) or nothing
