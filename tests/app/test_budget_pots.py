"""Pots: tokens of the budget for one channel or thread, until a date; the rest comes back."""

from typing import Any

import pytest

from tests.app import budget_hands as at
from tests.app.budget_hands import MONTH_END, answer, budget, changes, purse_rig, tokens, words
from tests.rig import Rig

HOUR, DAY = 3600, 24 * 3600


async def pot(rig: Rig, channel: str = "general", amount: int = 100, **options: Any) -> str:
    options = {"channel": channel, "amount": amount, "lasts": "1 day", **options}
    return words(await answer(rig, "pot start", options))


async def with_pool(rig: Rig, size: int = 1000) -> Rig:
    await purse_rig(rig)
    await budget(rig, "set", tokens=size, period="month")
    return rig


async def test_a_pot_takes_its_tokens_off_the_budget_at_once_and_pays_in_its_channel(
    rig: Rig,
) -> None:
    await with_pool(rig)
    ends = int(rig.clock.now()) + DAY
    general = at.channel(rig, "general")
    said = await pot(rig, name="the contest", per_member=60, reason="a contest")
    assert said == (
        f"The pot `the contest` pays for videos in <#{general}> now: 100 tokens, up to 60 tokens "
        f"per member, until <t:{ends}:F>. What is left then goes back to the budget it was taken "
        "from."
    )
    assert "100 set aside in pots, **900 left**" in await tokens(rig, "Ben")
    await rig.card("a", member="Ben", channel="general")
    shown = await tokens(rig, "Ben", channel="general")
    assert "The pot `the contest` of this channel" in shown
    assert "100 tokens in all: 0 spent, 44 held, **56 left**" in shown
    assert "60 tokens in all: 0 spent, 44 held, **16 left**" in shown
    assert "**16 tokens**" in shown
    assert "0 spent, 44 held, 56 set aside in pots, **900 left**" in shown
    await rig.card("b", member="Ben")
    assert "0 spent, 88 held, 56 set aside in pots, **856 left**" in await tokens(rig, "Ben")
    assert "your part of the pot `the contest`" in await rig.refusal(
        member="Ben", channel="general"
    )
    await rig.card("c", member="Cleo", channel="general")
    assert "12 are left of the pot" in await rig.refusal(member="Ada", channel="general")
    listed = words(await answer(rig, "pot list", {}))
    assert listed == (
        f"`the contest` in <#{general}>: 100 tokens, 60 per member; 0 spent, 88 held, **12 left**; "
        f"ends <t:{ends}:R>"
    )
    change = changes(rig)[-1]
    assert (change.what, change.reason) == (f"budget pot in <#{general}>", "a contest")
    assert change.after == f"100 tokens, 60 per member, until <t:{ends}:f>"
    await at.all_done(rig)
    rig.sound()


async def test_the_rest_comes_back_by_itself_at_the_end_and_jobs_under_way_settle_on_the_pot(
    rig: Rig,
) -> None:
    await with_pool(rig)
    await pot(rig, lasts="1 hour")
    await rig.clock.advance(HOUR - 5)
    await rig.card("a", member="Ben", channel="general")
    await rig.clock.advance(5)
    shown = await tokens(rig, "Ben", channel="general")
    assert "pot" not in shown
    assert "0 spent, 44 held, **956 left**" in shown
    assert words(await answer(rig, "pot list", {})).startswith("No pot runs now.")
    await at.all_done(rig)
    assert "44 spent, 0 held, **956 left**" in await tokens(rig, "Ben", channel="general")
    paid = rig.read(
        lambda tx: tx.execute("SELECT sum(spent) FROM account WHERE id LIKE 'pot:%'").fetchone()[0]
    )
    assert paid == 44
    await rig.card("b", member="Ben", channel="general")
    rig.sound()


async def test_ended_early_it_gives_back_what_is_left_and_says_what_was_spent(rig: Rig) -> None:
    await with_pool(rig)
    await pot(rig, amount=200, name="x")
    spent = await rig.card("a", member="Ben", channel="general")
    await rig.finished(spent)
    held = await rig.card("b", member="Ben", channel="general")
    [choice] = await rig.discord.autocomplete(
        "budget", "pot", "x", subcommand="pot end", member="Ada"
    )
    assert choice == {"name": "x · 112 left", "value": "1"}
    said = words(await answer(rig, "pot end", {"pot": "1", "reason": "over"}))
    assert said == (
        "The pot `x` has ended. 44 tokens were spent from it; 112 tokens went back. 44 tokens stay "
        "held for videos under way."
    )
    assert "44 spent, 44 held, **912 left**" in await tokens(rig, "Ben")
    again = words(await answer(rig, "pot end", {"pot": "1"}))
    assert again == "That pot has ended already. Nothing was changed."
    await rig.finished(held)
    assert "88 spent, 0 held, **912 left**" in await tokens(rig, "Ben")
    assert changes(rig)[-1].after == "ended with 112 tokens unused"
    rig.sound()


async def test_a_thread_draws_on_its_own_pot_first_and_else_on_its_channels(rig: Rig) -> None:
    await with_pool(rig)
    await pot(rig, channel="videos", name="of the channel")
    shown = await tokens(rig, "Ben", channel="boats")
    assert "The pot `of the channel` of this channel" in shown
    await rig.card("a", member="Ben", channel="boats")
    await pot(rig, channel="boats", amount=50, name="of the thread")
    await rig.card("b", member="Ben", channel="boats")
    assert "6 are left of the pot `of the thread`" in await rig.refusal(channel="boats")
    assert "**56 left**" in await tokens(rig, "Ben", channel="videos")
    assert "pot" not in (await tokens(rig, "Ben", channel="general")).replace(
        "set aside in pots", ""
    )
    listed = words(await answer(rig, "pot list", {}))
    assert len(listed.splitlines()) == 2
    await at.all_done(rig)
    rig.sound()


async def test_two_pots_in_one_channel_and_one_above_what_is_left_are_refused(rig: Rig) -> None:
    await with_pool(rig, 150)
    general = at.channel(rig, "general")
    assert await pot(rig, amount=151) == (
        "This server's budget has 150 tokens left, so a pot of 151 cannot be set aside. Nothing "
        "was changed. A smaller pot would do, or add to the budget with `/budget grant` first."
    )
    await pot(rig, amount=100)
    assert await pot(rig, amount=10) == (
        f"<#{general}> has a pot already. Nothing was changed. End it with `/budget pot end` first."
    )
    assert "has 50 tokens left, so a pot of 51" in await pot(rig, channel="videos", amount=51)
    assert "now: 50 tokens" in await pot(rig, channel="videos", amount=50)
    assert "0 are left of this server's budget" not in await rig.refusal(
        channel="general", length=10, model="luma-ray2"
    )
    assert len(changes(rig)) == 3


async def test_a_pot_in_a_guild_without_a_budget_bounds_its_channel_alone(rig: Rig) -> None:
    await purse_rig(rig)
    await pot(rig, amount=50)
    await rig.card("a", member="Ben", channel="general")
    assert "6 are left of the pot `event`" in await rig.refusal(channel="general")
    await rig.card("b", member="Ben")


async def test_caps_and_the_pool_do_not_bound_a_pot_but_the_hosts_limits_do(rig: Rig) -> None:
    await purse_rig(rig, member_tokens=100)
    await budget(rig, "set", tokens=200, period="month")
    await budget(rig, "everyone", tokens=10)
    await pot(rig, amount=200)
    await rig.card("a", member="Ben", channel="general")
    assert "10 are left of what each member may use" in await rig.refusal(member="Ben")
    await rig.card("b", member="Ben", channel="general")
    assert "12 are left of what the host of this bot lets each member" in await rig.refusal(
        member="Ben", channel="general"
    )


@pytest.mark.parametrize("size", [100, 60])
async def test_a_pot_over_a_periods_end_belongs_to_the_period_it_was_set_up_in(
    rig: Rig, size: int
) -> None:
    await with_pool(rig, 100)
    await rig.clock.advance(MONTH_END - DAY - rig.clock.now())
    await pot(rig, amount=size, lasts="3 days")
    first = await rig.card("a", member="Ben", channel="general")
    await rig.finished(first)
    await rig.clock.advance(MONTH_END - rig.clock.now())
    shown = await tokens(rig, "Ben")
    assert "100 tokens a month: 0 spent, 0 held, **100 left**" in shown, "the new month is whole"
    assert f"**{size - 44} left**" in await tokens(rig, "Ben", channel="general")
    if size == 100:
        second = await rig.card("b", member="Ben", channel="general")
        await rig.finished(second)
        assert "100 tokens a month: 0 spent, 0 held, **100 left**" in await tokens(rig, "Ben")
    await rig.clock.advance(3 * DAY)
    assert "100 tokens a month: 0 spent, 0 held, **100 left**" in await tokens(rig, "Ben")
    rig.sound()


async def test_a_pot_outlives_a_restart_of_the_bot(rig: Rig) -> None:
    await with_pool(rig)
    await pot(rig, amount=50)
    await rig.card("a", member="Ben", channel="general")
    await rig.restart_bot()

    async def is_open() -> bool:
        return "just started" not in await rig.refusal(channel="general")

    await rig.run_until(is_open)
    assert "6 are left of the pot" in await rig.refusal(channel="general")
    assert "50 set aside" not in await tokens(rig, "Ben")
    assert "6 set aside in pots" in await tokens(rig, "Ben")
    words(await answer(rig, "pot end", {"pot": "1"}))
    assert "set aside" not in await tokens(rig, "Ben")


async def test_in_a_rolling_budget_what_a_pot_pays_counts_for_its_own_thirty_days(
    rig: Rig,
) -> None:
    await with_pool(rig, 100)
    await budget(rig, "set", period="rolling")
    await pot(rig, amount=100, lasts="60 days")
    await rig.clock.advance(29 * 24 * 3600)
    await rig.card("of the pot", channel="general", length=10)
    await at.all_done(rig)
    await rig.clock.advance(2 * 24 * 3600)
    assert "12 left" not in await budget(rig, "show")
    await budget(rig, "pot end", pot="1")
    assert "12 left" in await budget(rig, "show")
    assert "12 are left of this server's budget" in await rig.refusal("elsewhere")


async def test_who_may_use_nothing_may_use_nothing_of_a_pot(rig: Rig) -> None:
    await with_pool(rig)
    await pot(rig, amount=500)
    ben = rig.discord.world.user("Ben").id
    await budget(rig, "member", member=ben, tokens=0)
    assert "your own allowance here" in await rig.refusal("a", channel="general", member="Ben")
    await rig.card("a", channel="general", member="Cleo")
    await budget(rig, "grant", member=ben, tokens=50, reason="a present")
    for number in range(3):
        await rig.card(f"b {number}", channel="general", member="Ben", length=10)


async def test_what_only_waits_in_a_pot_is_not_told_as_used(rig: Rig) -> None:
    await with_pool(rig, 100)
    await pot(rig, amount=90)
    said = await rig.refusal("a")
    assert "100 tokens a month, 0 used and 90 set aside in pots so far" in said


async def test_a_member_without_a_part_of_their_own_shares_in_the_pot_and_is_told_so(
    rig: Rig,
) -> None:
    await with_pool(rig)
    await pot(rig)
    assert "you share in the server's budget" in await tokens(rig)
    there = await tokens(rig, channel="general")
    assert "You have no allowance of your own: you share in the pot that pays here." in there
    await budget(rig, "set", unlimited=True)
    assert "you share in the pot that pays here" in await tokens(rig, channel="general")
