"""A clip that is too large is made smaller than the limit, whole, and never awful."""

import asyncio
from pathlib import Path

import av
import pytest

from bench.likeness import compare
from media import BrokenFileError, CannotFitError, Studio
from tests.media import clips


def boxes(path: Path) -> list[bytes]:
    """Return the names of an mp4's outermost boxes, in order."""
    content, at, names = path.read_bytes(), 0, []
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big")
    return names


@pytest.mark.parametrize("limit", [1_500_000, 400_000, 150_000])
async def test_a_large_clip_becomes_smaller_than_the_limit(tmp_path: Path, limit: int) -> None:
    source = clips.make(tmp_path / "source.mp4", sound=True)
    assert source.stat().st_size > 8_000_000
    target = tmp_path / "made.mp4"
    target.write_bytes(b"an older one")
    clip = await Studio().fit(source, target, limit)
    assert clip.size_bytes == target.stat().st_size
    assert limit * 0.85 < clip.size_bytes < limit
    assert clip.codec == "h264"
    assert abs(clip.duration_s - 2) <= 1 / clips.RATE
    frames, originals = clips.frames_of(target), clips.frames_of(source)
    assert len(frames) == len(originals)
    assert [frame.format.name for frame in frames[:1]] == ["yuv420p"]
    assert abs(float(frames[-1].time or 0) - float(originals[-1].time or 0)) <= 1 / clips.RATE
    # The index stands before the pictures, so a player can begin at once.
    assert boxes(target).index(b"moov") < boxes(target).index(b"mdat")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.mp4", "source.mp4"]
    assert target.stat().st_mode & 0o077 == 0
    with av.open(str(target)) as container:
        (sound,) = container.streams.audio
        assert sound.codec_context.name == "aac"
        heard = sum(frame.samples for frame in container.decode(sound)) / sound.rate
    assert abs(heard - 2) < 0.1


async def test_more_room_gives_a_better_likeness(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "source.mp4", seconds=0.8)
    found = []
    for limit in (120_000, 1_200_000):
        await Studio().fit(source, tmp_path / "made.mp4", limit)
        found.append(await asyncio.to_thread(compare, source, tmp_path / "made.mp4"))
    poor, good = found
    assert poor.frames == good.frames == 20
    assert good.psnr_db > poor.psnr_db > 25
    assert good.ssim > poor.ssim
    same = await asyncio.to_thread(compare, source, source)
    assert same.ssim > 0.999


async def test_a_clip_that_fits_already_stays_as_it_is(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "source.mp4", seconds=0.2)
    target = tmp_path / "made.mp4"
    size = source.stat().st_size
    clip = await Studio().fit(source, target, size + 1)
    assert (clip.width, clip.height, clip.size_bytes) == (640, 360, size)
    assert target.read_bytes() == source.read_bytes()
    anew = await Studio().fit(source, target, size)
    assert anew.size_bytes < size


async def test_a_picture_too_large_for_the_bits_gets_smaller_in_its_shape(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "source.mp4", seconds=0.6, size="720x1280")
    clip = await Studio().fit(source, tmp_path / "made.mp4", 42_000)
    assert clip.size_bytes < 42_000
    assert (clip.width, clip.height) in {(540, 960), (360, 640)}


async def test_a_clip_that_would_look_awful_is_not_made(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "source.mp4", seconds=1, sound=True)
    for limit in (20_000, 5_000, 1):
        with pytest.raises(CannotFitError):
            await Studio().fit(source, tmp_path / "made.mp4", limit)
    assert [path.name for path in tmp_path.iterdir()] == ["source.mp4"]


async def test_a_clip_that_asks_to_be_turned_is_made_upright(tmp_path: Path) -> None:
    source = clips.turned(clips.make(tmp_path / "source.mp4", seconds=0.4))
    before = await Studio().probe(source)
    clip = await Studio().fit(source, tmp_path / "made.mp4", 200_000)
    assert (before.width, before.height) == (clip.width, clip.height) == (360, 640)
    assert round(clips.frames_of(tmp_path / "made.mp4")[0].rotation) == 0


async def test_sides_and_frames_that_are_odd_are_no_trouble(tmp_path: Path) -> None:
    options = {"preset": "ultrafast", "x264-params": "colormatrix=bt709:fullrange=on"}
    source = clips.make(tmp_path / "source.mp4", seconds=0.2, size="642x362", options=options)
    clip = await Studio().fit(source, tmp_path / "made.mp4", source.stat().st_size // 4)
    assert (clip.width, clip.height) == (642, 362)
    (frame, *_) = clips.frames_of(tmp_path / "made.mp4")
    assert (frame.colorspace, frame.color_range) == (1, 1)


async def test_a_cut_off_clip_is_broken_and_leaves_nothing(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "source.mp4", seconds=0.4)
    source.write_bytes(source.read_bytes()[:-20_000])
    with pytest.raises(BrokenFileError):
        await Studio().fit(source, tmp_path / "made.mp4", 200_000)
    assert [path.name for path in tmp_path.iterdir()] == ["source.mp4"]


async def test_cancelling_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "source.mp4", seconds=2)
    target = tmp_path / "made.mp4"
    target.write_bytes(b"an older one")
    task = asyncio.create_task(Studio().fit(source, target, 400_000))
    # The worker stands back behind everything else, so on a busy machine it is long on its way.
    while not list(tmp_path.glob(".fetch-*/passes.log*")):
        assert not task.done()
        await asyncio.to_thread(sum, range(10_000))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert target.read_bytes() == b"an older one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.mp4", "source.mp4"]


async def test_a_short_task_need_not_wait_for_long_ones(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "source.mp4", seconds=2)
    studio = Studio(at_once=2)
    fits = [
        asyncio.create_task(studio.fit(source, tmp_path / f"{number}.mp4", 400_000))
        for number in range(3)
    ]
    await asyncio.sleep(0)
    await studio.probe(source)
    assert not any(fit.done() for fit in fits)
    for fit in fits:
        fit.cancel()
    await asyncio.gather(*fits, return_exceptions=True)


async def test_a_probe_tells_what_a_clip_is(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "source.mp4", seconds=0.4, size="360x640")
    clip = await Studio().probe(source)
    assert (clip.width, clip.height, clip.codec) == (360, 640, "h264")
    assert clip.size_bytes == source.stat().st_size
    assert abs(clip.duration_s - 0.4) < 0.001
