"""When a pool runs dry, if its guild goes on as it did in this window. Pure arithmetic.

The pace is what was held and spent since the window began, or since the guild's first video, over
that time. Where the last 30 days count, each past day also gives its tokens back 30 days later.
What pots use was set aside before, so it is no part of the pace.
"""

from jobs.periods import ROLLING_S
from jobs.purse import Standing
from storage.reports import Group

# A pace told from less than this would be a guess, and so would a moment further away.
PACE_FROM_S, PACE_FROM_JOBS = 24 * 3600, 3
FAR_S = 366 * 24 * 3600


def runs_dry_at(
    pool: Standing, groups: list[Group], begins: list[int], since: int, now: int
) -> int | None:
    """Return the moment (epoch s) at which nothing is left at this pace; now when nothing is.

    `groups` are the window's jobs by its days, which begin at `begins` (group 1 is the first);
    `since` is when the pace begins. None when the pool lasts until its window ends, for a year,
    or when less than a day or 3 jobs say nothing yet.
    """
    left = pool.available_tokens
    if left == 0:
        return now
    own = [group for group in groups if not group.of_pot]
    used, taken_s = sum(map(_tokens, own)), now - since
    if used <= 0 or not is_tellable(sum(group.jobs for group in own), taken_s):
        return None
    coming_back: list[tuple[int, int]] = []
    until = now + FAR_S if pool.window.end is None else pool.window.end
    if pool.period.kind == "rolling":
        # From then on as much comes back as goes out.
        until = now + ROLLING_S
        ends = [*begins[1:], now]
        by_day = dict.fromkeys(range(len(begins) + 1), 0)
        for group in own:
            by_day[group.place] += _tokens(group)
        coming_back = [(end + ROLLING_S, by_day[day]) for day, end in enumerate(ends, 1)]
    # All in tokens x seconds, so that nothing is rounded on the way.
    at, level = now, left * taken_s
    for back_at, tokens in [*coming_back, (until, 0)]:
        dry_at = at + -(-level // used)
        if dry_at < min(back_at, until):
            return dry_at
        level += tokens * taken_s - used * (back_at - at)
        at = back_at
    return None


def is_tellable(jobs: int, taken_s: int) -> bool:
    """Return whether so many jobs in so many seconds tell a pace."""
    return taken_s >= PACE_FROM_S and jobs >= PACE_FROM_JOBS


def _tokens(group: Group) -> int:
    return group.spent_tokens + group.held_tokens
