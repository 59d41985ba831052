"""The same interaction again, as Discord may hand it over after a resume: nothing is done twice."""

from typing import Any

import pytest

from playground.discord.interactions import Interaction
from tests.app import budget_hands as at
from tests.app.budget_hands import SECOND, answer, budget, changes, private, purse_rig, words
from tests.rig import Rig

TABLES = ("change", "pool", "cap", "bonus", "restart", "pot", "halt")


def state(rig: Rig) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that the first server's admins set, and how often they were told of it."""
    found = rig.read(
        lambda tx: {
            name: [tuple(row) for row in tx.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for name in TABLES
        }
    )
    mine = {name: [row for row in rows if rig.guild_id in row] for name, rows in found.items()}
    scope = f"spending:{rig.guild_id}"
    mine["setting"] = rig.read(
        lambda tx: [
            tuple(row) for row in tx.execute("SELECT k, v FROM setting WHERE scope = ?", (scope,))
        ]
    )
    mine["notice"] = [(one.mark,) for one in at.told(rig) if one.guild_id == rig.guild_id]
    return mine


def answers(rig: Rig, used: Interaction) -> int:
    """Return how often the bot tried to answer an interaction."""
    return sum(used.token in str(one["path"]) for one in rig.records)


async def again(rig: Rig, used: Interaction) -> None:
    """Hand an interaction over again, and wait until the bot is done with it."""
    before = answers(rig, used)
    rig.discord.replay(used)
    # What comes after it is written after it.
    await answer(rig, "confirm", {"above": before}, member="Dora", guild=SECOND)
    assert answers(rig, used) == before


async def use(rig: Rig, subcommand: str, options: dict[str, Any]) -> Interaction:
    used = await rig.discord.slash("budget", subcommand=subcommand, options=options, member="Ada")
    private(await used.answer())
    return used


@pytest.mark.parametrize(
    ("subcommand", "options", "undone_by"),
    [
        ("set", {"tokens": 500}, ("set", {"tokens": 900})),
        ("set", {"tokens": 1000}, ("set", {"tokens": 900})),
        ("everyone", {"tokens": 50}, ("everyone", {"remove": True})),
        ("role", {"role": "Artists", "remove": True}, ("role", {"role": "Artists", "tokens": 9})),
        ("member", {"member": "Ben", "tokens": 50}, ("member", {"member": "Ben", "tokens": 70})),
        ("grant", {"tokens": 50, "reason": "a contest"}, None),
        ("grant", {"tokens": -50, "reason": "a contest", "member": "Cleo"}, None),
        ("reset", {}, None),
        ("pause", {"reason": "enough"}, ("resume", {})),
        ("resume", {}, ("pause", {"reason": "enough"})),
        ("warn", {"channel": "general", "levels": "70"}, ("warn", {"channel": "videos"})),
        ("confirm", {"above": 60}, ("confirm", {})),
        ("approval", {"above": 60, "channel": "general"}, ("approval", {})),
        ("brake", {"percent": 20, "minutes": 5}, ("brake", {"percent": 0})),
        (
            "pot start",
            {"channel": "general", "amount": 50, "lasts": "1 day"},
            ("pot end", {"pot": "1"}),
        ),
        ("pot end", {"pot": "1"}, None),
    ],
)
async def test_an_act_that_comes_again_does_nothing_and_answers_nothing(
    rig: Rig,
    subcommand: str,
    options: dict[str, Any],
    undone_by: tuple[str, dict[str, Any]] | None,
) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=1000, period="month")
    await budget(rig, "member", member="Cleo", tokens=100)
    rig.discord.add_role("Artists")
    await budget(rig, "role", role="Artists", tokens=5)
    if subcommand == "resume":
        await budget(rig, "pause", reason="for now")
    if subcommand == "pot end":
        await use(rig, "pot start", {"channel": "videos", "amount": 20, "lasts": "1 day"})
    used = await use(rig, subcommand, options)
    if undone_by is not None:
        await use(rig, undone_by[0], undone_by[1])
    await rig.clock.advance(5)
    then = state(rig)
    await again(rig, used)
    assert state(rig) == then
    rig.sound()


async def test_what_was_refused_is_not_done_when_it_comes_again(rig: Rig) -> None:
    await purse_rig(rig)
    used = await use(rig, "grant", {"tokens": 50, "reason": "too early"})
    assert "has no budget of its own yet" in words(await used.answer())
    await budget(rig, "set", tokens=100)
    await again(rig, used)
    assert "100 left" in await at.tokens(rig)


async def test_an_act_of_several_lines_in_the_trail_is_one_act(rig: Rig) -> None:
    await purse_rig(rig)
    used = await use(rig, "brake", {"percent": 20, "minutes": 5})
    await again(rig, used)
    assert [one.what for one in changes(rig)] == [
        "budget spend brake, percent",
        "budget spend brake, minutes",
    ]


async def test_an_undo_that_comes_again_lifts_no_later_stop(rig: Rig) -> None:
    await purse_rig(rig)
    await budget(rig, "set", tokens=250, period="month")
    await budget(rig, "warn", channel="general", levels="off")
    for number in range(3):
        await rig.card(f"boat {number}", member="Ben")
    notes = rig.discord.messages
    await rig.eventually(lambda: any(one.components for one in notes("general")))
    brake = next(one for one in notes("general") if one.components)
    pressed = await rig.discord.press(brake, "Undo", member="Ada")
    assert "can make new videos again" in words(private(await pressed.answer()))
    await budget(rig, "pause", member="Ben", reason="after all")
    await again(rig, pressed)
    assert "after all" in await rig.refusal(member="Ben")
