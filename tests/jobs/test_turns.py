import math
import pickle
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.turns import Turns
from models import Job, Origin, Showing, State, VideoRequest

WEIGHTS = st.dictionaries(st.integers(1, 4), st.sampled_from([0.1, 0.5, 1, 2, 4, 100]))
ASKERS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=40)
# What happens next: somebody asks, or the first in line goes whose guild is not held up.
STEPS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 3))
    | st.sets(st.integers(1, 4), max_size=2).map(frozenset),
    max_size=60,
)

_JOB = Job(
    id=0,
    public_id="",
    interaction_id=0,
    guild_id=0,
    user_id=0,
    channel_id=0,
    message_id=None,
    request=VideoRequest("", "kling-v2.1", 5, "16:9"),
    origin=Origin(),
    is_private=False,
    is_spoiler=False,
    showing=Showing(),
    upload_limit_bytes=0,
    price_revision=0,
    role_ids=(),
    fingerprint="",
    hold_tokens=1,
    state=State.QUEUED,
    attention=None,
    created_at=0,
    submit_at=None,
    submit_deadline=None,
    sent_at=None,
    tried_at=None,
    absent_seen=0,
    absent_at=None,
    charged_tokens=None,
    next_at=0,
    generation_id=None,
)


def _job(job_id: int, guild_id: int, user_id: int) -> Job:
    return replace(_JOB, id=job_id, guild_id=guild_id, user_id=user_id)


def test_guilds_alternate_then_members_then_age() -> None:
    flood = [_job(n, 1, 10 + n % 2) for n in range(1, 7)]
    quiet = [_job(7, 2, 20), _job(8, 2, 21)]
    order = [job.id for job in Turns().order([*flood, *quiet])]
    assert order == [1, 7, 2, 8, 3, 4, 5, 6]


def test_whoever_was_served_last_waits_longest() -> None:
    turns = Turns()
    turns.serve(_job(1, 1, 10))
    assert [job.id for job in turns.order([_job(2, 1, 10), _job(3, 2, 20)])] == [3, 2]
    assert [job.id for job in turns.order([_job(2, 1, 10), _job(4, 1, 11)])] == [4, 2]


@given(ASKERS)
def test_everybody_is_served_once_and_no_guild_waits_more_than_a_round(
    askers: list[tuple[int, int]],
) -> None:
    waiting = _jobs(askers)
    order = Turns().order(waiting)
    assert sorted(job.id for job in order) == [job.id for job in waiting]
    guilds = {guild for guild, _user in askers}
    first_round = [job.guild_id for job in order[: len(guilds)]]
    assert set(first_round) == guilds


def _jobs(askers: list[tuple[int, int]], first_id: int = 0) -> list[Job]:
    return [_job(n, guild, user) for n, (guild, user) in enumerate(askers, start=first_id)]


class Line:
    """Jobs that wait and are served, as the bot does it."""

    def __init__(self, weights: Mapping[int, float] | None = None) -> None:
        self.turns = Turns(weights)
        self.waiting: list[Job] = []
        self.asked = 0

    def ask(self, guild_id: int, user_id: int, times: int = 1) -> None:
        for _ in range(times):
            self.asked += 1
            self.waiting.append(_job(self.asked, guild_id, user_id))

    def order(self) -> list[Job]:
        self.turns.keep(self.waiting)
        return self.turns.order(self.waiting)

    def serve(self, held: frozenset[int] = frozenset()) -> Job | None:
        """Serve the first whose guild is not held up; None when there is none."""
        job = next((job for job in self.order() if job.guild_id not in held), None)
        if job is not None:
            self.turns.serve(job)
            self.waiting.remove(job)
        return job

    def served(self, times: int, held: frozenset[int] = frozenset()) -> str:
        """Serve so often; return the guilds in that order, as letters."""
        jobs = [self.serve(held) for _ in range(times)]
        return "".join("abcdefgh"[job.guild_id - 1] for job in jobs if job is not None)


def _played(weights: Mapping[int, float], steps: list[tuple[int, int] | frozenset[int]]) -> Line:
    line = Line(weights)
    for step in steps:
        if isinstance(step, tuple):
            line.ask(*step)
        else:
            line.serve(step)
    return line


@given(WEIGHTS, STEPS, ASKERS)
def test_the_order_foretells_who_is_served_until_somebody_new_asks(
    weights: dict[int, float],
    steps: list[tuple[int, int] | frozenset[int]],
    askers: list[tuple[int, int]],
) -> None:
    line = _played(weights, steps)
    for asker in askers:
        line.ask(*asker)
    foretold = line.order()
    assert sorted(job.id for job in foretold) == sorted(job.id for job in line.waiting)
    assert foretold == line.turns.order(reversed(line.waiting))
    places = [line.turns.place(job, [j for j in foretold if j is not job]) for job in foretold]
    assert places == list(range(1, len(foretold) + 1))
    assert [line.serve() for _ in foretold] == foretold


@given(WEIGHTS, STEPS)
def test_between_two_turns_of_a_guild_that_waits_another_has_no_more_than_its_share(
    weights: dict[int, float], steps: list[tuple[int, int] | frozenset[int]]
) -> None:
    line = Line(weights)
    since: dict[int, Counter[int]] = {}
    steps = [frozenset() if isinstance(step, frozenset) else step for step in steps]
    for step in [*steps, *[frozenset[int]()] * 60]:
        if isinstance(step, tuple):
            line.ask(*step)
        elif job := line.serve():
            since.pop(job.guild_id, None)
            for waiting, others in since.items():
                others[job.guild_id] += 1
                share = weights.get(job.guild_id, 1) / weights.get(waiting, 1)
                assert others[job.guild_id] <= math.ceil(share) + 1
        guilds = {job.guild_id for job in line.waiting}
        since = {guild: since.get(guild, Counter()) for guild in guilds}
    assert line.waiting == [], "everybody was served"


@given(STEPS)
def test_between_two_turns_of_a_member_a_neighbour_has_two_at_the_most(
    steps: list[tuple[int, int] | frozenset[int]],
) -> None:
    line = Line()
    since: dict[tuple[int, int], Counter[tuple[int, int]]] = {}
    for step in steps:
        if isinstance(step, tuple):
            line.ask(*step)
        elif job := line.serve():
            member = (job.guild_id, job.user_id)
            since.pop(member, None)
            for waiting, others in since.items():
                others[member] += waiting[0] == member[0]
                assert others[member] <= 2
        members = {(job.guild_id, job.user_id) for job in line.waiting}
        since = {member: since.get(member, Counter()) for member in members}


@given(st.lists(st.sampled_from([0.1, 0.25, 0.5, 1, 1.7, 2, 3, 10, 100]), min_size=2, max_size=5))
def test_while_all_wait_shares_are_as_the_weights(weights: list[float]) -> None:
    line = Line(dict(enumerate(weights, start=1)))
    times = 120
    for guild in range(1, len(weights) + 1):
        line.ask(guild, 1, times)
    served = Counter(job.guild_id for job in line.order()[:times])
    for guild, weight in enumerate(weights, start=1):
        fair = times * weight / sum(weights)
        assert abs(served[guild] - fair) <= 1 + len(weights) * weight / sum(weights)


@given(WEIGHTS, STEPS, st.integers(1, 20))
def test_a_guild_that_is_held_up_keeps_the_turn_that_was_passed_over(
    weights: dict[int, float], steps: list[tuple[int, int] | frozenset[int]], times: int
) -> None:
    line = _played(weights, steps)
    if not line.waiting:
        return
    held = line.order()[0].guild_id
    was_passed_over = False
    for _ in range(times):
        line.ask(held % 4 + 1, 1)
        was_passed_over |= line.order()[0].guild_id == held
        assert line.serve(frozenset({held})) is not None
        if was_passed_over:
            assert line.order()[0].guild_id == held


def test_a_guild_that_was_held_up_saved_one_turn_and_no_more() -> None:
    line = Line()
    line.ask(1, 1, 20)
    line.ask(2, 1, 40)
    line.ask(3, 1, 40)
    assert line.served(3) == "abc"
    assert line.served(20, frozenset({1})) == "bc" * 10
    assert line.served(7) == "abcabca"


@given(WEIGHTS, STEPS)
def test_a_job_that_was_not_sent_after_all_is_next_again(
    weights: dict[int, float], steps: list[tuple[int, int] | frozenset[int]]
) -> None:
    line = _played(weights, steps)
    line.ask(1, 1)
    before = line.order()
    job = line.serve()
    assert job is before[0]
    line.turns.keep(line.waiting)
    line.waiting.append(job)
    line.turns.give_back(job)
    assert line.order()[0] is job
    neighbours = [one for one in before if one.guild_id == job.guild_id]
    assert [one for one in line.order() if one.guild_id == job.guild_id] == neighbours


def test_turns_given_back_are_had_once_and_not_more_often() -> None:
    line = Line()
    line.ask(1, 1, 20)
    line.ask(2, 1, 20)
    sent = [line.serve() for _ in range(6)]
    for job in sent:
        assert job is not None
        if job.guild_id == 1:
            line.waiting.append(job)
            line.turns.give_back(job)
    assert line.served(11) == "aaa" + "ba" * 4


def test_a_guild_that_was_idle_saved_nothing() -> None:
    line = Line({1: 3})
    line.ask(1, 1)
    line.ask(2, 1, 60)
    line.ask(3, 1, 60)
    assert line.served(31) == "a" + "bc" * 15
    line.ask(1, 1, 30)
    assert Counter(line.served(20)) == {"a": 12, "b": 4, "c": 4}


def test_a_flood_has_its_share_and_the_others_theirs() -> None:
    line = Line()
    line.ask(1, 1, 300)
    served = ""
    for _ in range(30):
        line.ask(2, 1)
        line.ask(3, 1)
        served += line.served(3)
    assert Counter(served) == {"a": 30, "b": 30, "c": 30}


def test_turns_of_a_heavier_guild_are_spread_out() -> None:
    line = Line({1: 3})
    line.ask(1, 1, 20)
    line.ask(2, 1, 20)
    assert line.served(12) in ("aaba" * 3, "aaab" * 3, "abaa" * 3)


@pytest.mark.parametrize("guilds", [10, 2000])
def test_nobody_is_remembered_once_the_line_is_empty(guilds: int) -> None:
    line = Line()
    for guild in range(guilds):
        line.ask(guild, guild)
    for job in line.order():
        line.turns.serve(job)
    line.turns.keep([])
    assert len(pickle.dumps(line.turns)) < 300
