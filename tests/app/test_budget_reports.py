"""/budget report and simulate, as an admin meets them."""

from tests.app.budget_hands import MONTH_END, answer, budget, purse_rig, words
from tests.rig import Rig

DAY_S = 24 * 3600
TOO_LITTLE = "Too little has happened yet to say how long the budget lasts."


async def test_the_first_day_of_a_budget_promises_nothing(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=1000, period="month")
    for number in range(5):
        await rig.finished(await rig.card(f"boat {number}"))
        await rig.clock.advance(1200)
    assert TOO_LITTLE in await budget(rig, "report")
    await rig.clock.advance(DAY_S)
    assert "At this pace the budget runs dry" in await budget(rig, "report")
    for options in ({"period": "last"}, {"days": 7}):
        said = await budget(rig, "report", **options)
        assert "At this pace" not in said
        assert TOO_LITTLE not in said


async def test_without_a_budget_nothing_can_run_dry(rig: Rig) -> None:
    await purse_rig(rig)
    for number in range(3):
        await rig.finished(await rig.card(f"boat {number}"))
        await rig.clock.advance(DAY_S)
    said = await budget(rig, "report")
    assert "3 videos asked for" in said
    assert "At this pace" not in said
    assert TOO_LITTLE not in said


async def test_a_period_that_is_over_is_not_judged_by_what_was_set_since(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=1000, period="month", time_zone="UTC")
    await rig.finished(await rig.card())
    cost = rig.box.charged_total
    await rig.clock.advance(MONTH_END - rig.clock.now() + 60)
    assert f"{cost} spent, **{1000 - cost:,} not used**" in await budget(
        rig, "report", period="last"
    )
    await budget(rig, "set", tokens=cost // 2)
    said = await budget(rig, "report", period="last")
    assert f"1 video asked for: {cost} tokens spent" in said
    for word in ("%", "not used", "left", "limit", "anew"):
        assert word not in said, word


async def test_where_nothing_begins_anew_there_is_no_period_before(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=1000, period="none")
    await rig.finished(await rig.card())
    asked_at = int(rig.clock.now())
    await rig.clock.advance(3 * DAY_S)
    answered = await answer(rig, "report", {"period": "last"})
    assert "there was no period before this one" in words(answered)
    assert answered.message is not None
    assert (answered.message.embeds, answered.message.attachments) == ([], [])
    said = await budget(rig, "report")
    begun_at = int(said.split("<t:")[1].split(":")[0])
    assert asked_at - DAY_S < begun_at <= asked_at


async def test_the_limits_that_were_tried_are_the_ones_that_are_told(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=1000, period="week")
    await rig.finished(await rig.card("one"))
    await rig.finished(await rig.card("two"))
    cost = rig.box.charged_total // 2
    said = await budget(rig, "simulate", per_member=cost, member_period="day", budget=5000)
    assert (
        f"With 5,000 tokens a week for the server and {cost} tokens a day for each member" in said
    )
