"""The books against a plain model of them: whatever is done in whatever order, both agree."""

import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from errors import BudgetExceededError, TooManyJobsError
from jobs import moves
from models import Quote, State
from neuralbox import Generation, Status
from storage import claims, invariants, jobs, ledger, schema
from storage import settings as facts
from storage.claims import AlreadyClaimedError
from storage.errors import DuplicateInteractionError, StaleStateError
from tests.storage.conftest import NOW, asker, order
from tests.storage.models import play

CAPS = (2, 4)  # unfinished jobs of a member and of a guild
IN_DOUBT = (State.SUBMITTING, State.UNKNOWN)
REPLAYED = (StaleStateError, DuplicateInteractionError, TooManyJobsError, AlreadyClaimedError)


@dataclass(frozen=True)
class Move:
    """A step of a job. A claiming one also takes a generation's id, a costing one its price."""

    function: Callable[..., Any]
    start: State
    end: State
    args: tuple[Any, ...] = ()
    claims: bool = False
    costs: bool = False


def _book_late(tx: sqlite3.Connection, job_id: int, generation: str, tokens: int) -> None:
    """What the sweep does with the generation of a job that was given up."""
    claims.claim(tx, generation, job_id, "late", tokens, at=NOW)
    ledger.correct(tx, job_id, tokens, NOW, "made after all")


def _cancel(tx: sqlite3.Connection, job_id: int, start: State) -> None:
    moves.cancel(tx, job_id, start, "why", NOW, tell=True)


def _accept(tx: sqlite3.Connection, job_id: int, generation: str, start: State) -> None:
    moves.accept(tx, job_id, start, generation, "answer", NOW)


def _finish(tx: sqlite3.Connection, job_id: int, tokens: int, status: Status) -> bool:
    generation = Generation(str(job_id), status, cost_tokens=tokens)
    return moves.finish(tx, job_id, generation, NOW, NOW + 60)


S = State
MOVES = (
    Move(moves.enqueue, S.RESERVED, S.QUEUED, (31, 41)),
    Move(_cancel, S.RESERVED, S.CANCELLED, (S.RESERVED,)),
    Move(moves.begin_submit, S.QUEUED, S.SUBMITTING, (1, NOW, NOW + 60, NOW)),
    Move(_cancel, S.QUEUED, S.CANCELLED, (S.QUEUED,)),
    Move(_accept, S.SUBMITTING, S.PENDING, (S.SUBMITTING,), claims=True),
    Move(moves.requeue, S.SUBMITTING, S.QUEUED, (0, None, NOW)),
    Move(moves.reject, S.SUBMITTING, S.REJECTED, ("why", "no", NOW)),
    Move(moves.doubt, S.SUBMITTING, S.UNKNOWN, (None, NOW)),
    Move(_accept, S.UNKNOWN, S.PENDING, (S.UNKNOWN,), claims=True),
    Move(moves.give_up_unknown, S.UNKNOWN, S.NOT_SUBMITTED, (NOW,)),
    Move(_finish, S.PENDING, S.COMPLETED, (Status.COMPLETED,), costs=True),
    Move(_finish, S.PENDING, S.FAILED, (Status.FAILED,), costs=True),
    Move(_book_late, S.NOT_SUBMITTED, S.NOT_SUBMITTED, claims=True, costs=True),
)
# All that the model knows of jobs, in one look: read singly, they took half of the time.
_EVERY_JOB = """
SELECT j.id, j.state, (SELECT v.vendor_id FROM vendor_claim v WHERE v.job = j.id), j.attention,
  (SELECT coalesce(sum(e.d_spent), 0) FROM entry e WHERE e.job = j.id AND e.account = 'org')
FROM job j ORDER BY j.id
"""

limit = st.sampled_from((0, 60, 150, 400))
cost = st.one_of(st.integers(0, 2), st.integers(0, 90))
which = st.integers(0, 999)
asks = st.lists(
    st.tuples(
        st.sampled_from((11, 12)),
        st.sampled_from((21, 22, 23)),
        st.integers(1, 60),
        st.sampled_from("abcd"),
    ),
    min_size=2,
    max_size=8,
)
picks = st.lists(st.tuples(which, which, cost), min_size=4, max_size=16)
Ask = tuple[int, int, int, str]
Pick = tuple[int, int, int]


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

    id: int
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


def _next_moves(job: ModelJob) -> list[Move]:
    """What may become of a job; the first is what usually does, so it is there more often."""
    if job.generation is not None and job.state is not State.PENDING:
        return []
    fitting = [move for move in MOVES if move.start is job.state]
    return [*fitting[:1], *fitting]


class Books(RuleBasedStateMachine):
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
        self.limits = ledger.Limits(0, 150, 0)
        self.levels: dict[str, Level] = {}
        self.jobs: list[ModelJob] = []
        self.balance: int | None = None
        self.last: Callable[[], object] | None = None

    def teardown(self) -> None:
        self.tx.close()
        self._folder.cleanup()

    @rule(limits=st.builds(ledger.Limits, limit, limit, limit), balance=st.integers(0, 900))
    def host_and_vendor_tell_new_bounds(self, limits: ledger.Limits, balance: int) -> None:
        self.limits = limits
        if balance <= 600:
            self.balance = balance
            facts.set_counter(self.tx, moves.BALANCE, balance)
            facts.set_counter(self.tx, moves.BALANCE_AT, NOW)

    @initialize(asks=asks, picks=picks)
    def the_first_jobs_come(self, asks: list[Ask], picks: list[Pick]) -> None:
        self.jobs_come_and_go_on(asks, picks)

    @rule(asks=asks, picks=picks)
    def jobs_come_and_go_on(self, asks: list[Ask], picks: list[Pick]) -> None:
        for ask in asks:
            self._reserve(ModelJob(len(self.jobs) + 1, *ask))
        for one, other, tokens in picks:
            going = [job for job in self.jobs if _next_moves(job)]
            if going:
                job = going[one % len(going)]
                fitting = _next_moves(job)
                self._take(job, fitting[other % len(fitting)], self._generation(job, one), tokens)

    @precondition(lambda self: self.jobs)
    @rule(one=which, move=st.sampled_from(MOVES), tokens=cost)
    def a_step_hits_any_job(self, one: int, move: Move, tokens: int) -> None:
        """Whatever its state; only the sweep looks at that itself."""
        job = self.jobs[one % len(self.jobs)]
        if move.function is not _book_late or job.state is State.NOT_SUBMITTED:
            self._take(job, move, self._generation(job, one), tokens)

    @precondition(lambda self: self.last is not None)
    @rule()
    def the_last_step_is_repeated(self) -> None:
        assert self.last is not None
        with pytest.raises(REPLAYED):
            self.last()
        self.tx.execute("ROLLBACK")
        self._compare()

    @precondition(lambda self: any(job.state is State.PENDING for job in self.jobs))
    @rule(tokens=cost)
    def the_process_dies_before_the_commit(self, tokens: int) -> None:
        job = next(job for job in self.jobs if job.state is State.PENDING)
        self.tx.execute("BEGIN IMMEDIATE")
        _finish(self.tx, job.id, tokens, Status.COMPLETED)
        self.tx.execute("ROLLBACK")
        self._compare()

    def _generation(self, job: ModelJob, number: int) -> str:
        """An id of its own, or now and then one that another job has."""
        taken = [other.generation for other in self.jobs if other.generation is not None]
        return taken[number % len(taken)] if taken and number % 4 == 0 else str(job.id)

    # What each step must come to

    def _reserve(self, job: ModelJob) -> None:
        levels = self._limited(job)
        refusal = self._refusal(job, levels)
        asked_by = asker(job.id, guild_id=job.guild, user_id=job.member)
        quote = Quote(job.hold, 1)
        made = self._step(
            _kind(refusal),
            moves.reserve,
            *(asked_by, order(job.prompt), quote, job.prompt, self.limits, CAPS, NOW),
        )
        if refusal is not None:
            assert refusal == (
                (made.level, made.available_tokens)
                if isinstance(made, BudgetExceededError)
                else refusal
            )
        else:
            self.levels.update(levels)
            self.jobs.append(job)
            self._book(job, held=job.hold)
            left = [self.levels[name].available for name in job.levels if levels[name].capped]
            assert all(tokens >= 0 for tokens in left), "a hold above a limit"
            # What all servers share is not told, since it would tell what others use.
            shown = left[:-1] if levels["org"].capped else left
            assert made.left_tokens == min(shown, default=None)
        self._compare(None if refusal else job)

    def _take(self, job: ModelJob, move: Move, generation: str, tokens: int) -> None:
        expected = self._move_refusal(job, move, generation)
        args = (*([generation] if move.claims else []), *([tokens] if move.costs else []))
        result = self._step(expected, move.function, job.id, *args, *move.args)
        if expected is None:
            was_open, job.state = not job.state.is_final, move.end
            if move.claims:
                job.generation = generation
            given_back = job.hold if was_open and job.state.is_final else 0
            self._book(job, held=-given_back, spent=tokens if move.costs else 0)
            if move.function is _finish:
                assert result == (tokens > job.hold)
                self.balance = None if self.balance is None else self.balance - tokens
                is_odd = move.end is State.FAILED and tokens > 0
                job.attention = "contradiction" if is_odd else None
                job.attention = "overrun" if tokens > job.hold else job.attention
        self._compare(job)

    def _move_refusal(self, job: ModelJob, move: Move, generation: str) -> type[Exception] | None:
        taken = {other.generation for other in self.jobs}
        if move.claims and (job.generation or generation in taken):
            return AlreadyClaimedError
        if job.state is not move.start:
            return StaleStateError
        in_doubt = {other.prompt for other in self.jobs if other.state in IN_DOUBT}
        if move.function is moves.begin_submit and job.prompt in in_doubt:
            return sqlite3.IntegrityError
        return None

    def _limited(self, job: ModelJob) -> dict[str, Level]:
        """The job's accounts once they have the limits of now."""
        limits = (self.limits.member_tokens, self.limits.guild_tokens, self.limits.host_tokens)
        levels = {}
        for name, most in zip(job.levels, limits, strict=True):
            level = replace(self.levels.get(name, Level()), capped=most > 0)
            levels[name] = replace(level, limit=most) if most else level
        return levels

    def _refusal(
        self, job: ModelJob, levels: dict[str, Level]
    ) -> TooManyJobsError | tuple[str, int] | None:
        """Why this job cannot be admitted, or None."""
        open_here = [j for j in self.jobs if j.guild == job.guild and not j.state.is_final]
        if sum(other.member == job.member for other in open_here) >= CAPS[0]:
            return TooManyJobsError("You have", CAPS[0])
        if len(open_here) >= CAPS[1]:
            return TooManyJobsError("This server has", CAPS[1])
        for word, name in zip(("member", "guild", "host"), job.levels, strict=True):
            if levels[name].capped and levels[name].available < job.hold:
                return word, max(0, levels[name].available)
        uncommitted = None if self.balance is None else self.balance - levels["org"].held
        if uncommitted is not None and uncommitted < job.hold:
            return "account", max(0, uncommitted)
        return None

    def _book(self, job: ModelJob, *, held: int = 0, spent: int = 0) -> None:
        job.charged += spent
        for name in job.levels:
            old = self.levels[name]
            self.levels[name] = replace(old, held=old.held + held, spent=old.spent + spent)

    def _step(
        self, expected: type[Exception] | None, function: Callable[..., Any], *args: Any
    ) -> Any:
        """Run one transaction, which must end as expected; return its result or its refusal."""

        def run() -> Any:
            self.tx.execute("BEGIN IMMEDIATE")
            return function(self.tx, *args)

        if expected is not None:
            with pytest.raises(expected) as refused:
                run()
            self.tx.execute("ROLLBACK")
            return refused.value
        result = run()
        self.tx.execute("COMMIT")
        self.last = run
        return result

    def _compare(self, touched: ModelJob | None = None) -> None:
        """Hold all that is stored against the model, and what the code reads of one job."""
        assert invariants.violations(self.tx) == {}
        accounts = {name: ledger.get(self.tx, name) for name in self.levels}
        assert self.levels == {
            name: Level(seen.capped, seen.limit_tokens, seen.held_tokens, seen.spent_tokens)
            for name, seen in accounts.items()
        }
        assert [tuple(row) for row in self.tx.execute(_EVERY_JOB)] == [
            (job.id, job.state, job.generation, job.attention, job.charged) for job in self.jobs
        ]
        if touched is not None:
            seen = jobs.get(self.tx, touched.id)
            assert (seen.state, seen.generation_id) == (touched.state, touched.generation)
            assert seen.attention == touched.attention
            assert ledger.charged(self.tx, touched.id) == touched.charged
        host = ledger.get(self.tx, "org")
        assert host.spent_tokens == sum(job.charged for job in self.jobs)
        assert host.held_tokens == sum(job.hold for job in self.jobs if not job.state.is_final)
        assert self.balance in (None, facts.counter(self.tx, moves.BALANCE))


def _kind(refusal: object) -> type[Exception] | None:
    if refusal is None:
        return None
    return BudgetExceededError if isinstance(refusal, tuple) else TooManyJobsError


@cache
def _fresh_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "books.sqlite3")
        schema.prepare(path)
        return path.read_bytes()


def test_whatever_is_done_in_whatever_order_the_books_agree_with_a_plain_model() -> None:
    play(Books, programs=40, steps=20)
