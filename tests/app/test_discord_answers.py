"""How a use, a press or a form reaches the bot and is answered: C1 to C3, C13 and C14."""

import copy
from typing import Any

import aiohttp
import pytest

from models import State
from playground.discord import fault
from playground.discord.interactions import Answer, Interaction
from tests.app.counted import is_all_done
from tests.app.wide import passed, wait, wide
from tests.rig import Rig, outcome

pytestmark = pytest.mark.long

__all__ = ["wide"]

CALLBACK = r"/interactions/\d+/.*/callback"
HOUR_S = 3600


@pytest.mark.fault("C1")
@pytest.mark.usefixtures("never_put_off")
async def test_an_answer_that_comes_after_three_seconds_is_dropped_unsent(rig: Rig) -> None:
    await rig.start_bot()
    rig.discord.script(fault("POST", CALLBACK, delay=3.5))
    await rig.discord.slash("video", prompt="too late")
    await rig.eventually(lambda: len(rig.jobs_in(State.CANCELLED)) == 1)
    assert rig.guild_account().held_tokens == 0
    await wait(rig, 300)
    assert rig.posts() == 0
    assert rig.discord.messages("videos") == []
    rig.sound()


@pytest.mark.fault("C2")
@pytest.mark.usefixtures("never_put_off")
async def test_what_another_copy_answered_is_left_to_it_though_it_counts_its_jobs_alike(
    wide: Rig,
) -> None:
    late = fault("POST", CALLBACK, delay=1)
    wide.discord.script(late)
    interaction = await wide.discord.slash("video", prompt="whose is it?")
    await wide.eventually(lambda: late.hits == 1)
    cancel = {"type": 2, "style": 2, "label": "Cancel", "custom_id": f"rb:cancel:{'0' * 32}"}
    theirs = {
        "embeds": [{"title": "Rendering", "footer": {"text": "Job 1"}}],
        "components": [{"type": 1, "components": [cancel]}],
        "allowed_mentions": {"parse": []},
    }
    address = f"{wide.discord.rest_url}/interactions/{interaction.id}/{interaction.token}/callback"
    answer = {"type": 4, "data": theirs}
    async with aiohttp.ClientSession() as other, other.post(address, json=answer) as accepted:
        assert accepted.status in (200, 204)
    await wide.eventually(lambda: len(wide.jobs_in(State.CANCELLED)) == 1)
    assert wide.jobs_in()[0].id == 1
    assert wide.guild_account().held_tokens == 0
    await wide.run_until(lambda: is_all_done(wide))
    await wait(wide, 300)
    assert wide.posts() == 0
    [card] = wide.discord.messages("videos")
    assert (card.edits, card.embeds[0]["title"]) == (0, "Rendering")


@pytest.mark.fault("C3")
async def test_one_interaction_is_one_job_however_often_and_whenever_it_comes(wide: Rig) -> None:
    interaction = await wide.discord.slash("video", prompt="once")
    for _ in range(3):
        wide.discord.replay(interaction)
    card = await interaction.final()
    mark = len(wide.discord.events)
    wide.discord.drop_gateway()
    await wide.discord.wait_for(lambda event: event.kind == "resumed", start_at=mark, timeout=20)
    wide.discord.replay(interaction)
    await wide.finished(card)
    wide.discord.replay(interaction)
    await wide.restart_bot()
    wide.discord.replay(interaction)
    await wide.discord.autocomplete("video", "model", "")  # it has heard of all of them
    await wait(wide, 120)
    assert len(wide.jobs_in()) == wide.posts() == len(wide.box.generations) == 1
    assert len(wide.discord.messages("videos")) == 2, "the card and its reply"


@pytest.mark.fault("C13")
async def test_every_button_from_before_a_restart_still_answers(wide: Rig) -> None:
    done = await wide.finished(await wide.card())
    await wide.restart_bot()
    await wide.run_until(lambda: wide.app is not None and not wide.app.intake.reasons)
    answers: dict[str, Answer] = {}
    for row in done.components:
        for button in row["components"]:
            pressed = await wide.discord.press(done, button["custom_id"], member="Ben")
            answers[button["label"].split()[0]] = await outcome(pressed)
    assert answers.keys() >= {"Again", "Edit", "Continue", "Info", "Delete"}
    assert {answers[name].kind for name in ("Edit", "Continue")} == {"modal"}
    assert not answers["Again"].ephemeral
    assert all(answers[name].ephemeral for name in ("Info", "Delete"))


def _old(options: list[Any]) -> dict[str, Any]:
    return {"options": options}


def _text(name: str, value: object, kind: int = 3) -> dict[str, Any]:
    return {"name": name, "type": kind, "value": value}


OLD_SHAPES: dict[str, dict[str, Any]] = {
    "no options": _old([]),
    "an option that is gone": _old([_text("prompt", "a boat"), _text("style", "noir")]),
    "an option of another type": _old([_text("prompt", "a boat"), _text("length", "5")]),
    "a number that is none": _old([_text("prompt", "a boat"), _text("length", 7, 4)]),
    "a huge number": _old([_text("prompt", "a boat"), _text("length", 2**60, 4)]),
    "a ratio that is gone": _old([_text("prompt", "a boat"), _text("ratio", "21:9")]),
    "a prompt that is a number": _old([_text("prompt", 5, 4)]),
    "a prompt that says it is a text": _old([_text("prompt", 5)]),
    "a length with a fraction": _old([_text("prompt", "a boat"), _text("length", 5.0, 10)]),
    "a length that is true": _old([_text("prompt", "a boat"), _text("length", True, 4)]),
    "privacy as a word": _old([_text("prompt", "a boat"), _text("private", "yes", 5)]),
    "a prompt far too long": _old([_text("prompt", "x" * 6000)]),
    "an empty prompt": _old([_text("prompt", "")]),
    "a picture that was not sent along": _old([_text("prompt", "x"), _text("image", "1", 11)]),
    "a subcommand of old": _old([{"name": "make", "type": 1, "options": [_text("prompt", "x")]}]),
    "a command that is gone": {"name": "film", "options": [_text("prompt", "a boat")]},
}


@pytest.mark.fault("C14")
async def test_a_command_in_an_old_shape_is_checked_in_full_and_holds_nothing_unseen(
    wide: Rig,
) -> None:
    template = await wide.discord.slash("video", prompt="the real one")
    await template.answer()
    for data in OLD_SHAPES.values():
        jobs = len(wide.jobs_in())
        answer = await outcome(_resent(wide, template, data))
        assert answer.message is not None
        # A private sentence, and nothing is held; or the card of a job.
        assert len(wide.jobs_in()) == jobs + (not answer.ephemeral), data
        if answer.ephemeral:
            assert "Nothing was charged" in answer.message.content
    await wide.run_until(lambda: is_all_done(wide), HOUR_S)
    for job in wide.jobs_in():
        assert job.request.duration_s in (5, 10)
        assert job.request.aspect_ratio in ("16:9", "9:16", "1:1")
        assert 1 <= len(job.request.prompt) <= 1500
        assert passed(wide, job)[0] == "queued"
    assert wide.posts() == len(wide.jobs_in())


def _resent(rig: Rig, template: Interaction, data: dict[str, Any]) -> Interaction:
    made = rig.discord.parts.interactions.open(
        template.kind, template.user, template.channel, template.guild
    )
    payload = copy.deepcopy(template.payload)
    payload |= {"id": str(made.id), "token": made.token}
    payload["data"] |= data
    made.payload, made.name, made.metadata = payload, template.name, template.metadata
    rig.discord.replay(made)
    return made
