"""Who may spend how much: every rule that bounds a member here and now, read from the ledger.

A level (host, guild, member) may have several rules: what the host allows and what the guild's
admins set. The tightest one bounds the ledger account the hold goes to, so that the database
itself refuses what is too much. Functions of a transaction; nothing here is remembered.
"""

import sqlite3
from dataclasses import dataclass
from typing import Literal

from errors import BudgetExceededError
from jobs import periods
from jobs.periods import Window
from models import ENDLESS, Job, Period, PeriodKind, Spender
from storage import budgets, ledger, pots
from storage.budgets import Pool
from storage.errors import Level, ShortBudgetError
from storage.ledger import Limits, Owner, Use
from storage.pots import Pot

LIMITS_MOVED = "the limits at that moment"

Source = Literal["host", "pool", "pot", "member", "role", "everyone"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One rule and how it stands. Tokens; `given_tokens` came once on top of the limit.

    `source` is who set it: "host" the host's configuration, the others the guild's admins.
    `subject` is the role, member or pot it speaks of. `set_aside_tokens` wait in running pots.
    """

    level: Level
    source: Source
    limit_tokens: int
    period: Period
    window: Window
    use: Use
    subject: int = 0
    given_tokens: int = 0
    set_aside_tokens: int = 0

    @property
    def size_tokens(self) -> int:
        """Everything there is to use in this window."""
        return max(0, self.limit_tokens + self.given_tokens)

    @property
    def used_tokens(self) -> int:
        """What is held, spent or set aside of it."""
        return self.use.tokens + self.set_aside_tokens

    @property
    def left_tokens(self) -> int:
        """What can still be held; below zero where a limit was lowered under its use."""
        return self.size_tokens - self.used_tokens

    @property
    def available_tokens(self) -> int:
        """What can still be held, never below zero."""
        return max(0, self.left_tokens)


@dataclass(frozen=True, slots=True)
class Purse:
    """All that bounds a member in a place at a moment; every level may be without a rule.

    Levels are in the order they refuse: the member's own first.
    """

    member: tuple[Standing, ...]
    guild: tuple[Standing, ...]
    host: tuple[Standing, ...]
    pot: Pot | None

    @property
    def levels(self) -> dict[Level, tuple[Standing, ...]]:
        """The standings by level, smallest level first."""
        return {"member": self.member, "guild": self.guild, "host": self.host}

    @property
    def pool(self) -> Standing | None:
        """Return how the guild's own pool stands, None without one and where a pot pays."""
        return next((one for one in self.guild if one.source == "pool"), None)

    @property
    def left_tokens(self) -> int | None:
        """Return what is left to show: by this guild's own rules; None when it has none.

        What all servers share is left out, since it would tell what others use.
        """
        return min((one.available_tokens for one in (*self.member, *self.guild)), default=None)

    @property
    def room_tokens(self) -> int | None:
        """Return what can really be held here, never to be shown; None when nothing bounds it."""
        every = (*self.member, *self.guild, *self.host)
        return min((one.available_tokens for one in every), default=None)

    @property
    def is_bound_by_host(self) -> bool:
        """Return whether the limit of all servers together leaves less than `left_tokens`."""
        room, left = self.room_tokens, self.left_tokens
        return room is not None and (left is None or room < left)


def look(tx: sqlite3.Connection, limits: Limits, who: Spender, now: int) -> Purse:
    """Return how every rule stands for a member in a place."""
    pool = budgets.find_pool(tx, who.guild_id) or Pool(None, limits.period)
    pot = pots.find_running(tx, who.guild_id, who.channel_ids, now)
    at_guild = [_of_host(tx, "guild", limits.guild_tokens, limits.period, who, now)]
    at_member = [_of_host(tx, "member", limits.member_tokens, limits.period, who, now)]
    if pot is None:
        at_guild.append(pool_standing(tx, who.guild_id, pool, now))
        at_member.append(_of_cap(tx, pool, who, now))
    else:
        at_guild.append(pot_standing(tx, pot))
        at_member.append(_of_pot_share(tx, pot, who.user_id))
        cap = _of_cap(tx, pool, who, now)
        if cap is not None and not cap.size_tokens:
            at_member.append(cap)  # who may use nothing may use nothing of a pot either
    at_host = [_of_host(tx, "host", limits.host_tokens, limits.period, who, now)]
    return Purse(_present(at_member), _present(at_guild), _present(at_host), pot)


def look_for(tx: sqlite3.Connection, limits: Limits, job: Job, now: int) -> Purse:
    """Return how every rule stands for whoever asked for a job, where they asked."""
    pot = pots.find(tx, job.guild_id, ledger.find_pot(tx, job.id))
    channel_id = pot.channel_id if pot else job.channel_id
    return look(tx, limits, Spender(job.guild_id, job.user_id, job.role_ids, (channel_id,)), now)


def hold(
    tx: sqlite3.Connection, job_id: int, limits: Limits, who: Spender, tokens: int, now: int
) -> Purse:
    """Hold `tokens` for a job on every level; return how the rules stood before.

    Raises BudgetExceededError, naming the first level that is short and how it stands; the
    caller's transaction must then not be committed.
    """
    purse = look(tx, limits, who, now)
    accounts = _open(tx, purse, who.guild_id, who.user_id, now)
    try:
        ledger.hold(tx, job_id, accounts, tokens, now)
    except ShortBudgetError as error:
        short = min(purse.levels[error.level], key=lambda one: one.left_tokens)
        raise _exceeded(short, tokens, purse.pot) from error
    return purse


def capped_roles(tx: sqlite3.Connection, who: Spender) -> tuple[int, ...]:
    """Return those of a member's roles that have a cap, highest first."""
    capped = {cap.subject for cap in budgets.list_caps(tx, who.guild_id) if cap.whose == "role"}
    return tuple(role_id for role_id in who.role_ids if role_id in capped)


def has_role_caps(tx: sqlite3.Connection, guild_id: int) -> bool:
    """Return whether any role of a guild has a cap."""
    return any(cap.whose == "role" for cap in budgets.list_caps(tx, guild_id))


def apply(
    tx: sqlite3.Connection, limits: Limits, who: Spender, now: int, actor: int, reason: str
) -> None:
    """Bring the account of this period to what admins just set, in their name.

    That of the guild, or of a member where `who` is one (user_id 0 is nobody).
    """
    acted: Level = "member" if who.user_id else "guild"
    found = look(tx, limits, who, now)
    _open(tx, found, who.guild_id, who.user_id or None, now, acted, reason, actor)


def current_pool(tx: sqlite3.Connection, guild_id: int, now: int) -> Standing | None:
    """Return how a guild's own pool stands, None where its admins set none."""
    pool = budgets.find_pool(tx, guild_id)
    return None if pool is None else pool_standing(tx, guild_id, pool, now)


def pool_standing(
    tx: sqlite3.Connection,
    guild_id: int,
    pool: Pool,
    now: int,
    window: Window | None = None,
) -> Standing | None:
    """Return how a guild's pool stands now, or stood in another window; None without a pool."""
    if pool.tokens is None:
        return None
    if window is None:
        restarted_at = budgets.restarted_at(tx, guild_id, 0, now)
        window = periods.window(pool.period, now, restarted_at)
    # Where every video counts for 30 days of its own, so do those that a pot paid for. Else a pot
    # belongs to the window it was set up in, and when it is over only its use counts.
    is_rolling = pool.period.kind == "rolling"
    use = ledger.used(tx, Owner("guild", guild_id), window.start, window.end, any_pot=is_rolling)
    set_aside = 0
    begun_since = 0 if is_rolling else window.start
    for pot in pots.list_begun(tx, guild_id, begun_since, window.end):
        if is_rolling and not pot.is_running(now):
            continue
        of_pot = ledger.used(tx, Owner("guild", guild_id, 0, pot.id), 0, None)
        if not is_rolling:
            use += of_pot
        if pot.is_running(now):
            set_aside += max(0, pot.tokens - of_pot.tokens)
    return Standing(
        "guild",
        "pool",
        pool.tokens,
        pool.period,
        window,
        use,
        given_tokens=budgets.given(tx, guild_id, 0, window.start, window.end),
        set_aside_tokens=set_aside,
    )


def pot_standing(tx: sqlite3.Connection, pot: Pot) -> Standing:
    """Return how a pot stands."""
    window = Window(pot.begun_at, pot.ends_at, 0)
    use = ledger.used(tx, Owner("guild", pot.guild_id, 0, pot.id), 0, None)
    return Standing("guild", "pot", pot.tokens, ENDLESS, window, use, pot.id)


def _of_pot_share(tx: sqlite3.Connection, pot: Pot, user_id: int) -> Standing | None:
    if pot.member_tokens is None:
        return None
    window = Window(pot.begun_at, pot.ends_at, 0)
    use = ledger.used(tx, Owner("member", pot.guild_id, user_id, pot.id), 0, None)
    return Standing("member", "pot", pot.member_tokens, ENDLESS, window, use, pot.id)


def _of_cap(tx: sqlite3.Connection, pool: Pool, who: Spender, now: int) -> Standing | None:
    cap = budgets.find_cap(tx, who.guild_id, who.user_id, who.role_ids)
    if cap is None:
        return None
    period = cap_period(cap.kind, pool)
    window = periods.window(period, now, budgets.restarted_at(tx, who.guild_id, who.user_id, now))
    return Standing(
        "member",
        cap.whose,
        cap.tokens,
        period,
        window,
        ledger.used(tx, Owner("member", who.guild_id, who.user_id), window.start, window.end),
        cap.subject,
        budgets.given(tx, who.guild_id, who.user_id, window.start, window.end),
    )


def _of_host(
    tx: sqlite3.Connection, level: Level, tokens: int, period: Period, who: Spender, now: int
) -> Standing | None:
    """Return how a limit of the host's stands; it counts what pots used as well."""
    if not tokens:
        return None
    owner = {
        "host": Owner("host"),
        "guild": Owner("guild", who.guild_id),
        "member": Owner("member", who.guild_id, who.user_id),
    }[level]
    window = periods.window(period, now)
    use = ledger.used(tx, owner, window.start, window.end, any_pot=True)
    return Standing(level, "host", tokens, period, window, use)


def cap_period(kind: PeriodKind | None, pool: Pool) -> Period:
    """Return the period of a cap: the pool's own, or another kind by the same clocks.

    A week starts on the pool's weekday and a month on its day only where the pool has one.
    """
    if kind is None or kind == pool.period.kind:
        return pool.period
    return Period(kind, pool.period.zone)


def _open(
    tx: sqlite3.Connection,
    purse: Purse,
    guild_id: int,
    user_id: int | None,
    now: int,
    acted: Level | None = None,
    reason: str = LIMITS_MOVED,
    actor: int | None = None,
) -> dict[Level, str]:
    """Open the accounts of this moment and bound each by its tightest rule.

    Returns their ids, smallest level first; without a member, those of the guild and the host.
    Only what moves on the level that somebody acted on is theirs; the others follow by themselves.
    """
    pot_id = purse.pot.id if purse.pot else 0
    owners = [Owner("host"), Owner("guild", guild_id, 0, pot_id)]
    if user_id is not None:
        owners.append(Owner("member", guild_id, user_id, pot_id))
    keys: tuple[int, ...] = ()
    parent: str | None = None
    opened: dict[Level, str] = {}
    for owner in owners:
        rules = purse.levels[owner.level]
        keys = (max((rule.window.key for rule in rules), default=0), *keys)
        account = ledger.open_account(tx, owner, keys, parent)
        left = min((rule.left_tokens for rule in rules), default=None)
        bound = None
        if left is not None:
            # What the account has used already is part of its limit.
            bound = max(0, account.held_tokens + account.spent_tokens + left)
        if owner.level == acted:
            ledger.limit(tx, account, bound, now, reason, actor)
        else:
            ledger.limit(tx, account, bound, now, LIMITS_MOVED)
        parent = account.id
        opened = {owner.level: account.id, **opened}
    return opened


def _exceeded(short: Standing, needed_tokens: int, pot: Pot | None) -> BudgetExceededError:
    """Return the refusal of a hold by a rule."""
    return BudgetExceededError(
        short.level,
        needed_tokens,
        short.available_tokens,
        source=short.source,
        subject=short.subject,
        pot_name=pot.name if pot else None,
        limit_tokens=short.limit_tokens,
        given_tokens=short.given_tokens,
        used_tokens=short.use.tokens,
        set_aside_tokens=short.set_aside_tokens,
        period=short.period.kind,
        resets_at=short.window.end,
    )


def _present(standings: list[Standing | None]) -> tuple[Standing, ...]:
    return tuple(standing for standing in standings if standing is not None)
