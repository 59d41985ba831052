"""Every command, press, form and list by every kind of person, exactly as the table says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from playground.discord.interactions import Interaction
from tests.app.budget_hands import words
from tests.hostile.allowed import COMMANDS, FORMS, HERE, LAST, PLACES, PRESSES, TABLE, THERE, TYPED
from tests.hostile.scene import SECOND, Scene, actor, books, built
from tests.pictures import picture
from tests.rig import Rig

WHO = (*HERE, THERE, *PLACES)
# What somebody without the right is told; everything else came after the right was looked at.
REFUSAL = re.compile(
    "in a server channel"
    r"|only members with \*\*Manage Server\*\*|only members with \*\*Manage Messages\*\*"
    "|only moderators|for the host of this bot alone"
    "|only whoever asked|do not know a video of this server"
    "|that question has ended|that was too long ago",
    re.IGNORECASE,
)
# The same words for what is over and for what is another server's.
GONE = "lifted already, or it ended by itself"
# Where whoever comes first certainly changes something: the refusals before them were no accident.
DOES = {
    *("press again", "press shrink", "press approve", "press undo", "press hide", "press really"),
    *("form edit", "form continue", "form alt", "form animate"),
}
FREE_TEXT = {"tokens": "1", "time_zone": "ber", "starts_on": "1"}


@pytest.fixture(autouse=True)
def _no_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is put off comes in public at first, and where an answer goes is asked here."""
    monkeypatch.setattr("ui.desk.FIRST_ANSWER_S", 60)


async def is_let(used: Interaction, who: str) -> bool:
    """Return whether an interaction got past the question of who may; its answer is looked at."""
    first = await used.answer()
    if first.modal is not None:
        return True
    said = words(await used.final())
    assert "(reference `" not in said, said
    if REFUSAL.search(said) or (who == THERE and GONE in said):
        assert first.ephemeral, said
        assert first.message is not None
        assert first.message.notified == frozenset()
        return False
    return True


def registered(rig: Rig) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Return every command as Discord knows it, with its options."""
    for command in rig.discord.parts.commands.for_guild(rig.guild_id):
        kind = {1: "slash", 2: "user", 3: "menu"}[command["type"]]
        yield from _leaves(f"{kind} {command['name']}", command.get("options") or [])


def _leaves(name: str, options: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    inner = [one for one in options if one["type"] in (1, 2)]
    if not inner:
        yield name, options
    for one in inner:
        yield from _leaves(f"{name} {one['name']}", one.get("options") or [])


@pytest.mark.fault("H15")
@pytest.mark.fault("H18")
async def test_every_command_press_form_and_list_stands_in_the_table(play: Rig) -> None:
    assert play.app is not None
    router = play.app.client.router
    commands = dict(registered(play))
    there_are = set(commands)
    there_are |= {f"press {action}" for action in router._presses}
    there_are |= {f"form {action}" for action in router._forms}
    there_are |= {
        f"typed {name.removeprefix('slash ')} {option['name']}"
        for name, options in commands.items()
        for option in options
        if option.get("autocomplete")
    }
    assert there_are == set(TABLE)
    for command in play.discord.parts.commands.for_guild(play.guild_id):
        assert (command["contexts"], command["integration_types"]) == ([0], [0]), command["name"]
        assert command["type"] in (1, 3)
    for text in ("budget", "settings", "admin"):
        wanted = str(1 << 3) if text == "admin" else str(1 << 5)
        found = play.discord.parts.commands.find(play.guild_id, text, 1)
        assert found["default_member_permissions"] == wanted, text


async def shut_out(scene: Scene, row: str, used: Interaction, before: object, who: str) -> object:
    """Check a cell that is not allowed: a private refusal, and not a word of it in the books."""
    assert not await is_let(used, who), (row, who)
    after = books(scene.rig)
    assert after == before, (row, who)
    return after


@pytest.mark.long
@pytest.mark.fault("H15")
@pytest.mark.fault("H16")
@pytest.mark.fault("H17")
@pytest.mark.fault("H18")
async def test_commands_are_for_whom_the_table_says_wherever_they_are_shown(rig: Rig) -> None:
    scene = await built(rig)
    before: object = books(rig)
    for row, allowed in COMMANDS.items():
        for who in WHO:
            if who not in allowed:
                used = await scene.use(row, who)
                before = await shut_out(scene, row, used, before, who)
    for row, allowed in COMMANDS.items():
        for who in WHO:
            if who in allowed:
                here = chosen_here(rig)
                assert await is_let(await scene.use(row, who), who), (row, who)
                assert who != THERE or chosen_here(rig) == here, row


@pytest.mark.long
@pytest.mark.fault("H18")
@pytest.mark.fault("H19")
@pytest.mark.fault("H20")
@pytest.mark.fault("C13")
async def test_presses_and_forms_are_for_whom_the_table_says(rig: Rig) -> None:
    scene = await built(rig)
    before: object = books(rig)
    table = PRESSES | FORMS | LAST
    for row, allowed in table.items():
        for who in WHO:
            if who not in allowed:
                before = await shut_out(scene, row, scene.act(row, who), before, who)
    for row, allowed in table.items():
        let = [who for who in WHO if who in allowed]
        for who in let:
            was = books(rig)
            assert await is_let(scene.act(row, who), who), (row, who)
            assert row not in DOES or who != let[0] or books(rig) != was, (row, who)


@pytest.mark.fault("H30")
async def test_a_yes_of_ones_own_making_takes_no_message_of_others_away(rig: Rig) -> None:
    scene = await built(rig)
    count = len(rig.jobs_in())
    assert await is_let(scene.act("press shrink", "requester"), "requester")
    await rig.eventually(lambda: len(rig.jobs_in()) == count + 1)
    await rig.card("one more message, so that all before it was done")
    assert not scene.running.deleted
    assert not [one for one in rig.discord.messages() if one.deleted]


@pytest.mark.fault("H25")
async def test_lists_offered_while_typing_show_nobody_what_is_not_theirs(rig: Rig) -> None:
    scene = await built(rig)
    await rig.discord.slash(
        "budget",
        subcommand="pot start",
        options={"channel": "general", "amount": 10, "lasts": "1 day", "name": "secret party"},
        member="Ann",
    )
    await rig.eventually(lambda: bool(books(rig)["pot"]))
    for row, allowed in TYPED.items():
        for who in WHO:
            command, *middle, option = row.split()[1:]
            with scene.outside(who):
                offered = await rig.discord.autocomplete(
                    command,
                    option,
                    FREE_TEXT.get(option, ""),
                    subcommand=" ".join(middle) or None,
                    member=actor(row, who),
                    guild=SECOND if who == THERE else None,
                )
            told = [one for one in offered if _is_of_the_first(one)]
            private = row in ("typed videos get job", "typed budget pot end pot")
            assert bool(told if private else offered) == (who in allowed), (row, who, offered)


@pytest.mark.fault("H18")
async def test_a_mention_is_taken_from_members_of_a_server_and_from_nobody_else(rig: Rig) -> None:
    await built(rig)
    text = f"{rig.discord.bot_mention} it sails"
    file = ("boat.png", picture())
    count = len(rig.jobs_in())
    await rig.discord.say(text, attachments=[file], channel="dm")
    await rig.discord.say(text, attachments=[file], as_webhook="Hook")
    await rig.discord.say(text, attachments=[file], as_bot="Other bot")
    await rig.discord.say(text, attachments=[file], member="Cleo")
    await rig.eventually(lambda: len(rig.jobs_in()) == count + 1)
    assert rig.jobs_in()[-1].user_id == rig.discord.world.user("Cleo").id


def _is_of_the_first(choice: dict[str, Any]) -> bool:
    return "secret" in choice["name"] or "a paper boat in the rain" in choice["name"]


def chosen_here(rig: Rig) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that was chosen on the first server."""
    found = books(rig)
    return {
        name: [row for row in found[name] if any(str(rig.guild_id) in str(cell) for cell in row)]
        for name in ("bonus", "cap", "change", "halt", "pool", "pot", "restart", "setting")
    }
