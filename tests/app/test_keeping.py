"""How long videos and pictures are kept, and that nothing of anybody else goes with them."""

import os
from pathlib import Path

import pytest

from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from tests.app.hands import animate, boat, card_of, kept, only_job, press, said
from tests.pictures import picture
from tests.rig import Rig, outcome

DAY_S = 24 * 3600.0
IMAGE = {"image": ("boat.png", picture())}


@pytest.fixture
async def week(rig: Rig) -> Rig:
    """A bot that keeps things for seven days."""
    rig.discord.rate_limits = False
    rig.configure("storage", keep_days=7)
    await rig.start_bot()
    return rig


async def _days(rig: Rig, days: float) -> None:
    """Let days pass, a few hours at a time."""
    ends_at = rig.clock.now() + days * DAY_S
    await rig.run_until(lambda: rig.clock.now() >= ends_at, days * DAY_S, 4 * 3600)


async def _gone(rig: Rig, what: str, left: int = 0) -> None:
    """Let the clock run until so few files are left; sweeps wait for sockets in real time."""
    await rig.run_until(lambda: len(kept(rig, what)) == left, 3 * DAY_S, 3600)


async def _taken_down(rig: Rig, done: Message, member: str = "Ben") -> None:
    asked = await press(rig, done, "Delete", member)
    assert asked.message is not None
    said(await (await rig.discord.press(asked.message, "Delete it", member=member)).answer())


def _age(path: Path, seconds: float) -> Path:
    """Make a file look as if it was written so long ago."""
    now = path.stat().st_mtime
    os.utime(path, (now - seconds, now - seconds))
    return path


async def test_videos_and_pictures_go_after_the_time_the_host_says_and_the_books_stay(
    week: Rig,
) -> None:
    card = await week.card(attachments=IMAGE)
    await week.finished(card)
    spent = week.guild_account()
    await _days(week, 6)
    assert (len(kept(week, "videos")), len(kept(week, "pictures"))) == (1, 1)
    await _gone(week, "videos")
    await _gone(week, "pictures")
    assert week.guild_account() == spent
    assert len(week.shown(card).files) == 2, "what Discord shows stays there"
    week.sound()


async def test_again_after_that_says_so_and_holds_nothing(week: Rig) -> None:
    card = await week.card(attachments=IMAGE)
    await week.finished(card)
    await _days(week, 7)
    await _gone(week, "pictures")
    done = week.shown(card)
    assert "not kept any more. Nothing was charged" in said(await press(week, done, "Again"))
    form = await week.discord.press(done, "Edit", member="Ben")
    assert (await form.answer()).kind == "modal"
    sent = await week.discord.submit_modal(form, {"prompt": "and now?"})
    assert "not kept any more. Nothing was charged" in said(await outcome(sent))
    assert week.guild_account().held_tokens == 0
    assert (len(week.jobs_in()), week.posts()) == (1, 1)


async def test_a_picture_used_again_is_kept_from_then_on(week: Rig) -> None:
    card = await week.card(attachments=IMAGE)
    done = await week.finished(card)
    await _days(week, 5)
    again = card_of(await press(week, done, "Again"))
    await week.finished(again)
    await _days(week, 2)
    await _gone(week, "videos", left=1)
    assert len(kept(week, "pictures")) == 1


async def test_the_picture_of_an_unfinished_video_stays_however_old_it_is(week: Rig) -> None:
    week.box.script(faults.stuck())
    card = await week.card(attachments=IMAGE)
    await week.eventually(lambda: only_job(week).state is State.PENDING)
    await _days(week, 9)
    stray = week.data / "pictures" / "0123.png"
    stray.write_bytes(b"gone when the pictures were swept")
    _age(stray, DAY_S)
    await week.restart_bot()
    await week.eventually(lambda: not stray.exists())
    assert len(kept(week, "pictures")) == 1
    week.box.finish(week.generation_id(card))
    done = await week.finished(card, 7200)
    assert len(done.files) == 2


async def test_strays_are_swept_and_everything_that_is_named_stays(week: Rig) -> None:
    card = await week.card(attachments=IMAGE)
    await week.finished(card)
    videos, pictures = week.data / "videos", week.data / "pictures"
    named = [*kept(week, "videos"), *kept(week, "pictures")]
    for name in named:
        place = videos if (videos / name).exists() else pictures
        _age(place / name, 30 * DAY_S)
    smaller = videos / f"{Path(kept(week, 'videos')[0]).stem}.fit1000000.mp4"
    for path in (smaller, videos / "0123.mp4", pictures / f"{'0' * 64}.png"):
        path.write_bytes(b"stray")
        _age(path, 2 * 3600)
    young = videos / "4567.mp4"
    young.write_bytes(b"being made")
    for _ in range(2):
        await week.restart_bot()
        await week.eventually(lambda: not (pictures / f"{'0' * 64}.png").exists())
    await week.eventually(
        lambda: (
            sorted([*kept(week, "videos"), *kept(week, "pictures")])
            == sorted([*named, smaller.name, young.name])
        )
    )


async def test_what_is_no_file_of_ours_in_the_directory_stops_no_sweep(
    week: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    strange, stray = week.data / "videos" / "lost+found", week.data / "pictures" / "0123.png"
    strange.mkdir()
    stray.write_bytes(b"stray")
    for path in (strange, stray):
        _age(path, 30 * DAY_S)
    await week.restart_bot()
    await week.eventually(lambda: not stray.exists())
    assert strange.is_dir()
    assert "the upkeep broke" not in caplog.text


async def test_two_videos_of_one_picture_share_its_file_until_both_are_gone(week: Rig) -> None:
    posted = await boat(week)
    first = card_of(await animate(week, posted, prompt="it sails"))
    second = card_of(await animate(week, posted, "Cleo", prompt="it sinks"))
    other = await week.card(attachments={"image": ("else.png", picture(shade=200))})
    for card in (first, second, other):
        await week.finished(card)
    assert (len(kept(week, "videos")), len(kept(week, "pictures"))) == (3, 2)
    await _taken_down(week, week.shown(first))
    await week.eventually(lambda: len(kept(week, "videos")) == 2)
    assert len(kept(week, "pictures")) == 2, "the second one still shows it"
    again = card_of(await press(week, week.shown(second), "Again", "Cleo"))
    await week.finished(again)
    await _taken_down(week, week.shown(second), "Cleo")
    await week.eventually(lambda: len(kept(week, "videos")) == 2)
    assert len(kept(week, "pictures")) == 2, "and the third one too"
    await _taken_down(week, week.shown(again), "Cleo")
    await week.eventually(lambda: len(kept(week, "pictures")) == 1)
    assert len(kept(week, "videos")) == 1
    assert len(week.shown(other).files) == 2
    week.sound()


async def test_a_video_that_is_not_kept_any_more_is_fetched_once_more(week: Rig) -> None:
    card = await week.card()
    await week.finished(card)
    await _days(week, 7)
    await _gone(week, "videos")
    used = await week.discord.slash("videos", subcommand="get", job=only_job(week).public_id)
    shown = await used.final()
    assert [file.content_type for file in shown.files] == ["video/mp4"]
