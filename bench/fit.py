"""What a large result loses when it must fit under a server's limit, and how long that takes."""

import asyncio
import tempfile
import time
from pathlib import Path

import av
from av.filter import Graph
from av.video.frame import PictureType

from bench.figures import Figure, Target
from bench.likeness import Likeness, compare
from media import Studio

MIB = 1024 * 1024
LIMIT_BYTES = 10 * MIB
SECONDS, RATE = 10, 30
WIDTH, HEIGHT = 1920, 1080
SOURCE_RATE = 50_000_000


async def measure() -> list[Figure]:
    """Make a 60 MB clip of 1080p with film grain, fit it into 10 MiB, and compare."""
    with tempfile.TemporaryDirectory() as directory:
        source, made, plain = (Path(directory, f"{name}.mp4") for name in ("source", "fit", "one"))
        await asyncio.to_thread(_make, source)
        started = time.perf_counter()
        clip = await Studio().fit(source, made, LIMIT_BYTES)
        taken_s = time.perf_counter() - started
        started = time.perf_counter()
        await asyncio.to_thread(_one_pass, source, plain)
        plain_s = time.perf_counter() - started
        like: Likeness = await asyncio.to_thread(compare, source, made)
        plain_like: Likeness = await asyncio.to_thread(compare, source, plain)
        source_mib = source.stat().st_size / MIB
        plain_mib = plain.stat().st_size / MIB
    before = f"the result itself, {SECONDS} s of 1080p"
    one_pass = "one pass aimed at the limit"
    return [
        Figure(
            "fit: size under 10 MiB",
            clip.size_bytes / MIB,
            "MiB",
            before,
            source_mib,
            Target("<", 10),
        ),
        Figure("fit: size, against one pass", clip.size_bytes / MIB, "MiB", one_pass, plain_mib),
        Figure("fit: length", clip.duration_s, "s", before, float(SECONDS)),
        Figure("fit: time taken", taken_s, "s", one_pass, plain_s, Target("<", 60)),
        Figure("fit: PSNR", like.psnr_db, "dB", one_pass, plain_like.psnr_db, Target(">", 30)),
        Figure("fit: SSIM", like.ssim, "", one_pass, plain_like.ssim),
    ]


def _make(path: Path) -> None:
    graph = Graph()
    shapes = graph.add("testsrc2", f"size={WIDTH}x{HEIGHT}:rate={RATE}:duration={SECONDS}")
    grain = graph.add("noise", "alls=14:allf=t:all_seed=7")
    form, sink = graph.add("format", "yuv420p"), graph.add("buffersink")
    shapes.link_to(grain)
    grain.link_to(form)
    form.link_to(sink)
    graph.configure()
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate, stream.options = SOURCE_RATE, {"preset": "ultrafast"}
        for _ in range(SECONDS * RATE):
            frame = graph.vpull()
            # The source calls each a key frame, and the encoder would obey.
            frame.pict_type = PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _one_pass(source: Path, path: Path) -> None:
    with av.open(str(source)) as given, av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate, stream.options = LIMIT_BYTES * 8 // SECONDS, {"preset": "faster"}
        for frame in given.decode(video=0):
            frame.pict_type = PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
