"""The two passes of x264: the first leaves notes on every frame, the second spends by them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from media.child import clip

# 0.2 dB below "medium" at the same size, in two thirds of its time.
PRESET = "faster"
# In the working directory: x264 takes no path with a colon in it.
NOTES = "passes.log"
SOUND_RATE, SOUND_SAMPLES = 96_000, 48_000
THREADS = 2

UNSAID, LIMITED_RANGE = 2, 1
_TAGS = {"bt709": clip.BT709, "bt601": clip.SMPTE170M}
_QUANTISER = re.compile(r" aq:([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Plan:
    """What both passes must agree on. `rate` is in bits a second, for the pictures alone."""

    source: str
    width: int
    height: int
    rate: int


def first(plan: Plan) -> float:
    """Do the first pass; return the mean quantiser that it needed. Raises ValueError: no frames."""
    # This format writes nothing at all.
    with av.open("nothing", "w", format="null") as made:
        _run(plan, made, Flags.pass1, with_sound=False)
    found = [float(text) for text in _QUANTISER.findall(Path(NOTES).read_text("ascii"))]
    if not found:
        raise ValueError("no frames in it")
    return sum(found) / len(found)


def second(plan: Plan, target: str) -> None:
    """Do the second pass, with the sound, into an mp4 that plays while it loads."""
    with av.open(target, "w", format="mp4", options={"movflags": "+faststart"}) as made:
        _run(plan, made, Flags.pass2, with_sound=True)


def _run(plan: Plan, made: OutputContainer, flag: Flags, *, with_sound: bool) -> None:
    sample = clip.first_frame(plan.source)
    matrix = clip.matrix_of(sample)
    scale = (
        f"{plan.width}:{plan.height}:flags=lanczos+accurate_rnd:in_color_matrix={matrix}"
        f":out_color_matrix={matrix}:in_range={clip.range_of(sample)}:out_range=limited"
    )
    filters = [*clip.turns(sample), ("scale", scale), ("format", "yuv420p")]
    graph = clip.chained(sample, filters)
    with av.open(plan.source) as container:
        shown = clip.video_of(container)
        pictures = _pictures(made, plan, shown, sample, flag)
        heard = container.streams.audio[0] if with_sound and container.streams.audio else None
        sound: Any = None
        if heard is not None:
            layout = "mono" if heard.channels == 1 else "stereo"
            sound = made.add_stream("aac", rate=SOUND_SAMPLES, layout=layout)
            sound.bit_rate = SOUND_RATE
        for packet in container.demux([stream for stream in (shown, heard) if stream is not None]):
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    graph.push(frame)
                    made.mux(pictures.encode(_next(graph)))
                elif sound is not None:
                    made.mux(sound.encode(frame))
        made.mux(pictures.encode(None))
        if sound is not None:
            made.mux(sound.encode(None))


def _pictures(
    made: OutputContainer, plan: Plan, shown: VideoStream, sample: VideoFrame, flag: Flags
) -> VideoStream:
    stream = made.add_stream("libx264", rate=shown.average_rate)
    stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
    stream.bit_rate = plan.rate
    stream.options = {"preset": PRESET, "stats": NOTES}
    context = stream.codec_context
    context.flags |= flag
    context.thread_count = THREADS
    if shown.time_base is not None:
        context.time_base = shown.time_base
    # Said aloud, since players guess it from the size, which may have changed.
    tag = _TAGS.get(clip.matrix_of(sample), sample.colorspace)
    context.colorspace, context.color_range = tag, LIMITED_RANGE
    context.color_primaries = sample.color_primaries if sample.color_primaries != UNSAID else tag
    context.color_trc = sample.color_trc if sample.color_trc != UNSAID else tag
    return stream


def _next(graph: Any) -> VideoFrame:
    frame: VideoFrame = graph.vpull()
    # The source's choice of key frames is not ours.
    frame.pict_type = PictureType.NONE
    return frame
