"""Pictures made by hand, honest ones and traps."""

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image

from tests.bombs import deflated

PNG = b"\x89PNG\r\n\x1a\n"
MIB = 1024 * 1024


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return an image as a file's content."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(width: int = 400, height: int = 320, mode: str = "RGB") -> Image.Image:
    """Return a picture whose corners differ: red, green, blue and yellow, in reading order."""
    image = Image.new("RGB", (width, height))
    corners = ("red", "lime", "blue", "yellow")
    for index, colour in enumerate(corners):
        left, top = index % 2 * (width // 2), index // 2 * (height // 2)
        image.paste(colour, (left, top, left + width // 2, top + height // 2))
    return image.convert(mode)


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a PNG chunk with its right sum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def ihdr(width: int, height: int, *, depth: int = 8, colour: int = 2) -> bytes:
    """Return a PNG's header chunk; colour 2 is RGB."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def zeros(size: int) -> bytes:
    """Return `size` zero bytes, deflated, without ever holding them."""
    return deflated("deflate", b"", b"\0", size)


def black_png(width: int, height: int, extra: bytes = b"") -> bytes:
    """Return a valid black PNG of any size; `extra` chunks stand before the pixels."""
    pixels = zeros((width * 3 + 1) * height)
    return PNG + ihdr(width, height) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg_header(width: int, height: int) -> bytes:
    """Return a small JPEG whose frame header tells another size."""
    content = bytearray(saved(scene(), "JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def gif_header(width: int, height: int) -> bytes:
    """Return a small GIF whose screen tells another size."""
    content = bytearray(saved(scene(), "GIF"))
    content[6:10] = struct.pack("<HH", width, height)
    return bytes(content)


def gif_beyond_its_screen(width: int, height: int) -> bytes:
    """Return a GIF of a small screen with a first frame of another size."""
    content = bytearray(saved(scene(), "GIF"))
    at = content.index(b"\x2c\x00\x00\x00\x00")
    content[at + 5 : at + 9] = struct.pack("<HH", width, height)
    return bytes(content)


def webp_header(form: bytes, width: int, height: int) -> bytes:
    """Return the start of a WebP: `form` is b"VP8 ", b"VP8L" or b"VP8X"."""
    if form == b"VP8 ":
        data = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)
    elif form == b"VP8L":
        data = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(5)
    else:
        data = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + form + struct.pack("<I", len(data)) + data + bytes(200)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def many_frames(count: int) -> bytes:
    """Return a GIF of `count` frames, each a few bytes."""
    first = saved(scene(320, 320), "GIF")
    frame = b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
    return first[:-1] + frame * (count - 1) + b"\x3b"


def archive() -> bytes:
    """Return a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("evil.sh", "echo owned")
    return buffer.getvalue()
