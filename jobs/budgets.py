"""The purse in the hands of a guild's admins: every change with who, what from, what to and why.

Each method is one transaction: the change, its line in the trail, the ledger's limit where there
is one to move, and the message to the guild's admins. Each interaction counts once: the same one
again raises DuplicateInteractionError. Raises BusyError when the books could not be written in
time; either way nothing is changed.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from errors import UserFacingError
from jobs import acts, purse
from jobs.acts import Act, By, PotWish
from jobs.patience import write_soon
from jobs.ports import Clock
from jobs.purse import Purse, Standing
from models import Spender
from storage import budgets, choices, halts, jobs, pots, reports, spending
from storage.budgets import Cap, Pool, Whose
from storage.choices import Change
from storage.database import Database
from storage.halts import Halt
from storage.ledger import Limits
from storage.pots import Pot
from storage.reports import OpenJob
from storage.spending import Spending

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Overview:
    """How a guild's budget stands for one member in one place, read at one moment.

    `pool` is what its admins set (None: nobody set it up), `standing` how that stands. `oldest` is
    the guild's oldest unfinished job. `stops` are those that concern this member.
    """

    pool: Pool | None
    standing: Standing | None
    purse: Purse
    spending: Spending
    stops: tuple[Halt, ...]
    open_jobs: int
    oldest: OpenJob | None


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything a guild's admins set about spending."""

    pool: Pool | None
    caps: tuple[Cap, ...]
    spending: Spending
    stops: tuple[Halt, ...]
    pots: tuple[tuple[Pot, Standing], ...]


class Budgets:
    """The cogs' way to budgets."""

    def __init__(
        self, db: Database, clock: Clock, allowed: Limits, on_change: Callable[[], None]
    ) -> None:
        self._db, self._clock, self._on_change = db, clock, on_change
        self.allowed = allowed

    def now(self) -> int:
        """Return the moment that answers speak of (epoch s)."""
        return int(self._clock.now())

    async def overview(self, who: Spender) -> Overview:
        """Return how the budget stands for a member in a place."""
        return await self._db.read(_overview, self.allowed, who, self.now())

    async def setup(self, guild_id: int) -> Setup:
        """Return what a guild's admins set."""
        return await self._db.read(_setup, guild_id, self.now())

    async def changes(self, guild_id: int, limit: int, skip: int) -> list[Change]:
        """Return a guild's budget changes, newest first."""
        return await self._db.read(choices.list_changes, guild_id, limit, of_budget=True, skip=skip)

    async def set_pool(self, guild_id: int, change: Callable[[Pool | None], Pool], by: By) -> bool:
        """Set a guild's pool and its period; True when it had none. Raises what `change` does."""
        return await self._do(acts.set_pool, by, guild_id, change)

    async def set_cap(self, who: Spender, cap: Cap, by: By) -> None:
        """Set what everyone, a role or a member may use; `who` is that member, or nobody (0)."""
        await self._do(acts.set_cap, by, who, cap)

    async def drop_cap(self, who: Spender, whose: Whose, subject: int, by: By) -> bool:
        """Take a cap away; False when there was none."""
        return await self._do(acts.drop_cap, by, who, whose, subject)

    async def give(self, who: Spender, tokens: int, by: By) -> None:
        """Give tokens once, to the pool (user_id 0) or on top of a member's cap.

        Raises NotAllowedError when there is no limit to add to.
        """
        await self._do(acts.give, by, who, tokens)

    async def restart(self, who: Spender, by: By) -> None:
        """Begin the period of the pool (user_id 0) or a member anew; NotAllowedError as `give`."""
        await self._do(acts.restart, by, who)

    async def stop(self, guild_id: int, user_id: int, ends_at: int | None, by: By) -> None:
        """Stop new videos of a guild (user_id 0) or a member."""
        await self._do(acts.stop, by, guild_id, user_id, ends_at)

    async def lift(self, guild_id: int, user_id: int, by: By) -> bool:
        """Let new videos be made again; False when nothing was stopped."""
        return await self._do(acts.lift, by, guild_id, user_id)

    async def undo(
        self, guild_id: int, halt_id: int, channel_id: int, by: By, *, is_admin: bool
    ) -> Halt:
        """Lift what the brake stopped, pressed in a channel; NotAllowedError when it cannot be."""
        return await self._do(acts.undo, by, guild_id, halt_id, channel_id, is_admin)

    async def choose(self, guild_id: int, values: Mapping[str, str | None], by: By) -> Spending:
        """Set fields of a guild's Spending, None for the default; return what holds now."""
        return await self._do(acts.choose, by, guild_id, values)

    async def open_pot(self, guild_id: int, wish: PotWish, by: By) -> Pot:
        """Set tokens of the pool aside for a channel; NotAllowedError when that cannot be."""
        return await self._do(acts.open_pot, by, guild_id, wish)

    async def close_pot(self, guild_id: int, pot_id: int, by: By) -> tuple[Pot, Standing]:
        """End a pot now; NotAllowedError when it does not run."""
        return await self._do(acts.close_pot, by, guild_id, pot_id)

    async def _do(self, step: Callable[..., T], by: By, *arguments: Any) -> T:
        act = Act(by.interaction_id, by.actor, acts.tidy(by.reason), self.now(), self.allowed)
        done = await write_soon(self._db, _once, step, act, arguments)
        if isinstance(done, UserFacingError):
            raise done
        self._on_change()  # the guild's admins are told of it
        return done


def _once(
    tx: sqlite3.Connection, step: Callable[..., T], act: Act, arguments: tuple[Any, ...]
) -> T | UserFacingError:
    return choices.act_once(tx, act.interaction_id, partial(step, tx, act, *arguments))


def _overview(tx: sqlite3.Connection, allowed: Limits, who: Spender, now: int) -> Overview:
    pool = budgets.find_pool(tx, who.guild_id)
    bounds = purse.look(tx, allowed, who, now)
    stops = halts.list_standing(tx, who.guild_id, now)
    return Overview(
        pool=pool,
        standing=bounds.pool or purse.current_pool(tx, who.guild_id, now),
        purse=bounds,
        spending=spending.of_guild(tx, who.guild_id),
        stops=tuple(halt for halt in stops if halt.user_id in (0, who.user_id)),
        open_jobs=jobs.count_unfinished(tx, who.guild_id, who.user_id)[1],
        oldest=reports.find_oldest_open(tx, who.guild_id),
    )


def _setup(tx: sqlite3.Connection, guild_id: int, now: int) -> Setup:
    running = [pot for pot in pots.list_since(tx, guild_id, now) if pot.is_running(now)]
    return Setup(
        pool=budgets.find_pool(tx, guild_id),
        caps=tuple(budgets.list_caps(tx, guild_id)),
        spending=spending.of_guild(tx, guild_id),
        stops=tuple(halts.list_standing(tx, guild_id, now)),
        pots=tuple((pot, purse.pot_standing(tx, pot)) for pot in running),
    )
