from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from jobs.turns import Turns
from models import Job, Origin, Showing, State, VideoRequest

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


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=40))
def test_everybody_is_served_once_and_no_guild_waits_more_than_a_round(
    askers: list[tuple[int, int]],
) -> None:
    waiting = [_job(n, guild, user) for n, (guild, user) in enumerate(askers)]
    order = Turns().order(waiting)
    assert sorted(job.id for job in order) == [job.id for job in waiting]
    guilds = {guild for guild, _user in askers}
    first_round = [job.guild_id for job in order[: len(guilds)]]
    assert set(first_round) == guilds
