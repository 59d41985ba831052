"""How like its original a clip is: PSNR and SSIM over all frames, by FFmpeg's own filters."""

import math
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
from av.error import BlockingIOError as NothingYetError
from av.filter import Graph
from av.video.frame import VideoFrame

BT709, LIMITED = 1, 1
PEAK = 255.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """`psnr_db` of the mean error of all three planes, `ssim` the mean; `frames` compared."""

    frames: int
    psnr_db: float
    ssim: float


def compare(original: Path, other: Path) -> Likeness:
    """Compare frame by frame at the original's size. Blocks for as long as both decode."""
    original, other = original.resolve(), other.resolve()
    with tempfile.TemporaryDirectory() as notes:
        # The filters take no path with a colon in it, so they write where we stand.
        before = Path.cwd()
        os.chdir(notes)
        try:
            _run(original, other)
            errors = _column("psnr.log", "mse_avg")
            alike = _column("ssim.log", "All")
        finally:
            os.chdir(before)
    mean = sum(errors) / len(errors)
    psnr_db = math.inf if mean == 0 else 10 * math.log10(PEAK**2 / mean)
    return Likeness(len(errors), psnr_db, sum(alike) / len(alike))


def _run(original: Path, other: Path) -> None:
    with av.open(str(original)) as first, av.open(str(other)) as second:
        shown, made = first.streams.video[0], second.streams.video[0]
        graph = Graph()
        left, right = graph.add_buffer(template=shown), graph.add_buffer(template=made)
        # Else the graph would convert between what the two say of their colours.
        tags = "colorspace=bt709:range=limited"
        left_said, right_said = graph.add("setparams", tags), graph.add("setparams", tags)
        size = graph.add("scale", f"{shown.width}:{shown.height}:flags=bicubic")
        left_twice, right_twice = graph.add("split"), graph.add("split")
        ssim = graph.add("ssim", "stats_file=ssim.log")
        psnr = graph.add("psnr", "stats_file=psnr.log")
        nowhere, sink = graph.add("nullsink"), graph.add("buffersink")
        left.link_to(left_said)
        right.link_to(right_said)
        left_said.link_to(left_twice)
        right_said.link_to(size)
        size.link_to(right_twice)
        for index, judge in enumerate((ssim, psnr)):
            right_twice.link_to(judge, index, 0)
            left_twice.link_to(judge, index, 1)
        ssim.link_to(nowhere)
        psnr.link_to(sink)
        graph.configure()
        for one, another in zip(first.decode(shown), second.decode(made), strict=True):
            left.push(_plain(one))
            right.push(_plain(another))
            try:
                while True:
                    sink.pull()
            except NothingYetError:
                continue


def _plain(frame: VideoFrame) -> VideoFrame:
    frame.colorspace, frame.color_range = BT709, LIMITED
    return frame


def _column(log: str, name: str) -> list[float]:
    # The filters close their notes with the graph, which is gone by now.
    found = re.findall(rf"{name}:([0-9.]+)", Path(log).read_text(encoding="ascii"))
    return [float(text) for text in found]
