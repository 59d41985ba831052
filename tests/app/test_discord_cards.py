"""What may become of a card and of the place it is in: C4, C5, C7 to C10, C12 and C15."""

import itertools
from typing import Any

import pytest

from models import State
from playground.discord import fault
from playground.neuralbox import faults
from tests.app.hands import use
from tests.app.wide import all_in, all_over, held, unbrought, wait, wide
from tests.pictures import picture
from tests.rig import Rig

pytestmark = pytest.mark.long

__all__ = ["wide"]

EDIT = r"/channels/\d+/messages/\d+"
CREATE = r"/channels/\d+/messages$"
HOUR_S = 3600


@pytest.mark.fault("C4")
@pytest.mark.parametrize("how", ["told 503", "cut off", "stopped before it was told"])
async def test_a_new_message_whose_answer_is_lost_is_one_message(wide: Rig, how: str) -> None:
    wide.discord.add_channel("gallery")
    await use(wide, "settings", "deliver", channel="gallery")
    card = await wide.card()
    await wide.eventually(all_in(wide, [card], State.PENDING))
    lost: dict[str, Any] = {
        "told 503": {"status": 503, "times": 2},
        "cut off": {"drop": True, "times": 2},
        "stopped before it was told": {"hold": 30},
    }[how]
    faulty = fault("POST", CREATE, after_effect=True, **lost)
    wide.discord.script(faulty)
    if how.startswith("stopped"):
        await wide.run_until(lambda: len(wide.discord.messages("gallery")) == 1)
        await wide.restart_bot()
    await wide.finished(card, 4000)
    assert faulty.hits == lost.get("times", 1)
    [result] = wide.discord.messages("gallery")
    assert len(result.files) == 1
    assert len(wide.pings(card)) == 1


@pytest.mark.fault("C5")
@pytest.mark.parametrize("lost", [{"status": 503}, {"drop": True}], ids=["503", "cut off"])
async def test_an_edit_whose_answer_is_lost_is_repeated_with_growing_pauses(
    wide: Rig, lost: dict[str, Any]
) -> None:
    card = await wide.card()
    await wide.run_until(lambda: wide.shown(card).edits == 1)
    tried: list[float] = []
    faulty = fault("PATCH", EDIT, after_effect=True, times=4, **lost)
    wide.discord.script(faulty)

    def done() -> bool:
        if faulty.hits > len(tried):
            tried.append(wide.clock.now())
        return bool(wide.pings(card))

    await wide.run_until(done, 4000, 1)
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert pauses == sorted(pauses)
    assert len(pauses) == 3
    assert pauses[-1] >= 30
    assert len(wide.shown(card).files) == len(wide.pings(card)) == 1


@pytest.mark.fault("C7")
async def test_after_the_token_ran_out_everything_goes_by_the_messages_own_address(
    wide: Rig,
) -> None:
    wide.box.script(faults.wait(20 * 60))
    card = await wide.card()
    await wide.run_until(lambda: wide.shown(card).edits >= 1)
    await wait(wide, 16 * 60)
    mark = len(wide.records)
    done = await wide.finished(card)
    assert len(done.files) == 1
    paths = [one["path"] for one in wide.records[mark:]]
    assert [path for path in paths if "/webhooks/" in path or "/interactions/" in path] == []
    assert all(one["status"] == 200 for one in wide.records[mark:])


@pytest.mark.fault("C8")
@pytest.mark.parametrize("place", ["stays", "goes too"])
async def test_a_deleted_card_is_posted_once_more_or_kept(wide: Rig, place: str) -> None:
    card = await wide.card(channel="general")
    await wide.run_until(all_in(wide, [card], State.PENDING))
    job = wide.job_of(card)
    wide.discord.delete_message(card)
    if place == "goes too":
        wide.discord.set_overwrite("general", deny=["send_messages"])
    await wide.run_until(lambda: bool(wide.jobs_in(State.COMPLETED)))
    await wide.run_until(lambda: unbrought(wide) == 0, 600)
    shown = [one for one in wide.discord.messages("general") if one.files]
    assert len(shown) == (place == "stays")
    assert (job.id, wide.posts()) == (wide.jobs_in(State.COMPLETED)[0].id, 1)


GONE = {10003: 404, 50001: 403, 50013: 403}


@pytest.mark.fault("C9")
async def test_without_its_place_a_result_is_kept_and_can_be_fetched(wide: Rig) -> None:
    cards = [await wide.card(f"boat {code}") for code in GONE]
    await wide.run_until(lambda: all(wide.shown(card).edits >= 1 for card in cards))
    knocks = []
    for card, (code, status) in zip(cards, GONE.items(), strict=True):
        body = {"code": code, "message": "no"}
        knocks.append(fault("PATCH", f"/messages/{card.id}$", status=status, body=body, times=50))
    wide.discord.script(*knocks)
    await wide.run_until(lambda: _parked(wide) == len(GONE))
    tries = [each.hits for each in knocks]
    assert min(tries) > 0
    await wait(wide, 24 * HOUR_S, 600)
    for each, before in zip(knocks, tries, strict=True):
        assert each.hits - before <= 2, "a place that is gone is not knocked at"
    assert all_in(wide, cards, State.COMPLETED)()
    listed = await (await wide.discord.slash("videos", subcommand="get")).answer()
    assert listed.message is not None
    assert listed.message.embeds[0]["description"].count("waiting for you") == len(GONE)


def _parked(rig: Rig) -> int:
    query = "SELECT count(*) FROM outbox WHERE done = 2 AND kind = 'final'"
    return int(rig.read(lambda tx: tx.execute(query).fetchone()[0]))


@pytest.mark.fault("C10")
async def test_removed_from_a_server_its_jobs_end_and_are_booked(wide: Rig) -> None:
    wide.box.script(faults.wait(600), faults.fails("Provider error: no"), faults.drop_after())
    cards = [await wide.card(f"boat {number}") for number in range(3)]
    await wide.eventually(lambda: wide.posts() == 3)
    wide.discord.remove_bot()
    await wide.run_until(all_over(wide, cards), HOUR_S)
    states = [wide.job_of(card).state for card in cards]
    assert states == [State.COMPLETED, State.FAILED, State.COMPLETED]
    assert [held(wide, card) for card in cards] == [0, 0, 0]
    assert wide.account("org").spent_tokens == wide.box.charged_total > 0
    await wide.run_until(lambda: _parked(wide) == 3, HOUR_S)
    assert len(list((wide.data / "videos").iterdir())) == 2, "kept as long as any"


@pytest.mark.fault("C12")
@pytest.mark.parametrize("limit_mib", [10, 50])
async def test_eleven_mebibytes_are_no_failure_wherever_they_go(wide: Rig, limit_mib: int) -> None:
    mib = 1024 * 1024
    wide.discord.set_upload_limit(wide.discord.world.guild(None), limit_mib * mib)
    wide.box.script(faults.file_size(11 * mib))
    card = await wide.card()
    done = await wide.finished(card)
    assert wide.job_of(card).state is State.COMPLETED
    [file] = done.files
    assert (file.size <= 10 * mib) is (limit_mib == 10)
    assert all(one["status"] != 413 for one in wide.records), "known before it is sent"


@pytest.mark.fault("C15")
async def test_a_picture_given_a_day_ago_is_sent_by_a_link_of_today(wide: Rig) -> None:
    wide.box.script(*[faults.rate_limited(5 * HOUR_S) for _ in range(5)])
    card = await wide.card(attachments={"image": ("boat.png", picture())})
    began = wide.clock.now()
    done = await wide.finished(card, 48 * HOUR_S, 300)
    assert wide.clock.now() - began >= 25 * HOUR_S
    assert wide.job_of(card).state is State.COMPLETED
    assert len(done.files) == 2
    [generation] = wide.box.generations.values()
    assert generation.picture == "ready"
