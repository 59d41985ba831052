"""Continue: a clip that begins with the very frame another one ended on."""

import io
import math
from collections.abc import AsyncIterator
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image, ImageChops, ImageStat

from models import Way
from playground.clock import FakeClock
from playground.discord.world import Attachment, Message
from playground.neuralbox import faults
from storage import results
from tests.pictures import picture
from tests.rig import Rig

# Of brightness, which 4:2:0 keeps whole: what the vendor's own encoding leaves of a picture.
FRAME_PSNR_DB = 38.0


@pytest.fixture
async def real(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """A rig whose vendor draws each clip from its own start picture."""
    async with Rig.open(tmp_path, request.node.name, FakeClock(), clips="real") as rig:
        await rig.start_bot()
        yield rig


def frames(file: bytes) -> tuple[VideoFrame, VideoFrame]:
    """Return the first and the last frame of a clip."""
    with av.open(io.BytesIO(file), "r") as clip:
        decoded = list(clip.decode(video=0))
    return decoded[0], decoded[-1]


def _image(frame: VideoFrame) -> Image.Image:
    image = frame.reformat(format="gray").to_image()  # type: ignore[no-untyped-call]
    assert isinstance(image, Image.Image)
    return image


def psnr_db(one: VideoFrame, other: VideoFrame) -> float:
    """Return how alike two frames are in brightness."""
    planes = [_image(frame).convert("L") for frame in (one, other)]
    if planes[0].size != planes[1].size:
        planes[1] = planes[1].resize(planes[0].size, Image.Resampling.LANCZOS)
    error = ImageStat.Stat(ImageChops.difference(planes[0], planes[1])).sum2[0]
    mean = error / (planes[0].width * planes[0].height)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def video_of(rig: Rig, message: Message) -> bytes:
    """Return the clip on a message."""
    [file] = [one for one in message.files if one.content_type == "video/mp4"]
    assert isinstance(file, Attachment)
    return rig.discord.parts.cdn.files[file.path].data


async def go_on(rig: Rig, done: Message, **values: str) -> Message:
    """Press Continue, send the form, and wait for the clip."""
    pressed = await rig.discord.press(done, "Continue", member="Ben")
    assert (await pressed.answer()).kind == "modal"
    sent = await rig.discord.submit_modal(pressed, values)
    card = await sent.final()
    assert not card.ephemeral, card.content
    return await rig.finished(card)


async def test_a_continued_clip_begins_where_the_other_ended(real: Rig) -> None:
    done = await real.finished(
        await real.card("the boat rocks", attachments={"image": ("b.png", picture())})
    )
    _first, last = frames(video_of(real, done))

    more = await go_on(real, done, prompt="the boat sails on")

    first, _last = frames(video_of(real, more))
    assert psnr_db(last, first) > FRAME_PSNR_DB
    job = real.job_of(more)
    assert (job.origin.way, job.origin.parent_id) == (Way.CONTINUE, real.job_of(done).id)
    assert (job.request.prompt, job.request.aspect_ratio) == ("the boat sails on", "16:9")
    real.sound()


async def test_the_frame_itself_is_kept_without_loss(real: Rig) -> None:
    done = await real.finished(await real.card("the boat rocks"))
    _first, last = frames(video_of(real, done))
    more = await go_on(real, done)
    kept = Image.open(real.data / "pictures" / (real.job_of(more).request.picture or ""))
    assert kept.format == "PNG"
    assert kept.size == (last.width, last.height)
    again: VideoFrame = VideoFrame.from_image(kept)  # type: ignore[no-untyped-call]
    assert psnr_db(last, again) > 45


async def test_a_video_that_is_not_kept_any_more_is_fetched_again_to_go_on(play: Rig) -> None:
    done = await play.finished(await play.card())
    for file in (play.data / "videos").iterdir():
        file.unlink()
    more = await go_on(play, done)
    assert play.job_of(more).origin.way is Way.CONTINUE
    assert play.read(lambda tx: results.find(tx, play.job_of(done).id)) is not None


async def test_a_video_that_is_nowhere_any_more_cannot_be_continued(play: Rig) -> None:
    done = await play.finished(await play.card())
    for file in (play.data / "videos").iterdir():
        file.unlink()
    play.box.script(faults.status(404, None, on=faults.FILE, times=None))
    pressed = await play.discord.press(done, "Continue", member="Ben")
    await pressed.answer()
    sent = await play.discord.submit_modal(pressed, {"prompt": "on"})
    told = await sent.final()
    assert told.ephemeral
    assert "Nothing was charged" in told.content
    assert play.guild_account().held_tokens == 0
