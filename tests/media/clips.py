"""Clips for the tests: noisy pictures that do not compress by themselves, with a tone."""

from pathlib import Path

import av
from av.filter import Graph
from av.video.frame import PictureType, VideoFrame

RATE = 25


def noisy_frames(seconds: float, size: str, noise: int = 20) -> list[VideoFrame]:
    """Return moving shapes with film grain, always the same."""
    graph = Graph()
    shapes = graph.add("testsrc2", f"size={size}:rate={RATE}:duration={seconds}")
    chain = [
        graph.add("noise", f"alls={noise}:allf=t:all_seed=7"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ]
    for one, another in zip([shapes, *chain], chain, strict=False):
        one.link_to(another)
    graph.configure()
    frames: list[VideoFrame] = []
    while True:
        try:
            frame = graph.vpull()
        except (EOFError, av.EOFError):
            return frames
        # The source calls each a key frame, and the encoder would obey.
        frame.pict_type = PictureType.NONE
        frames.append(frame)


def make(
    path: Path,
    *,
    seconds: float = 2,
    size: str = "640x360",
    sound: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Write an mp4 of high quality to `path` and return it."""
    width, height = (int(side) for side in size.split("x"))
    with av.open(str(path), "w", format="mp4") as made:
        pictures = made.add_stream("libx264", rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        pictures.options = {"preset": "ultrafast", "crf": "8", **(options or {})}
        tone = made.add_stream("aac", rate=44_100) if sound else None
        for frame in noisy_frames(seconds, size):
            made.mux(pictures.encode(frame))
        made.mux(pictures.encode(None))
        if tone is not None:
            graph = Graph()
            source = graph.add("sine", f"frequency=440:sample_rate=44100:duration={seconds}")
            source.link_to(sink := graph.add("abuffersink"))
            graph.configure()
            while True:
                try:
                    made.mux(tone.encode(sink.pull()))  # type: ignore[arg-type]  # audio only
                except (EOFError, av.EOFError):
                    break
            made.mux(tone.encode(None))
    return path


def frames_of(path: Path) -> list[VideoFrame]:
    """Return all frames in the order in which they are shown."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return sorted(frames, key=lambda frame: frame.pts or 0)


def turned(path: Path) -> Path:
    """Make the clip ask its player to turn it a quarter clockwise; return its path."""
    content = bytearray(path.read_bytes())
    header = content.index(b"tkhd")
    # Behind version, times, ids, duration, layer and volume: nine numbers of 16.16 and 2.30.
    matrix = (0, 0x10000, 0, -0x10000 & 0xFFFFFFFF, 0, 0, 0, 0, 0x40000000)
    at = header + 4 + 40
    content[at : at + 36] = b"".join(number.to_bytes(4, "big") for number in matrix)
    path.write_bytes(content)
    return path


def shortened(path: Path, *, to: float) -> None:
    """Let the edit list end the clip after `to` seconds, while its frames stay in the file."""
    content = bytearray(path.read_bytes())
    movie = content.index(b"mvhd")
    scale = int.from_bytes(content[movie + 16 : movie + 20], "big")
    at = content.index(b"elst") + 12
    content[at : at + 4] = round(to * scale).to_bytes(4, "big")
    path.write_bytes(content)
