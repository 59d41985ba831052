"""Warnings before a budget runs out, and the brake on one member's unusual spending."""

from typing import Any

from playground.clock import FakeClock
from tests.app import budget_hands as at
from tests.app.budget_hands import MONTH_END, SECOND, answer, budget, purse_rig, tokens, told
from tests.rig import Rig

MINUTE, DAY = 60, 24 * 3600


async def watched(rig: Rig, size: int, **warn: Any) -> Rig:
    """Start a bot whose first server has a budget and a channel for warnings, and no brake."""
    await purse_rig(rig)
    await budget(rig, "set", tokens=size, period="month")
    await budget(rig, "warn", channel="general", **warn)
    await budget(rig, "brake", percent=0)
    return rig


def warned(rig: Rig) -> list[tuple[int, int, int]]:
    """Return each warning's level, use and size."""
    bodies = [one.body for one in told(rig, "warning")]
    return [(body["percent"], body["used"], body["size"]) for body in bodies]


async def test_each_level_is_told_once_and_only_the_highest_newly_reached(rig: Rig) -> None:
    await watched(rig, 440)
    for number in range(4):
        await rig.card(f"a {number}")
    assert warned(rig) == []
    await rig.card("fifth")
    assert warned(rig) == [(50, 220, 440)]
    await rig.card("long", length=10)
    await rig.card("one more")
    assert warned(rig) == [(50, 220, 440), (80, 352, 440)]
    await rig.card("to the brim", length=10)
    assert warned(rig)[2:] == [(95, 440, 440)]
    await rig.refusal("too much")
    assert len(warned(rig)) == 3


async def test_a_jump_over_two_levels_tells_the_higher_alone(rig: Rig) -> None:
    await watched(rig, 100)
    await rig.card("one", length=10)
    assert warned(rig) == [(80, 88, 100)]
    await budget(rig, "reset")
    assert warned(rig) == [(80, 88, 100)]


async def test_what_came_back_and_is_used_again_is_not_told_twice(rig: Rig) -> None:
    await watched(rig, 100)
    card = await rig.card("one", length=10)
    await rig.run_until(lambda: rig.job_of(card).generation_id is not None)
    rig.box.fail(rig.generation_id(card), "no")
    await rig.finished(card)
    assert rig.guild_account().spent_tokens == 0
    await rig.card("two")
    await rig.card("three")
    assert warned(rig) == [(80, 88, 100)]


async def test_the_next_period_and_another_size_are_told_anew(rig: Rig) -> None:
    await watched(rig, 100)
    await rig.card("one", length=10)
    await budget(rig, "set", tokens=150)
    await rig.card("two")
    assert warned(rig) == [(80, 88, 100), (80, 132, 150)]
    await at.all_done(rig)
    await rig.clock.advance(MONTH_END - rig.clock.now())
    await rig.card("three", length=10)
    assert warned(rig)[2:] == [(50, 88, 150)]
    bodies = [one.body for one in told(rig, "warning")]
    assert bodies[1]["resets_at"] == MONTH_END
    assert (bodies[1]["held"], bodies[1]["spent"]) == (132, 0)


async def test_a_little_more_budget_does_not_tell_the_same_level_again(rig: Rig) -> None:
    await watched(rig, 300, levels="50")
    for number in range(4):
        await rig.card(f"a {number}")
    assert warned(rig) == [(50, 176, 300)]
    await budget(rig, "grant", tokens=1, reason="a token more")
    await rig.card("another")
    assert len(warned(rig)) == 1


async def test_a_rolling_budget_that_is_reset_warns_again_and_at_no_odd_moment(rig: Rig) -> None:
    await watched(rig, 100)
    await budget(rig, "set", period="rolling")
    await rig.card("one", length=10)
    assert warned(rig) == [(80, 88, 100)]
    # The moment at which whole months since 1970 begin says nothing here.
    await rig.clock.advance(2_592_000 - rig.clock.now() % 2_592_000)
    assert len(warned(rig)) == 1
    await budget(rig, "reset")
    await rig.clock.advance(1)
    await rig.card("two", length=10)
    assert warned(rig) == [(80, 88, 100), (80, 88, 100)]


async def test_levels_are_an_admins_choice_down_to_none(rig: Rig) -> None:
    await watched(rig, 440, levels="10 20")
    await rig.card("one")
    assert warned(rig) == [(10, 44, 440)]
    off = await budget(rig, "warn", levels="off")
    assert off.startswith("Nobody is warned before the budget runs out. Every change is told in <#")
    for number in range(4):
        await rig.card(f"a {number}")
    assert len(warned(rig)) == 1
    said = await budget(rig, "warn", levels="30")
    assert said.startswith("At 30 % of the budget, each once in a period, in <#")
    await rig.card("b")
    assert warned(rig)[1:] == [(30, 264, 440)]


async def test_without_a_channel_nothing_is_told_and_setting_one_is_recommended(rig: Rig) -> None:
    await purse_rig(rig)
    said = await budget(rig, "set", tokens=100, period="month")
    assert said.endswith(
        "Warnings at 50 %, 80 % and 95 % have no channel yet: `/budget warn channel:` gives one."
    )
    await rig.card("one")
    await rig.card("two")
    assert told(rig) == []
    assert "have no channel yet" in await budget(rig, "rules")
    await budget(rig, "warn", channel="general")
    assert "have no channel" not in await budget(rig, "set", tokens=200)


async def test_the_warning_is_posted_in_words_and_notifies_nobody(rig: Rig) -> None:
    await watched(rig, 100)
    await rig.card("one", length=10)
    await rig.eventually(
        lambda: any("88 of" in at.words(m) for m in rig.discord.messages("general"))
    )
    text = next(m for m in rig.discord.messages("general") if "88 of" in at.words(m))
    assert text.notified == frozenset()
    assert "**80 % of this server's budget is used**: 88 of 100 tokens" in at.words(text)
    assert f"<t:{MONTH_END}:R>" in at.words(text)


async def braking(rig: Rig, size: int = 250) -> Rig:
    await purse_rig(rig)
    await budget(rig, "set", tokens=size, period="month")
    await budget(rig, "warn", channel="general", levels="off")
    return rig


async def test_unusual_spending_stops_that_member_alone_and_ends_by_itself(rig: Rig) -> None:
    await braking(rig)
    cards = [await rig.card(f"a {number}", member="Ben") for number in range(3)]
    ends = int(rig.clock.now()) + DAY
    assert await rig.refusal(member="Ben") == (
        "Your new videos on this server are paused by the spend brake: `132 of this server's 250 "
        "tokens went into one member's videos within 10 minutes`. Nothing was charged. Videos "
        f"already under way go on. It ends <t:{ends}:R>, or when a moderator lifts it."
    )
    await rig.card("b", member="Cleo")
    await rig.card("b", member="Ben", guild=SECOND)
    [notice] = told(rig, "brake")
    assert notice.body["user"] == at.user(rig, "Ben")
    assert (notice.body["tokens"], notice.body["size"]) == (132, 250)
    assert "by the spend brake" in await tokens(rig, "Ben")
    for card in cards:
        await rig.finished(card)
    await rig.clock.advance(ends - rig.clock.now() - 1)
    assert "spend brake" in await rig.refusal(member="Ben")
    await rig.clock.advance(1)
    await rig.card("c", member="Ben")
    assert len(told(rig, "brake")) == 1
    rig.sound()


async def test_fewer_than_three_or_not_more_than_half_or_slowly_is_not_unusual(rig: Rig) -> None:
    await braking(rig, size=264)
    for number in range(2):
        await rig.card(f"long {number}", member="Ben")
    await rig.card("the third makes exactly half", member="Ben")
    assert told(rig, "brake") == []
    await rig.clock.advance(10 * MINUTE + 1)
    await rig.card("a", member="Ben")
    await rig.card("b", member="Ben", length=5)
    assert told(rig, "brake") == []
    await rig.card("c", member="Cleo")
    assert told(rig, "brake") == []


async def test_videos_that_cost_nothing_do_not_make_a_dear_one_unusual(rig: Rig) -> None:
    await braking(rig, size=100)
    for number in range(2):
        card = await rig.card(f"a {number}", member="Ben")
        await rig.run_until(lambda card=card: rig.job_of(card).generation_id is not None)  # type: ignore[misc]
        rig.box.fail(rig.generation_id(card), "no")
        await rig.finished(card)
    await rig.card("b", member="Ben", length=10)
    assert told(rig, "brake") == []
    assert "spend brake" not in await rig.refusal(member="Ben")


async def test_after_an_undo_the_same_videos_do_not_stop_them_again(rig: Rig) -> None:
    await braking(rig, size=600)
    for number in range(7):
        await rig.card(f"a {number}", member="Ben")
    assert len(told(rig, "brake")) == 1
    await budget(rig, "resume", member="Ben")
    await rig.clock.advance(1)
    for number in range(3):
        await rig.card(f"b {number}", member="Ben")
    assert len(told(rig, "brake")) == 1
    lifted = told(rig, "brake")[0].body
    assert lifted["lifted_by"] == at.user(rig, "Ada")


async def test_what_stopped_a_member_once_does_not_count_when_the_brake_ended_by_itself(
    rig: Rig,
) -> None:
    await braking(rig)
    await budget(rig, "brake", minutes=1440)
    for number in range(3):
        await rig.card(f"a {number}", member="Ben")
    await at.all_done(rig)
    [row] = rig.read(lambda tx: tx.execute("SELECT ends_at FROM halt").fetchall())
    await rig.clock.advance(row[0] - rig.clock.now())
    await rig.card("b", member="Ben")
    assert len(told(rig, "brake")) == 1


async def test_an_admins_pause_takes_the_brakes_place_and_its_message_says_so(rig: Rig) -> None:
    await braking(rig)
    for number in range(3):
        await rig.card(f"a {number}", member="Ben")
    await budget(rig, "pause", member="Ben", reason="talk to me first")
    ada, ben = at.user(rig, "Ada"), at.user(rig, "Ben")

    def shown() -> str:
        found = [at.words(one) for one in rig.discord.messages("general")]
        return next((text for text in found if "spend brake" in text), "")

    await rig.eventually(lambda: f"<@{ada}> paused <@{ben}> instead" in shown())
    assert "can ask for videos again" not in shown()
    assert "`talk to me first`" in await rig.refusal(member="Ben")


async def test_there_is_no_brake_without_a_budget_where_it_is_off_or_in_a_pot(rig: Rig) -> None:
    await purse_rig(rig)
    for number in range(4):
        await rig.card(f"a {number}", member="Ben")
    await budget(rig, "set", tokens=400, period="none")
    assert await budget(rig, "brake", percent=0) == "Spend brake: Off."
    for number in range(4):
        await rig.card(f"b {number}", member="Cleo")
    assert rig.read(lambda tx: tx.execute("SELECT count(*) FROM halt").fetchone()[0]) == 0
    said = await budget(rig, "brake", percent=20, minutes=60)
    assert "more than 20 % of the budget within 60 minutes, for three" in said
    await budget(rig, "set", tokens=700)
    pot = {"channel": "general", "amount": 200, "lasts": "1 hour"}
    await answer(rig, "pot start", pot)
    for number in range(4):
        await rig.card(f"c {number}", member="Ada", channel="general")
    assert rig.read(lambda tx: tx.execute("SELECT count(*) FROM halt").fetchone()[0]) == 0


async def test_the_brake_goes_by_what_the_host_allows_where_that_is_less(rig: Rig) -> None:
    await purse_rig(rig, guild_tokens=250)
    await budget(rig, "set", tokens=1_000_000)
    for number in range(3):
        await rig.card(f"a {number}")
    assert "paused by the spend brake" in await rig.refusal("d")


async def test_a_clock_set_back_after_an_undo_does_not_keep_the_brake_off(rig: Rig) -> None:
    await braking(rig, size=300)
    await budget(rig, "brake", percent=40)
    for number in range(3):
        await rig.card(f"a {number}", member="Ben")
    await budget(rig, "resume", member="Ben")
    assert isinstance(rig.clock, FakeClock)
    rig.clock.set_wall(rig.clock.now() - 3600)
    for number in range(3):
        await rig.ask(f"b {number}", member="Ben")
    assert len(told(rig, "brake")) == 2
    assert "paused by the spend brake" in await rig.refusal(member="Ben")


async def test_what_is_said_of_the_brake_holds_with_and_without_a_channel(rig: Rig) -> None:
    await purse_rig(rig)
    nobody = (
        "is paused for a day. Nobody is told, since `/budget warn channel:` is not set; an admin "
        "can end it with `/budget resume member:`."
    )
    assert nobody in await budget(rig, "brake", percent=50)
    assert nobody in await budget(rig, "rules")
    await budget(rig, "warn", channel="general")
    where = f"It is told in <#{at.channel(rig, 'general')}>, where moderators can undo it."
    assert where in await budget(rig, "rules")


async def homeless(rig: Rig) -> None:
    """Let a warning and a stop by the brake be told in a channel that is gone."""
    await braking(rig)
    await budget(rig, "warn", levels="50")
    await rig.eventually(lambda: all(one.message_id for one in told(rig)))
    rig.discord.delete_channel("general")
    for number in range(3):
        await rig.card(f"a {number}", member="Ben")
    parked = "SELECT count(*) FROM notice WHERE done = 2 AND message_id IS NULL"
    await rig.eventually(lambda: bool(rig.read(lambda tx: tx.execute(parked).fetchone()[0]) == 2))


def told_in(rig: Rig, channel: str) -> list[str]:
    """Return what admins are told in a channel, oldest first, by its first words."""
    texts = [at.words(one) for one in rig.discord.messages(channel)]
    known = ("% of this server's budget is used", "The spend brake stopped", "changed the budget")
    return [part for text in texts for part in known if part in text]


async def test_what_found_no_place_is_told_where_an_admin_says_next(rig: Rig) -> None:
    await homeless(rig)
    await budget(rig, "warn", channel="videos")
    await rig.eventually(lambda: len(told_in(rig, "videos")) == 3)
    assert told_in(rig, "videos") == [
        "% of this server's budget is used",
        "The spend brake stopped",
        "changed the budget",
    ]
    undo = next(one for one in rig.discord.messages("videos") if at.words(one).count("brake"))
    pressed = await rig.discord.press(undo, "Undo", member="Ada")
    assert "can make new videos again" in at.words(await pressed.answer())


async def test_days_later_a_warning_is_still_told_and_other_old_news_is_not(rig: Rig) -> None:
    await homeless(rig)
    await at.all_done(rig)
    await rig.clock.advance(2 * DAY)
    await budget(rig, "warn", channel="videos")
    await rig.eventually(lambda: "changed the budget" in told_in(rig, "videos"))
    assert told_in(rig, "videos") == ["% of this server's budget is used", "changed the budget"]
