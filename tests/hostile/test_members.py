"""Members who press too much, at the wrong moment, or are gone when their video comes."""

import asyncio
import json
from typing import Any

import pytest

from models import State
from playground.discord.interactions import Interaction
from playground.neuralbox import faults
from storage import approvals, halts
from tests.app import budget_hands as at
from tests.app.hands import labels, press, said
from tests.hostile.scene import built, is_quiet
from tests.payloads import messages
from tests.rig import Rig

BURST = 500
PATIENCE_S = 60


@pytest.mark.fault("H21")
async def test_a_burst_of_five_hundred_commands_makes_no_more_than_the_limits_let(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.discord.rate_limits = False
    monkeypatch.setattr("playground.discord.interactions.FIRST_ANSWER_S", PATIENCE_S)
    rig.configure("limits", commands_per_minute=20, unfinished_per_member=3)
    rig.configure("budget", guild_tokens=0)
    await rig.start_bot()
    await rig.refreshed()
    asking = (rig.discord.slash("video", prompt=f"boat {n}") for n in range(BURST))
    used = await asyncio.gather(*asking)
    answers = await asyncio.gather(*(one.final(timeout=PATIENCE_S) for one in used))
    public = [one for one in answers if one.ephemeral_for is None]
    private = [one.content for one in answers if one.ephemeral_for is not None]
    assert len(public) == len(rig.jobs_in()) == 3
    assert sum("requests in a minute" in one for one in private) == BURST - 20
    assert sum("unfinished videos" in one for one in private) == 20 - 3
    assert rig.account("org").held_tokens == 3 * 44
    # Somebody else is not held up by it.
    await rig.card("a boat of Cleo's", member="Cleo")
    rig.sound()


@pytest.mark.fault("H4")
async def test_prompts_are_measured_before_anything_is_held_and_shown_cut(rig: Rig) -> None:
    await at.purse_rig(rig)
    longest = "\N{GRINNING FACE}" * 1500
    assert "is the most" in await rig.refusal(longest + "!")
    assert "is the most" in await rig.refusal("a boat", avoid=longest + "!")
    assert rig.jobs_in() == []
    assert rig.account("org").held_tokens == 0
    card = await rig.card(longest, avoid=longest)
    assert rig.job_of(card).request.prompt == longest
    assert len(card.embeds[0]["description"]) <= 1000
    assert len(rig.fields(card)["Avoid"]) <= 400
    assert "…" in card.embeds[0]["description"]
    done = await rig.finished(card)
    assert len(done.files[0].description or "") <= 1024
    rig.sound()


@pytest.mark.fault("H31")
@pytest.mark.parametrize("is_first", [True, False])
async def test_a_cancel_and_a_sending_that_meet_leave_one_of_two_clean_endings(
    play: Rig, is_first: bool
) -> None:
    """The turn to send comes with the clock: before the press, or while it is on its way."""
    await play.refreshed()
    play.box.script(faults.rate_limited(60))
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is State.QUEUED and play.posts() == 1)
    if is_first:
        answer = await press(play, card, "Cancel")
        await play.clock.advance(120)
        assert "nothing was charged" in said(answer)
        assert play.job_of(card).state is State.CANCELLED
        await play.run_until(lambda: "not started" in play.shown(card).embeds[0]["title"])
        assert play.posts() == 1
        assert play.guild_account().held_tokens == 0
    else:
        await play.run_until(lambda: play.job_of(card).state is not State.QUEUED)
        answer = await press(play, card, "Cancel")
        assert "cannot cancel" in said(answer)
        done = await play.finished(card)
        assert len(done.files) == 1
        assert play.posts() == 2
    play.sound()


@pytest.mark.fault("H31")
@pytest.mark.parametrize("presser", ["Ben", "Ada"])
async def test_cancels_from_several_hands_at_once_give_the_tokens_back_once(
    play: Rig, presser: str
) -> None:
    await play.refreshed()
    play.box.script(faults.rate_limited(600))
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is State.QUEUED and play.posts() == 1)
    answers = await asyncio.gather(
        *(press(play, card, "Cancel", member) for member in ("Ben", presser, "Ada"))
    )
    told = [said(answer) for answer in answers]
    assert sum("is cancelled" in one for one in told) == 1, told
    released = "SELECT count(*) FROM entry WHERE kind = 'release' AND account = 'org'"
    assert play.read(lambda tx: tx.execute(released).fetchone()[0]) == 1
    assert play.guild_account().held_tokens == 0
    play.sound()


@pytest.mark.fault("H31")
async def test_a_decision_and_a_cancel_at_once_leave_the_job_in_one_of_both(rig: Rig) -> None:
    scene = await built(rig)
    waiting = rig.read(
        lambda tx: tx.execute("SELECT job FROM approval WHERE state = 'waiting'").fetchone()[0]
    )
    job = next(one for one in rig.jobs_in() if one.id == waiting)
    cancel = rig.discord.forge_press(scene.running, f"rb:cancel:{job.public_id}", member="Ben")
    approve = scene.act("press approve", "moderator")
    told = [said(await one.answer()) for one in (cancel, approve)]
    after = next(one for one in rig.jobs_in() if one.id == waiting)
    found = rig.read(lambda tx: approvals.find(tx, waiting))
    assert found is not None
    assert (after.state is State.CANCELLED) == (found.state != "approved"), told
    assert (after.state is State.CANCELLED) == ("is cancelled" in told[0]), told
    # What was made meanwhile is booked once the bot has looked.
    await rig.run_until(lambda: rig.account("org").spent_tokens == rig.box.charged_total, 600)
    rig.sound()


@pytest.mark.fault("H32")
@pytest.mark.parametrize("how", ["left", "banned"])
async def test_the_video_of_a_member_who_is_gone_is_paid_for_and_shown_where_it_was_asked(
    play: Rig, how: str
) -> None:
    card = await play.card()
    await play.eventually(lambda: play.job_of(card).state is State.PENDING)
    guild = play.discord.world.guild(None)
    ben = play.discord.world.user("Ben").id
    del guild.members[ben]
    if how == "banned":
        # With their messages gone as well the card stays: it is the bot's.
        play.discord.world.users[ben].name = "Deleted User"
    done = await play.finished(card)
    assert len(done.files) == 1
    assert play.job_of(card).state is State.COMPLETED
    assert play.guild_account().spent_tokens == 44
    [ping] = play.pings(card)
    assert ben not in ping.notified
    await play.eventually(lambda: is_quiet(play))
    play.sound()


@pytest.mark.fault("H24")
async def test_a_limit_lowered_under_what_is_held_lets_that_end_and_nothing_new_begin(
    rig: Rig,
) -> None:
    await at.purse_rig(rig)
    await at.budget(rig, "set", tokens=1000, period="month")
    card = await rig.card()
    await rig.eventually(lambda: rig.job_of(card).state is State.PENDING)
    said_now = await at.budget(rig, "set", tokens=10)
    assert "10 tokens" in said_now
    assert "0 are left" in await rig.refusal("another boat")
    assert "0 tokens" in await at.tokens(rig) or "0 left" in await at.tokens(rig)
    done = await rig.finished(card)
    assert len(done.files) == 1
    assert rig.guild_account().spent_tokens == 44
    assert "0 are left" in await rig.refusal("one more boat")
    rig.sound()


HUGE = (2**31, 2**53, 2**63, 2**64, 10**30)
NUMBERS: list[object] = [*HUGE, *(-one for one in HUGE), -1, 1.5, -0.5, "1", "NaN", None, [], True]


@pytest.mark.fault("H22")
async def test_numbers_that_no_client_sends_change_no_budget(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[object] = [None]

    def change(payload: dict[str, Any]) -> None:
        for option in at.leaf(payload):
            if option["name"] in ("tokens", "above", "percent", "amount", "page"):
                option["value"] = given[0]

    at.forge(monkeypatch, change)
    for number in NUMBERS:
        given[0] = number
        for subcommand, options in (
            ("set", {"tokens": 1, "period": "month"}),
            ("everyone", {"tokens": 1}),
            ("member", {"member": "Ben", "tokens": 1}),
            ("grant", {"tokens": 1, "reason": "x"}),
            ("confirm", {"above": 1}),
            ("brake", {"percent": 1}),
            ("log", {"page": 1}),
            ("pot start", {"channel": "general", "amount": 1, "lasts": "1 day"}),
        ):
            used = await play.discord.slash(
                "budget", subcommand=subcommand, options=options, member="Ada"
            )
            answer = await used.answer()
            assert answer.ephemeral, (subcommand, number)
            assert "(reference `" not in at.words(answer), (subcommand, number)
            assert at.untouched(play), (subcommand, number)
    play.sound()


@pytest.mark.fault("H30")
async def test_forged_presses_and_forms_of_every_shape_get_a_private_sentence(rig: Rig) -> None:
    scene = await built(rig)
    jobs = len(rig.jobs_in())
    job = rig.job_of(scene.done).public_id
    assert rig.app is not None
    actions = [*rig.app.client.router._presses, *rig.app.client.router._forms]
    odd = ["", "0", "x" * 40, job[:-1], job.upper(), f"{job}:1:2", "1:1:1"]
    ids = [f"rb:{action}:{one}"[:100] for action in actions for one in odd]
    ids += [
        "rb",
        "rb:",
        "rb::",
        ":",
        "rb:again:" + "9" * 90,
        "RB:again:1",
        "rb:again\n:1",
        "\ud800",
    ]
    ids += [f"rb:again:{one}"[:100] for one in ("' OR 1=1 --", "%00", "../..", "\u202e", "１")]
    presses: list[Interaction] = []
    for custom_id in dict.fromkeys(ids):
        presses.append(rig.discord.forge_press(scene.done, custom_id, member="Cleo"))
        fields = {"prompt": "\ud800\0" * 9, "length": "1e9", "model": "x" * 4000, "ratio": "a:b"}
        if "edit" in custom_id or "continue" in custom_id or "alt" in custom_id:
            presses.append(rig.discord.forge_form(scene.done, custom_id, fields, member="Cleo"))
        await presses[-1].answer()
    for one in presses:
        answer = await one.answer()
        if answer.modal is None:
            # A busy machine may put an answer off in public; what it comes to is private.
            told = await one.final(timeout=PATIENCE_S)
            assert told.ephemeral_for is not None, one.payload["data"]
            assert "(reference `" not in at.words(told), one.payload["data"]
    assert len(rig.jobs_in()) == jobs
    shapes: list[object] = [None, [], "x", 7, {"type": 1}, [[[[]]]], [{"component": {"value": 1}}]]
    for shape in shapes:
        made = rig.discord.forge_form(scene.done, f"rb:edit:{job}", {}, member="Cleo")
        await made.answer()
        made.payload["data"]["components"] = shape
        made.payload["id"] = str(int(made.payload["id"]) + 1)
        rig.discord.replay(made)
    await rig.card("one more, so that all of that was heard", member="Cleo")
    assert not [one for one in messages(rig.records) if "\ud800" in json.dumps(one)]
    assert labels(scene.running)
    assert rig.read(lambda tx: halts.list_standing(tx, rig.guild_id, int(rig.clock.now())))
