"""Start images: fetched by their address, as the service does, and brought into a common form.

What providers take is not published beyond "a public address"; these are the safest assumptions: a
few megabytes of PNG or JPEG, sent without cookies being asked for.
"""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_BYTES = 5 * 1024 * 1024
FORMATS = ("PNG", "JPEG", "MPO")  # the last: a JPEG with a second picture behind it
LARGEST_PIXELS = 50_000_000
KEPT_SIDE = 1920
TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)


class PictureProblemError(Exception):
    """The start image cannot be used; its text ends the sentence that the client is shown."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A start image: hash and size of what was fetched, and the file it was made into."""

    sha256: str
    size_bytes: int
    path: Path


async def fetch(session: aiohttp.ClientSession, url: str) -> bytes:
    """Return what an http(s) address answers, loopback included. Raises PictureProblemError."""
    try:
        async with session.get(url, timeout=TIMEOUT) as response:
            if response.status != 200:
                raise PictureProblemError(
                    f"the start image could not be loaded (HTTP {response.status})"
                )
            content = bytearray()
            async for chunk in response.content.iter_chunked(64 * 1024):
                content += chunk
                if len(content) > LARGEST_BYTES:
                    raise PictureProblemError("the start image is too large")
            return bytes(content)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise PictureProblemError("the start image could not be loaded") from error


def keep(content: bytes, folder: Path) -> Picture:
    """Write the picture into `folder` as PNG, upright and no larger than a clip needs.

    Blocks while it decodes. Raises PictureProblemError for what is not a picture.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"{sha256}.png"
    if not path.exists():
        try:
            with Image.open(io.BytesIO(content)) as opened:
                if opened.format not in FORMATS:
                    raise PictureProblemError("the start image must be PNG or JPEG")
                if opened.width * opened.height > LARGEST_PIXELS:
                    raise PictureProblemError("the start image has too many pixels")
                upright = ImageOps.exif_transpose(opened).convert("RGB")
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise PictureProblemError("the start image could not be read") from error
        upright.thumbnail((KEPT_SIDE, KEPT_SIDE))
        upright.save(path, compress_level=1)
    return Picture(sha256, len(content), path)
