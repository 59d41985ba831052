"""What other limits would have done: a guild's own past, played again under them.

The ledger's movements are repeated in the order they were booked. A hold that would not have fit
is refused, and then nothing of its job counts; everything else goes as it went. So nobody is
assumed to have asked for less, or to have come back later. What is not named is not considered:
the host's own limits, tokens given once, and periods begun anew by hand. Jobs that a pot paid for
are left out, since neither limit would have bound them.
"""

import asyncio
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from jobs import periods
from jobs.periods import Window
from jobs.ports import Clock
from jobs.reports import Which, window_of
from models import Period
from storage import budgets, movements, reports
from storage.budgets import Pool
from storage.database import Database
from storage.ledger import Limits
from storage.movements import Movement
from storage.reports import FOREVER

SLICE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Rule:
    """At most so many tokens held and spent in a period."""

    tokens: int
    period: Period


@dataclass(frozen=True, slots=True)
class Rules:
    """What to play the past under: a limit for all together, one for each member, or both."""

    pool: Rule | None = None
    member: Rule | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would have become of the jobs held at or after `start` and before `end` (epoch s).

    `jobs` is how many there were, `refused_jobs` how many of them would have been refused: by the
    member's limit, or by the pool alone; `refused_members` how many people that is. `saved_tokens`
    is what the refused ones cost, `spent_tokens` what the others did. What was still held counts
    as neither.
    """

    jobs: int
    refused_jobs: int
    refused_members: int
    refused_by_pool: int
    refused_by_member: int
    saved_tokens: int
    spent_tokens: int
    start: int
    end: int


class Simulations:
    """Plays a guild's past again."""

    def __init__(self, db: Database, clock: Clock, allowed: Limits) -> None:
        self._db, self._clock, self._allowed = db, clock, allowed

    async def simulate(self, guild_id: int, rules: Rules, which: Which = 30) -> Outcome:
        """Return what `rules` would have done to the jobs of a window (see `Reports.report`)."""
        now = int(self._clock.now())
        window, first_at = await self._db.read(_window, guild_id, which, now, self._allowed)
        end = FOREVER if window.end is None else window.end
        since = max(begins_at(rules, window.start), first_at)
        cuts = [since, *range(since + SLICE_S, min(now, end), SLICE_S), end]
        past: list[Movement] = []
        # Piece by piece, so that nobody waits for the database long.
        for piece in pairwise(cuts):
            past += await self._db.read(movements.list_of, guild_id, *piece)
        # A long past takes long enough to be felt, so it is played beside the event loop.
        outcome = await asyncio.to_thread(_replay_sorted, past, rules, window.start, end)
        return replace(outcome, end=min(now, end))


def begins_at(rules: Rules, start: int) -> int:
    """Return from which moment on the past counts for a limit at `start`."""
    limits = [rule for rule in (rules.pool, rules.member) if rule is not None]
    return min([start, *(periods.window(rule.period, start).start for rule in limits)])


def replay(past: Iterable[Movement], rules: Rules, start: int, end: int) -> Outcome:
    """Play movements again, in their order, and count the jobs held from `start` to `end`.

    What was held before `start` is played under the same rules, and not counted.
    """
    of_member, of_pool = _meter(rules.member), _meter(rules.pool)
    by_member: set[int] = set()
    by_pool: set[int] = set()
    members: set[int] = set()
    jobs = refused_by_member = refused_by_pool = saved_tokens = spent_tokens = 0
    for move in past:
        is_counted = start <= move.held_at < end
        if move.is_hold:
            # A member's own limit refuses first, as it does at a hold.
            if not of_member.fits(move.user_id, move):
                by_member.add(move.job_id)
            elif not of_pool.fits(0, move):
                by_pool.add(move.job_id)
        is_by_member, is_by_pool = move.job_id in by_member, move.job_id in by_pool
        is_refused = is_by_member or is_by_pool
        if not is_refused:
            of_member.count(move.user_id, move)
            of_pool.count(0, move)
        if not is_counted:
            continue
        if is_refused:
            members.add(move.user_id)
            saved_tokens += move.d_spent
        else:
            spent_tokens += move.d_spent
        if move.is_hold:
            jobs += 1
            refused_by_member += is_by_member
            refused_by_pool += is_by_pool
    return Outcome(
        jobs,
        refused_by_member + refused_by_pool,
        len(members),
        refused_by_pool,
        refused_by_member,
        saved_tokens,
        spent_tokens,
        start,
        end,
    )


def _replay_sorted(past: list[Movement], rules: Rules, start: int, end: int) -> Outcome:
    return replay(sorted(past, key=lambda move: move.seq), rules, start, end)


class _Unlimited:
    """Everything fits where there is no rule."""

    def fits(self, subject: int, move: Movement) -> bool:
        """Return whether what a hold asks for is left to whom it asks for (0 is the pool)."""
        return True

    def count(self, subject: int, move: Movement) -> None:
        """Book a movement of an admitted job."""


class _Calendar(_Unlimited):
    """A rule that begins anew by the calendar, or never."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._used: defaultdict[tuple[int, int], int] = defaultdict(int)
        self._window = Window(0, 0, 0)

    def fits(self, subject: int, move: Movement) -> bool:
        return self._used[self._key(subject, move)] + move.d_held <= self._rule.tokens

    def count(self, subject: int, move: Movement) -> None:
        self._used[self._key(subject, move)] += move.d_held + move.d_spent

    def _key(self, subject: int, move: Movement) -> tuple[int, int]:
        if not self._window.holds(move.held_at):
            self._window = periods.window(self._rule.period, move.held_at)
        return subject, self._window.start


class _Rolling(_Unlimited):
    """A rule for any 30 days: what was held longer ago has come back."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._line: defaultdict[int, deque[Movement]] = defaultdict(deque)
        self._tokens: dict[int, int] = {}
        self._used: defaultdict[int, int] = defaultdict(int)

    def fits(self, subject: int, move: Movement) -> bool:
        start = periods.window(self._rule.period, move.held_at).start
        line = self._line[subject]
        while line and line[0].held_at < start:
            self._used[subject] -= self._tokens.pop(line.popleft().job_id)
        return self._used[subject] + move.d_held <= self._rule.tokens

    def count(self, subject: int, move: Movement) -> None:
        tokens = move.d_held + move.d_spent
        if move.is_hold:
            self._line[subject].append(move)
            self._tokens[move.job_id] = 0
        if move.job_id in self._tokens:
            self._tokens[move.job_id] += tokens
            self._used[subject] += tokens


def _meter(rule: Rule | None) -> _Unlimited:
    if rule is None:
        return _Unlimited()
    return _Rolling(rule) if rule.period.kind == "rolling" else _Calendar(rule)


def _window(
    tx: sqlite3.Connection, guild_id: int, which: Which, now: int, allowed: Limits
) -> tuple[Window, int]:
    """Return the window meant, and when the guild first held anything."""
    pool = budgets.find_pool(tx, guild_id) or Pool(None, allowed.period)
    first_held_at = reports.first_held_at(tx, guild_id)
    return (
        window_of(tx, guild_id, pool, which, now),
        now if first_held_at is None else first_held_at,
    )
