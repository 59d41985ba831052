"""What a guild's tokens went to in a stretch of time: by member, model, day and outcome."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Literal

from jobs import acts, periods, purse
from jobs.outlook import Outlook, outlook
from jobs.periods import Window
from jobs.ports import Clock
from jobs.purse import Standing
from models import FINAL_STATES, Period, State
from storage import budgets, choices, ledger, pots, reports
from storage.budgets import Pool
from storage.database import Database
from storage.ledger import Limits, Owner
from storage.reports import FOREVER, Group

# The window that runs, the whole one before it, or so many local days with today as the last.
Which = Literal["this", "last"] | int

DAYS_OF_ENDLESS = 30
MOST_DAYS = 366
DAY_S = 24 * 3600
OUTCOMES = ("completed", "failed", "rejected", "cancelled", "not made", "under way")
_OUTCOME_OF = {state: state.value for state in FINAL_STATES} | {State.NOT_SUBMITTED: "not made"}


@dataclass(frozen=True, slots=True)
class Slice:
    """One line of a table or one bar.

    `label` is a model's name, a local day ("2026-11-22"), an outcome, or a member's id as text.
    """

    label: str
    jobs: int
    spent_tokens: int
    held_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the tokens a guild's members held at or after `start` and before `end`.

    `which` is the stretch that was asked for. Times are epoch s; `end` is now for a window that
    still runs, and days are local to `zone`. Where a period never begins anew, `start` is the
    guild's first video or the last time it was begun anew by hand.
    `pool` is how the pool stands, or stood at the end of the window that is over; None without
    one, for a number of days, and where nobody can say what it was then. `pot_tokens` are the part
    of spent and held that was used in pots, `earlier_pot_tokens` the part of these that the pool of
    an earlier window paid. `returned_tokens` were held and came back: all of a job that was not
    made, or what it did not cost.
    `members` and `models` are by spending, most first; `days` every local day in order, zeros
    included; `outcomes` always the same ones in the same order. `before_*` are the whole window
    before, None when there was none. `outlook` is how the pool goes on, None unless there is one
    and its window runs.
    """

    guild_id: int
    which: Which
    start: int
    end: int
    zone: str
    period: Period
    pool: Standing | None
    jobs: int
    spent_tokens: int
    held_tokens: int
    returned_tokens: int
    pot_tokens: int
    earlier_pot_tokens: int
    members: tuple[Slice, ...]
    models: tuple[Slice, ...]
    days: tuple[Slice, ...]
    outcomes: tuple[Slice, ...]
    before_spent_tokens: int | None
    before_jobs: int | None
    outlook: Outlook | None

    @property
    def is_running(self) -> bool:
        """Whether its stretch goes on: the last day is today."""
        return self.which != "last"

    @property
    def never_was(self) -> bool:
        """Whether there was no period before, since none ever began anew."""
        return self.which == "last" and self.end <= self.start


class Reports:
    """Reads a guild's books as they are at that moment."""

    def __init__(
        self, db: Database, clock: Clock, allowed: Limits, name_of: Callable[[str], str] = str
    ) -> None:
        """`name_of` tells how people know a model."""
        self._db, self._clock = db, clock
        self._allowed, self._name_of = allowed, name_of

    async def report(self, guild_id: int, which: Which = "this") -> Report:
        """Return what the guild's tokens went to; every number is of one moment.

        A number of days is 1 to 366. A guild that set no pool is told by the host's period.
        """
        now = int(self._clock.now())
        return await self._db.read(report, guild_id, which, now, self._allowed, self._name_of)


def report(
    tx: sqlite3.Connection,
    guild_id: int,
    which: Which,
    now: int,
    allowed: Limits,
    name_of: Callable[[str], str] = str,
) -> Report:
    """Return what a guild's tokens went to in a window."""
    pool = budgets.find_pool(tx, guild_id) or Pool(None, allowed.period)
    window = window_of(tx, guild_id, pool, which, now)
    first_held_at = reports.first_held_at(tx, guild_id)
    standing = _standing(tx, guild_id, pool, which, now, window)
    end = now if window.end is None else min(now, window.end)
    if pool.period.kind == "none" and not isinstance(which, int):
        # It has no beginning of its own, and nothing happened before the first video.
        first = end if first_held_at is None else min(first_held_at, end)
        window = replace(window, start=max(window.start, first))
    days = _days(pool.period, window, now)
    begins = [begins_at for _, begins_at in days]
    groups = reports.list_groups(tx, guild_id, _stretches(window, begins))
    before_spent_tokens = before_jobs = goes_on = None
    before = _before(pool.period, window, which)
    if before is not None and first_held_at is not None and first_held_at < window.start:
        owner = Owner("guild", guild_id)
        before_use = ledger.used(tx, owner, before.start, before.end, any_pot=True)
        before_spent_tokens = before_use.spent_tokens
        before_jobs = reports.count_jobs(tx, guild_id, before.start, before.end or FOREVER)
    if standing is not None and which == "this":
        since = max(window.start, now if first_held_at is None else first_held_at)
        goes_on = outlook(standing, groups, begins, since, now)
    return Report(
        guild_id,
        which,
        window.start,
        end,
        pool.period.zone,
        pool.period,
        standing,
        jobs=sum(group.jobs for group in groups),
        spent_tokens=sum(group.spent_tokens for group in groups),
        held_tokens=sum(group.held_tokens for group in groups),
        returned_tokens=sum(group.returned_tokens for group in groups),
        pot_tokens=sum(_tokens(group) for group in groups if group.pot_id),
        earlier_pot_tokens=_earlier_pot_tokens(tx, guild_id, standing, groups),
        members=_ranked(groups, lambda group: str(group.user_id)),
        models=_ranked(groups, lambda group: name_of(group.model)),
        # Group 0 is what lies before the days that are shown.
        days=_in_order(
            groups, lambda group: group.place, [(n, str(d)) for n, (d, _) in enumerate(days, 1)]
        ),
        outcomes=_in_order(
            groups, lambda group: outcome_of(group.state), [(o, o) for o in OUTCOMES]
        ),
        before_spent_tokens=before_spent_tokens,
        before_jobs=before_jobs,
        outlook=goes_on,
    )


def window_of(tx: sqlite3.Connection, guild_id: int, pool: Pool, which: Which, now: int) -> Window:
    """Return the stretch of time that `which` means for a guild at that moment.

    Raises ValueError for a number of days that is not 1 to 366.
    """
    if isinstance(which, int):
        if not 1 <= which <= MOST_DAYS:
            raise ValueError(which)
        start = _midnight_before(pool.period.zone, now, which - 1)
        return Window(start, None, start)
    restarted_at = budgets.restarted_at(tx, guild_id, 0, now)
    current = periods.window(pool.period, now, restarted_at)
    if which == "this":
        return current
    before = periods.before(pool.period, current)
    if pool.period.kind == "none":
        # Only somebody's hand ends such a period, so only a hand began the one before.
        begun_at = budgets.restarted_at(tx, guild_id, 0, current.start - 1)
        before = replace(before, start=begun_at, key=begun_at)
    return before


def outcome_of(state: State, charged_tokens: int = 0) -> str:
    """Return the outcome that people are told.

    A job that was given up as not made, and was charged after all, is told as completed.
    """
    if state is State.NOT_SUBMITTED and charged_tokens:
        return State.COMPLETED.value
    return _OUTCOME_OF.get(state, "under way")


def _standing(
    tx: sqlite3.Connection, guild_id: int, pool: Pool, which: Which, now: int, window: Window
) -> Standing | None:
    """Return how the pool stands, or stood at the end of a window that is over."""
    if which == "this":
        return purse.pool_standing(tx, guild_id, pool, now, window)
    if isinstance(which, int) or window.end is None or window.end <= window.start:
        return None
    # What was changed since does not tell of then, and a limit begun anew counts from there on.
    changed_at = choices.last_changed_at(tx, guild_id, f"budget {acts.POOL}")
    if changed_at is not None and changed_at >= window.end:
        return None
    if budgets.restarted_at(tx, guild_id, 0, window.end - 1) > window.start:
        return None
    standing = purse.pool_standing(tx, guild_id, pool, now, window)
    if standing is not None and pool.period.kind == "rolling":
        # What pots had set aside at that moment is not what they have now.
        standing = replace(standing, set_aside_tokens=0)
    return standing


def _earlier_pot_tokens(
    tx: sqlite3.Connection, guild_id: int, pool: Standing | None, groups: list[Group]
) -> int:
    """Return what pots used that belong to an earlier window of the pool."""
    if pool is None or pool.period.kind == "rolling":
        return 0
    begun = pots.list_begun(tx, guild_id, pool.window.start, pool.window.end)
    own = {0, *(pot.id for pot in begun)}
    return sum(_tokens(group) for group in groups if group.pot_id not in own)


def _before(period: Period, window: Window, which: Which) -> Window | None:
    """Return what a window is compared with: as much before it; None where nothing is."""
    if isinstance(which, int):
        start = _midnight_before(period.zone, window.start, which)
        return Window(start, window.start, start)
    return None if period.kind == "none" else periods.before(period, window)


def _midnight_before(zone: str, at: int, days: int) -> int:
    """Return when the local day began that is so many days before the one of a moment."""
    # Two days more than asked for, since a local day may be longer than 24 hours.
    return periods.days(at - (days + 2) * DAY_S, at + 1, zone)[-1 - days][1]


def _days(period: Period, window: Window, now: int) -> list[tuple[date, int]]:
    """Return the local days of a window that have begun, each with the moment it begins."""
    end = now + 1 if window.end is None else min(now + 1, window.end)
    if period.kind != "none":
        return periods.days(window.start, end, period.zone)
    first = max(window.start, end - (DAYS_OF_ENDLESS + 2) * DAY_S)
    return periods.days(first, end, period.zone)[-DAYS_OF_ENDLESS:]


def _stretches(window: Window, begins: list[int]) -> list[tuple[int, int]]:
    """Cut a window at the moments its days begin; what lies before the first day comes first."""
    cuts = [window.start, *(max(window.start, at) for at in begins)]
    return list(pairwise([*cuts, FOREVER if window.end is None else window.end]))


def _ranked(groups: list[Group], label_of: Callable[[Group], str]) -> tuple[Slice, ...]:
    """Sum by a label: most spent first, then most held, then most jobs."""
    labels = dict.fromkeys(label_of(group) for group in groups)
    slices = _in_order(groups, label_of, [(label, label) for label in labels])
    return tuple(sorted(slices, key=lambda s: (-s.spent_tokens, -s.held_tokens, -s.jobs, s.label)))


def _in_order(
    groups: list[Group], key_of: Callable[[Group], Hashable], lines: list[tuple[Hashable, str]]
) -> tuple[Slice, ...]:
    """Sum by a key, one slice for each line (its key and label), also where there is nothing."""
    sums: defaultdict[Hashable, list[int]] = defaultdict(lambda: [0, 0, 0])
    for group in groups:
        found = sums[key_of(group)]
        found[0] += group.jobs
        found[1] += group.spent_tokens
        found[2] += group.held_tokens
    return tuple(Slice(label, *sums[key]) for key, label in lines)


def _tokens(group: Group) -> int:
    return group.spent_tokens + group.held_tokens
