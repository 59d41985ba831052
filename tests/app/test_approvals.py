"""A dear video waits for a moderator: what is asked, and what each decision makes of it."""

import sqlite3

from models import State
from playground.neuralbox import faults
from storage import budgets
from tests.app.hands import press, said
from tests.app.moderators import (
    MODEL,
    approval,
    asked,
    deny,
    is_asked,
    labels,
    request,
    title,
    told,
)
from tests.rig import Rig


async def test_what_is_cheap_enough_goes_without_asking(strict: Rig) -> None:
    card = await strict.card(model=MODEL, length=5)
    await strict.finished(card)
    assert strict.job_of(card).state is State.COMPLETED
    assert not is_asked(strict)


async def test_the_card_waits_with_the_price_held_and_the_moderators_are_asked(
    strict: Rig,
) -> None:
    first = await strict.card("a cheap one", model=MODEL, length=5)
    await strict.finished(first)
    card = await asked(strict, prompt="```<@1> @everyone")
    job, ends_at = strict.job_of(card), approval(strict, card).ends_at
    assert (title(card), labels(card)) == ("Waiting for a moderator", ["Cancel"])
    happening = strict.fields(card)["What is happening"]
    assert happening.startswith("Waiting for a moderator's approval, until <t:")
    assert f"<t:{ends_at}:R>" in happening
    assert strict.fields(card)["Price"].startswith("88 tokens held")
    assert strict.guild_account().held_tokens == 88
    shown = request(strict)
    assert title(shown) == "May this video be made?"
    assert shown.embeds[0]["description"].count("`") == 6
    assert labels(shown) == ["Approve · 88", "Deny", "Approve smaller · 44"]
    fields = strict.fields(shown)
    assert fields["Asked by"] == f"<@{job.user_id}>\nin <#{job.channel_id}>"
    assert fields["Price"] == "up to 88 tokens"
    assert fields["Video"] == "Kling 2.1\n10 s, landscape 16:9"
    use = "44 tokens spent and 0 held in this budget's period"
    assert fields["Their use before this one"] == use
    assert shown.mentions == []
    assert not shown.mention_everyone
    await press(strict, card, "Cancel")
    await told(strict, "cancelled")


async def test_what_waits_is_listed_as_waiting_and_stands_in_no_ones_way(strict: Rig) -> None:
    card = await asked(strict)
    assert strict.app is not None
    used = await strict.discord.slash("videos", subcommand="jobs")
    listed = (await used.answer()).message
    assert listed is not None
    assert "waiting for a moderator" in str(listed.embeds)
    info = await strict.discord.message_command("Video info", card)
    seen = (await info.answer()).message
    assert seen is not None
    assert "waiting for a moderator" in str(seen.embeds)
    strict.box.script(faults.rate_limited(60))
    first = await strict.card("one", model=MODEL, length=5, member="Ada")
    waiting = strict.job_of(first).id
    submitter = strict.app.worker.submitter
    await strict.eventually(lambda: submitter.place_of(waiting) == 1 and strict.posts() == 1)
    second = await strict.card("two", model=MODEL, length=5, member="Cleo")
    assert title(second) == "In the queue · place 2"
    await deny(strict, "")
    await strict.finished(first)
    await strict.finished(second)


async def test_the_requesters_own_cap_and_the_pool_stand_on_the_request(strict: Rig) -> None:
    assert strict.app is not None
    pool = budgets.Pool(1000, strict.config().budget.period)
    await strict.app.db.write(budgets.set_pool, strict.guild_id, pool)
    cap = budgets.Cap("everyone", 0, 200)
    await strict.app.db.write(budgets.set_cap, strict.guild_id, cap)
    await asked(strict)
    assert strict.fields(request(strict))["Their use before this one"].splitlines()[1:] == [
        "0 of the 200 tokens they may use themselves",
        "All members together: 0 of 1,000 tokens",
    ]


async def test_nothing_is_sent_while_it_waits_however_long_the_bot_looks(strict: Rig) -> None:
    card = await asked(strict)
    cheap = await strict.card("a cheap one", model=MODEL, length=5, member="Cleo")
    assert title(cheap) == "Your video is on its way"
    await strict.finished(cheap)
    await strict.clock.advance(1000)
    await strict.restart_bot()
    await strict.run_until(lambda: strict.app is not None and not strict.app.intake.reasons)
    await strict.clock.advance(1000)
    assert strict.posts() == 1
    assert strict.job_of(card).state is State.QUEUED
    await press(strict, request(strict), "Approve ·", "Ada")
    await strict.finished(card)
    assert strict.job_of(card).state is State.COMPLETED


async def test_approved_it_goes_on_as_if_it_had_never_waited(strict: Rig) -> None:
    card = await asked(strict)
    answer = await press(strict, request(strict), "Approve ·", "Cleo")
    assert "job 1 goes on, for up to 88 tokens" in said(answer)
    shown = await told(strict, "approved")
    cleo = strict.discord.world.user("Cleo").id
    assert strict.fields(shown)["What became of it"] == f"Approved by <@{cleo}>."
    done = await strict.finished(card)
    assert strict.job_of(card).state is State.COMPLETED
    assert title(done) == "Your video is ready"
    assert strict.guild_account().spent_tokens == 88
    assert len(strict.pings(card)) == 1


async def test_denied_the_tokens_are_back_and_the_reason_is_shown_inert(strict: Rig) -> None:
    card = await asked(strict)
    answer = await deny(strict, "not `on` a Sunday <@1>\nplease", "Cleo")
    assert "nothing was charged" in said(answer)
    done = await strict.finished(card)
    assert title(done) == "This video was not started"
    fields = strict.fields(done)
    assert fields["Why, and what next"].startswith("A moderator denied it. Nothing was sent")
    assert fields["The moderator says"] == "```\nnot ˋonˋ a Sunday <@1> please\n```"
    assert fields["Cost"].startswith("Not charged")
    assert strict.guild_account().held_tokens == strict.posts() == 0
    shown = await told(strict, "denied")
    assert strict.fields(shown)["Why"] == fields["The moderator says"]


async def test_denied_without_a_reason_says_just_that(strict: Rig) -> None:
    card = await asked(strict)
    await deny(strict, "")
    done = await strict.finished(card)
    assert "The moderator says" not in strict.fields(done)
    assert "Why" not in strict.fields(await told(strict, "denied"))


async def test_a_smaller_one_goes_on_on_the_same_card_for_the_same_requester(strict: Rig) -> None:
    card = await asked(strict)
    before = strict.job_of(card)
    answer = await press(strict, request(strict), "Approve smaller", "Cleo")
    assert "for up to 44 tokens instead of 88" in said(answer)
    shown = await told(strict, "smaller")
    assert "Kling 2.1 at 5 s for up to 44 tokens instead, as job 2" in str(strict.fields(shown))
    await strict.eventually(lambda: strict.job_of(strict.shown(card)).id != before.id)
    going = strict.shown(card)
    assert "approved this smaller video" in strict.fields(going)["Note"]
    done = await strict.finished(card)
    made = strict.job_of(done)
    assert (made.user_id, made.message_id) == (before.user_id, card.id)
    assert (made.request.duration_s, made.state) == (5, State.COMPLETED)
    assert (made.channel_id, made.role_ids) == (before.channel_id, before.role_ids)
    old = next(job for job in strict.jobs_in() if job.id == before.id)
    assert (old.state, old.message_id) == (State.CANCELLED, None)
    assert strict.guild_account().spent_tokens == 44
    assert (len(strict.pings(card)), strict.posts()) == (1, 1)
    info = await strict.discord.message_command("Video info", done)
    seen = (await info.answer()).message
    assert seen is not None
    assert f"Job {made.id}" in str(seen.embeds)


async def test_a_smaller_private_one_still_reaches_its_requester(strict: Rig) -> None:
    first = await strict.ask("a secret boat", model=MODEL, length=10, private=True)
    assert first.ephemeral
    await strict.eventually(lambda: is_asked(strict))
    await strict.eventually(lambda: bool(strict.jobs_in(State.QUEUED)))
    assert "for themselves alone" in strict.fields(request(strict))["Asked by"]
    await press(strict, request(strict), "Approve smaller", "Ada")
    await strict.run_until(lambda: bool(strict.jobs_in(State.COMPLETED)))
    [shown] = [m for m in strict.discord.ephemerals("Ben") if m.embeds]
    await strict.run_until(lambda: title(shown) == "Your video is ready")
    assert len(shown.files) == 1


async def test_a_smaller_one_that_got_dearer_changes_nothing(strict: Rig) -> None:
    card = await asked(strict)
    strict.box.catalogue.set_price(MODEL, 47, 88)
    assert strict.app is not None
    app, small = strict.app, strict.job_of(card).request
    await app.db.write(_reprice)
    await app.service.load()
    assert app.service.quote(small).tokens == 88
    answer = await press(strict, request(strict), "Approve smaller", "Ada")
    assert "costs 47 tokens by now, not 44" in said(answer)
    assert "still waits" in said(answer)
    assert approval(strict, card).state == "waiting"
    assert strict.guild_account().held_tokens == 88
    await press(strict, card, "Cancel")
    await told(strict, "cancelled")


def _reprice(tx: sqlite3.Connection) -> None:
    tx.execute(
        "UPDATE price SET tokens = 47, revision = revision + 1 WHERE model = ? AND duration_s = 5",
        (MODEL,),
    )


async def test_a_smaller_one_that_does_not_fit_the_budget_changes_nothing(strict: Rig) -> None:
    card = await asked(strict)
    assert strict.app is not None
    cap = budgets.Cap("everyone", 0, 20)
    await strict.app.db.write(budgets.set_cap, strict.guild_id, cap)
    answer = await press(strict, request(strict), "Approve smaller", "Ada")
    assert "nothing was changed and the request still waits" in said(answer)
    assert approval(strict, card).state == "waiting"
    assert [job.state for job in strict.jobs_in()] == [State.QUEUED]
    assert strict.guild_account().held_tokens == 88
    await deny(strict, "")
    await told(strict, "denied")
