"""Books that are older than the world: nothing is sent twice, told twice, or left unbooked."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobs import aftermath, checks, moves
from models import State
from playground.discord import fault
from playground.discord.world import Message
from playground.neuralbox import faults
from playground.neuralbox.faults import Match
from storage import backup, backup_restore, claims, invariants, rewound, trace
from tests.app.hands import animate, press, roomy
from tests.pictures import picture
from tests.rig import Rig

pytestmark = pytest.mark.long

CALLBACK = r"/interactions/\d+/.*/callback"
OPEN = tuple(State)[:5]
EDIT = r"/channels/\d+/messages/\d+"
HOUR_S = 3600


@pytest.fixture(autouse=True)
async def _room(rig: Rig) -> None:
    """Limits, plans and real time are not what is asked here."""
    roomy(rig)
    rig.configure(
        "limits",
        in_flight_total=100,
        in_flight_per_guild=100,
        in_flight_per_member=100,
        unfinished_per_member=1000,
        unfinished_per_guild=1000,
        commands_per_minute=1000,
    )
    rig.box.allowance.limit_hour = rig.box.allowance.limit_day = None
    await rig.start_bot()
    await rig.prices_known()
    await rig.balance_known()


def _database(rig: Rig) -> Path:
    return rig.data / "reelbox.sqlite3"


def _back_up(rig: Rig) -> Path:
    """Make a backup of this very moment, as the command does."""
    now = int(rig.clock.now())
    target = rig.data / backup.name_for(now)
    backup.make(_database(rig), target, now)
    return target


async def _restore(rig: Rig, copy: Path) -> None:
    """Stop the bot and restore; the next start is the test's."""
    await rig.stop_bot()
    backup_restore.restore(copy, _database(rig), int(rig.clock.now()))


def _is_rewound(rig: Rig) -> bool:
    return rig.read(rewound.find) is not None


def _said(rig: Rig) -> dict[int, tuple[int, ...]]:
    """Return the bot's messages in every channel."""
    found: dict[int, list[int]] = {}
    for message in rig.discord.world.messages.values():
        if message.author.bot and message.ephemeral_for is None:
            found.setdefault(message.channel_id, []).append(message.id)
    return {channel: tuple(sorted(ids)) for channel, ids in found.items()}


def _recovered(rig: Rig) -> tuple[int, int]:
    """Return how many videos, and tokens, the last recovery found nobody for."""
    last = rig.read(rewound.find_last)
    assert last is not None
    return rig.read(lambda tx: aftermath.sum_unknown(tx, last))


def _all_booked(rig: Rig) -> None:
    """Nothing is missing between the vendor's books, ours, and what is nobody's here."""
    assert rig.read(invariants.violations) == {}
    _count, foreign = rig.read(claims.sum_foreign)
    assert rig.account("org").spent_tokens + foreign == rig.box.charged_total
    assert rig.account("org").held_tokens == 0


async def _state(rig: Rig, card: Message, state: State) -> None:
    await rig.eventually(lambda: rig.job_of(card).state is state)


async def _waits(rig: Rig, card: Message) -> None:
    """Return when the vendor has refused a card's job for now, and the books say so."""
    await rig.eventually(
        lambda: rig.job_of(card).state is State.QUEUED and rig.job_of(card).next_at > 0
    )


@dataclass(frozen=True)
class _Past:
    """A bot's cards by what they were when the backup was made, and those that came after."""

    pending: Message
    unknown: Message
    submitting: Message
    queued: Message
    twins: tuple[Message, Message]
    called_off: Message
    copy: Path
    after: tuple[Message, ...]

    @property
    def with_video(self) -> list[Message]:
        """The cards that were finished before the restore."""
        waited = (self.pending, self.unknown, self.submitting, self.queued)
        return [*waited, *self.twins, *self.after]


async def _past(rig: Rig) -> _Past:
    """Live through twenty jobs after a backup that found one in each state."""
    pending = await rig.card("being made")
    await _state(rig, pending, State.PENDING)
    rig.box.script(faults.drop_after() & faults.history_lag(60))
    unknown = await rig.card("in doubt")
    await _state(rig, unknown, State.UNKNOWN)
    rig.box.script(faults.hang_after(20))
    submitting = await rig.card("on the wire")
    await rig.eventually(lambda: not rig.box.faults_left)
    rig.box.script(faults.rate_limited(30))  # and whatever comes then waits as well
    queued = await rig.card("waiting")
    await _waits(rig, queued)
    twins = (await rig.card("twins", member="Ben"), await rig.card("twins", member="Cleo"))
    called_off = await rig.card("called off later")
    for card in (*twins, called_off):
        await _state(rig, card, State.QUEUED)
    rig.discord.script(fault("POST", CALLBACK, delay=1, after_effect=True))
    await rig.discord.slash("video", prompt="its card is on the way")
    await rig.eventually(lambda: len(rig.jobs_in(State.RESERVED)) == 1)
    copy = _back_up(rig)
    states = [rig.job_of(card).state for card in (submitting, queued, *twins, called_off)]
    assert states == [State.SUBMITTING, *[State.QUEUED] * 4]

    await rig.eventually(lambda: not rig.jobs_in(State.RESERVED))
    await press(rig, called_off, "Cancel")
    await _state(rig, called_off, State.CANCELLED)
    after = [await rig.card(f"after {n}", member=("Ada", "Ben")[n % 2]) for n in range(20)]
    past = _Past(pending, unknown, submitting, queued, twins, called_off, copy, tuple(after))
    await rig.run_until(lambda: not rig.jobs_in(*OPEN) and not _open_messages(rig), HOUR_S)
    assert all(rig.shown(card).files for card in past.with_video)
    rig.sound()
    return past


@pytest.mark.fault("D17")
async def test_a_backup_from_twenty_jobs_ago_sends_nothing_and_tells_nothing_twice(
    rig: Rig,
) -> None:
    told = await rig.finished(await rig.card("told before"))
    past = await _past(rig)
    posts, said, charged = rig.posts(), _said(rig), rig.box.charged_total

    await _restore(rig, past.copy)
    await rig.start_bot()
    assert "being compared with NeuralBox" in await rig.refusal("right after the restore")
    for _ in range(3):  # killed again and again, it goes on where it was
        await rig.clock.advance(240)
        await rig.restart_bot()
        assert _is_rewound(rig)
    await rig.run_until(lambda: not _is_rewound(rig), HOUR_S)
    await rig.run_until(lambda: not rig.jobs_in(*OPEN) and not _open_messages(rig), HOUR_S)

    assert rig.posts() == posts, "nothing was sent again"
    assert _said(rig) == said, "no message was made for what was told already"
    assert rig.box.charged_total == charged
    for card in (told, *past.with_video):
        assert len(rig.shown(card).files) == 1, "what was shown is still there"
    for card in (told, past.pending, past.unknown, past.queued, past.submitting):
        assert rig.job_of(card).state is State.COMPLETED, rig.job_of(card)
    given_back = (State.NOT_SUBMITTED, State.CANCELLED)
    for card in (past.called_off, *past.twins):
        assert rig.job_of(card).state in given_back, "in doubt nobody is charged"
    _all_booked(rig)
    count, tokens = _recovered(rig)
    assert count == 20 + 2, "those made since, and two that are alike"
    assert tokens == rig.box.charged_total - rig.account("org").spent_tokens
    lines = rig.read(lambda tx: list(checks.recovery(tx, int(rig.clock.now()))))
    assert f"{count} videos for {tokens:,} tokens" in lines[0].text

    again = await rig.finished(await rig.card("life goes on"), limit_s=HOUR_S)
    assert again.files
    assert rig.job_of(again).id > rewound.NUMBERS_LEFT_OUT, "its number names nothing from before"
    _all_booked(rig)


def _open_messages(rig: Rig) -> int:
    count = "SELECT count(*) FROM outbox WHERE done = 0"
    return rig.read(lambda tx: int(tx.execute(count).fetchone()[0]))


async def test_what_finishes_after_the_restore_is_told_as_ever(rig: Rig) -> None:
    rig.box.script(faults.wait(7200))
    card = await rig.card("it takes two hours")
    await _state(rig, card, State.PENDING)
    await _restore(rig, _back_up(rig))
    await rig.start_bot()
    done = await rig.finished(card, limit_s=4 * HOUR_S, step_s=30)
    assert done.files
    assert len(rig.pings(card)) == 1
    assert rig.posts() == 1
    _all_booked(rig)


async def test_a_result_that_may_have_been_told_is_told_on_its_card_alone(rig: Rig) -> None:
    card = await rig.card("told after the backup")
    await rig.eventually(lambda: rig.shown(card).edits >= 1)
    rig.discord.script(fault("PATCH", EDIT, status=503, times=1000))
    await rig.run_until(lambda: rig.job_of(card).state is State.COMPLETED)
    copy = _back_up(rig)
    rig.discord.clear_faults()
    await rig.finished(card)
    said = _said(rig)
    await rig.clock.advance(HOUR_S)  # a nonce is long forgotten
    await _restore(rig, copy)
    await rig.start_bot()
    await rig.run_until(lambda: not _is_rewound(rig) and not _open_messages(rig), HOUR_S)
    assert _said(rig) == said
    assert rig.shown(card).files
    _all_booked(rig)


async def test_a_card_that_was_deleted_since_is_not_posted_anew(rig: Rig) -> None:
    card = await rig.card("deleted after the backup")
    await _state(rig, card, State.PENDING)
    copy = _back_up(rig)
    await rig.finished(card)
    rig.discord.delete_message(card)
    said = _said(rig)
    await rig.clock.advance(HOUR_S)
    await _restore(rig, copy)
    await rig.start_bot()
    await rig.run_until(lambda: not _is_rewound(rig) and not _open_messages(rig), HOUR_S)
    assert rig.jobs_in(State.COMPLETED), "it is booked"
    assert _said(rig) == said
    _all_booked(rig)


async def test_of_two_alike_neither_is_taken_for_the_one_that_waited(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(30))
    card = await rig.card("the very same")
    await _waits(rig, card)
    copy = _back_up(rig)
    await rig.finished(card)
    await rig.finished(await rig.card("the very same", member="Cleo"))
    posts = rig.posts()
    await _restore(rig, copy)
    await rig.start_bot()
    await rig.run_until(lambda: not _is_rewound(rig) and not _open_messages(rig), HOUR_S)
    assert rig.posts() == posts
    assert rig.job_of(card).state is State.NOT_SUBMITTED
    assert rig.shown(card).files, "the video on it stays"
    assert "cannot be told for certain" in str(rig.shown(card).embeds)
    assert _recovered(rig) == (2, rig.box.charged_total)
    _all_booked(rig)


async def test_what_waited_with_a_picture_never_gets_another_ones_video(rig: Rig) -> None:
    source = await rig.discord.say(attachments=[("a.png", picture())])
    rig.box.script(faults.rate_limited(30))
    answer = await animate(rig, source)
    assert answer.message is not None
    await _waits(rig, answer.message)
    copy = _back_up(rig)
    await press(rig, answer.message, "Cancel")
    await _state(rig, answer.message, State.CANCELLED)
    await rig.clock.advance(60)
    other = await animate(rig, source, member="Cleo")
    assert other.message is not None
    await rig.finished(other.message)
    await _restore(rig, copy)
    await rig.start_bot()
    await rig.run_until(lambda: not _is_rewound(rig) and not _open_messages(rig), HOUR_S)
    assert rig.job_of(answer.message).state is State.NOT_SUBMITTED
    assert _recovered(rig) == (1, rig.box.charged_total)
    _all_booked(rig)


async def test_nothing_is_concluded_while_the_history_cannot_be_read(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(30))
    card = await rig.card("it waits for the history")
    await _waits(rig, card)
    copy = _back_up(rig)
    await rig.finished(card)
    await _restore(rig, copy)
    rig.box.script(faults.status(503, None, html=True, on=faults.HISTORY, times=None))
    await rig.start_bot()
    until = rig.clock.now() + 3 * HOUR_S
    await rig.run_until(lambda: rig.clock.now() >= until, 4 * HOUR_S, 60)
    assert _is_rewound(rig)
    assert rig.job_of(card).state is State.UNKNOWN
    assert rig.job_of(card).attention == moves.REWOUND
    rig.box.faults_left.clear()
    await rig.run_until(lambda: rig.job_of(card).state is State.COMPLETED, 3 * HOUR_S)
    assert rig.posts() == 2
    _all_booked(rig)


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
    posts, said = rig.posts(), _said(rig)
    spent = rig.account("org").spent_tokens
    await rig.stop_bot()
    killed()
    await rig.start_bot()
    missing = spent - rig.account("org").spent_tokens
    assert missing > 0, "the books are consistent, and older"
    marker = rig.read(rewound.find)
    assert marker is not None
    assert marker.how == "lost"
    await rig.run_until(lambda: not _is_rewound(rig), HOUR_S)
    assert rig.posts() == posts
    assert _said(rig) == said
    assert _recovered(rig) == (3, missing)
    _all_booked(rig)


def _closed(rig: Rig) -> bool:
    assert rig.app is not None
    return "recovery" in rig.app.intake.reasons


async def test_a_kill_that_loses_no_commit_is_no_reason_to_recover(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(60))
    card = await rig.card("it waits over a kill")
    await _waits(rig, card)
    killed = _as_killed(rig, with_commits=True)
    await rig.stop_bot()
    killed()
    await rig.start_bot()
    assert not _is_rewound(rig)
    done = await rig.finished(card)
    assert done.files
    assert len(rig.pings(card)) == 1
    rig.sound()


async def test_books_that_somebody_put_back_by_hand_show_by_their_count_of_runs(
    rig: Rig,
) -> None:
    copy = _back_up(rig)
    await rig.finished(await rig.card("after the copy"))
    await rig.restart_bot()
    await rig.stop_bot()
    shutil.copyfile(copy, _database(rig))
    await rig.start_bot()
    marker = rig.read(rewound.find)
    assert marker is not None
    assert marker.how == "lost"
    await rig.run_until(lambda: not _is_rewound(rig), HOUR_S)
    assert _recovered(rig) == (1, rig.box.charged_total)
    _all_booked(rig)


async def test_what_waits_is_not_sent_when_only_the_history_tells_that_it_was(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(60))
    sent = await rig.card("sent since")
    await _waits(rig, sent)
    unsent = await rig.card("left waiting")
    await _state(rig, unsent, State.QUEUED)
    rig.box.script(faults.rate_limited(600, on=Match("POST", "/generate", prompt="left waiting")))
    copy = _back_up(rig)
    await rig.run_until(lambda: rig.job_of(sent).state is State.PENDING)
    await _waits(rig, unsent)
    posts = rig.posts()
    await rig.stop_bot()
    # As a disk put back to an earlier day: nothing beside the books tells of it.
    shutil.copyfile(copy, _database(rig))
    (rig.data / trace.NAME).unlink()
    await rig.start_bot()
    await rig.eventually(lambda: _is_rewound(rig))
    assert rig.posts() == posts

    def is_over() -> bool:
        sent_since = rig.posts() - posts
        if _is_rewound(rig):
            assert sent_since == 0
            return False
        return True

    await rig.run_until(is_over, HOUR_S)
    await rig.finished(unsent, limit_s=HOUR_S)
    await rig.run_until(lambda: not rig.jobs_in(*OPEN) and not _open_messages(rig), HOUR_S)
    assert rig.posts() == posts + 1, "the one that was not"
    assert [len(rig.shown(card).files) for card in (sent, unsent)] == [1, 1]
    assert rig.pings(sent) == [], "it may have been told"
    _all_booked(rig)


async def test_somebody_elses_video_delays_what_waits_and_costs_nothing(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(60))
    card = await rig.card("it waits over a restart")
    await _waits(rig, card)
    await rig.stop_bot()
    await rig.clock.advance(300)
    rig.box.add_foreign(prompt="typed on the vendor's own site")
    await rig.start_bot()
    await rig.eventually(lambda: _is_rewound(rig))
    done = await rig.finished(card, limit_s=HOUR_S)
    assert done.files
    assert len(rig.pings(card)) == 1
    _all_booked(rig)


async def test_an_interrupted_restore_is_told_and_nothing_is_made_in_its_place(rig: Rig) -> None:
    await rig.stop_bot()
    (rig.data / backup_restore.UNFINISHED).write_text("")
    before = _database(rig).read_bytes()
    with pytest.raises(Exception, match="a restore was interrupted"):
        await rig.start_bot()
    assert _database(rig).read_bytes() == before
