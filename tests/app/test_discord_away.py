"""Discord is away, or holds the bot back: C6 and C11."""

import pytest

from models import State
from playground.discord import fault
from playground.discord.world import Message
from playground.neuralbox import faults
from playground.neuralbox.faults import Fault, Match
from tests.app.counted import is_all_done
from tests.app.wide import all_in, all_over, unbrought, wait, wide, widen
from tests.rig import Rig

pytestmark = pytest.mark.long

__all__ = ["wide"]

EDIT = r"/channels/\d+/messages/\d+"
HOUR_S = 3600


A_VIDEO_IN = 3


def _ending(number: int, after_s: float) -> Fault:
    """A third of them end with a video and the others with a sentence, which is less to carry."""
    on = Match("POST", "/generate", prompt=f"boat {number}.")
    made = faults.wait(after_s, on=on)
    return made if number % A_VIDEO_IN == 0 else made & faults.fails("Provider error: no", on=on)


def _state(number: int) -> State:
    return State.COMPLETED if number % A_VIDEO_IN == 0 else State.FAILED


def _all_brought(rig: Rig, cards: list[Message]) -> None:
    """Each card is in its last form, with its video if there is one, and each member was told."""
    titles = {State.COMPLETED: "Your video is ready", State.FAILED: "could not be made"}
    for number, card in enumerate(cards):
        shown = rig.shown(card)
        assert titles[_state(number)] in shown.embeds[0]["title"]
        assert len(shown.files) == (_state(number) is State.COMPLETED)
        assert len(rig.pings(card)) == 1


@pytest.mark.fault("C6")
@pytest.mark.parametrize("many", [60, pytest.param(200, marks=pytest.mark.long)])
async def test_three_hours_without_discord_delay_results_and_lose_none(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr("playground.discord.interactions.FIRST_ANSWER_S", 60)
    # So few at once that their order can be told.
    monkeypatch.setattr("jobs.outbox.AT_ONCE", 4)
    widen(rig)
    await rig.start_bot()
    await rig.refreshed()
    # They end at different times, so that their back-offs differ as well.
    rig.box.script(*[_ending(number, 120 + 6_000 / many * number) for number in range(many)])
    cards = [await rig.card(f"boat {number}.") for number in range(many)]
    await rig.run_until(all_in(rig, cards, State.PENDING), 60, 1)
    await rig.eventually(lambda: not unbrought(rig))
    rig.discord.outage(True)
    await wait(rig, 3 * HOUR_S, 60)
    assert [rig.job_of(card).state for card in cards] == [*map(_state, range(many))]
    assert rig.account("org").spent_tokens == rig.box.charged_total > 0
    assert not any(rig.shown(card).files for card in cards)
    mark = len(rig.discord.events)
    rig.discord.outage(False)
    before = unbrought(rig)
    await rig.run_until(lambda: unbrought(rig) < before, 2 * HOUR_S, 5)
    # So many messages take real time, so the clock hardly moves meanwhile.
    await rig.run_until(lambda: is_all_done(rig), 60, 0.05)
    place = {card.id: number for number, card in enumerate(cards)}
    edits = [
        (place[event.message.id], event.at)
        for event in rig.discord.events[mark:]
        if event.kind == "message_edit" and event.message and event.message.id in place
    ]
    assert sorted(number for number, _at in edits) == list(range(many))
    assert edits[-1][1] - edits[0][1] <= 60
    # What was being tried when Discord came back finds that out; then the oldest come first, give
    # or take those that are under way together.
    order = [number for number, _at in edits]
    third = many // 3
    oldest, newest = range(third), range(many - third, many)
    assert sum(map(order.index, oldest)) < sum(map(order.index, newest))
    _all_brought(rig, cards)
    rig.sound()


@pytest.mark.fault("C11")
async def test_a_storm_of_429s_costs_changes_on_the_way_and_no_result(wide: Rig) -> None:
    wide.discord.script(fault("PATCH", EDIT, status=429, body={"retry_after": 0.02}, times=12))
    cards = [await wide.card(f"boat {number}.") for number in range(4)]
    await wide.run_until(lambda: all(wide.pings(card) for card in cards), 4000)
    assert all(len(wide.shown(card).files) == 1 for card in cards)
    assert wide.discord.parts.limits.invalid_requests == 12


@pytest.mark.fault("C11")
async def test_far_from_a_ban_nothing_more_is_sent_that_nobody_waits_for(
    wide: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.standing.LEAVE_OUT_PROGRESS_AT", 5)
    monkeypatch.setattr("ui.standing.STOP_AT", 20)
    wide.box.script(*[_ending(number, 120) for number in range(40)])
    cards = [await wide.card(f"boat {number}.") for number in range(40)]
    await wide.run_until(all_in(wide, cards, State.PENDING), 60, 1)
    await wide.eventually(lambda: not unbrought(wide))
    storm = fault("PATCH", EDIT, status=403, body="<html>error code: 1020</html>", times=10_000)
    wide.discord.script(storm)
    await wide.run_until(all_over(wide, cards), HOUR_S, 5)
    await wait(wide, 300, 5)
    # Those that were on their way when the limit was reached are over it.
    assert 20 <= storm.hits <= 20 + 16
    assert wide.app is not None
    assert wide.app.client.standing.refusals >= 20
    # A member is answered all the same.
    assert (await wide.ask("one more")).message is not None
    wide.discord.clear_faults()
    await wide.run_until(lambda: is_all_done(wide), 3 * HOUR_S, 15)
    _all_brought(wide, cards)
    assert wide.app.client.standing.refusals == 0
