"""/budget pause and resume: new videos wait, those under way go on, and time lifts by itself."""

from tests.app import budget_hands as at
from tests.app.budget_hands import answer, budget, changes, purse_rig, tokens, words
from tests.app.hands import press
from tests.rig import Rig

HOUR = 3600
GOES_ON = "Nothing was charged. Videos already under way go on."


async def test_a_paused_server_takes_nothing_new_and_finishes_what_it_has(rig: Rig) -> None:
    await purse_rig(rig)
    card = await rig.card(member="Ben")
    said = await budget(rig, "pause", reason="the month's end")
    assert said == (
        "New videos on this server are paused until `/budget resume`. Videos under way go on, and "
        "are charged."
    )
    ada = at.user(rig, "Ada")
    for member in ("Ada", "Ben", "Cleo"):
        assert await rig.refusal(member=member) == (
            f"New videos are paused by <@{ada}> on this server: `the month's end`. {GOES_ON} It "
            "lasts until an admin lifts it."
        )
    assert "New videos are paused" in await tokens(rig, "Ben")
    await rig.card(member="Dora", guild=at.SECOND)
    await rig.finished(card)
    assert rig.guild_account().spent_tokens == 44
    assert await budget(rig, "resume", reason="a new month") == (
        "This server can make new videos again."
    )
    await rig.card("b", member="Ben")
    told = [(one.what, one.before, one.after, one.reason) for one in changes(rig)]
    assert told == [
        ("budget videos of everybody", "allowed", "paused", "the month's end"),
        ("budget videos of everybody", "paused", "allowed", "a new month"),
    ]
    await at.all_done(rig)
    rig.sound()


async def test_a_paused_member_is_the_only_one(rig: Rig) -> None:
    await purse_rig(rig)
    ada, ben = at.user(rig, "Ada"), at.user(rig, "Ben")
    said = await budget(rig, "pause", member="Ben", reason="a break")
    assert said.startswith(f"New videos of <@{ben}> are paused until `/budget resume`.")
    assert await rig.refusal(member="Ben") == (
        f"Your new videos on this server are paused by <@{ada}>: `a break`. {GOES_ON} It lasts "
        "until an admin lifts it."
    )
    assert "Your new videos are paused" in await tokens(rig, "Ben")
    assert "paused" not in await tokens(rig, "Cleo")
    await rig.card(member="Cleo")
    await rig.card(member="Ben", guild=at.SECOND)
    assert "was not paused" in await budget(rig, "resume")
    assert "was not paused" in await budget(rig, "resume", member="Cleo")
    assert await budget(rig, "resume", member="Ben") == f"<@{ben}> can make new videos again."
    await rig.card(member="Ben")


async def test_a_pause_of_hours_ends_by_itself_and_outlives_a_restart(rig: Rig) -> None:
    await purse_rig(rig)
    ends = int(rig.clock.now()) + 2 * HOUR
    said = await budget(rig, "pause", reason="lunch", hours=2)
    assert f"paused until <t:{ends}:F>" in said
    await rig.clock.advance(HOUR)
    await rig.restart_bot()
    assert (await rig.refusal(member="Ben")).endswith(
        f"It ends <t:{ends}:R>, or when an admin lifts it."
    )
    await rig.clock.advance(HOUR - 1)
    assert "lunch" in await rig.refusal(member="Ben")
    await rig.clock.advance(1)
    await rig.card(member="Ben")
    assert "paused" not in await tokens(rig, "Ben")
    assert "Paused" not in await budget(rig, "rules")
    assert "was not paused" in await budget(rig, "resume")


async def test_a_later_pause_takes_the_place_of_the_one_before(rig: Rig) -> None:
    await purse_rig(rig)
    ends = int(rig.clock.now()) + HOUR
    await budget(rig, "pause", reason="one")
    await budget(rig, "pause", reason="two", hours=1)
    await budget(rig, "pause", member="Ben", reason="three")
    assert "`two`" in await rig.refusal(member="Cleo")
    assert [(one.before, one.after, one.reason) for one in changes(rig)] == [
        ("allowed", "paused", "one"),
        ("paused", f"paused until <t:{ends}:f>", "two"),
        ("allowed", "paused", "three"),
    ]
    assert (await budget(rig, "rules")).count("by <@") == 2
    await rig.clock.advance(HOUR)
    await rig.card(member="Cleo")
    assert "`three`" in await rig.refusal(member="Ben")


async def test_the_same_pause_for_another_reason_is_on_record(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "pause", reason="one")
    await budget(rig, "pause", reason="two")
    assert [one.reason for one in changes(rig)] == ["one", "two"]


async def test_no_way_in_goes_around_a_pause(rig: Rig) -> None:
    await purse_rig(rig)
    card = await rig.card(member="Ben")
    await rig.finished(card)
    await budget(rig, "pause", reason="enough")
    pressed = await press(rig, rig.shown(card), "Again")
    assert "`enough`" in words(at.private(pressed))
    assert len(rig.jobs_in()) == 1


async def test_a_confirmation_given_after_the_pause_makes_nothing(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "confirm", above=10)
    asked = await rig.ask(member="Ben")
    assert asked.message is not None
    await answer(rig, "pause", {"reason": "enough"})
    pressed = await rig.discord.press(asked.message, "Make it · 44", member="Ben")
    assert "`enough`" in words(await pressed.final())
    assert rig.jobs_in() == []
