"""Approvals that nobody gives, that race, that are not theirs to give, and that break halfway."""

import asyncio

import pytest

from models import State
from playground.discord import fault
from storage import notices
from tests.app.hands import press, said
from tests.app.moderators import (
    ABOVE,
    MODEL,
    approval,
    asked,
    choose,
    deny,
    is_asked,
    notice,
    request,
    title,
    told,
)
from tests.rig import Rig


async def test_nobody_decides_it_ends_by_itself_and_the_requester_is_told(strict: Rig) -> None:
    card = await asked(strict)
    await strict.clock.advance(3590)
    assert approval(strict, card).state == "waiting"
    done = await strict.finished(card, limit_s=60)
    assert "No moderator decided within an hour" in strict.fields(done)["Why, and what next"]
    assert strict.job_of(done).state is State.CANCELLED
    assert strict.guild_account().held_tokens == strict.posts() == 0
    assert title(await told(strict, "lapsed")) == "Nobody decided in time"


async def test_a_wait_that_ended_while_the_bot_was_away_lapses_at_the_start(strict: Rig) -> None:
    card = await asked(strict)
    await strict.stop_bot()
    await strict.clock.advance(4000)
    await strict.start_bot()
    await strict.finished(card, limit_s=60)
    assert strict.job_of(card).state is State.CANCELLED
    await told(strict, "lapsed")


async def test_its_requester_may_call_it_off_and_later_decisions_are_told_so(strict: Rig) -> None:
    card = await asked(strict)
    job = strict.job_of(card)
    deny_id = request(strict).components[0]["components"][1]["custom_id"]
    opened = await strict.discord.press(request(strict), deny_id, member="Ada")
    await opened.answer()
    assert "cancelled" in said(await press(strict, card, "Cancel"))
    shown = await told(strict, "cancelled")
    assert "called off before anybody decided" in strict.fields(shown)["What became of it"]
    for action in ("approve", "smaller", "deny"):
        late = strict.discord.forge(opened, f"rb:{action}:{job.public_id}")
        assert "was called off already" in said(await late.answer())
    sent = await strict.discord.submit_modal(opened, {"reason": "too late"})
    assert "was called off already" in said(await sent.answer())
    assert strict.job_of(card).state is State.CANCELLED
    await strict.finished(card)


async def test_of_two_moderators_one_decides_and_the_other_is_told_who_did(strict: Rig) -> None:
    card = await asked(strict)
    stale = request(strict)
    answers = await asyncio.gather(
        press(strict, stale, "Approve ·", "Ada"),
        press(strict, stale, "Approve smaller", "Cleo"),
    )
    won, lost = sorted(map(said, answers))
    assert won.startswith("Approved")
    assert "already by <@" in lost
    await strict.finished(card)
    assert strict.posts() == 1


async def test_every_pair_of_decisions_at_once_leaves_one(strict: Rig) -> None:
    card = await asked(strict)
    stale = request(strict)
    answers = await asyncio.gather(
        press(strict, stale, "Approve ·", "Ada"),
        press(strict, card, "Cancel"),
        deny(strict, "no", "Cleo"),
    )
    assert all(answer.ephemeral for answer in answers)
    state = approval(strict, card).state
    assert state in ("approved", "cancelled", "denied")
    await strict.finished(card)
    wanted = State.COMPLETED if strict.posts() else State.CANCELLED
    assert strict.job_of(card).state is wanted


async def test_a_press_at_the_very_end_and_the_lapse_leave_one_ending(strict: Rig) -> None:
    card = await asked(strict)
    stale = request(strict)
    ends_at = approval(strict, card).ends_at
    left = ends_at - strict.clock.now()
    pressed, _ = await asyncio.gather(
        press(strict, stale, "Approve ·", "Ada"), strict.clock.advance(left)
    )
    assert pressed.ephemeral
    state = approval(strict, card).state
    assert ("Approved" in said(pressed)) == (state == "approved")
    await strict.finished(card)


async def test_a_decision_pressed_twice_or_replayed_counts_once(strict: Rig) -> None:
    card = await asked(strict)
    found = request(strict).components[0]["components"][2]["custom_id"]
    pressed = await strict.discord.press(request(strict), found, member="Ada")
    await pressed.answer()
    strict.discord.replay(pressed)
    for button in (found, found.replace("smaller", "approve")):
        late = strict.discord.forge(pressed, button)
        assert "was replaced by a smaller one already" in said(await late.answer())
    assert len(strict.jobs_in()) == 2
    await strict.finished(card)


async def test_a_member_cannot_decide_however_they_press(strict: Rig) -> None:
    card = await asked(strict, member="Cleo")
    for label in ("Approve ·", "Approve smaller", "Deny"):
        answer = await press(strict, request(strict), label, "Ben")
        assert "Manage Messages" in said(answer)
    own = await strict.discord.press(card, "Cancel", member="Ben")
    await own.answer()
    job = strict.job_of(card)
    for action in ("approve", "smaller", "deny"):
        forged = strict.discord.forge(own, f"rb:{action}:{job.public_id}")
        assert "Manage Messages" in said(await forged.answer())
    assert approval(strict, card).state == "waiting"
    await deny(strict, "")


async def test_who_moderates_another_channel_alone_cannot_decide_from_there(strict: Rig) -> None:
    done = await strict.finished(await strict.card(model=MODEL, length=5))
    card = await asked(strict, member="Cleo")
    strict.discord.set_overwrite("videos", allow=["manage_messages"], target="Ben")
    info = await strict.discord.press(done, "Info", member="Ben")
    await info.answer()
    job = strict.job_of(card)
    for action in ("approve", "smaller", "deny"):
        forged = strict.discord.forge(info, f"rb:{action}:{job.public_id}")
        assert "I do not know a video" in said(await forged.answer())
    assert approval(strict, card).state == "waiting"
    await deny(strict, "")


async def test_a_moderator_needs_another_one_for_their_own(strict: Rig) -> None:
    card = await asked(strict, member="Cleo")
    for label in ("Approve ·", "Approve smaller"):
        answer = await press(strict, request(strict), label, "Cleo")
        assert "You asked for this video yourself" in said(answer)
    assert approval(strict, card).state == "waiting"
    await deny(strict, "changed my mind", "Cleo")
    await told(strict, "denied")


async def test_who_manages_the_server_may_approve_their_own(strict: Rig) -> None:
    card = await asked(strict, member="Ada")
    await press(strict, request(strict), "Approve ·", "Ada")
    await strict.finished(card)
    assert strict.job_of(card).state is State.COMPLETED


async def test_an_admin_of_another_server_cannot_decide(strict: Rig) -> None:
    card = await asked(strict)
    second = strict.discord.world.guild("Second Server")
    theirs = await strict.discord.slash(
        "video", guild=second, channel="videos", member="Dora", prompt="a ship"
    )
    message = await theirs.final()
    pressed = await strict.discord.press(message, "Cancel", member="Dora")
    public_id = strict.job_of(card).public_id
    for action in ("approve", "smaller", "deny"):
        forged = strict.discord.forge(pressed, f"rb:{action}:{public_id}")
        assert "I do not know a video" in said(await forged.answer())
    assert approval(strict, card).state == "waiting"
    await deny(strict, "")
    await strict.run_until(lambda: all(job.state.is_final for job in strict.jobs_in()))


async def test_without_a_channel_to_ask_in_it_is_refused_with_what_helps(play: Rig) -> None:
    await play.refreshed()
    await choose(play, approve_above=ABOVE)
    refusal = await play.refusal(model=MODEL, length=10)
    assert "no channel is set" in refusal
    assert "Nothing was charged" in refusal
    assert play.jobs_in() == []
    await choose(play, approve_channel="0")
    assert "no channel is set" in await play.refusal(model=MODEL, length=10)
    card = await play.card(model=MODEL, length=5)
    await play.finished(card)
    play.sound()


async def test_a_request_whose_answer_is_lost_stands_there_once(strict: Rig) -> None:
    lost = fault("POST", r"/channels/\d+/messages$", status=503, after_effect=True)
    strict.discord.script(lost)
    card = await strict.card(model=MODEL, length=10)
    await strict.run_until(lambda: notice(strict).message_id is not None)
    assert lost.hits == 1
    await press(strict, request(strict), "Approve ·", "Ada")
    await strict.finished(card)
    await told(strict, "approved")


def is_parked(rig: Rig) -> bool:
    sql = "SELECT done FROM notice WHERE kind = 'approval'"
    return bool(rig.read(lambda tx: tx.execute(sql).fetchone()[0]) == notices.PARKED)


async def test_where_nobody_can_be_asked_the_wait_ends_at_once(strict: Rig) -> None:
    strict.discord.delete_channel("general")
    card = await strict.card(model=MODEL, length=10)
    done = await strict.finished(card, limit_s=60)
    assert strict.job_of(done).state is State.CANCELLED
    assert strict.fields(done)["Cost"].startswith("Not charged")
    assert strict.fields(done)["Why, and what next"] == (
        "I cannot write in the channel where this server's moderators decide, so nobody could be "
        "asked. Nothing was sent and nothing was charged. An admin of this server can choose "
        "another one with `/budget approval channel:`; then please ask again."
    )
    assert strict.guild_account().held_tokens == strict.posts() == 0
    assert approval(strict, card).state == "cancelled"
    await strict.eventually(lambda: is_parked(strict))


@pytest.mark.usefixtures("never_put_off")
async def test_where_nobody_can_be_asked_a_card_on_its_way_is_waited_for(strict: Rig) -> None:
    strict.discord.delete_channel("general")
    heard = asyncio.Event()
    callback = r"/interactions/\d+/.*/callback"
    strict.discord.script(fault("POST", callback, after_effect=True, until=heard))
    used = await strict.discord.slash("video", prompt="a boat", model=MODEL, length=10)
    await strict.eventually(lambda: len(strict.jobs_in(State.RESERVED)) == 1)
    assert strict.app is not None
    strict.app.worker.nudge()
    await strict.eventually(lambda: notice(strict).attempts == 1)
    assert len(strict.jobs_in(State.RESERVED)) == 1
    heard.set()
    card = await used.final()
    done = await strict.finished(card, limit_s=60)
    assert strict.job_of(done).state is State.CANCELLED
    assert strict.guild_account().held_tokens == 0


async def test_a_request_that_was_seen_still_lapses_when_its_channel_is_gone(strict: Rig) -> None:
    card = await asked(strict)
    strict.discord.delete_channel("general")
    done = await strict.finished(card, limit_s=3700, step_s=60)
    assert "No moderator decided" in strict.fields(done)["Why, and what next"]
    assert strict.guild_account().held_tokens == 0


@pytest.mark.usefixtures("never_put_off")
async def test_a_card_that_never_came_out_takes_its_request_back(strict: Rig) -> None:
    strict.discord.script(fault("POST", r"/interactions/\d+/.*/callback", status=404))
    await strict.discord.slash("video", prompt="a lost boat", model=MODEL, length=10)
    await strict.eventually(lambda: len(strict.jobs_in(State.CANCELLED)) == 1)
    await strict.run_until(lambda: is_asked(strict) and not request(strict).components)
    assert title(request(strict)) == "This video was called off"
    assert strict.guild_account().held_tokens == 0


async def test_a_stop_between_the_decision_and_the_sending_loses_neither(strict: Rig) -> None:
    card = await asked(strict)
    assert strict.app is not None
    strict.app.intake.close("key", "closed for the test")
    await press(strict, request(strict), "Approve ·", "Ada")
    await strict.restart_bot()
    await strict.finished(card)
    await told(strict, "approved")
    assert strict.posts() == 1


async def test_a_stop_right_after_a_smaller_one_was_approved_loses_neither(strict: Rig) -> None:
    card = await asked(strict)
    strict.discord.script(fault("PATCH", r"/channels/\d+/messages/\d+$", status=503, times=2))
    await press(strict, request(strict), "Approve smaller", "Ada")
    await strict.restart_bot()
    done = await strict.finished(card)
    assert strict.job_of(done).state is State.COMPLETED
    assert strict.posts() == 1
    await strict.run_until(lambda: not request(strict).components)
