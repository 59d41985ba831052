"""The clip maker by itself: odd sizes, long and strange prompts, and the worker process."""

import io
from pathlib import Path

import av
import pytest
from PIL import Image

from playground.neuralbox import studio
from playground.neuralbox.catalogue import VIDEO_MODELS
from playground.neuralbox.clip import ClipSpec, render
from playground.neuralbox.lettering import caption_band, headline
from playground.neuralbox.studio import ClipFailedError, Studio


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "x",
        "\n\t\x00\x1b[31m",
        "w" * 600,
        "many words " * 200,
        "Ein Fuchs, 狐, лиса, 🦊",
        "שלום עולם",
    ],
)
def test_any_prompt_makes_a_clip(tmp_path: Path, prompt: str) -> None:
    video, thumbnail = tmp_path / "clip.mp4", tmp_path / "clip.jpg"
    render(ClipSpec(prompt, "kling-v2.1", 5, 142, 80), video, thumbnail)
    with av.open(str(video)) as container:
        assert container.streams.video[0].frames == 120
    with Image.open(thumbnail) as opened:
        assert opened.size == (142, 80)


@pytest.mark.parametrize("frame", [(1920, 1080), (1080, 1920), (180, 180), (142, 80)])
def test_words_stay_inside_the_frame(frame: tuple[int, int]) -> None:
    for text in ("a boat", "many words " * 200, "w" * 600):
        assert headline(text, frame).width <= frame[0]
        assert caption_band(text, frame).width == frame[0]


async def test_a_clip_that_cannot_be_made_is_an_error_and_the_next_one_is_made() -> None:
    maker = Studio(1.0, "real")
    try:
        size = VIDEO_MODELS[6].size("16:9")  # too large for the thread
        broken = ClipSpec("a boat", "mj-video-480p", 5, *size, picture="nowhere.png")
        with pytest.raises(ClipFailedError, match="FileNotFoundError"):
            await maker.files(broken)
        files = await maker.files(ClipSpec("a boat", "mj-video-480p", 5, *size))
        with av.open(str(files.video)) as container:
            assert container.streams.video[0].width == 854
        folder = files.video.parent
    finally:
        await maker.close()
    assert not folder.exists()


async def test_a_worker_that_is_killed_is_replaced() -> None:
    maker = Studio(1.0, "real")
    try:
        await maker.files(ClipSpec("one", "", 5, 854, 480))
        worker = maker._worker
        assert worker is not None
        worker.kill()
        await worker.wait()
        files = await maker.files(ClipSpec("two", "", 5, 854, 480))
        assert files.video.stat().st_size > 10_000
    finally:
        await maker.close()
    assert maker._worker is None


async def test_closing_ends_a_worker_in_the_middle_of_a_clip() -> None:
    maker = Studio(1.0, "real")
    maker.begin(ClipSpec("a boat", "", 10, 1920, 1080))
    await maker.files(ClipSpec("small", "", 5, 142, 80))
    await maker.close()
    assert maker._worker is None


async def test_small_clips_are_remembered_but_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(studio, "KEPT_IN_MEMORY", 2)
    maker = Studio(1.0, "real")
    try:
        contents = []
        for prompt in ("one", "two", "three", "one"):
            files = await maker.files(ClipSpec(prompt, "", 5, 142, 80))
            contents.append(files.video.read_bytes())
        assert contents[0] == contents[3]
        assert len(studio._made) <= 2
    finally:
        await maker.close()
    with av.open(io.BytesIO(contents[1])) as container:
        assert container.streams.video[0].frames == 120
