"""Width and height of a picture from its header: nothing is decoded and little is read."""

import os
import struct
from pathlib import Path
from typing import BinaryIO

from media.errors import BrokenFileError
from media.sniff import Kind

# A 20 MiB file of the smallest possible blocks would be millions of steps; honest ones need tens.
MAX_STEPS = 20_000

# Baseline to lossless; among them stand DHT, JPG and DAC, which are no frames.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_SCAN_OR_END = frozenset({0xDA, 0xD9})
_GIF_EXTENSION, _GIF_IMAGE = 0x21, 0x2C


def measure(path: Path, kind: Kind) -> tuple[int, int]:
    """Return (width, height) as the file of this kind declares them. Blocking, and quick.

    Raises BrokenFileError when there is no such header or a side of nothing. A rotation that
    the file asks for is not applied.
    """
    try:
        with path.open("rb") as file:
            width, height = _READERS[kind](file)
    except (struct.error, IndexError, KeyError) as error:
        raise BrokenFileError("no picture header") from error
    if width < 1 or height < 1:
        raise BrokenFileError("a side without pixels")
    return width, height


def _png(file: BinaryIO) -> tuple[int, int]:
    _, length, name, width, height = struct.unpack(">8sI4sII", file.read(24))
    if (length, name) != (13, b"IHDR"):
        raise BrokenFileError("a PNG that does not begin with its header")
    return width, height


def _jpeg(file: BinaryIO) -> tuple[int, int]:
    file.seek(2)
    for _ in range(MAX_STEPS):
        if file.read(1) != b"\xff":
            raise BrokenFileError("bytes between the segments of a JPEG")
        marker = 0xFF
        while marker == 0xFF:
            marker = file.read(1)[0]
        if marker in _JPEG_BARE:
            continue
        if marker in _JPEG_SCAN_OR_END:
            raise BrokenFileError("a JPEG without a frame")
        (length,) = struct.unpack(">H", file.read(2))
        if marker in _JPEG_FRAMES:
            _, height, width = struct.unpack(">BHH", file.read(5))
            return width, height
        if length < 2:
            raise BrokenFileError("a JPEG segment of no length")
        file.seek(length - 2, os.SEEK_CUR)
    raise BrokenFileError("too many segments before the picture")


def _webp(file: BinaryIO) -> tuple[int, int]:
    head = file.read(30)
    form, data = head[12:16], head[20:30]
    if form == b"VP8X":
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if form == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", data[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L" and data[0] == 0x2F:
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise BrokenFileError("a WebP of no known form")


def _gif(file: BinaryIO) -> tuple[int, int]:
    _, width, height, flags, _, _ = struct.unpack("<6sHHBBB", file.read(13))
    if flags & 0x80:
        file.seek(3 * 2 ** ((flags & 7) + 1), os.SEEK_CUR)
    for _ in range(MAX_STEPS):
        introducer = file.read(1)[0]
        if introducer == _GIF_IMAGE:
            # Decoders enlarge the screen for a frame that reaches beyond it.
            left, top, frame_width, frame_height = struct.unpack("<HHHH", file.read(8))
            return max(width, left + frame_width), max(height, top + frame_height)
        if introducer != _GIF_EXTENSION:
            break
        file.seek(1, os.SEEK_CUR)
        _skip_sub_blocks(file)
    raise BrokenFileError("a GIF without a picture")


def _skip_sub_blocks(file: BinaryIO) -> None:
    for _ in range(MAX_STEPS):
        length = file.read(1)[0]
        if length == 0:
            return
        file.seek(length, os.SEEK_CUR)
    raise BrokenFileError("too many blocks before the picture")


_READERS = {Kind.PNG: _png, Kind.JPEG: _jpeg, Kind.WEBP: _webp, Kind.GIF: _gif}
