"""What Discord may do to a card, from its first answer to its last edit: C1 to C16."""

import copy
import itertools
from typing import Any

import aiohttp
import pytest

from models import State
from playground.discord import fault
from playground.discord.interactions import Answer, Interaction
from playground.neuralbox import faults
from tests.app.counted import is_all_done
from tests.app.hands import use
from tests.app.wide import all_in, all_over, held, passed, wide, widen
from tests.pictures import picture
from tests.rig import Rig

pytestmark = pytest.mark.long

__all__ = ["wide"]

EDIT = r"/channels/\d+/messages/\d+"
CREATE = r"/channels/\d+/messages$"
CALLBACK = r"/interactions/\d+/.*/callback"
HOUR_S = 3600


async def _pass(rig: Rig, seconds: float, step_s: float = 30) -> None:
    ends_at = rig.clock.now() + seconds
    await rig.run_until(lambda: rig.clock.now() >= ends_at, seconds + step_s, step_s)


@pytest.mark.fault("C1")
async def test_an_answer_that_comes_after_three_seconds_is_dropped_unsent(rig: Rig) -> None:
    await rig.start_bot()
    rig.discord.script(fault("POST", CALLBACK, delay=3.5))
    await rig.discord.slash("video", prompt="too late")
    await rig.eventually(lambda: len(rig.jobs_in(State.CANCELLED)) == 1)
    assert rig.guild_account().held_tokens == 0
    await _pass(rig, 300)
    assert rig.posts() == 0
    assert rig.discord.messages("videos") == []
    rig.sound()


@pytest.mark.fault("C2")
async def test_what_another_copy_answered_is_left_to_it_though_it_counts_its_jobs_alike(
    wide: Rig,
) -> None:
    late = fault("POST", CALLBACK, delay=1)
    wide.discord.script(late)
    interaction = await wide.discord.slash("video", prompt="whose is it?")
    await wide.eventually(lambda: late.hits == 1)
    cancel = {"type": 2, "style": 2, "label": "Cancel", "custom_id": f"rb:cancel:{'0' * 32}"}
    theirs = {
        "embeds": [{"title": "Rendering", "footer": {"text": "Job 1"}}],
        "components": [{"type": 1, "components": [cancel]}],
        "allowed_mentions": {"parse": []},
    }
    address = f"{wide.discord.rest_url}/interactions/{interaction.id}/{interaction.token}/callback"
    answer = {"type": 4, "data": theirs}
    async with aiohttp.ClientSession() as other, other.post(address, json=answer) as accepted:
        assert accepted.status in (200, 204)
    await wide.eventually(lambda: len(wide.jobs_in(State.CANCELLED)) == 1)
    assert wide.jobs_in()[0].id == 1
    assert wide.guild_account().held_tokens == 0
    await wide.run_until(lambda: is_all_done(wide))
    await _pass(wide, 300)
    assert wide.posts() == 0
    [card] = wide.discord.messages("videos")
    assert (card.edits, card.embeds[0]["title"]) == (0, "Rendering")


@pytest.mark.fault("C3")
async def test_one_interaction_is_one_job_however_often_and_whenever_it_comes(wide: Rig) -> None:
    interaction = await wide.discord.slash("video", prompt="once")
    for _ in range(3):
        wide.discord.replay(interaction)
    answer = await interaction.answer()
    assert answer.message is not None
    mark = len(wide.discord.events)
    wide.discord.drop_gateway()
    await wide.discord.wait_for(lambda event: event.kind == "resumed", start_at=mark, timeout=20)
    wide.discord.replay(interaction)
    await wide.finished(answer.message)
    wide.discord.replay(interaction)
    await wide.restart_bot()
    wide.discord.replay(interaction)
    await wide.discord.autocomplete("video", "model", "")  # it has heard of all of them
    await _pass(wide, 120)
    assert len(wide.jobs_in()) == wide.posts() == len(wide.box.generations) == 1
    assert len(wide.discord.messages("videos")) == 2, "the card and its reply"


@pytest.mark.fault("C4")
@pytest.mark.parametrize("how", ["told 503", "cut off", "stopped before it was told"])
async def test_a_new_message_whose_answer_is_lost_is_one_message(wide: Rig, how: str) -> None:
    wide.discord.add_channel("gallery")
    await use(wide, "settings", "deliver", channel="gallery")
    card = await wide.card()
    await wide.eventually(all_in(wide, [card], State.PENDING))
    lost: dict[str, Any] = {
        "told 503": {"status": 503, "times": 3},
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


MANY = 60


@pytest.mark.fault("C6")
async def test_three_hours_without_discord_delay_results_and_lose_none(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.discord.interactions.FIRST_ANSWER_S", 60)
    # So few at once that their order can be told.
    monkeypatch.setattr("jobs.outbox.AT_ONCE", 4)
    widen(rig)
    await rig.start_bot()
    await rig.prices_known()
    # They end at different times, so that their back-offs differ as well.
    rig.box.script(*[faults.wait(120 + 9_000 / MANY * number) for number in range(MANY)])
    cards = [await rig.card(f"boat {number}") for number in range(MANY)]
    await rig.run_until(all_in(rig, cards, State.PENDING), 60, 1)
    await rig.eventually(lambda: not _unbrought(rig))
    rig.discord.outage(True)
    await _pass(rig, 3 * HOUR_S, 60)
    assert all_in(rig, cards, State.COMPLETED)()
    assert rig.account("org").spent_tokens == rig.box.charged_total > 0
    assert not any(rig.shown(card).files for card in cards)
    mark = len(rig.discord.events)
    rig.discord.outage(False)
    before = _unbrought(rig)
    await rig.run_until(lambda: _unbrought(rig) < before, 2 * HOUR_S, 5)
    # So many messages take real time, so the clock hardly moves meanwhile.
    await rig.run_until(lambda: is_all_done(rig), 60, 0.05)
    place = {card.id: number for number, card in enumerate(cards)}
    edits = [
        (place[event.message.id], event.at)
        for event in rig.discord.events[mark:]
        if event.kind == "message_edit" and event.message and event.message.id in place
    ]
    assert sorted(number for number, _at in edits) == list(range(MANY))
    assert edits[-1][1] - edits[0][1] <= 60
    # What was being tried when Discord came back finds that out; then the oldest come first, give
    # or take those that are under way together.
    order = [number for number, _at in edits]
    third = MANY // 3
    oldest, newest = range(third), range(MANY - third, MANY)
    assert sum(map(order.index, oldest)) < sum(map(order.index, newest))
    assert all(len(rig.shown(card).files) == len(rig.pings(card)) == 1 for card in cards)
    rig.sound()


def _unbrought(rig: Rig) -> int:
    query = "SELECT count(*) FROM outbox WHERE done = 0"
    return int(rig.read(lambda tx: tx.execute(query).fetchone()[0]))


@pytest.mark.fault("C7")
async def test_after_the_token_ran_out_everything_goes_by_the_messages_own_address(
    wide: Rig,
) -> None:
    wide.box.script(faults.wait(20 * 60))
    card = await wide.card()
    await wide.run_until(lambda: wide.shown(card).edits >= 1)
    await _pass(wide, 16 * 60)
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
    await wide.run_until(lambda: _unbrought(wide) == 0, 600)
    shown = [one for one in wide.discord.messages("general") if one.files]
    assert len(shown) == (place == "stays")
    assert (job.id, wide.posts()) == (wide.jobs_in(State.COMPLETED)[0].id, 1)


@pytest.mark.fault("C9")
@pytest.mark.parametrize("code", [10003, 50001, 50013])
async def test_without_its_place_a_result_is_kept_and_can_be_fetched(wide: Rig, code: int) -> None:
    card = await wide.card()
    await wide.run_until(lambda: wide.shown(card).edits >= 1)
    status = 404 if code == 10003 else 403
    faulty = fault("PATCH", EDIT, status=status, body={"code": code, "message": "no"}, times=50)
    wide.discord.script(faulty)
    await wide.run_until(lambda: _parked(wide) == 1)
    tries = faulty.hits
    await _pass(wide, 24 * HOUR_S, 600)
    assert faulty.hits - tries <= 2, "a place that is gone is not knocked at"
    assert wide.job_of(card).state is State.COMPLETED
    listed = await (await wide.discord.slash("videos", subcommand="get")).answer()
    assert listed.message is not None
    assert "waiting for you" in listed.message.embeds[0]["description"]


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


@pytest.mark.fault("C11")
async def test_a_storm_of_429s_costs_changes_on_the_way_and_no_result(wide: Rig) -> None:
    wide.discord.script(fault("PATCH", EDIT, status=429, body={"retry_after": 0.02}, times=12))
    cards = [await wide.card(f"boat {number}") for number in range(4)]
    await wide.run_until(lambda: all(wide.pings(card) for card in cards), 4000)
    assert all(len(wide.shown(card).files) == 1 for card in cards)
    assert wide.discord.parts.limits.invalid_requests == 12


@pytest.mark.fault("C11")
async def test_far_from_a_ban_nothing_more_is_sent_that_nobody_waits_for(
    wide: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.standing.LEAVE_OUT_PROGRESS_AT", 10)
    monkeypatch.setattr("ui.standing.STOP_AT", 40)
    cards = [await wide.card(f"boat {number}") for number in range(60)]
    await wide.run_until(all_in(wide, cards, State.PENDING), 60, 1)
    await wide.eventually(lambda: not _unbrought(wide))
    storm = fault("PATCH", EDIT, status=403, body="<html>error code: 1020</html>", times=10_000)
    wide.discord.script(storm)
    await wide.run_until(all_over(wide, cards), HOUR_S, 5)
    await _pass(wide, 300, 5)
    # Those that were on their way when the limit was reached are over it.
    assert 40 <= storm.hits <= 40 + 16
    assert wide.app is not None
    assert wide.app.client.standing.refusals >= 40
    # A member is answered all the same.
    assert (await wide.ask("one more")).message is not None
    wide.discord.clear_faults()
    await wide.run_until(lambda: is_all_done(wide), 3 * HOUR_S, 15)
    assert all(len(wide.shown(card).files) == len(wide.pings(card)) == 1 for card in cards)
    assert wide.app.client.standing.refusals == 0


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


@pytest.mark.fault("C13")
async def test_every_button_from_before_a_restart_still_answers(wide: Rig) -> None:
    done = await wide.finished(await wide.card())
    await wide.restart_bot()
    await wide.run_until(lambda: wide.app is not None and not wide.app.intake.reasons)
    answers: dict[str, Answer] = {}
    for row in done.components:
        for button in row["components"]:
            pressed = await wide.discord.press(done, button["custom_id"], member="Ben")
            answers[button["label"].split()[0]] = await pressed.answer()
    assert answers.keys() >= {"Again", "Edit", "Continue", "Info", "Delete"}
    assert {answers[name].kind for name in ("Edit", "Continue")} == {"modal"}
    assert not answers["Again"].ephemeral
    assert all(answers[name].ephemeral for name in ("Info", "Delete"))


def _old(options: list[Any]) -> dict[str, Any]:
    return {"options": options}


def _text(name: str, value: object, kind: int = 3) -> dict[str, Any]:
    return {"name": name, "type": kind, "value": value}


OLD_SHAPES: dict[str, dict[str, Any]] = {
    "no options": _old([]),
    "an option that is gone": _old([_text("prompt", "a boat"), _text("style", "noir")]),
    "an option of another type": _old([_text("prompt", "a boat"), _text("length", "5")]),
    "a number that is none": _old([_text("prompt", "a boat"), _text("length", 7, 4)]),
    "a huge number": _old([_text("prompt", "a boat"), _text("length", 2**60, 4)]),
    "a ratio that is gone": _old([_text("prompt", "a boat"), _text("ratio", "21:9")]),
    "a prompt that is a number": _old([_text("prompt", 5, 4)]),
    "a prompt that says it is a text": _old([_text("prompt", 5)]),
    "a length with a fraction": _old([_text("prompt", "a boat"), _text("length", 5.0, 10)]),
    "a length that is true": _old([_text("prompt", "a boat"), _text("length", True, 4)]),
    "privacy as a word": _old([_text("prompt", "a boat"), _text("private", "yes", 5)]),
    "a prompt far too long": _old([_text("prompt", "x" * 6000)]),
    "an empty prompt": _old([_text("prompt", "")]),
    "a picture that was not sent along": _old([_text("prompt", "x"), _text("image", "1", 11)]),
    "a subcommand of old": _old([{"name": "make", "type": 1, "options": [_text("prompt", "x")]}]),
    "a command that is gone": {"name": "film", "options": [_text("prompt", "a boat")]},
}


@pytest.mark.fault("C14")
async def test_a_command_in_an_old_shape_is_checked_in_full_and_holds_nothing_unseen(
    wide: Rig,
) -> None:
    template = await wide.discord.slash("video", prompt="the real one")
    await template.answer()
    for data in OLD_SHAPES.values():
        jobs = len(wide.jobs_in())
        answer = await _resent(wide, template, data).answer()
        assert answer.message is not None
        # A private sentence, and nothing is held; or the card of a job.
        assert len(wide.jobs_in()) == jobs + (not answer.ephemeral), data
        if answer.ephemeral:
            assert "Nothing was charged" in answer.message.content
    await wide.run_until(lambda: is_all_done(wide), HOUR_S)
    for job in wide.jobs_in():
        assert job.request.duration_s in (5, 10)
        assert job.request.aspect_ratio in ("16:9", "9:16", "1:1")
        assert 1 <= len(job.request.prompt) <= 1500
        assert passed(wide, job)[0] == "queued"
    assert wide.posts() == len(wide.jobs_in())


def _resent(rig: Rig, template: Interaction, data: dict[str, Any]) -> Interaction:
    made = rig.discord.parts.interactions.open(
        template.kind, template.user, template.channel, template.guild
    )
    payload = copy.deepcopy(template.payload)
    payload |= {"id": str(made.id), "token": made.token}
    payload["data"] |= data
    made.payload, made.name, made.metadata = payload, template.name, template.metadata
    rig.discord.replay(made)
    return made


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
