"""Books that lost commits, or were put back by hand: nobody said so, and it is found out."""

import shutil
from collections.abc import Callable

import pytest

from models import State
from playground.neuralbox import faults
from playground.neuralbox.faults import Match
from storage import rewound, trace
from tests.app.rewinding import (
    HOUR_S,
    STEP_S,
    all_booked,
    all_over,
    back_up,
    begin,
    books_of,
    bots_messages,
    in_state,
    is_rewound,
    recovered,
    waits,
)
from tests.rig import Rig

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
async def _started(rig: Rig) -> None:
    await begin(rig)


def _as_killed(rig: Rig, *, with_commits: bool) -> Callable[[], None]:
    """Return what puts the files back as a kill at this moment would leave them on the disk.

    Without the commits the file beside is lost, or deleted.
    """
    names = [path.name for path in rig.data.iterdir() if path.name.startswith("reelbox.")]
    kept = {name: (rig.data / name).read_bytes() for name in names}

    def put_back() -> None:
        for path in rig.data.iterdir():
            if path.name.startswith("reelbox."):
                path.unlink()
        for name, data in kept.items():
            if with_commits or not name.endswith(("-wal", "-shm")):
                (rig.data / name).write_bytes(data)

    return put_back


@pytest.mark.fault("D10")
async def test_when_the_last_commits_are_deleted_every_token_is_still_accounted_for(
    rig: Rig,
) -> None:
    await rig.finished(await rig.card("before"))
    await rig.restart_bot()  # what is in the file beside moves into the books
    await rig.eventually(lambda: not _closed(rig))
    rig.box.script(faults.rate_limited(30))
    lost = [await rig.card(f"lost {n}") for n in range(3)]
    for card in lost:
        await rig.finished(card)
    killed = _as_killed(rig, with_commits=False)
    posts, said = rig.posts(), bots_messages(rig)
    spent = rig.account("org").spent_tokens
    await rig.stop_bot()
    killed()
    await rig.start_bot()
    missing = spent - rig.account("org").spent_tokens
    assert missing > 0, "the books are consistent, and older"
    marker = rig.read(rewound.find)
    assert marker is not None
    assert marker.how == "lost"
    await rig.run_until(lambda: not is_rewound(rig), HOUR_S, STEP_S)
    assert rig.posts() == posts
    assert bots_messages(rig) == said
    assert recovered(rig) == (3, missing)
    all_booked(rig)


def _closed(rig: Rig) -> bool:
    assert rig.app is not None
    return "recovery" in rig.app.intake.reasons


async def test_a_kill_that_loses_no_commit_is_no_reason_to_recover(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(60))
    card = await rig.card("it waits over a kill")
    await waits(rig, card)
    killed = _as_killed(rig, with_commits=True)
    await rig.stop_bot()
    killed()
    await rig.start_bot()
    assert not is_rewound(rig)
    done = await rig.finished(card)
    assert done.files
    assert len(rig.pings(card)) == 1
    rig.sound()


async def test_books_that_somebody_put_back_by_hand_show_by_their_count_of_runs(
    rig: Rig,
) -> None:
    copy = back_up(rig)
    await rig.finished(await rig.card("after the copy"))
    await rig.restart_bot()
    await rig.stop_bot()
    shutil.copyfile(copy, books_of(rig))
    await rig.start_bot()
    marker = rig.read(rewound.find)
    assert marker is not None
    assert marker.how == "lost"
    await rig.run_until(lambda: not is_rewound(rig), HOUR_S, STEP_S)
    assert recovered(rig) == (1, rig.box.charged_total)
    all_booked(rig)


async def test_what_waits_is_not_sent_when_only_the_history_tells_that_it_was(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(60))
    sent = await rig.card("sent since")
    await waits(rig, sent)
    unsent = await rig.card("left waiting")
    await in_state(rig, unsent, State.QUEUED)
    rig.box.script(faults.rate_limited(600, on=Match("POST", "/generate", prompt="left waiting")))
    copy = back_up(rig)
    await rig.run_until(lambda: rig.job_of(sent).state is State.PENDING)
    await waits(rig, unsent)
    posts = rig.posts()
    await rig.stop_bot()
    # As a disk put back to an earlier day: nothing beside the books tells of it.
    shutil.copyfile(copy, books_of(rig))
    (rig.data / trace.NAME).unlink()
    await rig.start_bot()
    await rig.eventually(lambda: is_rewound(rig))
    assert rig.posts() == posts

    def is_over() -> bool:
        sent_since = rig.posts() - posts
        if is_rewound(rig):
            assert sent_since == 0
            return False
        return True

    await rig.run_until(is_over, HOUR_S)
    await rig.finished(unsent, HOUR_S, STEP_S)
    await all_over(rig)
    assert rig.posts() == posts + 1, "the one that was not"
    assert [len(rig.shown(card).files) for card in (sent, unsent)] == [1, 1]
    assert rig.pings(sent) == [], "it may have been told"
    all_booked(rig)


async def test_somebody_elses_video_delays_what_waits_and_costs_nothing(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(60))
    card = await rig.card("it waits over a restart")
    await waits(rig, card)
    await rig.stop_bot()
    await rig.clock.advance(300)
    rig.box.add_foreign(prompt="typed on the vendor's own site")
    (rig.data / trace.NAME).unlink()  # else it would be known to be somebody else's
    await rig.start_bot()
    await rig.eventually(lambda: is_rewound(rig))
    done = await rig.finished(card, HOUR_S, STEP_S)
    assert done.files
    assert len(rig.pings(card)) == 1
    all_booked(rig)
