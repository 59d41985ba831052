"""A file is what its first bytes say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import Kind
from media.sniff import sniff
from tests.neuralbox.support import patient


def box(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x20ftyp" + brand + b"\x00\x00\x02\x00isomiso2avc1mp41"


TAKEN = {
    "mp4 isom": (box(b"isom"), Kind.MP4),
    "mp4 mp42": (box(b"mp42"), Kind.MP4),
    "mp4 iso6": (box(b"iso6"), Kind.MP4),
    "webm": (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87", Kind.WEBM),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", Kind.PNG),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", Kind.JPEG),
    "webp": (b"RIFF\x24\x00\x00\x00WEBPVP8 ", Kind.WEBP),
    "gif": (b"GIF89a\x01\x00\x01\x00", Kind.GIF),
    "old gif": (b"GIF87a\x01\x00\x01\x00", Kind.GIF),
}
REFUSED = {
    "nothing": b"",
    "html": b"<!doctype html><html>",
    "json": b'{"error": "not_found"}',
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg">',
    "svg in xml": b'<?xml version="1.0"?><svg/>',
    "program": b"\x7fELF\x02\x01\x01",
    "zip": b"PK\x03\x04",
    "pdf": b"%PDF-1.7",
    "heic": box(b"heic"),
    "avif": box(b"avif"),
    "quicktime": box(b"qt  "),
    "matroska": b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska",
    "wave": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "cut png": b"\x89PNG",
    "mp4 named late": b"\x00" * 12 + box(b"isom"),
}


@pytest.mark.parametrize(("head", "kind"), TAKEN.values(), ids=TAKEN.keys())
def test_each_kind_we_take_is_recognised(head: bytes, kind: Kind) -> None:
    assert sniff(head) is kind


@pytest.mark.parametrize("head", REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_nothing_we_take(head: bytes) -> None:
    assert sniff(head) is None


def test_a_kind_knows_its_name_and_media_type() -> None:
    assert (Kind.MP4.suffix, Kind.MP4.content_type) == (".mp4", "video/mp4")
    assert (Kind.JPEG.suffix, Kind.JPEG.content_type) == (".jpg", "image/jpeg")
    assert {kind.content_type.split("/")[0] for kind in Kind} == {"video", "image"}


@patient
@given(st.binary(max_size=80))
def test_no_bytes_make_it_raise(head: bytes) -> None:
    sniff(head)
