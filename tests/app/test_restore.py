"""Books that are older than the world: nothing is sent twice, told twice, or left unbooked."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from jobs import checks, moves
from models import State
from playground.discord import fault
from playground.discord.world import Message
from playground.neuralbox import faults
from storage import backup_restore, rewound
from tests.app.hands import animate, press
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
    recovery_over,
    restore,
    waits,
)
from tests.pictures import picture
from tests.rig import Rig

CALLBACK = r"/interactions/\d+/.*/callback"
EDIT = r"/channels/\d+/messages/\d+"
pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
async def _started(rig: Rig) -> None:
    await begin(rig)


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
    await in_state(rig, pending, State.PENDING)
    rig.box.script(faults.drop_after() & faults.history_lag(60))
    unknown = await rig.card("in doubt")
    await in_state(rig, unknown, State.UNKNOWN)
    rig.box.script(faults.hang_after(20))
    submitting = await rig.card("on the wire")
    await rig.eventually(lambda: not rig.box.faults_left)
    rig.box.script(faults.rate_limited(30))  # and whatever comes then waits as well
    queued = await rig.card("waiting")
    await waits(rig, queued)
    twins = (await rig.card("twins", member="Ben"), await rig.card("twins", member="Cleo"))
    called_off = await rig.card("called off later")
    for card in (*twins, called_off):
        await in_state(rig, card, State.QUEUED)
    rig.discord.script(fault("POST", CALLBACK, delay=1, after_effect=True))
    await rig.discord.slash("video", prompt="its card is on the way")
    await rig.eventually(lambda: len(rig.jobs_in(State.RESERVED)) == 1)
    copy = back_up(rig)
    states = [rig.job_of(card).state for card in (submitting, queued, *twins, called_off)]
    assert states == [State.SUBMITTING, *[State.QUEUED] * 4]

    await rig.eventually(lambda: not rig.jobs_in(State.RESERVED))
    await press(rig, called_off, "Cancel")
    await in_state(rig, called_off, State.CANCELLED)
    after = [await rig.card(f"after {n}", member=("Ada", "Ben")[n % 2]) for n in range(20)]
    past = _Past(pending, unknown, submitting, queued, twins, called_off, copy, tuple(after))
    await all_over(rig)
    assert all(rig.shown(card).files for card in past.with_video)
    rig.sound()
    return past


@pytest.mark.fault("D17")
async def test_a_backup_from_twenty_jobs_ago_sends_nothing_and_tells_nothing_twice(
    rig: Rig,
) -> None:
    told = await rig.finished(await rig.card("told before"))
    past = await _past(rig)
    posts, said, charged = rig.posts(), bots_messages(rig), rig.box.charged_total

    await restore(rig, past.copy)
    await rig.start_bot()
    assert "being compared with NeuralBox" in await rig.refusal("right after the restore")
    for _ in range(3):  # killed again and again, it goes on where it was
        await rig.clock.advance(240)
        await rig.restart_bot()
        assert is_rewound(rig)
    await rig.run_until(lambda: not is_rewound(rig), HOUR_S, STEP_S)
    await all_over(rig)

    assert rig.posts() == posts, "nothing was sent again"
    assert bots_messages(rig) == said, "no message was made for what was told already"
    assert rig.box.charged_total == charged
    for card in (told, *past.with_video):
        assert len(rig.shown(card).files) == 1, "what was shown is still there"
    for card in (told, past.pending, past.unknown, past.queued, past.submitting):
        assert rig.job_of(card).state is State.COMPLETED, rig.job_of(card)
    given_back = (State.NOT_SUBMITTED, State.CANCELLED)
    for card in (past.called_off, *past.twins):
        assert rig.job_of(card).state in given_back, "in doubt nobody is charged"
    all_booked(rig)
    count, tokens = recovered(rig)
    assert count == 20 + 2, "those made since, and two that are alike"
    assert tokens == rig.box.charged_total - rig.account("org").spent_tokens
    lines = rig.read(lambda tx: list(checks.recovery(tx, int(rig.clock.now()))))
    assert f"{count} videos for {tokens:,} tokens" in lines[0].text

    again = await rig.finished(await rig.card("life goes on"), limit_s=HOUR_S)
    assert again.files
    assert rig.job_of(again).id > rewound.NUMBERS_LEFT_OUT, "its number names nothing from before"
    all_booked(rig)


async def test_what_finishes_after_the_restore_is_told_as_ever(rig: Rig) -> None:
    rig.box.script(faults.wait(7200))
    card = await rig.card("it takes two hours")
    await in_state(rig, card, State.PENDING)
    await restore(rig, back_up(rig))
    await rig.start_bot()
    done = await rig.finished(card, limit_s=4 * HOUR_S, step_s=60)
    assert done.files
    assert len(rig.pings(card)) == 1
    assert rig.posts() == 1
    all_booked(rig)


async def test_a_result_that_may_have_been_told_is_told_on_its_card_alone(rig: Rig) -> None:
    card = await rig.card("told after the backup")
    await rig.eventually(lambda: rig.shown(card).edits >= 1)
    rig.discord.script(fault("PATCH", EDIT, status=503, times=1000))
    await rig.run_until(lambda: rig.job_of(card).state is State.COMPLETED)
    copy = back_up(rig)
    rig.discord.clear_faults()
    await rig.finished(card)
    said = bots_messages(rig)
    await rig.clock.advance(HOUR_S)  # a nonce is long forgotten
    await restore(rig, copy)
    await rig.start_bot()
    await recovery_over(rig)
    assert bots_messages(rig) == said
    assert rig.shown(card).files
    all_booked(rig)


async def test_a_card_that_was_deleted_since_is_not_posted_anew(rig: Rig) -> None:
    card = await rig.card("deleted after the backup")
    await in_state(rig, card, State.PENDING)
    copy = back_up(rig)
    await rig.finished(card)
    rig.discord.delete_message(card)
    said = bots_messages(rig)
    await rig.clock.advance(HOUR_S)
    await restore(rig, copy)
    await rig.start_bot()
    await recovery_over(rig)
    assert rig.jobs_in(State.COMPLETED), "it is booked"
    assert bots_messages(rig) == said
    all_booked(rig)


async def test_of_two_alike_neither_is_taken_for_the_one_that_waited(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(30))
    card = await rig.card("the very same")
    await waits(rig, card)
    copy = back_up(rig)
    await rig.finished(card)
    await rig.finished(await rig.card("the very same", member="Cleo"))
    posts = rig.posts()
    await restore(rig, copy)
    await rig.start_bot()
    await recovery_over(rig)
    assert rig.posts() == posts
    assert rig.job_of(card).state is State.NOT_SUBMITTED
    assert rig.shown(card).files, "the video on it stays"
    assert "cannot be told for certain" in str(rig.shown(card).embeds)
    assert recovered(rig) == (2, rig.box.charged_total)
    all_booked(rig)


async def test_what_waited_with_a_picture_never_gets_another_ones_video(rig: Rig) -> None:
    source = await rig.discord.say(attachments=[("a.png", picture())])
    rig.box.script(faults.rate_limited(30))
    answer = await animate(rig, source)
    assert answer.message is not None
    await waits(rig, answer.message)
    copy = back_up(rig)
    await press(rig, answer.message, "Cancel")
    await in_state(rig, answer.message, State.CANCELLED)
    await rig.clock.advance(60)
    other = await animate(rig, source, member="Cleo")
    assert other.message is not None
    await rig.finished(other.message)
    await restore(rig, copy)
    await rig.start_bot()
    await recovery_over(rig)
    assert rig.job_of(answer.message).state is State.NOT_SUBMITTED
    assert recovered(rig) == (1, rig.box.charged_total)
    all_booked(rig)


async def test_nothing_is_concluded_while_the_history_cannot_be_read(rig: Rig) -> None:
    rig.box.script(faults.rate_limited(30))
    card = await rig.card("it waits for the history")
    await waits(rig, card)
    copy = back_up(rig)
    await rig.finished(card)
    await restore(rig, copy)
    rig.box.script(faults.status(503, None, html=True, on=faults.HISTORY, times=None))
    await rig.start_bot()
    until = rig.clock.now() + 3 * HOUR_S
    await rig.run_until(lambda: rig.clock.now() >= until, 4 * HOUR_S, 60)
    assert is_rewound(rig)
    assert rig.job_of(card).state is State.UNKNOWN
    assert rig.job_of(card).attention == moves.REWOUND
    assert "once NeuralBox shows its whole history" in await rig.refusal("during the outage")
    [line] = rig.read(lambda tx: list(checks.recovery(tx, int(rig.clock.now()))))
    assert (line.level, "begun 3 h" in line.text) == ("ATTENTION", True), line
    rig.box.faults_left.clear()
    await rig.run_until(lambda: rig.job_of(card).state is State.COMPLETED, 3 * HOUR_S, 60)
    assert rig.posts() == 2
    all_booked(rig)


async def test_an_interrupted_restore_is_told_and_nothing_is_made_in_its_place(rig: Rig) -> None:
    await rig.stop_bot()
    (rig.data / backup_restore.UNFINISHED).write_text("")
    before = books_of(rig).read_bytes()
    with pytest.raises(Exception, match="a restore was interrupted"):
        await rig.start_bot()
    assert books_of(rig).read_bytes() == before
