"""Results that are too large for where they have to go, and results that somebody else made."""

import io
from pathlib import Path
from typing import Any

import av
import pytest

from playground.clock import FakeClock
from playground.neuralbox import faults, studio
from tests.playground.neuralbox.support import Caller, running_box

MIB = 1024 * 1024


async def result(caller: Caller, clock: FakeClock, **more: Any) -> bytes:
    """Have a clip made and return its file."""
    made = await caller.create(**more)
    await clock.advance(200)
    url = f"{caller.box.origin}/generations/{made['id']}.mp4"
    got = await caller.call("GET", url, key=None)
    assert got.status == 200
    return got.content


@pytest.mark.parametrize("clips", ["real", "shared"])
async def test_a_heavy_clip_is_full_size_video_of_at_least_so_many_bytes(
    clock: FakeClock, clips: str
) -> None:
    async with running_box(clock=clock, clips=clips) as caller:
        caller.box.script(faults.heavy(12 * MIB))
        content = await result(caller, clock, duration=10)
        assert 12 * MIB <= len(content) < 16 * MIB
        with av.open(io.BytesIO(content), "r") as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height, stream.frames) == (1920, 1080, 240)
            assert container.duration == 10 * av.time_base
            assert sum(packet.size for packet in container.demux(stream)) > 12 * MIB * 0.99
            container.seek(0)
            assert sum(1 for _ in container.decode(video=0)) == 240


async def test_a_heavy_clip_is_made_once(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio, "_heavy", {})
    contents = []
    for _ in range(2):
        async with running_box(clock=clock) as caller:
            caller.box.script(faults.heavy(MIB))
            contents.append(await result(caller, clock, model="mj-video-480p"))
    assert contents[0] == contents[1]
    assert len(studio._heavy) == 1


async def test_the_next_clip_has_its_usual_size_again(caller: Caller, clock: FakeClock) -> None:
    caller.box.script(faults.heavy(MIB))
    made = await caller.create(model="mj-video-480p")
    other = await caller.create(model="mj-video-480p")
    sizes = [caller.box.generations[str(one["id"])].width for one in (made, other)]
    assert sizes == [854, 142]


async def test_a_given_file_is_served_as_it_stands(
    caller: Caller, clock: FakeClock, tmp_path: Path
) -> None:
    given = tmp_path / "other.mp4"
    given.write_bytes(b"not even a video")
    caller.box.script(faults.clip(given))
    assert await result(caller, clock) == b"not even a video"
    assert (await result(caller, clock)).count(b"moov") == 1
