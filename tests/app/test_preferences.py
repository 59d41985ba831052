"""/preferences over the wire: one's own choices, private, and told exactly."""

from typing import Any

import pytest

from playground.discord import NotPossibleError
from playground.discord.world import Message
from storage import choices
from tests.rig import Rig

SECOND = "Second Server"


async def _answer(
    play: Rig, command: str, subcommand: str, options: dict[str, Any], **who: Any
) -> Message:
    interaction = await play.discord.slash(command, subcommand=subcommand, options=options, **who)
    answer = await interaction.answer()
    assert answer.ephemeral
    assert answer.message is not None
    assert answer.message.notified == frozenset()
    return answer.message


async def _say(play: Rig, choice: str, member: str = "Ben", **where: Any) -> str:
    """Choose who may animate one's pictures; return the answer."""
    options = {"choice": choice}
    return (await _answer(play, "preferences", "pictures", options, member=member, **where)).content


async def _shown(play: Rig, member: str = "Ben", **where: Any) -> dict[str, str]:
    return play.fields(await _answer(play, "preferences", "show", {}, member=member, **where))


async def _rule(play: Rig, whose: str) -> None:
    await _answer(play, "settings", "pictures", {"whose": whose}, member="Ada")


def _consents(play: Rig, member: str) -> tuple[str, str]:
    """What holds for a member on the first and on the second server."""
    user_id = play.discord.world.user(member).id
    first, second = (play.discord.world.guild(name).id for name in (None, SECOND))
    return (
        play.read(lambda tx: choices.consent_of(tx, first, user_id)),
        play.read(lambda tx: choices.consent_of(tx, second, user_id)),
    )


async def test_nobody_holds_on_every_server_for_that_member_alone(play: Rig) -> None:
    said = await _say(play, "Nobody animates my pictures")
    assert said == (
        "Nobody else animates your pictures, on any server where I am. You can still animate them "
        "yourself. Videos already asked for are not undone: press **Delete** under one to take it "
        "down."
    )
    assert _consents(play, "Ben") == ("no", "no")
    assert _consents(play, "Cleo") == ("server", "server")
    assert "Nobody else" in (await _shown(play, guild=SECOND))["Your pictures"]


async def test_anyone_may_holds_on_this_server(play: Rig) -> None:
    assert await _say(play, "yes") == "Anyone on this server may animate your pictures."
    assert _consents(play, "Ben") == ("yes", "server")


async def test_lifting_a_no_says_that_it_is_lifted_everywhere(play: Rig) -> None:
    await _say(play, "no", guild=SECOND)
    said = await _say(play, "As the server says")
    assert "its rule allows that and you have not said no" in said
    assert "no longer holds anywhere" in said
    assert _consents(play, "Ben") == ("server", "server")
    assert "no longer" not in await _say(play, "server")


@pytest.mark.parametrize(
    ("whose", "choice", "words"),
    [
        ("anyone", "server", "its rule allows that"),
        ("anyone", "yes", "Anyone on this server may"),
        ("own", "server", "lets members animate only their own."),
        ("own", "yes", "Should that change, anyone here may animate yours."),
        ("opt-in", "server", "waits for your yes"),
        ("opt-in", "yes", "Anyone on this server may"),
        ("own", "no", "on any server"),
    ],
)
async def test_the_answer_tells_what_it_comes_to_under_this_servers_rule(
    play: Rig, whose: str, choice: str, words: str
) -> None:
    await _rule(play, whose)
    assert words in await _say(play, choice)
    fields = await _shown(play)
    heading = "Your pictures (default)" if choice == "server" else "Your pictures"
    assert words in fields[heading]


async def test_pings_are_switched_off_and_on_everywhere_for_oneself(play: Rig) -> None:
    ben = play.discord.world.user("Ben").id
    assert "when your videos are done" in (await _shown(play))["Pings (default)"]
    off = await _answer(play, "preferences", "pings", {"on": False}, member="Ben")
    assert "on any server" in off.content
    assert not play.read(lambda tx: choices.wants_pings(tx, ben))
    assert "do not mention you" in (await _shown(play, guild=SECOND))["Pings"]
    assert "Pings (default)" in await _shown(play, member="Cleo")
    await _answer(play, "preferences", "pings", {"on": True}, member="Ben")
    assert play.read(lambda tx: choices.wants_pings(tx, ben))


async def test_where_the_server_switched_pings_off_a_member_is_told(play: Rig) -> None:
    await _answer(play, "settings", "pings", {"on": False}, member="Ada")
    said = await _answer(play, "preferences", "pings", {"on": True}, member="Ben")
    assert "switched that off for everybody" in said.content


async def test_a_members_choice_does_not_show_in_the_servers_settings(play: Rig) -> None:
    await _say(play, "no")
    fields = play.fields(await _answer(play, "settings", "show", {}, member="Ada"))
    assert fields["Newest changes"] == "Nobody has changed anything yet."


async def test_a_direct_message_has_no_preferences(play: Rig) -> None:
    with pytest.raises(NotPossibleError):
        await _shown(play, channel="dm")


async def test_what_a_member_said_outlives_a_restart(play: Rig) -> None:
    await _say(play, "no")
    await play.restart_bot()
    assert "Nobody else animates your pictures" in (await _shown(play))["Your pictures"]
