"""How a pool goes on, if its guild goes on as it did in this window. Pure arithmetic.

The pace is what was held and spent since the window began, or since the guild's first video, over
that time. Where the last 30 days count, each past day also gives its tokens back 30 days later.
What pots use was set aside before, so it is no part of the pace.
"""

from dataclasses import dataclass
from typing import Literal

from jobs.periods import ROLLING_S
from jobs.purse import Standing
from storage.reports import Group

# A pace told from less than this would be a guess, and so would a moment further away.
PACE_FROM_S, PACE_FROM_JOBS = 24 * 3600, 3
FAR_S = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a pool goes on at its pace.

    It "lasts" until its window ends, or, where nothing ends it, for a year; it runs "dry" at
    `dry_at` (epoch s; the moment asked at when nothing is left); or nobody can say yet: "unknown".
    """

    fate: Literal["lasts", "dry", "unknown"]
    dry_at: int | None = None


LASTS, UNKNOWN = Outlook("lasts"), Outlook("unknown")


def outlook(
    pool: Standing, groups: list[Group], begins: list[int], since: int, now: int
) -> Outlook:
    """Return how a pool goes on from `now`.

    `groups` are the window's jobs by its days, which begin at `begins` (group 1 is the first);
    `since` is when the pace begins. Less than a day or 3 jobs say nothing.
    """
    left = pool.available_tokens
    if left == 0:
        return Outlook("dry", now)
    own = [group for group in groups if not group.pot_id]
    used, taken_s = sum(map(_tokens, own)), now - since
    if taken_s < PACE_FROM_S or sum(group.jobs for group in own) < PACE_FROM_JOBS:
        return UNKNOWN
    if used <= 0:
        return LASTS
    coming_back: list[tuple[int, int]] = []
    until = now + FAR_S if pool.window.end is None else pool.window.end
    if pool.period.kind == "rolling":
        # From then on as much comes back as goes out.
        until = now + ROLLING_S
        ends = [*begins[1:], now]
        by_day = dict.fromkeys(range(len(begins) + 1), 0)
        # There a pot's videos count and come back like all others.
        for group in groups:
            by_day[group.place] += _tokens(group)
        coming_back = [(end + ROLLING_S, by_day[day]) for day, end in enumerate(ends, 1)]
    # All in tokens x seconds, so that nothing is rounded on the way.
    at, level = now, left * taken_s
    for back_at, tokens in [*coming_back, (until, 0)]:
        dry_at = at + -(-level // used)
        if dry_at < min(back_at, until):
            return Outlook("dry", dry_at)
        level += tokens * taken_s - used * (back_at - at)
        at = back_at
    return LASTS


def _tokens(group: Group) -> int:
    return group.spent_tokens + group.held_tokens
