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
    said = await budget(rig, "member", member="Ben", remove=True)
    assert said.startswith(
        f"The cap of <@{ben}> is gone. They may use **100 tokens a week** now, by their role "
        f"<@&{role.id}>. In this period 0 are spent and 0 held, so 100 are left."
    )
    again = await budget(rig, "member", member="Ben", remove=True)
    assert again == "There was no such cap. Nothing was changed."
    assert (changes(rig)[-1].before, changes(rig)[-1].after) == ("1 tokens a day (UTC)", "removed")
    assert len(changes(rig)) == 5


async def test_a_cap_that_is_gone_is_answered_with_what_holds_without_it(rig: Rig) -> None:
    await purse_rig(rig)
    role = rig.discord.add_role("Artists", members=["Ben"])
    ben = at.user(rig, "Ben")
    await budget(rig, "set", tokens=900, period="month")
    await budget(rig, "everyone", tokens=50)
    await budget(rig, "role", role="Artists", tokens=50)
    await budget(rig, "member", member="Ben", tokens=50)
    assert await budget(rig, "role", role="Artists", remove=True) == (
        f"The cap of <@&{role.id}> is gone. Its members may use **50 tokens a month** now, as "
        "everyone may; a cap of another role of theirs or their own goes first."
    )
    assert (await budget(rig, "member", member="Ben", remove=True)).startswith(
        f"The cap of <@{ben}> is gone. They may use **50 tokens a month** now, as every member may."
    )
    await budget(rig, "role", role="Artists", tokens=40)
    await budget(rig, "member", member="Ben", tokens=40)
    assert await budget(rig, "everyone", remove=True) == (
        "The cap of each member is gone; those of roles and single members hold on."
    )
    assert "another role of theirs, or their own" in await budget(
        rig, "role", role="Artists", remove=True
    )
    assert await budget(rig, "member", member="Ben", remove=True) == (
        f"The cap of <@{ben}> is gone. No other one holds for them."
    )
    await budget(rig, "everyone", tokens=50)
    gone = await budget(rig, "everyone", remove=True)
    assert gone == "The cap of each member is gone; no other one is set."
    assert {one.after for one in changes(rig) if one.before is not None} == {"removed"}


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


async def test_no_cap_of_a_role_is_passed_over_while_discord_has_not_told_of_the_roles(
    rig: Rig,
) -> None:
    await purse_rig(rig)
    role = rig.discord.add_role("Muted", allow=[], members=["Ben"])
    await budget(rig, "role", role=role.id, tokens=0)
    assert "the allowance of" in await rig.refusal("a", member="Ben")
    assert rig.app is not None
    guild = rig.app.client.get_guild(rig.guild_id)
    assert guild is not None
    guild._roles.clear()  # as right after connecting, or in an outage
    assert "Reelbox is busy right now" in await rig.refusal("b", member="Ben")
    assert rig.jobs_in() == []


async def test_no_more_can_be_taken_back_than_there_is(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=1000)
    said = await budget(rig, "grant", tokens=-1001, reason="too much")
    assert "There are 1,000 tokens in this period" in said
    await budget(rig, "grant", tokens=-1000, reason="all of it")
    await budget(rig, "grant", tokens=500, reason="some again")
    assert "You can use now\n**500 tokens**" in await tokens(rig)


async def test_what_all_servers_share_is_neither_shown_nor_signed_by_an_admin(rig: Rig) -> None:
    await purse_rig(rig, host_tokens=1000)
    await budget(rig, "set", tokens=5000, reason="ours")
    before = await tokens(rig)
    assert "5,000 tokens** at most: the host's limit for all servers together" in before
    await rig.card("a", member="Dora", guild=at.SECOND)
    assert await tokens(rig) == before
    await budget(rig, "set", tokens=6000, reason="secret")
    of_host = [entry for entry in at.grants(rig) if entry[0].startswith("org")]
    assert of_host
    assert all(actor is None and "secret" not in why for _, _, actor, why in of_host)


async def test_an_act_signs_the_limit_it_is_about_and_no_other(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=5000, period="month", reason="ours")
    await rig.clock.advance(at.MONTH_END + 60 - rig.clock.now())
    before = len(at.grants(rig))
    await budget(rig, "pause", reason="a break")
    await budget(rig, "resume", reason="over")
    await budget(rig, "everyone", tokens=70, reason="fair shares")
    assert len(at.grants(rig)) == before, "what these change, the next hold finds by itself"
    await budget(rig, "member", member="Ben", tokens=90, reason="he paints")
    ada, ben = at.user(rig, "Ada"), at.user(rig, "Ben")
    signed = {(one[0].partition("@")[0], *one[1:]) for one in at.grants(rig)[before:]}
    assert signed == {
        (f"guild:{rig.guild_id}", 5000, None, "the limits at that moment"),
        (f"member:{rig.guild_id}:{ben}", 90, ada, "he paints"),
    }
    await rig.card("a", member="Ben")
    assert "1 video is under way; the oldest is job 1, 44 held" in await tokens(rig)
