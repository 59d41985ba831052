"""Result files: what they are, how they are served, and what happens while they are being made."""

import io

import aiohttp
import av
import pytest
from PIL import Image

from playground.clock import FakeClock
from playground.neuralbox import faults
from tests.playground.neuralbox.support import SMALL, Caller, Got, decoded, running_box


async def _result(caller: Caller, clock: FakeClock, **options: object) -> tuple[str, str]:
    created = await caller.create(**options)  # type: ignore[arg-type]  # the prompt is one of them
    await clock.advance(180)
    answer = (await caller.get(f"/generate/{created['id']}")).json
    return answer["result_url"], answer["thumbnail_url"]


async def _file(caller: Caller, url: str, **headers: str) -> Got:
    return await caller.call("GET", url, key=None, headers=headers)


@pytest.mark.parametrize("duration", [5, 10])
@pytest.mark.parametrize(
    ("ratio", "size"), [("16:9", (320, 180)), ("9:16", (180, 320)), ("1:1", (180, 180))]
)
async def test_the_clip_is_what_was_asked_for(
    caller: Caller, clock: FakeClock, duration: int, ratio: str, size: tuple[int, int]
) -> None:
    video, thumbnail = await _result(caller, clock, duration=duration, aspect_ratio=ratio)
    got = await _file(caller, video)
    assert (got.status, got.headers["Content-Type"]) == (200, "video/mp4")
    with av.open(io.BytesIO(got.content), "r") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == size
        assert stream.average_rate == 24
        assert stream.frames == duration * 24
        assert container.duration is not None
        assert abs(container.duration / av.time_base - duration) < 0.1
    assert got.content.index(b"moov") < got.content.index(b"mdat")  # plays while it loads
    picture = await _file(caller, thumbnail)
    assert picture.headers["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(picture.content)) as opened:
        assert (opened.format, opened.size) == ("JPEG", size)


async def test_the_picture_moves(caller: Caller, clock: FakeClock) -> None:
    video, _ = await _result(caller, clock)
    got = await _file(caller, video)
    assert len({frame.tobytes() for frame in decoded(got.content)}) > 100


async def test_other_prompts_have_other_clips_and_equal_ones_share(
    caller: Caller, clock: FakeClock
) -> None:
    prompts = ("a paper boat", "a kite", "a paper boat")
    contents = []
    for prompt in prompts:
        video, _ = await _result(caller, clock, prompt=prompt)
        contents.append((await _file(caller, video)).content)
    assert contents[0] == contents[2] != contents[1]


async def test_a_box_with_shared_clips_makes_one_for_each_shape(clock: FakeClock) -> None:
    async with running_box(clock=clock, clips="shared", media_scale=1.0) as caller:
        first, _ = await _result(caller, clock, prompt="a paper boat")
        second, _ = await _result(caller, clock, prompt="a kite")
        assert first != second
        one, other = await _file(caller, first), await _file(caller, second)
        assert one.content == other.content
        with av.open(io.BytesIO(one.content)) as container:
            assert container.streams.video[0].width == 320
        shown = caller.box.generations["18500"]
        assert (shown.width, shown.height) == (320, 180)


async def test_byte_ranges_are_served(caller: Caller, clock: FakeClock) -> None:
    video, _ = await _result(caller, clock)
    whole = (await _file(caller, video)).content
    size = len(whole)
    for asked, start, end in (
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, size),
        ("bytes=-50", size - 50, size),
        (f"bytes=10-{size + 5}", 10, size),
    ):
        got = await _file(caller, video, Range=asked)
        assert got.status == 206
        assert got.content == whole[start:end]
        assert got.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = await _file(caller, video, Range=f"bytes={size}-")
    assert beyond.status == 416
    head = await caller.call("HEAD", video, key=None)
    assert (head.status, int(head.headers["Content-Length"])) == (200, size)
    assert head.headers["Accept-Ranges"] == "bytes"


async def test_there_is_no_file_before_completion_nor_after_a_failure(
    caller: Caller, clock: FakeClock
) -> None:
    caller.box.script(faults.wait(10), faults.wait(10) & faults.fails("no"))
    await caller.create()
    await caller.create()
    address = caller.box.origin + "/generations/{}.mp4"
    assert (await _file(caller, address.format(18500))).status == 404
    await clock.advance(10)
    assert (await _file(caller, address.format(18500))).status == 200
    assert (await _file(caller, address.format(18501))).status == 404
    assert (await _file(caller, address.format(1))).status == 404
    assert (await _file(caller, f"{caller.box.origin}/generations/18500.avi")).status == 404
    assert (await _file(caller, f"{caller.box.origin}/thumbnails/18500.mp4")).status == 404


async def test_a_request_that_is_too_early_waits_for_the_clip(clock: FakeClock) -> None:
    # Full size, so that it is the worker process that is waited for.
    async with running_box(clock=clock, media_scale=1.0) as caller:
        caller.box.script(faults.wait(0))
        created = await caller.create()
        answer = (await caller.get(f"/generate/{created['id']}")).json
        assert answer["result_metadata"] == {"duration": 5, "width": 1920, "height": 1080}
        got = await _file(caller, answer["result_url"])
        with av.open(io.BytesIO(got.content), "r") as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height, stream.frames) == (1920, 1080, 120)


async def test_a_file_can_be_as_large_as_wanted_and_still_plays(
    caller: Caller, clock: FakeClock
) -> None:
    caller.box.script(faults.file_size(3_000_000), faults.file_size(10))
    video, _ = await _result(caller, clock)
    got = await _file(caller, video)
    assert len(got.content) == 3_000_000
    assert len(decoded(got.content)) == 120
    least, _ = await _result(caller, clock)
    assert (await _file(caller, least)).status == 200


async def test_faults_can_be_scripted_for_files_too(caller: Caller, clock: FakeClock) -> None:
    video, _ = await _result(caller, clock)
    whole = (await _file(caller, video)).content
    caller.box.script(
        faults.status(503, html=True, on=faults.FILE),
        faults.half_body(on=faults.FILE),
        faults.drop_before(on=faults.FILE, times=2),  # aiohttp asks again by itself, once
        faults.junk(b"not a film", content_type="video/mp4", on=faults.FILE),
    )
    assert (await caller.get("/balance")).status == 200
    assert (await _file(caller, video)).status == 503
    with pytest.raises(aiohttp.ClientPayloadError):
        await _file(caller, video)
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await _file(caller, video)
    assert (await _file(caller, video)).content == b"not a film"
    assert (await _file(caller, video)).content == whole
    assert [seen.path for seen in caller.box.file_requests] == ["/generations/18500.mp4"] * 7


async def test_files_cost_no_requests_and_need_no_key(caller: Caller, clock: FakeClock) -> None:
    video, _ = await _result(caller, clock)
    used = caller.box.allowance.used_hour
    got = await _file(caller, video)
    assert got.status == 200
    assert got.headers["Date"] == "Fri, 15 Jan 2027 08:03:00 GMT"
    assert "X-RateLimit-Limit-Hour" not in got.headers
    assert caller.box.allowance.used_hour == used


async def test_models_have_the_size_that_their_name_says() -> None:
    async with running_box(media_scale=1.0, clips="real") as caller:
        caller.box.balance = 9_000
        expected = {
            "mj-video-480p": [(854, 480), (480, 854), (480, 480)],
            "mj-video-720p": [(1280, 720), (720, 1280), (720, 720)],
            "kling-v2.1": [(1920, 1080), (1080, 1920), (1080, 1080)],
        }
        for slug, sizes in expected.items():
            model = caller.box.catalogue.models[slug]
            assert [model.size(ratio) for ratio in ("16:9", "9:16", "1:1")] == sizes
            for ratio in ("16:9", "9:16", "1:1"):
                assert all(side % 2 == 0 for side in model.size(ratio, SMALL))
