"""The last frame is the very picture that a clip ends on, so that a new one can begin with it."""

import math
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image, ImageChops

from media import Studio
from media.facts import VENDOR_BYTES
from tests.media import clips

# Half a step of rounding in every pixel would be 54 dB.
LOSSLESS_DB = 60
WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}


def reference(frame: VideoFrame, matrix: str = "bt601") -> Image.Image:
    """Convert a frame by the standard's formula, each pixel with the one sample of its colour."""
    red_weight, blue_weight = WEIGHTS[matrix]
    green_weight = 1 - red_weight - blue_weight
    luma, blues, reds = (bytes(plane) for plane in frame.planes)
    luma_line, colour_line = frame.planes[0].line_size, frame.planes[1].line_size
    made = bytearray()
    for row in range(frame.height):
        for column in range(frame.width):
            at = row // 2 * colour_line + column // 2
            light = (luma[row * luma_line + column] - 16) / 219
            red = light + 2 * (1 - red_weight) * (reds[at] - 128) / 224
            blue = light + 2 * (1 - blue_weight) * (blues[at] - 128) / 224
            green = (light - red_weight * red - blue_weight * blue) / green_weight
            made += bytes(max(0, min(255, round(part * 255))) for part in (red, green, blue))
    return Image.frombytes("RGB", (frame.width, frame.height), bytes(made))


def library(frame: VideoFrame, matrix: int) -> Image.Image:
    """Convert a large frame faster and a little less exactly; 1 is BT.709 and 5 is BT.601."""
    rgb = frame.reformat(format="rgb24", src_colorspace=matrix, dst_colorspace=matrix)
    (plane,) = rgb.planes
    size = (rgb.width, rgb.height)
    return Image.frombytes("RGB", size, bytes(plane), "raw", "RGB", plane.line_size)


def psnr_db(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    histogram = ImageChops.difference(one, other).histogram()
    squares = sum(count * (index % 256) ** 2 for index, count in enumerate(histogram))
    mean = squares / (one.width * one.height * 3)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


async def picture_of(clip: Path, to: Path) -> Image.Image:
    picture = await Studio().last_frame(clip, to)
    with Image.open(to / picture.file_name) as image:
        image.load()
        assert (image.width, image.height) == (picture.width, picture.height)
        return image


@pytest.mark.parametrize(
    "options",
    [
        {"preset": "ultrafast", "crf": "12"},
        {"preset": "medium", "crf": "20", "bf": "8"},
        {"preset": "fast", "crf": "20", "g": "1"},
        {"preset": "fast", "crf": "20", "x264-params": "open-gop=1:keyint=9:bframes=4"},
    ],
    ids=["no b-frames", "many b-frames", "only key frames", "open groups"],
)
async def test_it_is_the_frame_shown_last(tmp_path: Path, options: dict[str, str]) -> None:
    clip = clips.make(tmp_path / "clip.mp4", seconds=1, size="320x180", options=options)
    frames = clips.frames_of(clip)
    made = await picture_of(clip, tmp_path)
    # Only roundings differ; the frame before is another picture.
    assert psnr_db(made, reference(frames[-1])) > LOSSLESS_DB
    assert psnr_db(made, reference(frames[-2])) < 32
    assert made.mode == "RGB"


async def test_the_same_clip_gives_the_same_file(tmp_path: Path) -> None:
    clip = clips.make(tmp_path / "clip.mp4", seconds=0.4, size="320x180")
    studio = Studio()
    first, again = [await studio.last_frame(clip, tmp_path) for _ in range(2)]
    assert first == again
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["clip.mp4", first.file_name])


async def test_a_frame_taken_through_the_gate_keeps_every_pixel(tmp_path: Path) -> None:
    clip = clips.make(tmp_path / "clip.mp4", seconds=0.4, size="640x360")
    studio = Studio()
    first = await studio.last_frame(clip, tmp_path)
    again = await studio.picture(tmp_path / first.file_name, tmp_path)
    assert again == first


async def test_a_tag_decides_the_colours_and_the_size_where_there_is_none(tmp_path: Path) -> None:
    tagged = {"preset": "ultrafast", "x264-params": "colormatrix=bt709"}
    small = clips.make(tmp_path / "small.mp4", seconds=0.2, size="320x180", options=tagged)
    large = clips.make(tmp_path / "large.mp4", seconds=0.08, size="1280x720")
    for clip in (small, large):
        frame = clips.frames_of(clip)[-1]
        made = await picture_of(clip, tmp_path)
        assert psnr_db(made, library(frame, 1)) > 40
        assert psnr_db(made, library(frame, 5)) < 34


async def test_a_frame_too_large_for_the_service_becomes_a_fine_jpeg(tmp_path: Path) -> None:
    clip = clips.make(tmp_path / "clip.mp4", seconds=0.08, size="2560x1440")
    picture = await Studio().last_frame(clip, tmp_path)
    assert (picture.kind, picture.width, picture.height) == ("jpeg", 2560, 1440)
    assert picture.size_bytes <= VENDOR_BYTES
    frame = clips.frames_of(clip)[-1]
    with Image.open(tmp_path / picture.file_name) as image:
        assert psnr_db(image.convert("RGB"), library(frame, 1)) > 30


async def test_a_clip_that_asks_to_be_turned_gives_an_upright_picture(tmp_path: Path) -> None:
    clip = clips.turned(clips.make(tmp_path / "clip.mp4", seconds=0.2, size="320x180"))
    frame = clips.frames_of(clip)[-1]
    assert round(frame.rotation) == -90
    made = await picture_of(clip, tmp_path)
    assert made.size == (180, 320)
    upright = reference(frame).transpose(Image.Transpose.ROTATE_270)
    assert psnr_db(made, upright) > LOSSLESS_DB


async def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path) -> None:
    clip = clips.make(tmp_path / "clip.mp4", seconds=1, size="320x180")
    whole = await picture_of(clip, tmp_path)
    clips.shortened(clip, to=0.52)
    with av.open(str(clip)) as container:
        shown = list(container.decode(video=0))
    assert len(shown) < 25
    made = await picture_of(clip, tmp_path)
    assert psnr_db(made, reference(max(shown, key=lambda frame: frame.pts or 0))) > LOSSLESS_DB
    assert psnr_db(made, whole) < 32
