"""A report and a simulation in words, beside the picture that shows the same."""

from collections.abc import Sequence

import discord

from jobs import outlook
from jobs.acts import PER
from jobs.reports import Report, Slice
from jobs.simulate import Outcome, Rules
from ui.budget import fitting, standing_text
from ui.cards import WORKING
from ui.text import tokens

CHART = "budget-report.png"
TOP = 5


def report_card(report: Report) -> discord.Embed:
    """Return a report in words; its chart goes beside it, where Discord shows it larger."""
    embed = discord.Embed(title="Budget report", colour=WORKING)
    embed.description = (
        f"<t:{report.start}:f> to <t:{report.end}:f>, days by the clocks of {report.zone}. A video "
        "counts when it was asked for."
    )
    if report.pool is not None:
        embed.add_field(name="Budget", value=standing_text(report.pool), inline=False)
    embed.add_field(name="In all", value=_in_all(report), inline=False)
    embed.add_field(name="By member", value=_table(report.members, "<@{}>"), inline=True)
    embed.add_field(name="By model", value=_table(report.models, "{}"), inline=True)
    outcomes = [one for one in report.outcomes if one.jobs]
    embed.add_field(name="What became of them", value=_table(outcomes, "{}"), inline=False)
    embed.add_field(name="Outlook", value=prospects(report), inline=False)
    return embed


def prospects(report: Report) -> str:
    """Return how this compares with the period before, and when the pool runs dry."""
    parts = []
    if report.before_spent_tokens is not None:
        change = report.spent_tokens - report.before_spent_tokens
        before = f"the period before had {tokens(report.before_spent_tokens)}"
        if report.before_spent_tokens:
            before += f" ({change * 100 // report.before_spent_tokens:+,} %)"
        parts.append(f"{tokens(report.spent_tokens)} spent; {before}.")
    if report.runs_dry_at is not None:
        parts.append(
            f"At this pace the budget runs dry <t:{report.runs_dry_at}:R>, "
            f"<t:{report.runs_dry_at}:D>."
        )
    elif report.pool is not None and outlook.is_tellable(report.jobs, report.end - report.start):
        parts.append("At this pace the budget lasts.")
    else:
        parts.append("Too little has happened yet to say how long the budget would last.")
    return " ".join(parts)


def simulation_text(rules: Rules, outcome: Outcome) -> str:
    """Return what other limits would have done, in two sentences."""
    if not outcome.jobs:
        return "Nobody asked for a video in that time, so there is nothing to play again."
    given = []
    if rules.pool is not None:
        given.append(f"{rules.pool.tokens:,} {PER[rules.pool.period.kind]} for the server")
    if rules.member is not None:
        given.append(f"{rules.member.tokens:,} {PER[rules.member.period.kind]} per member")
    asked = f"{outcome.jobs:,} request{'' if outcome.jobs == 1 else 's'}"
    when = f"from <t:{outcome.start}:D> to <t:{outcome.end}:D>"
    if not outcome.refused_jobs:
        return f"With {' and '.join(given)}, none of the {asked} {when} would have been refused."
    people = "1 person" if outcome.refused_members == 1 else f"{outcome.refused_members:,} people"
    return (
        f"With {' and '.join(given)}, **{outcome.refused_jobs:,}** of the {asked} {when} would "
        f"have been refused, by {people}, and **{tokens(outcome.saved_tokens)}** saved; "
        f"{tokens(outcome.spent_tokens)} would have been spent all the same. Nothing was changed."
    )


def _in_all(report: Report) -> str:
    return (
        f"{_videos(report.jobs)} asked for: {tokens(report.spent_tokens)} spent, "
        f"{report.held_tokens:,} still held, {report.returned_tokens:,} given back."
    )


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count:,} videos"


def _table(rows: Sequence[Slice], name: str) -> str:
    lines = [
        f"{name.format(row.label)}: {tokens(row.spent_tokens + row.held_tokens)}, "
        f"{_videos(row.jobs)}"
        for row in rows[:TOP]
    ]
    if len(rows) > TOP:
        rest = sum(row.spent_tokens + row.held_tokens for row in rows[TOP:])
        lines.append(f"{len(rows) - TOP:,} more: {tokens(rest)}")
    return fitting(lines) or "Nothing yet."
