"""Who may do what with /budget, from the commands as they are registered."""

from collections.abc import Iterator
from typing import Any

import pytest

from playground.discord import NotPossibleError
from storage import halts
from tests.app import budget_hands as at
from tests.app.budget_hands import (
    SECOND,
    answer,
    forge,
    open_to_everyone,
    private,
    untouched,
    words,
)
from tests.app.hands import labels
from tests.rig import Rig

EVERYONE = {"show"}
# A use of each subcommand that would change something if it were allowed. One that is not named
# here fails the tests, so that none is added without saying who may use it.
EVERY_USE: dict[str, dict[str, Any]] = {
    "show": {},
    "rules": {},
    "log": {"page": 1},
    "set": {"tokens": 3000, "period": "month"},
    "everyone": {"tokens": 100},
    "role": {"role": "Admin", "tokens": 100},
    "member": {"member": "Ben", "tokens": 100},
    "grant": {"tokens": 100, "reason": "please"},
    "reset": {"reason": "please"},
    "pause": {"reason": "enough"},
    "resume": {},
    "warn": {"levels": "10"},
    "confirm": {"above": 1},
    "approval": {"above": 1, "channel": "general"},
    "brake": {"percent": 1},
    "pot start": {"channel": "general", "amount": 1, "lasts": "1 day"},
    "pot end": {"pot": "1"},
    "pot list": {},
    "report": {},
    "export": {"what": "ledger"},
    "simulate": {"per_member": 50, "member_period": "day"},
}
# In the second server, where not all of those exist.
ELSEWHERE: dict[str, dict[str, Any]] = {
    "approval": {"above": 1, "channel": "videos"},
    "pot start": {"channel": "videos", "amount": 1, "lasts": "1 day"},
}
TYPED = {"tokens": "1", "time_zone": "ber", "starts_on": "1", "pot": ""}


def registered(rig: Rig) -> dict[str, list[dict[str, Any]]]:
    """Return every subcommand with its options."""
    found = rig.discord.parts.commands.find(rig.guild_id, "budget", 1)
    return dict(_leaves(found["options"], ""))


def _leaves(options: list[dict[str, Any]], path: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for one in options:
        name = f"{path} {one['name']}".strip()
        if one["type"] == 2:
            yield from _leaves(one["options"], name)
        else:
            yield name, one.get("options") or []


def uses(rig: Rig) -> dict[str, dict[str, Any]]:
    return {name: EVERY_USE[name] for name in registered(rig)}


async def test_every_subcommand_stands_in_the_table_of_who_may_use_it(play: Rig) -> None:
    assert set(registered(play)) <= set(EVERY_USE)
    group = play.discord.parts.commands.find(play.guild_id, "budget", 1)
    assert (group["contexts"], group["integration_types"]) == ([0], [0])
    assert group["default_member_permissions"] == str(1 << 5), "Manage Server"
    everyone = play.discord.parts.commands.find(play.guild_id, "tokens", 1)
    assert (everyone["contexts"], everyone["integration_types"]) == ([0], [0])
    assert everyone.get("default_member_permissions") is None


async def test_members_and_moderators_do_not_see_the_group(play: Rig) -> None:
    play.discord.add_role("Moderators", allow="manage_messages", members=["Cleo"])
    for who in ("Ben", "Cleo"):
        for subcommand, options in uses(play).items():
            with pytest.raises(NotPossibleError, match="may not use"):
                await answer(play, subcommand, options, member=who)
        assert "No admin has set a budget" in await at.tokens(play, who)


@pytest.mark.fault("H15")
@pytest.mark.fault("H17")
async def test_where_it_is_shown_to_all_members_and_moderators_are_refused_in_code(
    play: Rig,
) -> None:
    open_to_everyone(play)
    play.discord.add_role("Moderators", allow="manage_messages", members=["Cleo"])
    for who in ("Ben", "Cleo"):
        for subcommand, options in uses(play).items():
            said = words(await answer(play, subcommand, options, member=who))
            if subcommand in EVERYONE:
                assert "No admin has set a budget" in said
            else:
                assert "Manage Server" in said, subcommand
                assert "Nothing was changed" in said
                assert "`/tokens`" in said
    assert untouched(play)


async def test_an_admin_may_use_every_subcommand(play: Rig) -> None:
    play.discord.add_role("Caretakers", allow="manage_guild", members=["Cleo"])
    await answer(play, "set", {"tokens": 9000})
    for subcommand, options in uses(play).items():
        said = words(await answer(play, subcommand, options, member="Cleo"))
        assert said
        assert "Manage Server" not in said, subcommand
        assert "reference" not in said, said
    made = {change.actor for change in at.changes(play)[1:]}
    assert made == {at.user(play, "Cleo")}


@pytest.mark.fault("H16")
async def test_an_admin_elsewhere_acts_on_their_own_server_and_no_other(play: Rig) -> None:
    for subcommand, options in uses(play).items():
        there = ELSEWHERE.get(subcommand, options)
        said = words(await answer(play, subcommand, there, member="Dora", guild=SECOND))
        assert "reference" not in said, said
    assert at.changes(play) == []
    assert at.changes(play, SECOND)
    second = play.discord.world.guild(SECOND).id
    for table in ("pool", "cap", "bonus", "restart", "pot", "halt", "notice"):
        select = f"SELECT DISTINCT guild_id FROM {table}"  # noqa: S608 - names from above
        found = play.read(lambda tx, select=select: [row[0] for row in tx.execute(select)])  # type: ignore[misc]
        assert found in ([], [second]), table
    assert "No admin has set a budget" in words(await answer(play, "show", {}))
    assert "Nobody has changed anything yet" in words(await answer(play, "log", {}))
    assert words(await answer(play, "pot list", {})).startswith("No pot runs")


@pytest.mark.fault("H16")
@pytest.mark.fault("H25")
async def test_a_pot_of_another_server_can_neither_be_seen_nor_ended(play: Rig) -> None:
    where = {"channel": "videos", "amount": 10, "lasts": "1 day"}
    await answer(play, "pot start", where, member="Dora", guild=SECOND)
    assert (
        await play.discord.autocomplete("budget", "pot", "", subcommand="pot end", member="Ada")
        == []
    )
    said = words(await answer(play, "pot end", {"pot": "1"}))
    assert "has ended already. Nothing was changed" in said
    listed = words(await answer(play, "pot list", {}, member="Dora", guild=SECOND))
    assert "10 tokens" in listed


@pytest.mark.fault("H18")
@pytest.mark.parametrize("where", ["a direct message", "an app its user installed"])
async def test_what_comes_from_elsewhere_all_the_same_changes_nothing(
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
    needs_a_server = {"role", "pot start", "approval"} if where == "a direct message" else set()
    for subcommand, options in uses(play).items():
        if subcommand not in needs_a_server:
            assert "in a server channel" in words(await answer(play, subcommand, options))
    assert "in a server channel" in await at.tokens(play)
    for subcommand, option in autocompleted(play):
        if where == "a direct message" or option == "pot":
            await typed(play, subcommand, option, "Ada")
    assert await typed(play, "pot end", "pot", "Ada") == []
    assert untouched(play)


def autocompleted(rig: Rig) -> list[tuple[str, str]]:
    """Return each subcommand's options that offer something."""
    return [
        (name, option["name"])
        for name, options in registered(rig).items()
        for option in options
        if option.get("autocomplete")
    ]


async def typed(rig: Rig, subcommand: str, option: str, who: str) -> list[dict[str, Any]]:
    return await rig.discord.autocomplete(
        "budget", option, TYPED[option], subcommand=subcommand, member=who, timeout=2
    )


async def test_whatever_is_typed_gets_an_answer_and_no_member_is_shown_a_pot(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    open_to_everyone(play)
    where = {"channel": "general", "amount": 10, "lasts": "1 day", "name": "secret party"}
    await answer(play, "pot start", where)
    offered = autocompleted(play)
    assert ("pot end", "pot") in offered
    for subcommand, option in offered:
        found = await typed(play, subcommand, option, "Ben")
        assert "secret" not in str(found)
        assert bool(found) == (option != "pot")
        assert await typed(play, subcommand, option, "Ada")
        for odd in ("", "`@everyone`", "-" * 100, "\N{ARABIC-INDIC DIGIT ONE}" * 50, "9" * 100):
            choices = await play.discord.autocomplete(
                "budget", option, odd, subcommand=subcommand, member="Ada", timeout=2
            )
            assert len(choices) <= 25
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


async def braked(rig: Rig) -> Any:
    """Let the brake stop Ben; return the message that tells of it."""
    await at.purse_rig(rig)
    await answer(rig, "set", {"tokens": 250, "period": "month"})
    await answer(rig, "warn", {"channel": "general", "levels": "off"})
    for number in range(3):
        await rig.card(f"boat {number}", member="Ben")
    messages = rig.discord.messages

    def shown() -> list[Any]:
        return [one for one in messages("general") if one.components and labels(one) == ["Undo"]]

    await rig.eventually(lambda: bool(shown()))
    return shown()[0]


async def test_undo_is_for_moderators_and_works_once(rig: Rig) -> None:
    brake = await braked(rig)
    rig.discord.add_role("Moderators", allow="manage_messages", members=["Cleo"])
    pressed = await rig.discord.press(brake, "Undo", member="Ben")
    assert "Only moderators" in words(private(await pressed.answer()))
    assert "paused by the spend brake" in await rig.refusal(member="Ben")
    pressed = await rig.discord.press(brake, "Undo", member="Cleo")
    assert words(private(await pressed.answer())) == (
        f"<@{at.user(rig, 'Ben')}> can make new videos again."
    )
    again = rig.discord.forge(pressed, pressed.payload["data"]["custom_id"])
    assert "lifted already, or it ended by itself" in words(private(await again.answer()))
    await rig.card("boat 4", member="Ben")
    assert rig.read(lambda tx: halts.list_standing(tx, rig.guild_id, int(rig.clock.now()))) == []
    log = at.changes(rig)[-1]
    assert (log.actor, log.after) == (at.user(rig, "Cleo"), "allowed")
    await rig.eventually(lambda: "lifted it" in words(rig.shown(brake)))
    assert rig.shown(brake).components == []


async def test_a_forged_undo_lifts_no_admins_pause_and_nothing_elsewhere(rig: Rig) -> None:
    brake = await braked(rig)
    rig.discord.add_role("Moderators", allow="manage_messages", members=["Cleo"])
    await answer(rig, "pause", {"reason": "no more"})
    pressed = await rig.discord.press(brake, "Undo", member="Ben")
    await pressed.answer()
    pressed = await rig.discord.press(brake, "Undo", member="Cleo")
    await pressed.answer()
    said = rig.discord.forge(pressed, "rb:undo:2")
    assert "An admin paused that" in words(private(await said.answer()))
    for odd in ("rb:undo", "rb:undo:0", "rb:undo:999999999999999", "rb:undo:x", "rb:undo:1:2"):
        said = rig.discord.forge(pressed, odd)
        assert "reference" not in words(private(await said.answer()))
    assert "no more" in await rig.refusal(member="Cleo")
    await answer(rig, "pause", {"reason": "none here"}, member="Dora", guild=SECOND)
    elsewhere = rig.discord.forge(pressed, "rb:undo:3")
    assert "reference" not in words(private(await elsewhere.answer()))
    there = rig.discord.world.guild(SECOND).id
    assert rig.read(lambda tx: halts.list_standing(tx, there, int(rig.clock.now())))


async def test_whoever_the_brake_stopped_needs_another_moderator_or_manage_server(rig: Rig) -> None:
    brake = await braked(rig)
    rig.discord.add_role("Moderators", allow="manage_messages", members=["Ben"])
    pressed = await rig.discord.press(brake, "Undo", member="Ben")
    assert words(private(await pressed.answer())) == (
        "The brake stopped you yourself, so another moderator, or a member with **Manage Server**, "
        "has to undo it. Nothing was changed."
    )
    assert "paused by the spend brake" in await rig.refusal(member="Ben")
    rig.discord.add_role("Owners", allow="manage_guild", members=["Ben"])
    pressed = await rig.discord.press(brake, "Undo", member="Ben")
    assert "can make new videos again" in words(private(await pressed.answer()))
    await rig.card("boat 4", member="Ben")


async def test_who_moderates_another_channel_alone_cannot_undo_from_there(rig: Rig) -> None:
    await braked(rig)
    card = await rig.card("a boat", member="Cleo")
    rig.discord.set_overwrite("videos", allow=["manage_messages"], target="Cleo")
    pressed = await rig.discord.press(card, "Cancel", member="Cleo")
    await pressed.answer()
    forged = rig.discord.forge(pressed, "rb:undo:1")
    assert "under the message that tells of it" in words(private(await forged.answer()))
    assert "paused by the spend brake" in await rig.refusal(member="Ben")
