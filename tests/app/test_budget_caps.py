"""What one member may use: their own cap, their highest role's, everyone's, at every moment."""

from tests.app import budget_hands as at
from tests.app.budget_hands import answer, budget, changes, purse_rig, tokens, words
from tests.rig import Rig


async def test_each_kind_of_cap_is_answered_with_what_it_means_and_stands_in_the_trail(
    rig: Rig,
) -> None:
    await purse_rig(rig)
    role = rig.discord.add_role("Artists", members=["Ben"])
    ben = at.user(rig, "Ben")
    await budget(rig, "set", tokens=900, period="month")
    said = await budget(rig, "everyone", tokens=50)
    assert said == (
        "Each member may use **50 tokens a month**. A cap of their role or their own goes first."
    )
    said = await budget(rig, "role", role="Artists", tokens=100, period="week", reason="they paint")
    assert said.startswith(f"Members with <@&{role.id}> may use **100 tokens a week** each.")
    said = await budget(rig, "member", member="Ben", tokens=1, period="day")
    assert said.startswith(f"<@{ben}> may use **1 token a day**, whatever their roles. In this")
    assert "so 1 are left" in said
    assert [(one.what, one.before, one.after, one.reason) for one in changes(rig)[1:]] == [
        ("budget cap of each member", None, "50 tokens a month (UTC)", None),
        (f"budget cap of <@&{role.id}>", None, "100 tokens a week (UTC)", "they paint"),
        (f"budget cap of <@{ben}>", None, "1 tokens a day (UTC)", None),
    ]
    rules = await budget(rig, "rules")
    assert "Everyone: 50 tokens a month" in rules
    assert f"<@&{role.id}>: 100 tokens a week" in rules
    assert f"<@{ben}>: 1 token a day" in rules
    assert await budget(rig, "member", member="Ben", remove=True) == "That cap is gone."
    assert await budget(rig, "member", member="Ben", remove=True) == "There was no such cap."
    assert (changes(rig)[-1].before, changes(rig)[-1].after) == ("1 tokens a day (UTC)", "no limit")
    assert len(changes(rig)) == 5


async def test_ones_own_cap_goes_before_the_highest_roles_and_that_before_everyones(
    rig: Rig,
) -> None:
    await purse_rig(rig)
    rig.discord.add_role("Low", members=["Ben"])
    high = rig.discord.add_role("High", members=["Ben"])
    rig.discord.add_role("Highest but without a cap", members=["Ben"])
    await budget(rig, "set", tokens=9000, period="month")
    await budget(rig, "everyone", tokens=1)
    assert "Your share, as every member's" in await tokens(rig, "Ben")
    await budget(rig, "role", role="Low", tokens=40)
    assert "Your allowance, by your role" in await tokens(rig, "Ben")
    assert "40 are left of the allowance of" in await rig.refusal(member="Ben")
    await budget(rig, "role", role="High", tokens=20)
    refused = await rig.refusal(member="Ben")
    assert f"20 are left of the allowance of <@&{high.id}> here, which is your highest" in refused
    await budget(rig, "member", member="Ben", tokens=100)
    assert "**100 left**" in await tokens(rig, "Ben")
    await rig.card(member="Ben")
    assert "56 tokens" in await tokens(rig, "Ben")
    assert "1 is left of what each member may use here" in await rig.refusal(member="Cleo")
    await budget(rig, "member", member="Ben", remove=True)
    assert "0 are left of the allowance of" in await rig.refusal(member="Ben")


async def test_roles_that_come_and_go_count_at_once_with_what_was_used(rig: Rig) -> None:
    await purse_rig(rig)
    role = rig.discord.add_role("Artists")
    roles = rig.discord.world.member("Ben", rig.discord.world.guild(None)).role_ids
    await budget(rig, "set", tokens=9000, period="month")
    await budget(rig, "everyone", tokens=50)
    await budget(rig, "role", role="Artists", tokens=100)
    card = await rig.card("a", member="Ben")
    assert "6 are left of what each member" in await rig.refusal("b", member="Ben")
    roles.append(role.id)
    assert "**56 left**" in await tokens(rig, "Ben")
    await rig.card("b", member="Ben")
    roles.remove(role.id)
    shown = await tokens(rig, "Ben")
    assert "50 tokens a month: 0 spent, 88 held, **0 left**" in shown
    assert "38 more than the limit" in shown
    await rig.finished(card)
    await at.all_done(rig)
    assert "50 tokens a month: 88 spent, 0 held, **0 left**" in await tokens(rig, "Ben")
    rig.sound()


async def test_a_cap_of_nothing_lets_nobody_and_each_must_say_either(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=9000, period="month")
    await budget(rig, "everyone", tokens=0)
    assert "0 are left of what each member may use here: 0 tokens a month" in await rig.refusal()
    for subcommand in ("everyone", "role", "member"):
        subject = {"everyone": {}, "role": {"role": "Admin"}, "member": {"member": "Ben"}}
        for given in ({}, {"tokens": 5, "remove": True}):
            said = words(await answer(rig, subcommand, {**subject[subcommand], **given}))
            assert said == (
                "Please give either tokens or remove. Nothing was changed. 0 tokens means that "
                "nothing may be used."
            )
    said = await budget(rig, "role", role="@everyone", tokens=5)
    assert said == "For everybody there is `/budget everyone`. Nothing was changed."
    assert len(changes(rig)) == 2


async def test_a_cap_holds_without_a_budget_of_the_server(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "everyone", tokens=50, period="day")
    await rig.card("a", member="Ben")
    assert "6 are left of what each member may use here: 50 tokens a day" in await rig.refusal()
    await rig.card("b", member="Cleo")
    assert "Your share, as every member's" in await tokens(rig, "Cleo")


async def test_a_cap_follows_the_budgets_period_unless_it_has_its_own(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=9000, period="week")
    await budget(rig, "everyone", tokens=50)
    await budget(rig, "member", member="Cleo", tokens=50, period="none")
    await rig.card("a", member="Ben")
    await rig.card("b", member="Cleo")
    await at.all_done(rig)
    await rig.clock.advance(7 * 24 * 3600)
    assert "**50 left**" in await tokens(rig, "Ben")
    assert "**6 left**" in await tokens(rig, "Cleo")
    await budget(rig, "set", period="month")
    assert "50 tokens a month: 44 spent" in await tokens(rig, "Ben")
    rig.sound()
