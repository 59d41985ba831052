"""Down the ladder: the file, a smaller copy, a link; and where there is no place, it waits."""

import io
from typing import Any

import av
import pytest

from models import State
from playground.discord import fault
from playground.neuralbox import faults
from storage import outbox, results
from tests.rig import Rig

EDIT = r"/channels/\d+/messages/\d+"
MIB = 1024 * 1024
TOO_LARGE = {"code": 40005, "message": "Request entity too large"}


def _length_s(file: bytes) -> float:
    with av.open(io.BytesIO(file), "r") as clip:
        return float((clip.duration or 0) / av.time_base)


async def test_sixty_megabytes_arrive_as_a_playable_file_under_ten(play: Rig) -> None:
    play.box.script(faults.heavy(60 * MIB))
    card = await play.card(length=10)
    # Making it smaller takes real seconds, in a process of its own.
    await play.run_until(lambda: play.job_of(card).state is State.COMPLETED)
    await play.eventually(lambda: bool(play.pings(card)), timeout_s=150)
    done = play.shown(card)
    [file] = done.files
    assert 5 * MIB < file.size < 10 * MIB
    data = play.discord.parts.cdn.files[file.path].data
    assert _length_s(data) == pytest.approx(10.0, abs=0.1)
    assert "The original has 6" in play.fields(done)["Smaller copy"]
    titles = [event.message.embeds[0]["title"] for event in _edits_of(play, card.id)]
    assert "Your video is made; a smaller copy is on its way" in titles
    play.sound()


async def test_a_copy_that_would_look_bad_is_a_link_with_its_expiry_instead(play: Rig) -> None:
    play.discord.set_upload_limit(play.discord.world.guild(None), 60_000)
    play.box.script(faults.heavy(4 * MIB))
    card = await play.card()
    done = await play.finished(card)
    assert done.files == []
    download = done.embeds[0]["description"]
    assert play.box.origin in download
    assert "at least until <t:" in download
    play.sound()


@pytest.mark.fault("C12")
async def test_a_413_in_mid_delivery_moves_one_rung_down(play: Rig) -> None:
    play.discord.set_upload_limit(play.discord.world.guild(None), 50 * MIB)
    play.box.script(faults.file_size(11 * MIB, on=faults.CREATE))
    card = await play.card()
    await play.eventually(lambda: play.shown(card).edits >= 1)
    play.discord.script(fault("PATCH", EDIT, status=413, times=1, body=TOO_LARGE))
    done = await play.finished(card)
    [file] = done.files
    assert file.size < 10 * MIB
    assert "The original has 11 MiB" in play.fields(done)["Smaller copy"]
    assert len(play.pings(card)) == 1
    play.sound()


async def test_a_place_that_takes_no_file_at_all_gets_the_link(play: Rig) -> None:
    card = await play.card()
    await play.eventually(lambda: play.shown(card).edits >= 1)
    play.discord.script(fault("PATCH", EDIT, status=413, times=1, body=TOO_LARGE))
    done = await play.finished(card)
    assert done.files == []
    assert play.box.origin in done.embeds[0]["description"]


async def _parked(rig: Rig, job_id: int) -> bool:
    return bool(rig.read(lambda tx: outbox.is_parked(tx, job_id)))


@pytest.mark.fault("C9")
async def test_a_result_without_permission_waits_and_comes_when_it_is_back(play: Rig) -> None:
    card = await play.card()
    await play.eventually(lambda: play.shown(card).edits >= 1)
    job_id = play.job_of(card).id
    play.discord.set_overwrite("videos", deny=["view_channel"])
    await play.run_until(lambda: _parked(play, job_id))
    assert play.job_of(card).state is State.COMPLETED

    play.discord.set_overwrite("videos", allow=["view_channel"])
    await play.clock.advance(70)
    done = await play.finished(card)
    assert len(done.files) == 1
    play.sound()


async def test_a_result_in_an_archived_thread_comes_when_the_thread_is_opened(play: Rig) -> None:
    card = await play.card(channel="boats")
    await play.eventually(lambda: play.shown(card).edits >= 1)
    play.discord.archive_thread("boats", locked=True)
    await play.run_until(lambda: _parked(play, play.job_of(card).id))
    play.discord.archive_thread("boats", archived=False)
    done = await play.finished(card)
    assert len(done.files) == 1


@pytest.mark.fault("C10")
async def test_a_bot_removed_and_invited_again_brings_what_it_owes(play: Rig) -> None:
    card = await play.card()
    await play.eventually(lambda: play.shown(card).edits >= 1)
    play.discord.remove_bot()
    await play.run_until(lambda: _parked(play, play.job_of(card).id))
    play.discord.add_bot()
    done = await play.finished(card)
    assert len(done.files) == 1
    play.sound()


@pytest.mark.fault("C9")
async def test_a_result_whose_channel_is_deleted_is_offered_by_videos_get(play: Rig) -> None:
    card = await play.card(channel="general")
    job = play.job_of(card)
    await play.eventually(lambda: play.job_of(card).state is State.PENDING)
    play.discord.delete_channel("general")
    await play.run_until(lambda: _parked(play, job.id))
    listed = await (await play.discord.slash("videos", subcommand="get")).answer()
    assert listed.ephemeral
    assert listed.message is not None
    assert "waiting for you" in listed.message.embeds[0]["description"]
    chosen = await play.discord.choose(listed.message, "rb:fetch", job.public_id, member="Ben")
    shown = await chosen.final()
    assert [file.content_type for file in shown.files] == ["video/mp4"]
    assert shown.ephemeral_for is not None


def _edits_of(rig: Rig, message_id: int) -> list[Any]:
    return [
        event
        for event in rig.discord.events
        if event.kind == "message_edit" and event.message and event.message.id == message_id
    ]


async def test_the_file_is_fetched_once_however_often_it_is_brought(play: Rig) -> None:
    card = await play.card()
    await play.eventually(lambda: play.shown(card).edits >= 1)
    play.discord.script(fault("PATCH", EDIT, status=503, times=3))
    await play.finished(card)
    kept = play.read(lambda tx: results.find(tx, play.job_of(card).id))
    assert kept is not None
    assert kept.file is not None
    assert len(list((play.data / "videos").iterdir())) == 1
