"""Files made to hurt: each is refused with a sentence or made harmless, at no cost to the bot."""

import gzip
import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from errors import PictureRefusedError
from media import FetchFailedError, PictureGate
from tests.media import hostile
from tests.media.hostile import PNG, black_png, chunk, ihdr, saved, scene
from tests.media.shelf import Shelf
from tests.neuralbox.test_bounds import bomb

MIB = hostile.MIB
KINDS = "PNG, JPEG, WebP or GIF, please"
BROKEN = "damaged or incomplete"
PIXELS = "That picture has 900 megapixels and 40 is the most"
NOISE = Image.effect_noise((400, 320), 90)
WRONG_SUM = ihdr(400, 320)[:-1] + b"?"
MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(4_000)

REFUSED: dict[str, tuple[bytes, str]] = {
    "pixel bomb png": (PNG + ihdr(30_000, 30_000) + chunk(b"IDAT", hostile.zeros(MIB)), PIXELS),
    "pixel bomb jpeg": (hostile.jpeg_header(30_000, 30_000), PIXELS),
    "pixel bomb gif": (hostile.gif_header(30_000, 30_000), PIXELS),
    "gif beyond its screen": (hostile.gif_beyond_its_screen(30_000, 30_000), PIXELS),
    "pixel bomb webp": (hostile.webp_header(b"VP8X", 30_000, 30_000), PIXELS),
    "lossy pixel bomb webp": (
        hostile.webp_header(b"VP8 ", 16_000, 16_000),
        "has 256 megapixels",
    ),
    "lossless pixel bomb webp": (
        hostile.webp_header(b"VP8L", 16_384, 16_384),
        "has 268.5 megapixels",
    ),
    "whole pixel bomb": (black_png(7_000, 6_000), "has 42 megapixels"),
    "thread": (black_png(20_000, 1), "20,000 by 1 pixels; one side may be at most 5 times"),
    "truncated png": (saved(NOISE, "PNG")[:-20_000], BROKEN),
    "truncated jpeg": (saved(NOISE, "JPEG")[:-9_000], BROKEN),
    "truncated gif": (saved(NOISE, "GIF")[:-20_000], BROKEN),
    "truncated webp": (saved(NOISE, "WEBP")[:-4_000], BROKEN),
    "png with a wrong sum": (black_png(400, 320).replace(ihdr(400, 320), WRONG_SUM), BROKEN),
    "png of one chunk": (PNG + ihdr(400, 320), BROKEN),
    "png without pixels": (PNG + ihdr(400, 320) + chunk(b"IEND", b""), BROKEN),
    "webp of nothing": (hostile.webp_header(b"VP8X", 400, 320), BROKEN),
    "gif header before a page": (b"GIF89a=1;/*" + b"<script>alert(1)</script>" * 20, BROKEN),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/>', KINDS),
    "page": (b"<!doctype html><script>alert(1)</script>", KINDS),
    "page before a picture": (b"<!--" + saved(scene(), "PNG") + b"-->", KINDS),
    "archive": (hostile.archive(), KINDS),
    "program": (b"\x7fELF" + bytes(200), KINDS),
    "video named png": (MP4, KINDS),
    "heic": (MP4.replace(b"isom", b"heic"), KINDS),
    "bmp": (saved(scene(), "BMP"), KINDS),
    "tiff": (saved(scene(), "TIFF"), KINDS),
    "postscript": (saved(scene(), "EPS"), KINDS),
    "one byte": (b"\x89", KINDS),
    "nothing": (b"", "That file is empty"),
    "text bomb": (
        black_png(400, 320, chunk(b"zTXt", b"Comment\0\0" + hostile.zeros(200 * MIB))),
        BROKEN,
    ),
    "oversize": (saved(scene(), "PNG") + bytes(5 * MIB), "larger than 5.3 MB"),
}

RENDERED: dict[str, bytes] = {
    "pixels that inflate far beyond the picture": PNG
    + ihdr(400, 320)
    + chunk(b"IDAT", hostile.zeros(300 * MIB))
    + chunk(b"IEND", b""),
    "profile bomb": black_png(400, 320, chunk(b"iCCP", b"p\0\0" + hostile.zeros(200 * MIB))),
    "ten thousand frames": hostile.many_frames(10_000),
    "archive behind a picture": saved(scene(), "PNG") + hostile.archive(),
    "page inside a picture": saved(scene(), "GIF", comment=b"<script>alert(1)</script>"),
    "page inside a photo": saved(scene(), "JPEG", comment=b"<script>alert(1)</script>"),
    "exif of nonsense": saved(
        scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xff" * 99
    ),
}


async def refusal(gate: PictureGate, url: str) -> str:
    with pytest.raises(PictureRefusedError) as raised:
        await gate.take(url)
    return str(raised.value)


@pytest.mark.fault("H11")
@pytest.mark.fault("H12")
@pytest.mark.fault("H13")
@pytest.mark.fault("H14")
@pytest.mark.parametrize("name", REFUSED)
async def test_a_hostile_file_is_refused_with_a_sentence(
    gate: PictureGate, shelf: Shelf, kept: Path, name: str
) -> None:
    content, said = REFUSED[name]
    sentence = await refusal(gate, shelf.put(content, name="secret-name.png"))
    assert said in sentence
    assert sentence.endswith("Nothing was charged.")
    assert "secret-name" not in sentence
    assert "127.0.0.1" not in sentence
    assert list(kept.iterdir()) == []


@pytest.mark.fault("H12")
@pytest.mark.parametrize("name", RENDERED)
async def test_a_strange_file_becomes_a_plain_picture_or_is_refused(
    gate: PictureGate, shelf: Shelf, kept: Path, name: str
) -> None:
    try:
        picture = await gate.take(shelf.put(RENDERED[name]))
    except PictureRefusedError as error:
        assert BROKEN in str(error)
        assert list(kept.iterdir()) == []
        return
    content = gate.path(picture).read_bytes()
    assert not [word for word in (b"script", b"evil.sh", b"PK\x03\x04") if word in content]
    assert picture.size_bytes < MIB


@pytest.mark.fault("H13")
@pytest.mark.parametrize("content", [REFUSED["oversize"][0], saved(scene(), "PNG")])
async def test_a_length_that_lies_gains_nothing(
    gate: PictureGate, shelf: Shelf, kept: Path, content: bytes
) -> None:
    for told in (10, len(content) + 10):
        with pytest.raises((FetchFailedError, PictureRefusedError)):
            await gate.take(shelf.put(content, {"Content-Length": str(told)}))
    assert list(kept.iterdir()) == []


@pytest.mark.fault("H13")
async def test_a_body_without_any_length_stops_at_the_cap(gate: PictureGate, shelf: Shelf) -> None:
    url = shelf.put(REFUSED["oversize"][0], {"Content-Length": "0", "Transfer-Encoding": "x"})
    with pytest.raises((FetchFailedError, PictureRefusedError)):
        await gate.take(url)


@pytest.mark.fault("H13")
async def test_a_compressed_body_counts_unpacked(gate: PictureGate, shelf: Shelf) -> None:
    packed = bomb("gzip", 200 * MIB, saved(scene(), "PNG"))
    url = shelf.put(packed, {"Content-Length": str(len(packed)), "Content-Encoding": "gzip"})
    assert "larger than" in await refusal(gate, url)
    small = gzip.compress(saved(scene(), "PNG"))
    await gate.take(shelf.put(small, {"Content-Encoding": "gzip"}))


def test_the_bombs_are_what_they_say() -> None:
    with pytest.raises(Image.DecompressionBombError, match="900000000 pixels"):
        Image.open(io.BytesIO(REFUSED["pixel bomb gif"][0]))
    data = RENDERED["pixels that inflate far beyond the picture"]
    at = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[at - 4 : at])
    unpacked, unpacker = 0, zlib.decompressobj()
    piece = data[at + 4 : at + 4 + length]
    while piece:
        unpacked += len(unpacker.decompress(piece, MIB))
        piece = unpacker.unconsumed_tail
    assert unpacked == 300 * MIB
