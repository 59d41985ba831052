"""Pictures and presses in hard places: forms left open, cards that cannot be read, late answers."""

import io
import random
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

import bot
from models import Job, State
from playground.discord import fault
from playground.discord.world import Message
from playground.neuralbox import faults
from tests.app.hands import ANIMATE, animate, boat, card_of, consent, kept, policy, press, said
from tests.app.host import Host
from tests.pictures import picture
from tests.rig import Rig, outcome

IMAGE = {"image": ("boat.png", picture())}
READ = r"/channels/\d+/messages/\d+"


def _labels(message: Message) -> list[str]:
    return [part["label"] for row in message.components for part in row["components"]]


async def test_a_card_that_cannot_be_read_holds_tokens_for_a_quarter_of_an_hour_at_most(
    play: Rig,
) -> None:
    await play.refreshed()
    play.discord.script(fault("GET", READ, status=503, times=1_000_000))
    card = await play.card(attachments=IMAGE)
    asked_at = play.clock.now()
    await play.run_until(lambda: play.job_of(card).state.is_final, limit_s=1500)
    assert play.job_of(card).state in (State.CANCELLED, State.NOT_SUBMITTED)
    assert 890 <= play.clock.now() - asked_at <= 1000
    assert (play.guild_account().held_tokens, play.posts()) == (0, 0)
    await play.run_until(lambda: "not started" in play.shown(card).embeds[0]["title"])
    play.sound()


@pytest.mark.parametrize("member", ["Ben", "Cleo"])
async def test_an_edit_form_left_open_makes_nothing_of_a_clip_taken_down(
    play: Rig, member: str
) -> None:
    done = await play.finished(await play.card(attachments=IMAGE))
    again = card_of(await press(play, done, "Again", "Cleo"))  # so that the picture is kept
    await play.finished(again)
    form = await play.discord.press(done, "Edit", member=member)
    assert (await form.answer()).kind == "modal"
    asked = await press(play, done, "Delete")
    assert asked.message is not None
    said(await (await play.discord.press(asked.message, "Delete it", member="Ben")).answer())
    await play.eventually(lambda: done.id not in [m.id for m in play.discord.messages()])
    assert kept(play, "pictures") != []
    sent = await play.discord.submit_modal(form, {"prompt": "it sinks"})
    words = said(await outcome(sent))
    assert "was taken down" in words
    assert "Nothing was charged" in words
    assert len(play.jobs_in()) == 2


@pytest.mark.parametrize("way", ["menu", "mention"])
async def test_a_message_of_ours_that_no_job_knows_lends_its_picture_to_nobody(
    rig: Rig, way: str
) -> None:
    await rig.start_bot()
    done = await rig.finished(await rig.card(attachments=IMAGE))
    await rig.stop_bot()
    for path in rig.data.glob("reelbox.sqlite3*"):
        path.unlink()
    await rig.start_bot()
    await policy(rig, pictures="anyone")
    await consent(rig, "Ben", "no")
    if way == "menu":
        assert "do not know a video" in said(await animate(rig, done, "Cleo", prompt="it sinks"))
    else:
        text = f"{rig.discord.bot_mention} it sinks"
        posted = await rig.discord.say(text, member="Cleo", reply_to=done)
        await rig.eventually(lambda: len(rig.pings(posted)) == 1)
        assert "Nothing was charged" in rig.pings(posted)[0].content
    assert rig.jobs_in() == []


async def test_while_nothing_is_taken_many_mentions_leave_few_notes(rig: Rig) -> None:
    rig.discord.rate_limits = False
    rig.configure("limits", commands_per_minute=3)
    await rig.start_bot()
    assert rig.app is not None
    rig.app.intake.close("tokens", "There are no tokens.")
    for number in range(30):
        await rig.discord.say(f"{rig.discord.bot_mention} boat {number}")
    last = await rig.discord.say(f"{rig.discord.bot_mention} boat", member="Cleo")

    def notes() -> list[str]:
        bots = [one for one in rig.discord.messages() if one.author.bot]
        return [one.content for one in bots if one.reference != last.id]

    # They leave side by side, the last one perhaps before others.
    await rig.eventually(lambda: len(rig.pings(last)) == 1 and len(notes()) >= 4)
    await rig.settle()
    assert len(notes()) == 4
    assert sum("more than 3 requests in a minute" in note for note in notes()) == 1


@pytest.mark.parametrize("label", ["Again", "Edit", "Continue"])
async def test_who_may_not_use_commands_makes_no_video_by_a_button(play: Rig, label: str) -> None:
    done = await play.finished(await play.card())
    everyone = play.discord.world.guild(None).roles[play.guild_id]
    play.discord.set_overwrite("videos", target=everyone, deny=["use_application_commands"])
    answer = await press(play, done, label, "Cleo")
    assert "may not use commands in this channel" in said(answer)
    assert len(play.jobs_in()) == 1


async def test_an_intent_that_is_off_in_the_portal_ends_it_with_a_sentence(
    rig: Rig, tmp_path: Path
) -> None:
    rig.discord.message_content_enabled = False
    host = Host(rig, tmp_path)
    plain = host.config.read_text()
    host.config.write_text(plain.replace("[discord]\n", "[discord]\nmessage_content = true\n"))
    code, log = await host.ended(await host.start())
    assert code == bot.EXIT_CONFIG == 78
    assert "discord.message_content" in log
    assert "Traceback" not in log


async def test_where_no_model_takes_a_picture_none_is_offered(rig: Rig) -> None:
    rig.configure("video", models=["kling-v2.1"], without_picture=["kling-v2.1"])
    await rig.start_bot()
    done = await rig.finished(await rig.card())
    assert _labels(done) == ["Again · 44", "Edit", "Info", "Delete"]
    menu = await rig.discord.message_command(ANIMATE, await boat(rig))
    assert "None of the models here can start from a picture" in said(await menu.answer())


async def test_again_after_its_own_cancel_makes_a_new_video_at_once(play: Rig) -> None:
    play.discord.rate_limits = False
    done = await play.finished(await play.card())
    posts = play.posts()
    play.box.script(faults.rate_limited(600))
    first = card_of(await press(play, done, "Again"))
    await play.eventually(
        lambda: play.posts() == posts + 1 and play.job_of(first).state is State.QUEUED
    )
    assert "nothing was charged" in said(await press(play, first, "Cancel"))
    second = card_of(await press(play, done, "Again"))
    await play.finished(second, step_s=30)
    assert [job.state for job in play.jobs_in()] == [
        State.COMPLETED,
        State.CANCELLED,
        State.COMPLETED,
    ]
    play.sound()


def _command(job: Job) -> str:
    request = job.request
    return (
        f"/video prompt:{request.prompt} model:{request.model} length:{request.duration_s}"
        f" ratio:{request.aspect_ratio} avoid:{request.negative_prompt}"
    )


@pytest.mark.parametrize("prompt", ["a `boat` of ``glass``", "<@1> *boat* " * 100 + "end"])
async def test_a_command_that_info_cannot_show_comes_as_a_file_to_the_letter(
    play: Rig, prompt: str
) -> None:
    card = await play.finished(await play.card(prompt, avoid=prompt))
    answer = await press(play, card, "Info")
    assert answer.message is not None
    [file] = answer.message.files
    told = play.discord.parts.cdn.files[file.path].data.decode()
    assert f"prompt:{prompt} " in told
    assert told == _command(play.job_of(card))


def _noise() -> bytes:
    """Return a picture that no encoder makes small."""
    side = 640
    file = io.BytesIO()
    noise = random.Random(1).randbytes(3 * side**2)
    Image.frombytes("RGB", (side, side), noise).save(file, "PNG")
    return file.getvalue()


def _kept_bytes(rig: Rig) -> int:
    return sum(path.stat().st_size for path in (rig.data / "pictures").iterdir())


@pytest.mark.parametrize("why", ["a heavy picture", "busy books"])
async def test_a_card_that_takes_longer_is_put_off_in_public_and_comes(
    play: Rig, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "a heavy picture":
        heavy = {"image": ("noise.png", _noise())}
        used = await play.discord.slash("video", prompt="it snows", attachments=heavy)
        first = await used.answer()
        await play.eventually(lambda: _kept_bytes(play) > 512 * 1024)
    else:
        monkeypatch.setattr("ui.desk.FIRST_ANSWER_S", 0.1)
        books = sqlite3.connect(play.data / "reelbox.sqlite3", isolation_level=None)
        try:
            books.execute("BEGIN IMMEDIATE")
            used = await play.discord.slash("video", prompt="it snows")
            first = await used.answer()
            books.execute("ROLLBACK")
        finally:
            books.close()
    assert (first.kind, first.ephemeral) == ("deferred", False)
    card = await used.final()
    assert not card.ephemeral
    assert (await play.finished(card)).files != []
    assert play.jobs_in(State.COMPLETED) != []
    play.sound()
