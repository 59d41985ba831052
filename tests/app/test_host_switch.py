"""/admin: the host pauses new videos on every server, and nobody else does."""

import logging
from typing import Any

import pytest

from jobs import switch
from models import State
from playground.discord import NotPossibleError
from playground.discord.faults import fault
from tests.app import budget_hands as at
from tests.app.budget_hands import SECOND, forge, open_to_everyone, private, words
from tests.app.hands import animate, boat, press, said
from tests.app.moderators import asked, request
from tests.rig import Rig
from ui import host
from ui.host import ASK_S

# A use of each subcommand; one that is not named here fails the tests.
EVERY_USE: dict[str, dict[str, Any]] = {
    "pause": {"reason": "moving house"},
    "resume": {},
    "show": {},
}
NOT_THE_HOST = "for the host of this bot alone"
ASKING = r"^/oauth2/applications/@me$"


async def admin(rig: Rig, subcommand: str, member: str = "Ada", **options: Any) -> str:
    """Use a subcommand of /admin; return what it says."""
    where = {"guild": options.pop("guild")} if "guild" in options else {}
    given = options or EVERY_USE[subcommand]
    used = await rig.discord.slash(
        "admin", subcommand=subcommand, options=given, member=member, **where
    )
    return words(private(await used.answer()))


def asked_discord(rig: Rig) -> int:
    """Say how often the bot asked who owns it."""
    return sum(one["path"].endswith("/oauth2/applications/@me") for one in rig.records)


def pause_of(rig: Rig) -> switch.Pause | None:
    return rig.read(switch.find)


async def test_every_subcommand_is_hidden_by_default_and_stands_in_the_table(play: Rig) -> None:
    group = play.discord.parts.commands.find(play.guild_id, "admin", 1)
    assert {one["name"] for one in group["options"]} == set(EVERY_USE)
    assert (group["contexts"], group["integration_types"]) == ([0], [0])
    assert group["default_member_permissions"] == str(1 << 3), "Administrator"
    play.discord.add_role("Caretakers", allow="manage_guild", members=["Cleo"])
    for member in ("Ben", "Cleo"):
        for subcommand in EVERY_USE:
            with pytest.raises(NotPossibleError, match="may not use"):
                await admin(play, subcommand, member)


async def test_members_moderators_and_admins_are_refused_in_code(play: Rig) -> None:
    open_to_everyone(play, "admin")
    play.discord.add_role("Moderators", allow="manage_messages", members=["Cleo"])
    play.discord.add_member("Emil")
    play.discord.add_role("Admins too", allow="administrator", members=["Emil"])
    for member in ("Ben", "Cleo", "Emil"):
        for subcommand in EVERY_USE:
            refusal = await admin(play, subcommand, member)
            assert NOT_THE_HOST in refusal
            assert "Nothing was changed" in refusal
            assert "`/budget pause`" in refusal
    assert NOT_THE_HOST in await admin(play, "pause", "Dora", guild=SECOND)
    assert pause_of(play) is None
    assert play.app is not None
    assert "host" not in play.app.intake.reasons


@pytest.mark.parametrize("where", ["a direct message", "an app its user installed"])
async def test_what_comes_from_elsewhere_changes_nothing(
    play: Rig, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    ada = {"id": str(at.user(play, "Ada")), "username": "Ada", "discriminator": "0"}

    def change(payload: dict[str, Any]) -> None:
        if where == "a direct message":
            payload.update(user=ada, context=1, authorizing_integration_owners={"0": "0"})
            for key in ("member", "guild_id", "guild"):
                payload.pop(key, None)
        else:
            payload["authorizing_integration_owners"] = {"1": "1"}

    forge(monkeypatch, change)
    for subcommand in EVERY_USE:
        assert "in a server channel" in await admin(play, subcommand)
    assert pause_of(play) is None


async def test_the_host_pauses_every_server_and_what_was_asked_for_goes_on(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await play.refreshed()
    play.discord.rate_limits = False
    cards = [await play.card(f"boat {n}", member="Ben") for n in range(4)]
    # Two at a time are made for a member, so the others wait in line.
    await play.eventually(lambda: play.posts() == 2)
    told = await admin(play, "pause", reason="moving to a new machine")
    assert told == (
        "New videos are paused on every server, until `/admin resume`. Members who ask are told "
        "so, and why: `moving to a new machine`. Only new ones are refused: those already asked "
        "for, also the ones that wait in line, go on and are charged."
    )
    refusal = (
        "The host of this bot has paused new videos on every server: `moving to a new machine`. "
        "Please try again later. Nothing was charged. Videos already under way go on."
    )
    held = play.account("org").held_tokens
    assert await play.refusal(member="Ben") == refusal
    assert await play.refusal(member="Dora", guild=SECOND) == refusal
    assert await play.refusal(member="Ada") == refusal, "the host asks like anybody"
    assert said(await animate(play, await boat(play))) == refusal
    assert (len(play.jobs_in()), play.account("org").held_tokens) == (4, held)
    for card in cards:
        await play.finished(card)
    assert [play.job_of(card).state for card in cards] == [State.COMPLETED] * 4
    assert said(await press(play, cards[0], "Again", "Ben")) == refusal
    assert await admin(play, "resume") == (
        "New videos are taken again on every server, unless an admin paused them there."
    )
    await play.finished(await play.card("once more", member="Ben"))
    lines = [record.getMessage() for record in caplog.records]
    who = at.user(play, "Ada")
    assert f"the host (member {who}) paused new videos on every server" in lines
    assert f"the host (member {who}) takes new videos again" in lines
    play.sound()


async def test_a_restart_keeps_the_pause_and_its_words(play: Rig) -> None:
    await play.refreshed()
    card = await play.card("a boat", member="Ben")
    await admin(play, "pause", reason="`tea` <@1>\n\u202ebreak @everyone")
    before = await play.refusal(member="Ben")
    assert ": `ˋteaˋ <@1> break @everyone`. Please try" in before
    await play.restart_bot()
    assert await play.refusal(member="Ben") == before
    await play.finished(card)
    await admin(play, "resume")
    await play.card("a boat", member="Ben")
    await play.restart_bot()
    assert pause_of(play) is None
    await play.run_until(lambda: play.app is not None and not play.app.intake.reasons)
    await play.card("another boat", member="Ben")


async def test_a_second_pause_changes_the_words_and_not_since_when(play: Rig) -> None:
    await admin(play, "pause", reason="one")
    since = int(play.clock.now())
    await play.clock.advance(100)
    await admin(play, "pause", reason="\u200b \u2060")
    assert pause_of(play) == switch.Pause(since, at.user(play, "Ada"), "")
    assert (await play.refusal(member="Ben")).startswith(
        "The host of this bot has paused new videos on every server. Please try again later."
    )
    assert await admin(play, "resume") != await admin(play, "resume")
    assert await admin(play, "resume") == "New videos were not paused. Nothing was changed."


async def test_show_tells_the_pause_and_the_jobs_by_state(play: Rig) -> None:
    await play.refreshed()
    await play.settle()  # the history is asked for at the start too
    assert await admin(play, "show") == (
        "Reelbox on all its servers\nNew videos\nThey are taken.\nOn their way\nNone.\n"
        f"NeuralBox\n{play.box.allowance.used_hour} of 100 requests in an hour, "
        f"{play.box.allowance.used_day} of 1,000 requests in a day."
    )
    for n in range(3):
        await play.card(f"boat {n}", member="Ben")
    await play.eventually(lambda: len(play.jobs_in(State.PENDING)) == 2)
    await admin(play, "pause", reason="tea")
    now = int(play.clock.now())
    shown = await admin(play, "show")
    assert (
        f"Paused since <t:{now}:F> (<t:{now}:R>) by <@{at.user(play, 'Ada')}>: `tea`. "
        "`/admin resume` takes them again."
    ) in shown
    assert f"1 **queued**, 44 tokens held, the oldest asked for <t:{now}:R>" in shown
    assert "2 **pending**, 88 tokens held" in shown
    assert play.app is not None
    play.app.intake.close("key", "The key is refused.")
    assert "again.\nThe key is refused." in await admin(play, "show")
    assert "paused new videos on every server" in await play.refusal(member="Ben")
    assert "still cannot be made: The key is refused." in await admin(play, "resume")


async def test_a_pause_that_comes_twice_does_not_come_back_after_its_end(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    first = await play.discord.slash(
        "admin", subcommand="pause", options={"reason": "tea"}, member="Ada"
    )
    await first.answer()
    await admin(play, "resume")
    play.discord.replay(first)
    await play.card("a boat", member="Ben")
    assert pause_of(play) is None
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


async def test_of_a_team_its_owner_admins_and_developers_are_the_host(play: Rig) -> None:
    open_to_everyone(play, "admin")
    for name in ("Dev", "Chief", "Reader", "Invited"):
        play.discord.add_member(name)
    roles = {"Ben": "admin", "Dev": "developer", "Reader": "read_only", "Invited": "admin"}
    play.discord.give_application_to_team("Chief", roles, invited=["Invited"])
    for member in ("Chief", "Ben", "Dev"):
        assert "paused on every server" in await admin(play, "pause", member)
        assert "taken again" in await admin(play, "resume", member)
    for member in ("Ada", "Reader", "Invited", "Cleo"):
        assert NOT_THE_HOST in await admin(play, "pause", member)
    assert pause_of(play) is None


async def test_the_host_is_asked_for_now_and_then_and_a_new_one_is_noticed(play: Rig) -> None:
    open_to_everyone(play, "admin")
    asked = asked_discord(play)
    for member in ("Ada", "Ben", "Ada"):
        await admin(play, "show", member)
    assert asked_discord(play) == asked + 1
    play.discord.give_application("Ben")
    await play.clock.advance(301)
    assert NOT_THE_HOST in await admin(play, "pause", "Ada")
    assert "paused" in await admin(play, "pause", "Ben")
    assert asked_discord(play) == asked + 2


@pytest.mark.parametrize(
    "trouble",
    [
        {"delay": 2.5},
        {"drop": True, "times": 9},
        {"status": 403},
        {"status": 503, "times": 9},
    ],
    ids=str,
)
async def test_when_discord_does_not_tell_who_is_the_host_nobody_is(
    play: Rig, monkeypatch: pytest.MonkeyPatch, trouble: dict[str, Any]
) -> None:
    monkeypatch.setattr(host, "ASK_S", ASK_S)  # as outside of tests
    play.discord.script(fault("GET", ASKING, **trouble))
    refusal = await admin(play, "pause")
    assert refusal == (
        "Discord did not tell me just now who the host of this bot is. Nothing was changed. "
        "Please try again in a moment."
    )
    assert pause_of(play) is None
    play.discord.clear_faults()
    assert "paused on every server" in await admin(play, "pause")


async def test_a_pause_lets_moderators_decide_on_what_was_asked_for(strict: Rig) -> None:
    card = await asked(strict)
    await admin(strict, "pause", reason="tea")
    assert "goes on" in said(await press(strict, request(strict), "Approve", "Cleo"))
    await strict.finished(card)
    assert strict.job_of(card).state is State.COMPLETED
