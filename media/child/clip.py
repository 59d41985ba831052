"""Reading clips: what they are, how their frames look."""

from typing import Any

import av
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

HD_LINES = 720
# The numbers that H.264 and all later codecs write for what a clip's colours are.
BT709, BT470BG, SMPTE170M = 1, 5, 6
FULL_RANGE = 2
_MATRICES = {
    BT709: "bt709",
    4: "fcc",
    BT470BG: "bt601",
    SMPTE170M: "bt601",
    7: "smpte240m",
    9: "bt2020",
}
_TURNS = {90: "transpose=cclock", -90: "transpose=clock"}


def facts(source: str) -> dict[str, Any]:
    """Return `width` and `height` as shown, `duration_s`, `codec`, `frames_a_second`, `has_sound`.

    Decodes the first frame. Raises ValueError when there is no picture in it or no length.
    """
    frame = first_frame(source)
    with av.open(source) as container:
        stream = video_of(container)
        seconds = _seconds(container, stream)
        if not seconds or seconds <= 0:
            raise ValueError("a clip without length")
        is_turned = round(abs(frame.rotation)) == 90
        return {
            "width": frame.height if is_turned else frame.width,
            "height": frame.width if is_turned else frame.height,
            "duration_s": seconds,
            "codec": stream.codec_context.name,
            "frames_a_second": float(stream.average_rate or 30),
            "has_sound": bool(container.streams.audio),
        }


def first_frame(source: str) -> VideoFrame:
    """Return the first frame. Raises ValueError when there is none."""
    with av.open(source) as container:
        for frame in container.decode(video_of(container)):
            return frame
    raise ValueError("no frame in it")


def video_of(container: av.container.InputContainer) -> VideoStream:
    """Return the stream that players show. Raises ValueError when there is none."""
    if not container.streams.video:
        raise ValueError("no video in it")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = 2
    return stream


def matrix_of(frame: VideoFrame) -> str:
    """Return the filters' name of a frame's colour matrix; players guess as this does."""
    guess = "bt709" if min(frame.width, frame.height) >= HD_LINES else "bt601"
    return _MATRICES.get(frame.colorspace, guess)


def range_of(frame: VideoFrame) -> str:
    """Return the filters' name of a frame's range of values."""
    is_full = frame.color_range == FULL_RANGE or frame.format.name.startswith("yuvj")
    return "full" if is_full else "limited"


def to_picture(frame: VideoFrame) -> Image.Image:
    """Return a frame as it is shown: converted once, turned upright, no pixel added or lost."""
    scale = (
        "flags=neighbor+accurate_rnd+full_chroma_int:"
        f"in_color_matrix={matrix_of(frame)}:in_range={range_of(frame)}:out_range=full"
    )
    chain = [("scale", scale), ("format", "rgb24"), *turns(frame)]
    graph = chained(frame, chain)
    graph.push(frame)
    shown = graph.vpull()
    plane = shown.planes[0]
    size = (shown.width, shown.height)
    return Image.frombytes("RGB", size, bytes(plane), "raw", "RGB", plane.line_size)


def turns(frame: VideoFrame) -> list[tuple[str, str]]:
    """Return the filters that put a clip upright which asks its player to turn it."""
    rotation = round(frame.rotation)
    if rotation in _TURNS:
        name, _, arguments = _TURNS[rotation].partition("=")
        return [(name, arguments)]
    return [("hflip", ""), ("vflip", "")] if abs(rotation) == 180 else []


def chained(frame: VideoFrame, filters: list[tuple[str, str]]) -> Graph:
    """Return a graph that takes frames like this one through these filters, in order."""
    graph = Graph()
    last = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base,
    )
    for name, arguments in filters:
        following = graph.add(name, arguments or None)
        last.link_to(following)
        last = following
    last.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def _seconds(container: av.container.InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None
