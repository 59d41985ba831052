"""The picture that a clip ends on."""

from pathlib import Path
from typing import Any

import av
from av.video.frame import VideoFrame

from media.child import clip
from media.child.picture import encoded

JPEG_QUALITY = 95


def do(source: str, target: str, most_bytes: int) -> dict[str, Any]:
    """Write the last frame that is shown to `target`, every pixel of it as long as it may be PNG.

    Raises ValueError when no frame can be decoded.
    """
    last = _last(source, from_the_end=True) or _last(source, from_the_end=False)
    if last is None:
        raise ValueError("no frame in it")
    Path(target).write_bytes(encoded(clip.to_picture(last), most_bytes, JPEG_QUALITY))
    return {}


def _last(source: str, *, from_the_end: bool) -> VideoFrame | None:
    with av.open(source) as container:
        stream = clip.video_of(container)
        if from_the_end and container.duration:
            # Lands on the last key frame: everything after it is decoded, in whatever order.
            container.seek(container.duration + (container.start_time or 0), backward=True)
        last = None
        for frame in container.decode(stream):
            if last is None or _time(frame) > _time(last):
                last = frame
        return last


def _time(frame: VideoFrame) -> int:
    return -1 if frame.pts is None else frame.pts
