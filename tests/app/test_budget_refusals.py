"""A refused video: which limit, its size and use, when it begins anew, and the next step."""

from tests.app import budget_hands as at
from tests.app.budget_hands import MONTH_END, SECOND, answer, budget, purse_rig
from tests.rig import Rig

MEMBER_STEP = "An admin of this server can give you more with `/budget grant`."
POOL_STEP = "An admin of this server can add more with `/budget grant`."
HOST_STEP = "Only the host of this bot can add more."
RESETS = f"It begins anew <t:{MONTH_END}:R>, <t:{MONTH_END}:f>."
NEEDS = "This video needs up to 44 tokens, and 16 are left of"


async def refused(rig: Rig, member: str = "Ben", **where: str) -> str:
    """Let a member use 44 of 60 tokens, then ask once more; return the first line said."""
    await rig.card("first", member=member, **where)
    return (await rig.refusal("second", member=member, **where)).splitlines()[0]


async def test_ones_own_allowance(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=900, period="month")
    await budget(rig, "member", member="Ben", tokens=60)
    assert await refused(rig) == (
        f"{NEEDS} your own allowance here: 60 tokens a month, 44 used so far. Nothing was "
        f"charged. {RESETS} {MEMBER_STEP}"
    )


async def test_a_roles_allowance_of_another_period(rig: Rig) -> None:
    await purse_rig(rig)
    role = rig.discord.add_role("Artists", members=["Ben"])
    await budget(rig, "set", tokens=900, period="month")
    await budget(rig, "role", role="Artists", tokens=60, period="rolling")
    assert await refused(rig) == (
        f"{NEEDS} the allowance of <@&{role.id}> here, which is your highest role with one: "
        f"60 tokens in any 30 days, 44 used so far. Nothing was charged. {MEMBER_STEP}"
    )


async def test_everyones_allowance_that_never_begins_anew(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "everyone", tokens=60, period="none")
    assert await refused(rig) == (
        f"{NEEDS} what each member may use here: 60 tokens in all, 44 used so far. Nothing was "
        f"charged. {MEMBER_STEP}"
    )


async def test_the_servers_budget_by_its_own_clocks(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=60, period="month", time_zone="Asia/Tokyo")
    turn = MONTH_END - 9 * 3600
    assert await refused(rig) == (
        f"{NEEDS} this server's budget: 60 tokens a month, 44 used so far. Nothing was charged. "
        f"It begins anew <t:{turn}:R>, <t:{turn}:f>. {POOL_STEP}"
    )


async def test_a_pot_and_a_part_of_one(rig: Rig) -> None:
    await purse_rig(rig)
    ends = int(rig.clock.now()) + 3600
    await budget(rig, "set", tokens=900, period="month")
    pot = {"channel": "videos", "amount": 60, "lasts": "1 hour", "name": "party"}
    await answer(rig, "pot start", pot)
    pot_step = (
        f"Nothing was charged. The pot ends <t:{ends}:R>, <t:{ends}:f>. In another channel the "
        "server's own budget pays."
    )
    assert await refused(rig) == (
        f"{NEEDS} the pot `party`, which pays in this channel: 60 tokens in all, 44 used so far. "
        f"{pot_step}"
    )
    pot = {"channel": "general", "amount": 600, "lasts": "1 hour", "per_member": 60, "name": "b"}
    await answer(rig, "pot start", pot)
    assert await refused(rig, channel="general") == (
        f"{NEEDS} your part of the pot `b`, which pays in this channel: 60 tokens in all, 44 used "
        f"so far. {pot_step}"
    )


async def test_what_the_host_lets_a_server_and_a_member_use(rig: Rig) -> None:
    await purse_rig(rig, guild_tokens=120, member_tokens=60)
    await budget(rig, "set", tokens=900, period="month")
    assert await refused(rig) == (
        f"{NEEDS} what the host of this bot lets each member of a server use: 60 tokens a month, "
        f"44 used so far. Nothing was charged. {RESETS} {HOST_STEP}"
    )
    await rig.card(member="Cleo")
    assert (await rig.refusal(member="Ada")).splitlines()[0] == (
        "This video needs up to 44 tokens, and 32 are left of what the host of this bot lets this "
        f"server use: 120 tokens a month, 88 used so far. Nothing was charged. {RESETS} {HOST_STEP}"
    )


async def test_what_other_servers_use_is_never_told(rig: Rig) -> None:
    await purse_rig(rig, host_tokens=123)
    await budget(rig, "set", tokens=900, period="month")
    await rig.card("one", member="Dora", guild=SECOND)
    await rig.card("two", member="Dora", guild=SECOND)
    said = await rig.refusal(member="Ben")
    assert said.splitlines()[0] == (
        "This video needs up to 44 tokens, more than is left of what the host of this bot lets all "
        f"servers use together. Nothing was charged. {RESETS} {HOST_STEP}"
    )
    for text in (said, await budget(rig, "show"), await at.tokens(rig), await budget(rig, "rules")):
        assert not {"123", "88 "} & set(text.split())
        assert "88 held" not in text


async def test_the_account_behind_the_bot(rig: Rig) -> None:
    rig.box.balance = 60
    await purse_rig(rig)
    rig.box.balance = 60
    await rig.restart_bot()
    await rig.eventually(lambda: bool(_balance(rig) == 60))
    assert await refused(rig) == (
        "This video needs up to 44 tokens, more than is left of the NeuralBox account behind this "
        f"bot. Nothing was charged. {HOST_STEP}"
    )


def _balance(rig: Rig) -> int:
    select = "SELECT v FROM meta WHERE k = 'balance_tokens'"
    row = rig.read(lambda tx: tx.execute(select).fetchone())
    return int(row[0]) if row else 0


async def test_of_several_short_limits_the_smallest_level_is_named_with_its_tightest_rule(
    rig: Rig,
) -> None:
    await purse_rig(rig, guild_tokens=10, member_tokens=20)
    await budget(rig, "set", tokens=5, period="month")
    assert "5 are left of this server's budget" not in await rig.refusal()
    assert "20 are left of what the host of this bot lets each member" in await rig.refusal()
    await budget(rig, "everyone", tokens=1)
    assert "and 1 is left of what each member may use here: 1 token a month" in await rig.refusal()
