"""Width, height and length of uploaded pictures and videos, read from their headers.

Attachments carry these on Discord. What cannot be read is left out, as it is there.
"""

import asyncio
import dataclasses
import io
import mimetypes
import re

from PIL import Image

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_KNOWN_TYPES = {".mp4": "video/mp4", ".webp": "image/webp", ".mov": "video/quicktime"}


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None


def safe_name(filename: str) -> str:
    """Return the name a file is kept under.

    Discord replaces what is not plain ASCII and takes dots and underscores off both ends.
    """
    name = _UNSAFE.sub("_", filename.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]).strip("._")
    return name or "unknown"


def named_by(url: str) -> str:
    """Return the kept name of the file that an `attachment://` address names."""
    return safe_name(url.removeprefix("attachment://"))


def content_type_of(filename: str) -> str:
    """Return the type by the name alone: an upload says application/octet-stream for anything."""
    suffix = "." + filename.rsplit(".", 1)[-1].lower()
    return _KNOWN_TYPES.get(suffix) or mimetypes.guess_type(filename)[0] or _BYTES


_BYTES = "application/octet-stream"


async def shape_of(data: bytes, content_type: str) -> Shape:
    """Read a picture's or video's shape; an empty Shape for anything else or a broken file."""
    if content_type.startswith("image/"):
        return picture_shape(data)
    if content_type.startswith("video/"):
        return await asyncio.to_thread(_video, data)
    return Shape()


def picture_shape(data: bytes) -> Shape:
    """Read a picture's size from its header."""
    try:
        with Image.open(io.BytesIO(data)) as picture:  # reads the header only
            return Shape(*picture.size)
    except (OSError, ValueError, Image.DecompressionBombError, SyntaxError):
        return Shape()


def _video(data: bytes) -> Shape:
    import av

    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            seconds = container.duration / av.time_base if container.duration else None
            return Shape(stream.width, stream.height, seconds)
    except (av.FFmpegError, IndexError, ValueError):
        return Shape()
