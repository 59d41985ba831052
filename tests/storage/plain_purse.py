"""The purse as a plain model: a list of jobs, the rules, and nothing that is remembered."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models import Period, Spender
from storage.budgets import Cap, Pool
from storage.errors import Level
from storage.ledger import Limits

ROLLING_S = 30 * 24 * 3600
NO_POT = 0


@dataclass
class PlainJob:
    """One job: what is held while it is open, what it cost when it ended."""

    id: int
    guild: int
    member: int
    pot: int
    tokens: int
    held_at: int
    channel: int
    is_open: bool = True
    cost: int = 0
    is_given_up: bool = False

    @property
    def held(self) -> int:
        return self.tokens if self.is_open else 0


@dataclass
class PlainPot:
    id: int
    guild: int
    channel: int
    tokens: int
    member_tokens: int | None
    begun_at: int
    ends_at: int
    is_closed: bool = False

    def runs(self, now: int) -> bool:
        return self.begun_at <= now < self.ends_at


@dataclass(frozen=True)
class Rule:
    """How a rule stands: who set it and about what, its size, and what of it is used how."""

    level: Level
    source: str
    subject: int
    size: int
    held: int
    spent: int
    aside: int

    @property
    def used(self) -> int:
        return self.held + self.spent + self.aside

    @property
    def left(self) -> int:
        return self.size - self.used


@dataclass
class PlainPurse:
    """Who may spend how much. Each question is answered from the whole past."""

    limits: Limits
    now: int
    jobs: list[PlainJob] = field(default_factory=list)
    pools: dict[int, Pool] = field(default_factory=dict)
    caps: dict[tuple[int, str, int], Cap] = field(default_factory=dict)
    # guild, member (0 is the pool), tokens, when
    bonuses: list[tuple[int, int, int, int]] = field(default_factory=list)
    # guild, member (0 is the pool), when
    restarts: list[tuple[int, int, int]] = field(default_factory=list)
    pots: list[PlainPot] = field(default_factory=list)

    def rules(self, who: Spender) -> Iterator[Rule]:
        """Every rule that bounds a member in a place, in the order they refuse."""
        guild, member = who.guild_id, who.user_id
        pool = self.pools.get(guild) or Pool(None, self.limits.period)
        pot = self.running(who)
        here = [job for job in self.jobs if job.guild == guild]
        own = [job for job in here if job.member == member]
        if self.limits.member_tokens:
            yield self._of_host("member", self.limits.member_tokens, own)
        if pot is not None and pot.member_tokens is not None:
            in_pot = [job for job in own if job.pot == pot.id]
            yield _rule("member", "pot", pot.id, pot.member_tokens, in_pot)
        cap = self.cap(who)
        if cap is not None:
            period = _period_of(cap, pool)
            outside = [job for job in own if job.pot == NO_POT]
            counted = [job for job in outside if self.counts(period, guild, member, job.held_at)]
            size = cap.tokens + self.given(period, guild, member)
            if pot is None or size <= 0:
                yield _rule("member", cap.whose, cap.subject, size, counted)
        if self.limits.guild_tokens:
            yield self._of_host("guild", self.limits.guild_tokens, here)
        if pot is not None:
            in_pot = [job for job in here if job.pot == pot.id]
            yield _rule("guild", "pot", pot.id, pot.tokens, in_pot)
        elif pool.tokens is not None:
            yield self._of_pool(guild, pool, pool.tokens, here)
        if self.limits.host_tokens:
            yield self._of_host("host", self.limits.host_tokens, self.jobs)

    def refusal(self, who: Spender, tokens: int) -> Rule | None:
        """The rule that a hold of so many tokens fails on: the tightest of the first level."""
        every = list(self.rules(who))
        for level in ("member", "guild", "host"):
            of_level = [rule for rule in every if rule.level == level]
            tightest = min(of_level, key=lambda rule: rule.left, default=None)
            if tightest is not None and tightest.left < tokens:
                return tightest
        return None

    def running(self, who: Spender) -> PlainPot | None:
        """The pot that pays: of the first channel that has one, the one set up last."""
        for channel in who.channel_ids:
            for pot in reversed(self.pots):
                if (pot.guild, pot.channel) == (who.guild_id, channel) and pot.runs(self.now):
                    return pot
        return None

    def cap(self, who: Spender) -> Cap | None:
        """A member's own cap, else that of the highest role that has one, else everyone's."""
        subjects = (
            ("member", who.user_id),
            *(("role", role) for role in who.role_ids),
            ("everyone", 0),
        )
        found = (self.caps.get((who.guild_id, whose, subject)) for whose, subject in subjects)
        return next(filter(None, found), None)

    def counts(self, period: Period, guild: int, member: int, at: int) -> bool:
        """Whether something of that moment belongs to the window of now."""
        of_these = [when for g, m, when in self.restarts if (g, m) == (guild, member)]
        begun = max((when for when in of_these if when <= self.now), default=0)
        return at >= begun and same_window(period, at, self.now)

    def given(self, period: Period, guild: int, member: int) -> int:
        """The sum of what was given once in the window of now."""
        return sum(
            tokens
            for of_guild, of_member, tokens, at in self.bonuses
            if (of_guild, of_member) == (guild, member) and self.counts(period, guild, member, at)
        )

    def _of_pool(self, guild: int, pool: Pool, tokens: int, here: list[PlainJob]) -> Rule:
        held = spent = aside = 0
        is_rolling = pool.period.kind == "rolling"
        for job in here:
            is_own = is_rolling or job.pot == NO_POT
            if is_own and self.counts(pool.period, guild, 0, job.held_at):
                held, spent = held + job.held, spent + job.cost
        for pot in self.pots:
            is_of_window = is_rolling or self.counts(pool.period, guild, 0, pot.begun_at)
            if pot.guild == guild and is_of_window:
                inside = [job for job in here if job.pot == pot.id]
                pot_held, pot_spent = sum(j.held for j in inside), sum(j.cost for j in inside)
                if not is_rolling:
                    held, spent = held + pot_held, spent + pot_spent
                if pot.runs(self.now):
                    aside += max(0, pot.tokens - pot_held - pot_spent)
        size = max(0, tokens + self.given(pool.period, guild, 0))
        return Rule("guild", "pool", 0, size, held, spent, aside)

    def _of_host(self, level: Level, tokens: int, jobs: list[PlainJob]) -> Rule:
        period = self.limits.period
        counted = [job for job in jobs if same_window(period, job.held_at, self.now)]
        return _rule(level, "host", 0, tokens, counted)


def same_window(period: Period, at: int, now: int) -> bool:
    """Whether two moments count together."""
    if period.kind == "none":
        return True
    if period.kind == "rolling":
        return at >= now - ROLLING_S
    return _label(period, at) == _label(period, now)


def _label(period: Period, at: int) -> tuple[int, int]:
    day = datetime.fromtimestamp(at, ZoneInfo(period.zone)).date()
    if period.kind == "day":
        return day.year, day.timetuple().tm_yday
    if period.kind == "week":  # shifted, so that its first day is a Monday
        return (day - timedelta(days=period.starts_on - 1)).isocalendar()[:2]
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    has_begun = day.day >= min(period.starts_on, last.day)
    first = day.replace(day=1) if has_begun else day.replace(day=1) - timedelta(days=1)
    return first.year, first.month


def _period_of(cap: Cap, pool: Pool) -> Period:
    if cap.kind in (None, pool.period.kind):
        return pool.period
    return Period(cap.kind, pool.period.zone)


def _rule(level: Level, source: str, subject: int, size: int, jobs: list[PlainJob]) -> Rule:
    held, spent = sum(job.held for job in jobs), sum(job.cost for job in jobs)
    return Rule(level, source, subject, max(0, size), held, spent, 0)
