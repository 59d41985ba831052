"""/budget set, grant, reset, and the trail: what each does, in words and in the books."""

import asyncio

from models import Period
from storage import budgets
from storage.budgets import Pool
from tests.app import budget_hands as at
from tests.app.budget_hands import (
    MONTH_END,
    answer,
    budget,
    changes,
    grants,
    purse_rig,
    tokens,
    words,
)
from tests.app.hands import use
from tests.rig import Rig

DAY = 24 * 3600


def pool_of(rig: Rig) -> Pool | None:
    return rig.read(lambda tx: budgets.find_pool(tx, rig.guild_id))


async def test_a_guild_that_nobody_set_up_is_told_in_one_line_how_to_start(rig: Rig) -> None:
    await purse_rig(rig)
    for said in (await budget(rig, "show"), await tokens(rig, "Ben")):
        assert "`/budget set tokens:3000 period:Month` starts one" in said
        assert "until then the host's limits hold" in said
    assert "`/budget set tokens:3000" in await budget(rig, "rules")
    assert "`/budget set tokens:3000" in await budget(rig, "set", period="month")
    for subcommand in ("grant", "reset"):
        options = {"tokens": 5, "reason": "x"} if subcommand == "grant" else {}
        said = words(await answer(rig, subcommand, options))
        assert "no budget of its own yet. Nothing was changed. `/budget set` makes one." in said
    assert at.untouched(rig)


async def test_what_is_set_is_told_holds_at_once_and_is_on_record(rig: Rig) -> None:
    await purse_rig(rig)
    said = await budget(rig, "set", tokens=100, period="month", reason="a start")
    assert said.startswith("This server's budget is set: **100 tokens a month (UTC)**.")
    assert "0 are spent and 0 held, so 100 are left" in said
    assert at.stamps(said) == {MONTH_END}
    await rig.card(member="Ben")
    assert "0 spent, 44 held, **56 left**" in await tokens(rig, "Ben")
    await rig.card("b", member="Cleo")
    assert "12 are left of this server's budget" in await rig.refusal("c", member="Ben")
    [change] = changes(rig)
    ada = at.user(rig, "Ada")
    assert (change.actor, change.what, change.before) == (ada, "budget server's budget", None)
    assert (change.after, change.reason) == ("100 tokens a month (UTC)", "a start")
    [grant] = [one for one in grants(rig) if one[0].startswith("guild:")]
    assert grant[1:] == (100, ada, "a start")
    rig.sound()


async def test_what_is_left_out_stays_as_it_is(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=100, period="month", time_zone="Europe/Berlin", starts_on="15")
    assert pool_of(rig) == Pool(100, Period("month", "Europe/Berlin", 15))
    said = await budget(rig, "set", tokens=200)
    assert "is changed: **200 tokens a month (Europe/Berlin, from day 15)**" in said
    assert pool_of(rig) == Pool(200, Period("month", "Europe/Berlin", 15))
    await budget(rig, "set", time_zone="America/New_York")
    assert pool_of(rig) == Pool(200, Period("month", "America/New_York", 15))
    await budget(rig, "set", period="week", starts_on="sun")
    assert pool_of(rig) == Pool(200, Period("week", "America/New_York", 7))
    await budget(rig, "set", period="rolling")
    assert pool_of(rig) == Pool(200, Period("rolling", "America/New_York", 1))
    assert [change.after for change in changes(rig)] == [
        "100 tokens a month (Europe/Berlin, from day 15)",
        "200 tokens a month (Europe/Berlin, from day 15)",
        "200 tokens a month (America/New_York, from day 15)",
        "200 tokens a week (America/New_York, from Sunday)",
        "200 tokens in any 30 days",
    ]
    assert [change.before for change in changes(rig)][1:] == [
        change.after for change in changes(rig)
    ][:-1]


async def test_two_admins_at_once_do_not_undo_each_others_change(rig: Rig) -> None:
    await purse_rig(rig)
    rig.discord.add_role("Caretakers", allow="manage_guild", members=["Cleo"])
    await budget(rig, "set", tokens=100, period="month")
    await asyncio.gather(
        budget(rig, "set", tokens=200),
        budget(rig, "set", "Cleo", period="day"),
        budget(rig, "set", time_zone="Asia/Tokyo"),
    )
    assert pool_of(rig) == Pool(200, Period("day", "Asia/Tokyo"))


async def test_the_same_once_more_changes_nothing(rig: Rig) -> None:
    await purse_rig(rig)
    for _ in range(2):
        await budget(rig, "set", tokens=100, period="day")
        await budget(rig, "everyone", tokens=50)
        await budget(rig, "confirm", above=10)
    assert len(changes(rig)) == 3


async def test_a_period_changed_in_the_middle_counts_what_was_used_since_it_began(
    rig: Rig,
) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=1000, period="month")
    first = await rig.card("a", member="Ben")
    await rig.finished(first)
    await rig.clock.advance(2 * DAY)
    second = await rig.card("b", member="Cleo", length=10)
    await rig.finished(second)
    assert "132 spent, 0 held, **868 left**" in await budget(rig, "show")
    said = await budget(rig, "set", period="day")
    assert "88 are spent and 0 held, so 912 are left" in said
    assert "132 are spent" in await budget(rig, "set", period="rolling")
    assert "132 are spent" in await budget(rig, "set", period="none")
    assert "132 are spent" in await budget(rig, "set", period="month")
    assert "132 spent, 0 held, **868 left**" in await tokens(rig, "Ben")
    rig.sound()


async def test_a_limit_set_under_what_is_used_says_so_and_takes_nothing_back(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=1000, period="month")
    card = await rig.card(member="Ben")
    said = await budget(rig, "set", tokens=10)
    assert "0 are spent and 44 held, so 0 are left" in said
    shown = await tokens(rig, "Ben")
    assert "34 more than the limit; nothing new fits" in shown
    assert "440 % used" in shown
    assert "0 are left of this server's budget: 10 tokens a month, 44 used" in await rig.refusal()
    await rig.finished(card)
    assert rig.guild_account().spent_tokens == 44
    rig.sound()


async def test_unlimited_takes_the_limit_away_and_a_new_one_counts_what_was_used(
    rig: Rig,
) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=50, period="month")
    await rig.card("a", member="Ben")
    both = await budget(rig, "set", tokens=5, unlimited=True)
    assert both == "Please give either tokens or no limit. Nothing was changed."
    said = await budget(rig, "set", unlimited=True)
    assert said == "This server has no limit of its own now; the host's limits hold."
    await rig.card("b", member="Ben")
    await budget(rig, "set", unlimited=True, period="day")
    said = await budget(rig, "set", tokens=100)
    assert "88 held, so 12 are left" in said
    afters = [change.after for change in changes(rig)]
    assert afters == [
        "50 tokens a month (UTC)",
        "no limit (caps: a month, UTC)",
        "no limit (caps: a day, UTC)",
        "100 tokens a day (UTC)",
    ]


async def test_the_hosts_tighter_limit_is_told_without_anybody_elses_figures(rig: Rig) -> None:
    await purse_rig(rig, guild_tokens=60, host_tokens=70)
    said = await budget(rig, "set", tokens=3000, period="month")
    assert "lets this server use 60 tokens a month, which is tighter now" in said
    assert "lets all servers together use less, which is tighter now" in said
    assert "70" not in said


async def test_tokens_given_once_count_in_this_period_alone(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=50, period="month")
    said = await budget(rig, "grant", tokens=40, reason="a contest")
    assert said.startswith("40 tokens more for this server's budget, once.")
    assert "so 90 are left" in said
    assert "50 tokens a month, and 40 given once: 0 spent, 0 held, **90 left**" in await tokens(rig)
    await rig.card("a", member="Ben")
    await rig.card("b", member="Cleo")
    assert "2 are left" in await rig.refusal()
    change = changes(rig)[-1]
    assert (change.what, change.reason) == ("budget once for the server's budget", "a contest")
    assert (change.before, change.after) == ("50 in this period", "90 in this period")
    assert (rig.guild_account().limit_tokens, grants(rig)[-1][1:]) == (
        90,
        (40, at.user(rig, "Ada"), "a contest"),
    )
    await at.all_done(rig)
    await rig.clock.advance(MONTH_END - rig.clock.now())
    assert "50 tokens a month: 0 spent, 0 held, **50 left**" in await tokens(rig)
    rig.sound()


async def test_tokens_are_taken_back_down_to_nothing_and_each_act_is_on_record(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=50, period="month")
    said = await budget(rig, "grant", tokens=-20, reason="a mistake")
    assert said.startswith("20 tokens taken off this server's budget, once.")
    assert "so 30 are left" in said
    assert "so 0 are left" in await budget(rig, "grant", tokens=-30, reason="closed")
    assert len(changes(rig)) == 3
    assert "50 tokens a month, less 50 taken once" in await tokens(rig)
    assert "0 are left" in await rig.refusal()
    said = await budget(rig, "grant", tokens=-1, reason="again")
    assert "There are 0 tokens in this period" in said
    assert "so 80 are left" in await budget(rig, "grant", tokens=80, reason="open")
    assert "Zero tokens change nothing" in await budget(rig, "grant", tokens=0, reason="?")
    assert len(changes(rig)) == 4


async def test_a_members_grant_goes_on_top_of_their_cap_and_needs_one(rig: Rig) -> None:
    await purse_rig(rig, member_tokens=1000)
    await budget(rig, "set", tokens=500, period="month")
    ben = at.user(rig, "Ben")
    for subcommand, options in (("grant", {"tokens": 5, "reason": "x"}), ("reset", {})):
        said = words(await answer(rig, subcommand, {**options, "member": "Ben"}))
        assert said == (
            f"<@{ben}> has no allowance of their own, so there is nothing to add to. Nothing was "
            "changed. `/budget member` sets one."
        )
    assert len(changes(rig)) == 1
    await budget(rig, "everyone", tokens=50)
    said = await budget(rig, "grant", tokens=50, member="Ben", reason="his birthday")
    assert said.startswith(f"50 tokens more for <@{ben}>'s cap, once.")
    assert "so 100 are left" in said
    await rig.card("a", member="Ben")
    await rig.card("b", member="Ben")
    assert "12 are left of what each member may use here" in await rig.refusal(member="Ben")
    await rig.card("c", member="Cleo")
    assert "6 are left" in await rig.refusal("d", member="Cleo")
    assert changes(rig)[-1].what == f"budget once for <@{ben}>"
    [given] = [one for one in grants(rig) if one[3] == "his birthday"]
    assert given[0].startswith(f"member:{rig.guild_id}:{ben}")


async def test_a_reset_begins_anew_and_leaves_what_was_booked(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=50, period="month")
    await budget(rig, "member", member="Ben", tokens=50)
    card = await rig.card(member="Ben")
    await rig.clock.advance(1)
    said = await budget(rig, "reset", reason="a fresh start")
    assert "begins anew from now" in said
    assert "0 are spent and 0 held, so 50 are left" in said
    assert "The ledger keeps what was used before" in said
    assert "6 are left of your own allowance" in await rig.refusal(member="Ben")
    await rig.card("b", member="Cleo")
    said = await budget(rig, "reset", member="Ben")
    assert "so 50 are left" in said
    assert "6 are left of this server's budget" in await rig.refusal(member="Ben")
    assert [(one.what, one.before, one.after, one.reason) for one in changes(rig)[2:]] == [
        ("budget reset of the server's budget", "44 used", "0 used, begun anew", "a fresh start"),
        (f"budget reset of <@{at.user(rig, 'Ben')}>", "44 used", "0 used, begun anew", None),
    ]
    await at.all_done(rig)
    assert rig.job_of(card).charged_tokens == 44
    shown = await tokens(rig, "Ben")
    assert shown.count("44 spent") == 1, "Cleo's alone counts in the pool"
    assert rig.guild_account().spent_tokens == 88
    assert at.stamps(shown) == {MONTH_END}, "the next period begins when it would have"
    rig.sound()


async def test_settings_show_lists_no_budget_and_the_log_no_settings(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=50, period="month")
    await use(rig, "settings", "pings", on=False)
    shown = await rig.discord.slash("settings", subcommand="show", member="Ada")
    text = words(at.private(await shown.answer()))
    assert "Pings: on → **off**" in text
    assert "ool" not in text.split("Newest changes")[1]
    log = await budget(rig, "log")
    assert "Server's budget: not set → **50 tokens a month (UTC)**" in log
    assert "ings" not in log.replace("Nothing", "")


async def test_a_server_without_a_limit_is_not_told_that_nobody_set_one(rig: Rig) -> None:
    await purse_rig(rig, guild_tokens=500)
    await budget(rig, "set", unlimited=True, period="day")
    for shown in (await budget(rig, "show"), await tokens(rig)):
        assert "No admin has set a budget" not in shown
        assert "An admin let this server go without a limit of its own" in shown
        assert "You can use now\n**500 tokens**" in shown
    assert "no limit (caps: a day, UTC)" in await budget(rig, "rules")
