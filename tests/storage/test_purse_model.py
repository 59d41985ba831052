"""The purse against a plain model of it: rules, periods, pots and clocks in whatever order."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from errors import BudgetExceededError
from jobs import moves, periods, purse
from jobs.purse import Standing
from models import Period, Quote, Spender, State
from neuralbox import Generation, Status
from storage import budgets, claims, invariants, jobs, ledger, pots, schema, spending
from storage.budgets import Cap, Pool
from storage.ledger import Limits, Owner
from tests.storage.conftest import NOW, asker, order
from tests.storage.models import play
from tests.storage.plain_purse import NO_POT, PlainJob, PlainPot, PlainPurse, Rule

GUILDS, MEMBERS, ROLES = (11, 12), (21, 22), (51, 52)
PLACES = ((31,), (32, 31), (33,))  # the second is a thread of the first
HOUR, DAY = 3600, 86400

guild = st.sampled_from((11, 11, 11, 12))
member = st.sampled_from(MEMBERS)
role_ids = st.sampled_from(((), (51,), (51, 52), (52, 51), (53, 52)))
place = st.sampled_from(PLACES)
which = st.integers(0, 999)
zone = st.sampled_from(("UTC", "America/Santiago", "Asia/Kathmandu", "Africa/Cairo"))
period = st.one_of(
    st.builds(Period, st.sampled_from(("day", "rolling", "none")), zone),
    st.builds(Period, st.just("week"), zone, st.integers(1, 7)),
    st.builds(Period, st.just("month"), zone, st.sampled_from((1, 2, 15, 29, 30, 31))),
)
kind = st.sampled_from((None, "day", "week", "month", "rolling", "none"))
host_size = st.sampled_from((0, 0, 100, 250, 600))
size = st.sampled_from((0, 60, 120, 200, 300, 500))
asks = st.lists(
    st.tuples(guild, member, role_ids, place, st.one_of(st.integers(1, 60), st.just(10))),
    min_size=2,
    max_size=6,
)
ends = st.lists(st.tuples(which, st.integers(0, 90)), min_size=1, max_size=3)
subject = st.one_of(
    st.tuples(st.just("everyone"), st.just(0)),
    st.tuples(st.just("role"), st.sampled_from(ROLES)),
    st.tuples(st.just("member"), member),
)
gift = st.integers(-80, 120).filter(bool)
Ask = tuple[int, int, tuple[int, ...], tuple[int, ...], int]


class Purses(RuleBasedStateMachine):
    """Each rule takes steps on a real file; the model says beforehand what must come of each."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name, "books.sqlite3")
        path.write_bytes(_fresh_file())
        self.tx = sqlite3.connect(path, isolation_level=None)
        self.tx.row_factory = sqlite3.Row
        self.tx.execute("PRAGMA foreign_keys = ON")
        self.tx.execute("PRAGMA synchronous = OFF")  # no power cut is played here
        for guild in GUILDS:
            spending.put(self.tx, guild, "brake_percent", "0")  # it is another story
        self.model = PlainPurse(Limits(0, 0, 0), NOW)
        self.asked = 0

    def teardown(self) -> None:
        self.tx.close()
        self._folder.cleanup()

    # What members and jobs do

    @rule(asks=asks)
    def members_ask(self, asks: list[Ask]) -> None:
        for ask in asks:
            self._admit(*ask)

    @rule(asks=asks, late=st.sampled_from((0, 1, 11 * HOUR)))
    def members_ask_a_little_later(self, asks: list[Ask], late: int) -> None:
        self.model.now += late
        self.members_ask(asks)

    @precondition(lambda self: any(job.is_open for job in self.model.jobs))
    @rule(ends=ends, tells=st.booleans())
    def generations_end(self, ends: list[tuple[int, int]], tells: bool) -> None:
        """At any cost, also one above the hold."""
        for one, cost in ends:
            if (job := self._pick(one, lambda job: job.is_open)) is not None:
                with self._step():
                    _send(self.tx, job, self.model.now)
                    moves.accept(
                        self.tx, job.id, State.SUBMITTING, str(job.id), "answer", self.model.now
                    )
                    status = Status.COMPLETED if tells else Status.FAILED
                    generation = Generation(str(job.id), status, cost_tokens=cost)
                    now = self.model.now
                    assert moves.finish(self.tx, job.id, generation, now, now) == (
                        cost > job.tokens
                    )
                job.is_open, job.cost = False, cost

    @precondition(lambda self: any(job.is_open for job in self.model.jobs))
    @rule(one=which, was_sent=st.booleans())
    def a_job_is_given_up(self, one: int, was_sent: bool) -> None:
        job = self._pick(one, lambda job: job.is_open)
        assert job is not None
        with self._step():
            if was_sent:
                _send(self.tx, job, self.model.now)
                moves.doubt(self.tx, job.id, None, self.model.now)
                moves.give_up_unknown(self.tx, job.id, self.model.now)
            else:
                moves.cancel(self.tx, job.id, State.RESERVED, "why", self.model.now, tell=True)
        job.is_open, job.is_given_up = False, was_sent

    @precondition(lambda self: any(job.is_given_up for job in self.model.jobs))
    @rule(one=which, cost=st.integers(1, 90))
    def a_job_that_was_given_up_was_made_after_all(self, one: int, cost: int) -> None:
        job = self._pick(one, lambda job: job.is_given_up)
        assert job is not None
        with self._step():
            claims.claim(self.tx, str(job.id), job.id, "late", cost, at=self.model.now)
            ledger.correct(self.tx, job.id, cost, self.model.now, "made after all")
        job.is_given_up, job.cost = False, cost

    # What admins and the host say

    @initialize(
        tokens=size,
        period=period,
        cap=size,
        share=st.sampled_from((None, 20, 60)),
        lasts=st.sampled_from((HOUR, 40 * DAY)),
    )
    def a_guild_sets_itself_up(
        self, tokens: int, period: Period, cap: int, share: int | None, lasts: int
    ) -> None:
        self.a_pool_is_set(11, tokens, period)
        self.a_cap_is_set(11, ("everyone", 0), cap, None)
        self.a_pot_is_set_up(11, 31, 80, share, lasts)

    @rule(guild=guild, tokens=st.one_of(st.none(), size), period=period)
    def a_pool_is_set(self, guild: int, tokens: int | None, period: Period) -> None:
        self.model.pools[guild] = Pool(tokens, period)
        self._tell_books(guild, budgets.set_pool, self.model.pools[guild])

    @rule(guild=guild, whose=subject, tokens=size, kind=kind)
    def a_cap_is_set(self, guild: int, whose: tuple[Any, int], tokens: int, kind: Any) -> None:
        cap = Cap(*whose, tokens, kind)
        self.model.caps[guild, *whose] = cap
        self._tell_books(guild, budgets.set_cap, cap)

    @precondition(lambda self: self.model.caps)
    @rule(one=which)
    def a_cap_is_dropped(self, one: int) -> None:
        guild, whose, subject = sorted(self.model.caps)[one % len(self.model.caps)]
        del self.model.caps[guild, whose, subject]
        self._tell_books(guild, budgets.drop_cap, whose, subject)

    @rule(guild=guild, member=st.sampled_from((0, *MEMBERS)), tokens=gift)
    def tokens_are_given_once(self, guild: int, member: int, tokens: int) -> None:
        self.model.bonuses.append((guild, member, tokens, self.model.now))
        self._tell_books(guild, budgets.give, member, tokens, self.model.now)

    @rule(guild=guild, member=st.sampled_from((0, *MEMBERS)))
    def a_period_is_begun_anew(self, guild: int, member: int) -> None:
        self.model.restarts.append((guild, member, self.model.now))
        self._tell_books(guild, budgets.restart, member, self.model.now)

    @rule(
        guild=guild,
        channel=st.sampled_from((31, 32, 33)),
        tokens=st.sampled_from((30, 80, 150)),
        member_tokens=st.sampled_from((None, 20, 60)),
        lasts=st.sampled_from((HOUR, 3 * DAY, 40 * DAY)),
    )
    def a_pot_is_set_up(
        self, guild: int, channel: int, tokens: int, member_tokens: int | None, lasts: int
    ) -> None:
        now = self.model.now
        facts = (channel, tokens, member_tokens)
        self.model.pots.append(PlainPot(len(self.model.pots) + 1, guild, *facts, now, now + lasts))
        self._tell_books(guild, pots.add, *facts, "Friday", now, now + lasts)

    @precondition(lambda self: any(pot.runs(self.model.now) for pot in self.model.pots))
    @rule(one=which)
    def a_pot_is_closed(self, one: int) -> None:
        running = [pot for pot in self.model.pots if pot.runs(self.model.now)]
        pot = running[one % len(running)]
        # Again at an earlier moment, after the clock was set back, changes nothing.
        if not pot.is_closed:
            pot.ends_at, pot.is_closed = self.model.now, True
        with self._step():
            pots.close(self.tx, pot.id, self.model.now)

    @rule(limits=st.builds(Limits, host_size, host_size, host_size, period))
    def the_host_sets_limits(self, limits: Limits) -> None:
        self.model.limits = limits

    # What clocks do

    @rule(step=st.sampled_from((1, HOUR, 7 * HOUR, DAY, 5 * DAY, 31 * DAY, 200 * DAY)))
    def time_passes(self, step: int) -> None:
        self.model.now += step

    @rule(step=st.sampled_from((1, HOUR, DAY, 8 * DAY, 45 * DAY)))
    def the_clock_is_set_back(self, step: int) -> None:
        self.model.now -= step

    @rule(guild=guild, late=st.sampled_from((-1, 0)))
    def a_period_ends_to_the_second(self, guild: int, late: int) -> None:
        pool = self.model.pools.get(guild)
        end = periods.window(pool.period, self.model.now).end if pool else None
        self.model.now = end + late if end else self.model.now + periods.ROLLING_S + 1 + late

    # What each step must come to

    def _admit(
        self,
        guild: int,
        member: int,
        role_ids: tuple[int, ...],
        places: tuple[int, ...],
        tokens: int,
    ) -> None:
        self.asked += 1
        who = Spender(guild, member, role_ids, places)
        expected = self.model.refusal(who, tokens)
        shown = [rule for rule in self.model.rules(who) if rule.level != "host"]
        left = min((max(0, rule.left) for rule in shown), default=None)
        parent_id = places[1] if len(places) > 1 else None
        asked_by = replace(
            asker(self.asked, guild, member),
            channel_id=places[0],
            parent_id=parent_id,
            role_ids=role_ids,
        )
        args = (order(), Quote(tokens, 1), str(self.asked), self.model.limits, (999, 999))
        if expected is not None:
            with pytest.raises(BudgetExceededError) as refused, self._step():
                moves.reserve(self.tx, asked_by, *args, self.model.now)
            assert _told(refused.value) == _to_be_told(expected)
            return
        with self._step():
            made = moves.reserve(self.tx, asked_by, *args, self.model.now)
        assert made.left_tokens == (None if left is None else left - tokens)
        pot = self.model.running(who)
        pot_id = pot.id if pot else NO_POT
        job = PlainJob(made.job.id, guild, member, pot_id, tokens, self.model.now, places[0])
        self.model.jobs.append(job)
        after = purse.look(self.tx, self.model.limits, who, self.model.now)
        for standing in (*after.member, *after.guild, *after.host):
            assert standing.used_tokens <= standing.size_tokens, "a hold above a limit"

    @invariant()
    def everybody_sees_what_the_model_says(self) -> None:
        for guild, member, places in product(GUILDS, MEMBERS, PLACES[:2]):
            who = Spender(guild, member, ROLES if member == MEMBERS[0] else ROLES[::-1], places)
            self._compare(who, purse.look(self.tx, self.model.limits, who, self.model.now))
        if self.model.jobs:
            job = self.model.jobs[-1]
            seen = jobs.get(self.tx, job.id)
            paid_by = next((pot for pot in self.model.pots if pot.id == job.pot), None)
            place = paid_by.channel if paid_by else job.channel
            who = Spender(job.guild, job.member, seen.role_ids, (place,))
            look = purse.look_for(self.tx, self.model.limits, seen, self.model.now)
            self._compare(who, look)
            assert ledger.find_pot(self.tx, job.id) == job.pot

    @invariant()
    def the_books_add_up(self) -> None:
        assert invariants.violations(self.tx) == {}
        total = ledger.total(self.tx)
        assert total.held_tokens == sum(job.held for job in self.model.jobs)
        assert total.spent_tokens == sum(job.cost for job in self.model.jobs)
        for guild in GUILDS:
            of_guild = ledger.used(self.tx, Owner("guild", guild), 0, None, any_pot=True)
            of_members = [
                ledger.used(self.tx, Owner("member", guild, member), 0, None, any_pot=True)
                for member in MEMBERS
            ]
            assert sum(of_members, ledger.Use()) == of_guild
            here = [job for job in self.model.jobs if job.guild == guild]
            assert of_guild.tokens == sum(job.held + job.cost for job in here)

    def _compare(self, who: Spender, seen: purse.Purse) -> None:
        standings = (*seen.member, *seen.guild, *seen.host)
        assert [_seen(standing) for standing in standings] == list(self.model.rules(who))
        pot = self.model.running(who)
        assert (seen.pot and seen.pot.id) == (pot and pot.id)
        for standing in standings:
            if standing.source != "pot":
                assert standing.window.holds(self.model.now)

    def _tell_books(self, guild: int, change: Callable[..., Any], *args: Any) -> None:
        """Make a change, and bring the accounts of nobody or of a member to it."""
        with self._step():
            change(self.tx, guild, *args)
            whose = Spender(guild, (0, *MEMBERS)[self.asked % 3])
            purse.apply(self.tx, self.model.limits, whose, self.model.now, 9, "said so")

    def _pick(self, one: int, which: Callable[[PlainJob], bool]) -> PlainJob | None:
        fitting = [job for job in self.model.jobs if which(job)]
        return fitting[one % len(fitting)] if fitting else None

    @contextmanager
    def _step(self) -> Iterator[None]:
        """One transaction; what it raises rolls it back."""
        self.tx.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.tx.execute("ROLLBACK")
            raise
        self.tx.execute("COMMIT")


def _send(tx: sqlite3.Connection, job: PlainJob, now: int) -> None:
    moves.enqueue(tx, job.id, job.channel, 1000 + job.id)
    moves.begin_submit(tx, job.id, 1, now, now + 60, now)


def _seen(standing: Standing) -> Rule:
    return Rule(
        standing.level,
        standing.source,
        standing.subject,
        standing.size_tokens,
        standing.use.held_tokens,
        standing.use.spent_tokens,
        standing.set_aside_tokens,
    )


def _told(refusal: BudgetExceededError) -> tuple[object, ...]:
    return (
        *(refusal.level, refusal.source, refusal.subject),
        refusal.available_tokens,
        max(0, refusal.limit_tokens + refusal.given_tokens),
        refusal.used_tokens + refusal.set_aside_tokens,
    )


def _to_be_told(rule: Rule) -> tuple[object, ...]:
    return rule.level, rule.source, rule.subject, max(0, rule.left), rule.size, rule.used


@cache
def _fresh_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "books.sqlite3")
        schema.prepare(path)
        return path.read_bytes()


def test_whatever_is_said_and_held_in_whatever_order_the_purse_agrees_with_a_plain_model() -> None:
    play(Purses, programs=40, steps=25)
