"""A start picture on its way to the vendor: Discord fails, the card goes, the vendor says no."""

import pytest

from models import State
from playground.discord import fault
from playground.discord.world import Message
from playground.neuralbox import faults
from tests.app.hands import animate, boat, kept, only_job, said
from tests.pictures import picture
from tests.rig import Rig

READ = r"/channels/\d+/messages/\d+$"
IMAGE = {"image": ("boat.png", picture())}
DAY_S = 24 * 3600


async def _ended(play: Rig, limit_s: float = 7200) -> None:
    await play.run_until(lambda: only_job(play).state.is_final, limit_s)
    open_rows = "SELECT count(*) FROM outbox WHERE done = 0"
    await play.run_until(lambda: not play.read(lambda tx: tx.execute(open_rows).fetchone()[0]))


def _given(play: Rig) -> list[str]:
    """The addresses of pictures that the vendor was given."""
    posts = [
        seen for seen in play.box.requests if (seen.method, seen.path) == ("POST", "/generate")
    ]
    return [str(seen.json["image_url"]) for seen in posts]


async def test_while_discord_is_down_the_job_waits_and_is_then_sent_once(play: Rig) -> None:
    down = fault("GET", READ, status=503, times=3)
    play.discord.script(down)
    card = await play.card(attachments=IMAGE)
    await play.eventually(lambda: down.hits == 1)
    assert (play.posts(), only_job(play).state) == (0, State.QUEUED)
    done = await play.finished(card)
    assert (play.posts(), len(done.files), len(play.pings(card))) == (1, 2, 1)
    assert len(play.discord.messages()) == 2
    play.sound()


async def test_an_outage_in_the_queue_loses_and_doubles_nothing(play: Rig) -> None:
    play.discord.rate_limits = False
    play.box.script(faults.rate_limited(180))
    card = await play.card(attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1)
    play.discord.script(fault("GET", READ, status=503, times=8))
    done = await play.finished(card, 7200)
    assert (play.posts(), len(done.files), len(play.pings(card))) == (2, 2, 1)
    play.sound()


async def test_a_card_deleted_in_the_queue_is_posted_anew_with_its_picture(play: Rig) -> None:
    play.box.script(faults.rate_limited(180))
    card = await play.card(attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1 and only_job(play).state is State.QUEUED)
    play.discord.delete_message(card)
    await _ended(play)
    job = only_job(play)
    assert (job.state, play.posts()) == (State.COMPLETED, 2)
    [again] = [m for m in play.discord.messages() if m.id == job.message_id]
    assert len(again.files) == 2
    assert len(play.pings(again)) == 1
    assert _given(play)[0] != _given(play)[1]
    play.sound()


@pytest.mark.fault("C15")
@pytest.mark.parametrize("what", ["channel", "permission", "bot"])
async def test_a_place_lost_in_the_queue_cancels_the_job_free_of_charge(
    play: Rig, what: str
) -> None:
    play.box.script(faults.rate_limited(180))
    await play.card(attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1 and only_job(play).state is State.QUEUED)
    if what == "channel":
        play.discord.delete_channel("videos")
    elif what == "permission":
        play.discord.set_overwrite("videos", deny="view_channel")
    else:
        play.discord.remove_bot()
    await _ended(play)
    assert (only_job(play).state, play.posts()) == (State.CANCELLED, 1)
    assert play.guild_account().held_tokens == 0
    assert play.box.charged_total == 0
    play.sound()


@pytest.mark.fault("C15")
async def test_a_link_is_read_anew_before_a_days_end(play: Rig) -> None:
    play.discord.rate_limits = False
    play.box.script(*[faults.rate_limited(7 * 3600) for _ in range(4)])
    card = await play.card(attachments=IMAGE)
    await play.run_until(lambda: play.posts() == 5, 8 * DAY_S, 1800)
    done = await play.finished(card, 7200, 30)
    assert len(done.files) == 2
    assert len(set(_given(play))) > 2
    play.sound()


async def test_a_link_that_is_said_to_run_out_at_once_is_used_and_not_asked_for_in_a_loop(
    play: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.discord.cdn.LINK_LIFE_S", 1800)
    mark = len(play.records)
    card = await play.card(attachments=IMAGE)
    done = await play.finished(card)
    assert len(done.files) == 2
    reads = [one for one in play.records[mark:] if one["method"] == "GET"]
    assert len(reads) <= 2
    play.sound()


@pytest.mark.parametrize("how", ["refused", "failed"])
async def test_a_picture_the_vendor_does_not_take_costs_nothing_and_the_card_says_so(
    play: Rig, how: str
) -> None:
    words = "image_url: this model does not accept images"
    if how == "refused":
        body = {"error": "validation_error", "message": words}
        play.box.script(faults.status(422, body, on=faults.WITH_PICTURE))
    else:
        play.box.script(faults.fails(words, on=faults.WITH_PICTURE))
    card = await play.card(attachments=IMAGE)
    done = await play.finished(card)
    assert only_job(play).state in (State.REJECTED, State.FAILED)
    assert play.fields(done)["Cost"].startswith("Not charged")
    assert "does not accept images" in play.fields(done)["NeuralBox says"]
    assert [file.embedded for file in done.files] == [True], "the picture stays on the card"
    assert (play.posts(), play.box.charged_total) == (1, 0)
    assert play.guild_account().held_tokens == 0
    play.sound()


async def test_a_picture_dropped_from_the_disk_in_the_queue_is_still_on_the_card(
    play: Rig,
) -> None:
    play.box.script(faults.rate_limited(180))
    card = await play.card(attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1)
    for name in kept(play, "pictures"):
        (play.data / "pictures" / name).unlink()
    done = await play.finished(card)
    assert only_job(play).state is State.COMPLETED
    assert any(file.content_type == "video/mp4" for file in done.files)
    play.sound()


async def test_a_burst_of_mentions_is_told_once_that_it_is_too_fast(rig: Rig) -> None:
    rig.discord.rate_limits = False
    rig.configure("limits", commands_per_minute=1)
    await rig.start_bot()
    await rig.discord.say(f"{rig.discord.bot_mention} hello")
    await rig.eventually(lambda: len(_bots(rig)) == 1)
    await rig.run_until(lambda: _bots(rig) == [], 40)
    for _ in range(10):
        await rig.discord.say(f"{rig.discord.bot_mention} hello")
    await rig.eventually(lambda: bool(_bots(rig)))
    await rig.discord.autocomplete("video", "model", "")
    assert len(_bots(rig)) == 1
    assert "more than 1 requests in a minute" in _bots(rig)[0].content


def _bots(rig: Rig) -> list[Message]:
    return [message for message in rig.discord.messages() if message.author.bot]


async def test_a_note_that_cannot_be_left_breaks_nothing(
    play: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    forbidden = fault("POST", r"/channels/\d+/messages", status=403)
    play.discord.script(forbidden)
    await play.discord.say(f"{play.discord.bot_mention} hello")
    await play.eventually(lambda: forbidden.hits == 1)
    posted = await boat(play)
    await play.eventually(lambda: "a note could not be left" in caplog.text)
    assert "Ignoring exception" not in caplog.text
    card = await animate(play, posted, prompt="it sails")
    assert not card.ephemeral, said(card)
