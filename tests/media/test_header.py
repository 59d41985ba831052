"""The size of a picture is read from its header, in all the forms that headers take."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import BrokenFileError, Kind
from media.header import measure
from tests.media import hostile
from tests.media.hostile import saved, scene
from tests.neuralbox.support import patient

SIZE = (400, 320)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Kind.PNG, saved(scene(), "PNG")),
        (Kind.JPEG, saved(scene(), "JPEG")),
        (Kind.JPEG, saved(scene(), "JPEG", progressive=True, comment=b"a" * 60_000)),
        (Kind.JPEG, saved(scene(), "JPEG", icc_profile=b"p" * 300_000)),
        (Kind.GIF, saved(scene(), "GIF")),
        (Kind.GIF, saved(scene(), "GIF", comment=b"x" * 2_000)),
        (Kind.GIF, saved(scene(), "GIF", save_all=True, append_images=[scene(mode="L")])),
        (Kind.WEBP, saved(scene(), "WEBP")),
        (Kind.WEBP, saved(scene(), "WEBP", lossless=True)),
        (Kind.WEBP, saved(scene(mode="RGBA"), "WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")),
    ],
    ids=[
        "png",
        "jpeg",
        "progressive jpeg",
        "jpeg with a long profile",
        "gif",
        "gif with a comment",
        "animated gif",
        "lossy webp",
        "lossless webp",
        "extended webp",
    ],
)
def test_the_header_tells_the_size(tmp_path: Path, kind: Kind, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert measure(file, kind) == SIZE


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Kind.PNG, hostile.PNG),
        (Kind.PNG, hostile.PNG + hostile.chunk(b"tEXt", b"first")),
        (Kind.PNG, hostile.PNG + hostile.ihdr(0, 10)),
        (Kind.JPEG, b"\xff\xd8\xff"),
        (Kind.JPEG, b"\xff\xd8\xff\xe0\x00\x00"),
        (Kind.JPEG, b"\xff\xd8\xff\xda\x00\x08"),
        (Kind.JPEG, b"\xff\xd8" + b"\xff\xfe\x00\x02" * 30_000),
        (Kind.JPEG, hostile.jpeg_header(400, 0)),
        (Kind.GIF, b"GIF89a"),
        (Kind.GIF, b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x3b"),
        (Kind.GIF, b"GIF89a\x01\x00\x01\x00\x00\x00\x00" + b"\x21\xfe\x01" + b"\x01a" * 50_000),
        (Kind.WEBP, b"RIFF\x00\x00\x00\x00WEBPVP8 "),
        (Kind.WEBP, b"RIFF\x00\x00\x00\x00WEBPICCP" + bytes(40)),
        (Kind.MP4, b"\x00" * 100),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, kind: Kind, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(BrokenFileError):
        measure(file, kind)


@patient
@given(
    st.sampled_from(
        [
            (Kind.PNG, hostile.PNG),
            (Kind.JPEG, b"\xff\xd8"),
            (Kind.GIF, b"GIF89a"),
            (Kind.WEBP, b"RIFF\0\0\0\0WEBP"),
        ]
    ),
    st.binary(max_size=200),
)
def test_no_bytes_make_it_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, start: tuple[Kind, bytes], rest: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_bytes(start[1] + rest)
    try:
        width, height = measure(file, start[0])
    except BrokenFileError:
        return
    assert width > 0
    assert height > 0
