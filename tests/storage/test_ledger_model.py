"""The books against a plain model of them: whatever is done in whatever order, both agree."""

import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from errors import TooManyJobsError
from jobs import moves
from models import Quote, State
from neuralbox import Generation, Status
from storage import claims, invariants, jobs, ledger, schema
from storage import settings as facts
from storage.claims import AlreadyClaimedError
from storage.errors import DuplicateInteractionError, ShortBudgetError, StaleStateError
from tests.storage.conftest import NOW, asker, request

CAPS = (5, 9)  # unfinished jobs of a member and of a guild
IN_DOUBT = (State.SUBMITTING, State.UNKNOWN)
REPLAYED = (StaleStateError, DuplicateInteractionError, TooManyJobsError, AlreadyClaimedError)

Expected = type[Exception] | tuple[type[Exception], ...] | None

limit = st.sampled_from((0, 40, 100, 250))
cost = st.integers(0, 120)
generation_ids = st.integers(1, 12).map(str)
which = st.integers(0, 1000)


@dataclass(frozen=True)
class Level:
    """One account as the model sees it."""

    capped: bool = True
    limit: int = 0
    held: int = 0
    spent: int = 0

    @property
    def available(self) -> int:
        return self.limit - self.held - self.spent


@dataclass
class ModelJob:
    """One job as the model sees it."""

    guild: int
    member: int
    hold: int
    prompt: str
    state: State = State.RESERVED
    charged: int = 0
    generation: str | None = None
    attention: str | None = None

    @property
    def levels(self) -> tuple[str, str, str]:
        """Its accounts, the smallest level first."""
        return f"member:{self.guild}:{self.member}", f"guild:{self.guild}", "org"


class Books(RuleBasedStateMachine):
    """Each rule says what must come of a step, takes it on a real file, and lets both compare."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name, "books.sqlite3")
        path.write_bytes(_fresh_file())
        self.tx = sqlite3.connect(path, isolation_level=None)
        self.tx.row_factory = sqlite3.Row
        self.tx.execute("PRAGMA foreign_keys = ON")
        self.tx.execute("PRAGMA synchronous = OFF")  # no power cut is played here
        self.limits = ledger.Limits(0, 100, 0)
        self.levels: dict[str, Level] = {}
        self.jobs: list[ModelJob] = []
        self.balance: int | None = None
        self.last: Callable[[], object] | None = None

    def teardown(self) -> None:
        self.tx.close()
        self._folder.cleanup()

    # What the host and the vendor set

    @rule(host=limit, guild=limit, member=limit)
    def limits_change(self, host: int, guild: int, member: int) -> None:
        self.limits = ledger.Limits(host, guild, member)

    @rule(balance=st.integers(0, 400))
    def balance_is_told(self, balance: int) -> None:
        self.balance = balance
        facts.set_counter(self.tx, moves.BALANCE, balance)
        facts.set_counter(self.tx, moves.BALANCE_AT, NOW)

    # A job's steps

    @rule(
        guild=st.sampled_from((11, 12)),
        member=st.sampled_from((21, 22, 23)),
        hold=st.integers(1, 60),
        prompt=st.sampled_from("abcdef"),
    )
    def reserve(self, guild: int, member: int, hold: int, prompt: str) -> None:
        job = ModelJob(guild, member, hold, prompt)
        levels = self._limited(job)
        refusal = self._refusal(job, levels)
        asked_by = asker(len(self.jobs) + 1, guild_id=guild, user_id=member)
        made = self._step(
            None if refusal is None else type(refusal),
            moves.reserve,
            *(asked_by, request(prompt), Quote(hold, 1), prompt, self.limits, CAPS, NOW),
        )
        if refusal is not None:
            assert vars(made) == vars(refusal)
            return
        self.levels.update(levels)
        self.jobs.append(job)
        self._book(job, held=hold)
        left = [self.levels[name].available for name in job.levels if self.levels[name].capped]
        assert all(tokens >= 0 for tokens in left), "a hold above a limit"
        assert made.left_tokens == min(left, default=None)

    @rule(number=which)
    def enqueue(self, number: int) -> None:
        self._move(number, State.RESERVED, State.QUEUED, moves.enqueue, 31, 41)

    @rule(number=which)
    def begin_submit(self, number: int) -> None:
        in_doubt = {job.prompt for job in self.jobs if job.state in IN_DOUBT}
        job = self._pick(number, State.QUEUED)
        blocked = sqlite3.IntegrityError if job and job.prompt in in_doubt else None
        args = (1, NOW, NOW + 60, NOW)
        self._move(number, State.QUEUED, State.SUBMITTING, moves.begin_submit, *args, else_=blocked)

    @rule(number=which)
    def requeue(self, number: int) -> None:
        self._move(number, State.SUBMITTING, State.QUEUED, moves.requeue, 0, None, NOW)

    @rule(number=which)
    def doubt(self, number: int) -> None:
        self._move(number, State.SUBMITTING, State.UNKNOWN, moves.doubt, None, NOW)

    @rule(number=which)
    def reject(self, number: int) -> None:
        self._move(number, State.SUBMITTING, State.REJECTED, moves.reject, "why", "no", NOW)

    @rule(number=which)
    def give_up(self, number: int) -> None:
        self._move(number, State.UNKNOWN, State.NOT_SUBMITTED, moves.give_up_unknown, NOW)

    @rule(number=which, start=st.sampled_from((State.RESERVED, State.QUEUED)), tell=st.booleans())
    def cancel(self, number: int, start: State, tell: bool) -> None:
        args = (start, "why", NOW)
        self._move(number, start, State.CANCELLED, moves.cancel, *args, tell=tell)

    @rule(number=which, start=st.sampled_from(IN_DOUBT), generation=generation_ids)
    def accept(self, number: int, start: State, generation: str) -> None:
        if (job := self._pick(number, start)) is None:
            return
        expected = self._unless_free(job, generation) or self._unless_in(job, start)
        self._step(expected, moves.accept, self._id(job), start, generation, "answer", NOW)
        if expected is None:
            job.state, job.generation = State.PENDING, generation

    @rule(number=which, status=st.sampled_from((Status.COMPLETED, Status.FAILED)), tokens=cost)
    def finish(self, number: int, status: Status, tokens: int) -> None:
        if (job := self._pick(number, State.PENDING)) is None:
            return
        expected = self._unless_in(job, State.PENDING)
        generation = Generation(job.generation or "0", status, cost_tokens=tokens)
        args = (self._id(job), generation, NOW, NOW + 60)
        is_overrun = self._step(expected, moves.finish, *args)
        if expected is not None:
            return
        assert is_overrun == (tokens > job.hold)
        job.state = State(status.value)
        if tokens > job.hold:
            job.attention = "overrun"
        elif tokens and status is Status.FAILED:
            job.attention = "contradiction"
        self._book(job, held=-job.hold, spent=tokens)
        if self.balance is not None:
            self.balance -= tokens

    @rule(number=which, generation=generation_ids, tokens=cost)
    def turn_up_late(self, number: int, generation: str, tokens: int) -> None:
        job = self._pick(number, State.NOT_SUBMITTED)
        if job is None or job.state is not State.NOT_SUBMITTED:
            return
        expected = self._unless_free(job, generation)
        self._step(expected, _book_late, self._id(job), generation, tokens)
        if expected is None:
            job.generation = generation
            self._book(job, spent=tokens)

    @precondition(lambda self: self.last is not None)
    @rule()
    def try_the_last_step_again(self) -> None:
        assert self.last is not None
        with pytest.raises(REPLAYED):
            self.last()
        self.tx.execute("ROLLBACK")

    @rule(number=which, tokens=cost)
    def die_before_the_commit(self, number: int, tokens: int) -> None:
        job = self._pick(number, State.PENDING)
        if job is None or job.state is not State.PENDING:
            return
        generation = Generation(job.generation or "0", Status.COMPLETED, cost_tokens=tokens)
        self.tx.execute("BEGIN IMMEDIATE")
        moves.finish(self.tx, self._id(job), generation, NOW, NOW + 60)
        self.tx.execute("ROLLBACK")

    # What must be so after each of them

    @invariant()
    def both_agree(self) -> None:
        assert invariants.violations(self.tx) == {}
        for name, level in self.levels.items():
            seen = ledger.get(self.tx, name)
            assert level == Level(
                seen.capped, seen.limit_tokens, seen.held_tokens, seen.spent_tokens
            ), name
        for job_id, job in enumerate(self.jobs, start=1):
            stored = jobs.get(self.tx, job_id)
            assert (stored.state, stored.generation_id) == (job.state, job.generation)
            assert stored.attention == job.attention
            assert ledger.charged(self.tx, job_id) == job.charged
        host = ledger.get(self.tx, ledger.HOST)
        assert host.spent_tokens == sum(job.charged for job in self.jobs)
        assert host.held_tokens == sum(job.hold for job in self.jobs if not job.state.is_final)
        assert self.balance in (None, facts.counter(self.tx, moves.BALANCE))

    # How the model works it out

    def _limited(self, job: ModelJob) -> dict[str, Level]:
        """The job's accounts once they have the limits of now."""
        limits = (self.limits.member_tokens, self.limits.guild_tokens, self.limits.host_tokens)
        levels = {}
        for name, most in zip(job.levels, limits, strict=True):
            level = replace(self.levels.get(name, Level()), capped=most > 0)
            levels[name] = replace(level, limit=most) if most else level
        return levels

    def _refusal(self, job: ModelJob, levels: dict[str, Level]) -> Exception | None:
        """Why this job cannot be admitted, or None."""
        open_here = [j for j in self.jobs if j.guild == job.guild and not j.state.is_final]
        if sum(other.member == job.member for other in open_here) >= CAPS[0]:
            return TooManyJobsError("You", CAPS[0])
        if len(open_here) >= CAPS[1]:
            return TooManyJobsError("This server", CAPS[1])
        for word, name in zip(("member", "guild", "host"), job.levels, strict=True):
            if levels[name].capped and levels[name].available < job.hold:
                return ShortBudgetError(word, max(0, levels[name].available))
        uncommitted = None if self.balance is None else self.balance - levels["org"].held
        if uncommitted is not None and uncommitted < job.hold:
            return ShortBudgetError("account", max(0, uncommitted))
        return None

    def _book(self, job: ModelJob, *, held: int = 0, spent: int = 0) -> None:
        job.charged += spent
        for name in job.levels:
            old = self.levels[name]
            self.levels[name] = replace(old, held=old.held + held, spent=old.spent + spent)

    def _id(self, job: ModelJob) -> int:
        return next(n for n, other in enumerate(self.jobs, start=1) if other is job)

    def _pick(self, number: int, state: State) -> ModelJob | None:
        """A job in this state, or now and then one that is elsewhere."""
        fitting = [job for job in self.jobs if job.state is state]
        found = self.jobs if number % 4 == 0 or not fitting else fitting
        return found[number // 4 % len(found)] if found else None

    def _unless_in(self, job: ModelJob, state: State) -> type[Exception] | None:
        return None if job.state is state else StaleStateError

    def _unless_free(self, job: ModelJob, generation: str) -> type[Exception] | None:
        taken = {other.generation for other in self.jobs}
        return AlreadyClaimedError if generation in taken or job.generation else None

    def _move(
        self,
        number: int,
        start: State,
        end: State,
        function: Callable[..., Any],
        *args: Any,
        else_: type[Exception] | None = None,
        **kwargs: Any,
    ) -> None:
        """A step of some job from one state to another; a final one gives the hold back."""
        if (job := self._pick(number, start)) is None:
            return
        expected = self._unless_in(job, start) or else_
        self._step(expected, function, self._id(job), *args, **kwargs)
        if expected is None:
            job.state = end
            if end.is_final:
                self._book(job, held=-job.hold)

    def _step(
        self, expected: Expected, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Run one transaction, which must end as expected; return its result or its refusal."""

        def run() -> Any:
            self.tx.execute("BEGIN IMMEDIATE")
            return function(self.tx, *args, **kwargs)

        if expected is not None:
            with pytest.raises(expected) as refused:
                run()
            self.tx.execute("ROLLBACK")
            return refused.value
        result = run()
        self.tx.execute("COMMIT")
        self.last = run
        return result


def _book_late(tx: sqlite3.Connection, job_id: int, generation: str, tokens: int) -> None:
    """What the sweep does with the generation of a job that was given up."""
    claims.claim(tx, generation, job_id, "late", tokens)
    ledger.correct(tx, job_id, tokens, NOW, "made after all")


@cache
def _fresh_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "books.sqlite3")
        schema.prepare(path)
        return path.read_bytes()


def test_whatever_is_done_in_whatever_order_the_books_agree_with_a_plain_model() -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=200,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
