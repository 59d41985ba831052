"""A result file comes whole, or not at all."""

import asyncio
import hashlib
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from media import (
    Fetcher,
    FetchError,
    FetchFailedError,
    FetchGoneError,
    FetchRefusedError,
    Kind,
)
from neuralbox import Created, CreateRequest, NeuralBox
from playground.clock import PlayClock
from playground.neuralbox import LocalNeuralBox, faults
from tests.neuralbox.canary import Canary
from tests.neuralbox.test_bounds import bomb

MIB = 1024 * 1024
CLIP = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + b"\x00" * 4_000


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def serve(box: LocalNeuralBox, body: bytes = CLIP, **more: object) -> str:
    """Let the storage answer `body` for the next file, and return the file's address."""
    box.script(faults.junk(body, on=faults.FILE, **more))  # type: ignore[arg-type]  # passed on
    return f"{box.origin}/generations/1.mp4"


async def finished_url(box: LocalNeuralBox) -> str:
    request = CreateRequest("kling-v2.1", "a paper boat in the rain", 5, "16:9")
    async with NeuralBox(box.base_url, box.key, clock=PlayClock()) as client:
        outcome = await client.create(request)
        assert isinstance(outcome, Created)
        box.finish(outcome.generation.id)
        done = await client.get_generation(outcome.generation.id)
    assert done.result_url is not None
    return done.result_url


async def test_a_finished_video_is_fetched_into_a_directory(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    got = await fetcher.download(await finished_url(box), tmp_path)
    assert got.kind is Kind.MP4
    assert got.path.parent == tmp_path
    assert got.path.suffix == ".mp4"
    assert names(tmp_path) == [got.path.name]
    content = got.path.read_bytes()
    assert content[4:8] == b"ftyp"
    assert (got.size_bytes, got.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert got.path.stat().st_mode & 0o077 == 0


async def test_a_file_is_fetched_to_its_path_and_again(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    target = tmp_path / "result.mp4"
    target.write_bytes(b"an older and longer one" * 1_000)
    for body in (CLIP, CLIP + b"more"):
        got = await fetcher.download(serve(box, body), target)
        assert got.path == target
        assert target.read_bytes() == body
    assert names(tmp_path) == ["result.mp4"]


@pytest.mark.fault("H14")
async def test_no_name_of_theirs_reaches_our_disk(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    headers = {"Content-Disposition": 'attachment; filename="../../evil.sh"'}
    got = await fetcher.download(serve(box, headers=headers, content_type="text/x-sh"), tmp_path)
    assert got.path.stem.isalnum()
    assert names(tmp_path) == [got.path.name]


async def test_many_files_come_at_once(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    box.script(faults.junk(CLIP, on=faults.FILE, times=8))
    url = f"{box.origin}/generations/1.mp4"
    got = await asyncio.gather(*(fetcher.download(url, tmp_path) for _ in range(8)))
    assert len({one.path for one in got}) == 8
    assert len(names(tmp_path)) == 8


async def test_a_large_file_needs_little_memory(box: LocalNeuralBox, tmp_path: Path) -> None:
    box.script(faults.file_size(32 * MIB))
    url = await finished_url(box)
    async with Fetcher([box.origin]) as fetcher:
        tracemalloc.start()
        try:
            got = await fetcher.download(url, tmp_path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert got.size_bytes >= 32 * MIB
    assert peak < 12 * MIB


@pytest.mark.fault("V30")
@pytest.mark.fault("H12")
@pytest.mark.parametrize(
    "body",
    [b"<!doctype html><title>Sign in</title>", b'{"error": "x"}', b"<svg/>", b"\x7fELF", b"G"],
    ids=["html", "json", "svg", "program", "one byte"],
)
async def test_what_is_no_media_never_touches_the_disk(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path, body: bytes
) -> None:
    with pytest.raises(FetchRefusedError):
        await fetcher.download(serve(box, body, content_type="video/mp4"), tmp_path)
    assert names(tmp_path) == []


@pytest.mark.fault("V30")
@pytest.mark.fault("H8")
@pytest.mark.parametrize("code", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_refused_and_not_followed(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path, code: int
) -> None:
    async with Canary() as canary:
        headers = {"Location": f"http://127.0.0.1:{canary.port}/1.mp4"}
        box.script(faults.status(code, "", headers=headers, on=faults.FILE))
        with pytest.raises(FetchRefusedError) as raised:
            await fetcher.download(f"{box.origin}/generations/1.mp4", tmp_path)
    assert (raised.value.status, canary.hits, names(tmp_path)) == (code, 0, [])


@pytest.mark.parametrize("code", [401, 403, 404, 410])
async def test_an_address_that_serves_no_more_asks_for_a_fresh_one(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path, code: int
) -> None:
    box.script(faults.status(code, "", on=faults.FILE))
    with pytest.raises(FetchGoneError) as raised:
        await fetcher.download(f"{box.origin}/generations/1.mp4", tmp_path)
    assert raised.value.status == code


async def test_a_file_that_is_missing_in_the_storage_is_gone(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    box.script(faults.missing_file())
    url = await finished_url(box)
    with pytest.raises(FetchGoneError):
        await fetcher.download(url, tmp_path)


@pytest.mark.parametrize("code", [201, 204, 206, 400, 408, 416, 429, 500, 502, 503, 504, 524])
async def test_any_other_answer_may_be_better_later(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path, code: int
) -> None:
    box.script(faults.status(code, "", on=faults.FILE))
    with pytest.raises(FetchFailedError):
        await fetcher.download(f"{box.origin}/generations/1.mp4", tmp_path)
    assert names(tmp_path) == []


async def test_a_file_that_says_it_is_too_large_is_not_begun(
    box: LocalNeuralBox, tmp_path: Path
) -> None:
    url = await finished_url(box)
    box.script(faults.slow(60, on=faults.FILE))
    async with Fetcher([box.origin], max_bytes=1_000) as fetcher:
        with pytest.raises(FetchRefusedError):
            await asyncio.wait_for(fetcher.download(url, tmp_path), 2)
    assert names(tmp_path) == []


async def test_a_file_that_is_one_byte_too_large_is_refused(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    with pytest.raises(FetchRefusedError):
        await fetcher.download(serve(box, CLIP.ljust(4 * MIB + 1, b"\x00")), tmp_path)
    assert names(tmp_path) == []


async def test_the_largest_file_allowed_is_taken(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    got = await fetcher.download(serve(box, CLIP.ljust(4 * MIB, b"\x00")), tmp_path)
    assert got.size_bytes == 4 * MIB


@pytest.mark.fault("V14")
@pytest.mark.fault("H13")
async def test_a_compression_bomb_stops_at_the_cap(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    url = serve(box, bomb("gzip", 200 * MIB, CLIP), headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(FetchRefusedError):
            await fetcher.download(url, tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * MIB
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "fault",
    [
        faults.junk(CLIP, headers={"Content-Encoding": "gzip"}, on=faults.FILE),
        faults.junk(b"", on=faults.FILE),
        faults.junk(CLIP, headers={"X-Padding": "x" * 100 * 1024}, on=faults.FILE),
        faults.drop_before(on=faults.FILE, times=None),
        faults.half_body(on=faults.FILE, times=None),
    ],
    ids=["not encoded as it says", "empty", "giant header", "dropped", "half"],
)
async def test_a_broken_download_leaves_nothing(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path, fault: faults.Fault
) -> None:
    url = await finished_url(box)
    box.script(fault)
    with pytest.raises(FetchFailedError):
        await fetcher.download(url, tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("fault", [faults.hang, faults.slow], ids=["silent", "dripping"])
async def test_one_deadline_ends_every_download(
    box: LocalNeuralBox, tmp_path: Path, fault: Callable[..., faults.Fault]
) -> None:
    url = await finished_url(box)
    box.script(fault(60, on=faults.FILE))
    async with Fetcher([box.origin], timeout_s=0.3) as fetcher:
        with pytest.raises(FetchFailedError):
            await asyncio.wait_for(fetcher.download(url, tmp_path), 5)
    assert names(tmp_path) == []


async def test_a_cancelled_download_leaves_nothing(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    url = await finished_url(box)
    box.script(faults.slow(60, on=faults.FILE))
    task = asyncio.create_task(fetcher.download(url, tmp_path))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(tmp_path) == []


async def test_a_directory_that_is_not_there_is_our_own_trouble(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await fetcher.download(serve(box), tmp_path / "missing" / "1.mp4")


async def test_a_storage_that_is_not_there_may_be_later(tmp_path: Path) -> None:
    async with Fetcher(["http://127.0.0.1:1"]) as fetcher:
        with pytest.raises(FetchFailedError):
            await fetcher.download("http://127.0.0.1:1/1.mp4", tmp_path)


async def test_a_downloader_that_is_not_open_asks_for_nothing(
    box: LocalNeuralBox, tmp_path: Path
) -> None:
    fetcher = Fetcher([box.origin])
    with pytest.raises(FetchFailedError):
        await fetcher.download(f"{box.origin}/generations/1.mp4", tmp_path)
    async with fetcher:
        pass
    with pytest.raises(FetchFailedError):
        await fetcher.download(f"{box.origin}/generations/1.mp4", tmp_path)
    assert box.file_requests == []


@pytest.mark.fault("S3")
async def test_no_error_shows_the_query_of_an_address(
    box: LocalNeuralBox, fetcher: Fetcher, tmp_path: Path
) -> None:
    box.script(faults.status(403, "", on=faults.FILE))
    for url in (f"{box.origin}/generations/1.mp4?ticket=secret", "https://x.test/1?t=secret"):
        with pytest.raises(FetchError) as raised:
            await fetcher.download(url, tmp_path)
        assert "secret" not in str(raised.value)
