"""What an admin may do to a guild's budget, each as one transaction.

Every act leaves a line in the guild's trail (who, what, before, after, why), moves the ledger's
limit in the admin's name where there is one, and is told in the channel for such messages. The
functions raise NotAllowedError where there is nothing to act on; then nothing is changed.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from errors import NotAllowedError
from jobs import purse
from jobs.plain import clean
from jobs.purse import Standing, cap_period
from jobs.watch import brake_mark
from models import PER, Period, Spender
from storage import budgets, choices, halts, notices, pots, spending
from storage.budgets import Cap, Pool, Whose
from storage.halts import Halt
from storage.ledger import Limits
from storage.pots import Pot
from storage.spending import Spending

REASON_CHARS, NAME_CHARS = 300, 60
# What the trail calls the pool.
POOL = "server's budget"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHOICES = {
    "confirm_above": "confirmation above",
    "approve_above": "approval above",
    "approve_channel": "where approval is asked",
    "warn_at": "warnings at",
    "channel": "channel for messages",
    "brake_percent": "spend brake, percent",
    "brake_minutes": "spend brake, minutes",
}


@dataclass(frozen=True, slots=True)
class By:
    """Who asks for an act, by which interaction (each counts once), and why."""

    interaction_id: int
    actor: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """By which interaction, who, why, when (epoch s), and under which limits of the host's."""

    interaction_id: int
    actor: int
    reason: str | None
    now: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class PotWish:
    """A pot to set up; `member_tokens` None lets each member use all of it."""

    channel_id: int
    tokens: int
    member_tokens: int | None
    name: str
    ends_at: int


def set_pool(
    tx: sqlite3.Connection, act: Act, guild_id: int, change: Callable[[Pool | None], Pool]
) -> bool:
    """Set a guild's pool and its period to what `change` makes of them; True for its first pool.

    What the change leaves as it was is read here, so that two admins at once undo nothing.
    """
    before = budgets.find_pool(tx, guild_id)
    pool = change(before)
    if before == pool:
        return False
    budgets.set_pool(tx, guild_id, pool)
    was = None if before is None else amount(before.tokens, before.period)
    _moved(tx, act, Spender(guild_id, 0), POOL, was, amount(pool.tokens, pool.period))
    return before is None


def set_cap(tx: sqlite3.Connection, act: Act, who: Spender, cap: Cap) -> None:
    """Set what everyone, a role or a member may use; `who` is that member, or nobody (0)."""
    before = budgets.find_one_cap(tx, who.guild_id, cap.whose, cap.subject)
    if before == cap:
        return
    budgets.set_cap(tx, who.guild_id, cap)
    was = None if before is None else _cap_amount(tx, act, who.guild_id, before)
    _capped(tx, act, who, _whose(cap), was, _cap_amount(tx, act, who.guild_id, cap))


def drop_cap(tx: sqlite3.Connection, act: Act, who: Spender, whose: Whose, subject: int) -> bool:
    """Take a cap away; False when there was none."""
    before = budgets.find_one_cap(tx, who.guild_id, whose, subject)
    if before is None:
        return False
    budgets.drop_cap(tx, who.guild_id, whose, subject)
    was = _cap_amount(tx, act, who.guild_id, before)
    # What holds from now on may be another cap: a role's, or everyone's.
    _capped(tx, act, who, _whose(before), was, "removed")
    return True


def give(tx: sqlite3.Connection, act: Act, who: Spender, tokens: int) -> None:
    """Give tokens once, to the pool (user_id 0) or on top of a member's cap."""
    before = _require_limit(tx, act, who)
    if tokens < -before.size_tokens:
        raise NotAllowedError(
            f"There are {before.size_tokens:,} tokens in this period, so no more than that can be "
            "taken back. Nothing was changed."
        )
    budgets.give(tx, who.guild_id, who.user_id, tokens, act.now)
    _moved(
        tx,
        act,
        who,
        f"once for {_name(who)}",
        f"{before.size_tokens:,} in this period",
        f"{max(0, before.limit_tokens + before.given_tokens + tokens):,} in this period",
    )


def restart(tx: sqlite3.Connection, act: Act, who: Spender) -> None:
    """Begin the period of the pool (user_id 0) or a member anew."""
    before = _require_limit(tx, act, who)
    budgets.restart(tx, who.guild_id, who.user_id, act.now)
    _moved(
        tx, act, who, f"reset of {_name(who)}", f"{before.used_tokens:,} used", "0 used, begun anew"
    )


def stop(
    tx: sqlite3.Connection, act: Act, guild_id: int, user_id: int, ends_at: int | None
) -> None:
    """Stop new videos of a guild (user_id 0) or a member; it takes the place of earlier stops."""
    stood = halts.lift(tx, guild_id, user_id, act.actor, act.now)
    halts.stop(tx, guild_id, user_id, act.actor, act.reason or "no reason given", act.now, ends_at)
    for halt in stood:
        _told_brake(tx, halt, act, is_paused=True)
    was = _paused_until(stood[-1].ends_at) if stood else "allowed"
    _told(tx, act, guild_id, f"videos of {_name_of(user_id)}", was, _paused_until(ends_at))


def lift(tx: sqlite3.Connection, act: Act, guild_id: int, user_id: int) -> bool:
    """Let new videos be made again; False when nothing was stopped."""
    lifted = halts.lift(tx, guild_id, user_id, act.actor, act.now)
    for halt in lifted:
        _told_brake(tx, halt, act)
    if lifted:
        was = _paused_until(lifted[-1].ends_at)
        _told(tx, act, guild_id, f"videos of {_name_of(user_id)}", was, "allowed")
    return bool(lifted)


def undo(
    tx: sqlite3.Connection, act: Act, guild_id: int, halt_id: int, channel_id: int, is_admin: bool
) -> Halt:
    """Lift what the brake stopped, for a moderator who presses under the message that tells of it.

    An admin's own pause is not theirs to lift, nor what stopped themselves unless they `is_admin`.
    Somebody who moderates another channel alone might send a press of their own making from there,
    so the channel counts as well.
    """
    halt = halts.find(tx, guild_id, halt_id)
    if halt is not None and not halt.is_by_brake:
        raise NotAllowedError(
            "An admin paused that, so an admin ends it, with `/budget resume`. Nothing was changed."
        )
    standing = halt and halts.list_of(tx, guild_id, halt.user_id, act.now)
    if halt is None or not standing or halt.id not in {one.id for one in standing}:
        raise NotAllowedError(
            "That was lifted already, or it ended by itself. Nothing was changed."
        )
    told = notices.find(tx, guild_id, brake_mark(halt.id))
    if told is None or told.channel_id != channel_id:
        raise NotAllowedError(
            "That is undone under the message that tells of it, in the channel for warnings, or by "
            "an admin with `/budget resume`. Nothing was changed."
        )
    if halt.user_id == act.actor and not is_admin:
        raise NotAllowedError(
            "The brake stopped you yourself, so another moderator, or a member with **Manage "
            "Server**, has to undo it. Nothing was changed."
        )
    lift(tx, act, guild_id, halt.user_id)
    return halt


def choose(
    tx: sqlite3.Connection, act: Act, guild_id: int, values: Mapping[str, str | None]
) -> Spending:
    """Set fields of a guild's Spending, None for the default; return what holds now."""
    for key, value in values.items():
        before = spending.put(tx, guild_id, key, value)
        if key == "channel" and value is not None:
            # First, so that they are read in the order of what happened.
            notices.move(tx, guild_id, int(value), act.now)
        if before != value:
            was, now = _in_words(key, before), _in_words(key, value)
            _told(tx, act, guild_id, _CHOICES[key], was, now)
    return spending.of_guild(tx, guild_id)


def open_pot(tx: sqlite3.Connection, act: Act, guild_id: int, wish: PotWish) -> Pot:
    """Set tokens of the pool aside for a channel."""
    if pots.find_running(tx, guild_id, [wish.channel_id], act.now):
        raise NotAllowedError(
            f"<#{wish.channel_id}> has a pot already. Nothing was changed. End it with "
            "`/budget pot end` first."
        )
    pool = purse.current_pool(tx, guild_id, act.now)
    if pool is not None and pool.available_tokens < wish.tokens:
        raise NotAllowedError(
            f"This server's budget has {pool.available_tokens:,} tokens left, so a pot of "
            f"{wish.tokens:,} cannot be set aside. Nothing was changed. A smaller pot would do, "
            "or add to the budget with `/budget grant` first."
        )
    pot_id = pots.add(
        tx,
        guild_id,
        wish.channel_id,
        wish.tokens,
        wish.member_tokens,
        clean(wish.name)[:NAME_CHARS] or "pot",
        act.now,
        wish.ends_at,
    )
    pot = pots.find(tx, guild_id, pot_id)
    assert pot is not None  # noqa: S101 - it was written a line above
    per_member = "" if pot.member_tokens is None else f", {pot.member_tokens:,} per member"
    after = f"{pot.tokens:,} tokens{per_member}, until <t:{pot.ends_at}:f>"
    _moved(tx, act, Spender(guild_id, 0), f"pot in <#{pot.channel_id}>", None, after)
    return pot


def close_pot(tx: sqlite3.Connection, act: Act, guild_id: int, pot_id: int) -> tuple[Pot, Standing]:
    """End a pot now; return it and how it stands at its end."""
    pot = pots.find(tx, guild_id, pot_id)
    if pot is None or not pot.is_running(act.now):
        raise NotAllowedError("That pot has ended already. Nothing was changed.")
    pots.close(tx, pot_id, act.now)
    standing = purse.pot_standing(tx, pot)
    what = f"pot in <#{pot.channel_id}>"
    before = f"{pot.tokens:,} tokens, until <t:{pot.ends_at}:f>"
    after = f"ended with {standing.available_tokens:,} tokens unused"
    _moved(tx, act, Spender(guild_id, 0), what, before, after)
    return pot, standing


def amount(tokens: int | None, period: Period) -> str:
    """Return a limit as the trail tells it: "3,000 tokens a month (Europe/Berlin, from day 15)"."""
    facts = []
    if period.kind in ("day", "week", "month"):
        facts.append(period.zone)
    if period.kind == "week" and period.starts_on != 1:
        facts.append(f"from {WEEKDAYS[period.starts_on - 1]}")
    if period.kind == "month" and period.starts_on != 1:
        facts.append(f"from day {period.starts_on}")
    if tokens is None:
        return f"no limit (caps: {', '.join((PER[period.kind], *facts))})"
    text = f"{tokens:,} tokens {PER[period.kind]}"
    return f"{text} ({', '.join(facts)})" if facts else text


def tidy(text: str | None) -> str | None:
    """Return an admin's words as they are kept: normalised, cut, None when there are none."""
    return clean(text or "")[:REASON_CHARS] or None


def _require_limit(tx: sqlite3.Connection, act: Act, who: Spender) -> Standing:
    """Return the admins' own limit that binds the pool or a member; NotAllowedError without one."""
    if who.user_id:
        found = purse.look(tx, act.limits, who, act.now)
        own = next((one for one in found.member if one.source not in ("host", "pot")), None)
        if own is None:
            raise NotAllowedError(
                f"<@{who.user_id}> has no allowance of their own, so there is nothing to add to. "
                "Nothing was changed. `/budget member` sets one."
            )
        return own
    pool = purse.current_pool(tx, who.guild_id, act.now)
    if pool is None:
        raise NotAllowedError(
            "This server has no budget of its own yet. Nothing was changed. `/budget set` makes "
            "one."
        )
    return pool


def _capped(
    tx: sqlite3.Connection, act: Act, who: Spender, what: str, before: str | None, after: str
) -> None:
    """As `_moved` for one member; caps of many move each one's limit at their next hold."""
    if who.user_id:
        _moved(tx, act, who, what, before, after)
    else:
        _told(tx, act, who.guild_id, what, before, after)


def _moved(
    tx: sqlite3.Connection, act: Act, who: Spender, what: str, before: str | None, after: str | None
) -> None:
    """As `_told`, for an act that moves a limit: the ledger's follows at once, in its name."""
    purse.apply(tx, act.limits, who, act.now, act.actor, act.reason or what)
    _told(tx, act, who.guild_id, what, before, after)


def _told(
    tx: sqlite3.Connection,
    act: Act,
    guild_id: int,
    what: str,
    before: str | None,
    after: str | None,
) -> None:
    """Write an act into the trail, and tell the admins."""
    line = choices.log(
        tx, guild_id, f"budget {what}", before, after, act.actor, act.now, act.reason
    )
    channel_id = spending.of_guild(tx, guild_id).channel
    if channel_id is not None:
        text = f"{what[:1].upper()}{what[1:]}: {before or 'not set'} → {after or 'not set'}"
        body = {"actor": act.actor, "text": text, "reason": act.reason}
        notices.put(tx, guild_id, channel_id, "change", f"change:{line}", body, act.now)


def _told_brake(tx: sqlite3.Connection, halt: Halt, act: Act, *, is_paused: bool = False) -> None:
    """Let the message of a brake that was lifted, or made way for an admin's pause, say so."""
    if halt.is_by_brake:
        facts = {"lifted_by": act.actor, "is_paused": is_paused}
        notices.amend(tx, halt.guild_id, brake_mark(halt.id), facts, act.now)


def _cap_amount(tx: sqlite3.Connection, act: Act, guild_id: int, cap: Cap) -> str:
    pool = budgets.find_pool(tx, guild_id) or Pool(None, act.limits.period)
    return amount(cap.tokens, cap_period(cap.kind, pool))


def _paused_until(ends_at: int | None) -> str:
    return "paused" if ends_at is None else f"paused until <t:{ends_at}:f>"


def _in_words(key: str, value: str | None) -> str:
    """Return a choice as the trail tells it; None is the default."""
    if key in ("channel", "approve_channel"):
        return f"<#{value}>" if value else "none"
    if key in ("confirm_above", "approve_above"):
        return f"{int(value):,} tokens" if value else "off"
    if key == "warn_at":
        levels = " ".join(map(str, spending.WARN_AT)) if value is None else value
        return f"{levels} %" if levels else "off"
    if key == "brake_percent":
        share = str(spending.BRAKE_PERCENT) if value is None else value
        return f"{share} %" if share != "0" else "off"
    return str(spending.BRAKE_MINUTES) if value is None else value


def _whose(cap: Cap) -> str:
    return {
        "everyone": "cap of each member",
        "role": f"cap of <@&{cap.subject}>",
        "member": f"cap of <@{cap.subject}>",
    }[cap.whose]


def _name(who: Spender) -> str:
    return _name_of(who.user_id) if who.user_id else "the server's budget"


def _name_of(user_id: int) -> str:
    return f"<@{user_id}>" if user_id else "everybody"
