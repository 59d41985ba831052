"""Whatever a picture came as, it is kept in one form: upright, RGB, right size, nothing else."""

import asyncio
import hashlib
import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from errors import PictureRefusedError
from media import FetchFailedError, FetchGoneError, Picture, PictureGate, Studio
from media.facts import VENDOR_BYTES
from tests.media import hostile
from tests.media.hostile import saved, scene
from tests.media.shelf import Shelf

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


def opened(gate: PictureGate, picture: Picture) -> Image.Image:
    with Image.open(gate.path(picture)) as image:
        image.load()
        return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """Return the colours of the four corners in reading order, each channel 0 or 255."""
    right, foot = image.width - 3, image.height - 3
    found = [image.getpixel(at) for at in ((2, 2), (right, 2), (2, foot), (right, foot))]
    return [
        tuple(255 if value > 127 else 0 for value in colour)
        for colour in found
        if isinstance(colour, tuple)
    ]


def near(one: object, other: tuple[int, ...], by: int = 4) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


async def test_a_png_keeps_every_pixel(gate: PictureGate, shelf: Shelf) -> None:
    noise = Image.frombytes("RGB", (640, 360), os.urandom(640 * 360 * 3))
    picture = await gate.take(shelf.put(saved(noise, "PNG")))
    assert (picture.kind, picture.width, picture.height) == ("png", 640, 360)
    assert opened(gate, picture).tobytes() == noise.tobytes()


@pytest.mark.fault("H14")
async def test_a_picture_is_named_by_its_content_and_kept_once(
    gate: PictureGate, shelf: Shelf, kept: Path
) -> None:
    content = saved(scene(), "PNG")
    urls = [shelf.put(content, name=f"{index}.png") for index in range(3)]
    first = await gate.take(urls[0])
    again = await asyncio.gather(*(gate.take(url) for url in urls[1:]))
    assert [*again] == [first, first]
    assert [path.name for path in kept.iterdir()] == [first.file_name]
    file = gate.path(first)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == first.sha256
    assert file.stat().st_size == first.size_bytes
    assert file.stat().st_mode & 0o077 == 0
    assert kept.stat().st_mode & 0o077 == 0


async def test_a_kept_picture_taken_again_counts_as_fresh(gate: PictureGate, shelf: Shelf) -> None:
    url = shelf.put(saved(scene(), "PNG"))
    picture = await gate.take(url)
    os.utime(gate.path(picture), (1_000, 1_000))
    await gate.take(url)
    assert gate.path(picture).stat().st_mtime > 1_000_000


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "P"),
        ("PNG", "RGBA"),
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGB"),
        ("GIF", "P"),
    ],
)
async def test_every_kind_and_mode_becomes_rgb(
    gate: PictureGate, shelf: Shelf, kind: str, mode: str
) -> None:
    url = shelf.put(saved(scene(mode=mode), kind), name="x.html")
    image = opened(gate, await gate.take(url))
    assert (image.mode, image.size) == ("RGB", (400, 320))
    assert corners(image) == [RED, GREEN, BLUE, YELLOW]


async def test_sixteen_bits_of_grey_keep_their_shades(gate: PictureGate, shelf: Shelf) -> None:
    values = b"".join((column * 160).to_bytes(2, "little") for column in range(400)) * 320
    image = opened(gate, await gate.take(shelf.put(saved(_grey(values), "PNG"))))
    for column in (0, 200, 399):
        assert near(image.getpixel((column, 9)), (column * 160 // 256,) * 3, by=1)


def _grey(values: bytes) -> Image.Image:
    return Image.frombytes("I;16", (400, 320), values)


async def test_what_is_transparent_becomes_white(gate: PictureGate, shelf: Shelf) -> None:
    image = Image.new("RGBA", (400, 320), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 200, 320))
    image.paste((0, 0, 0, 128), (0, 160, 200, 320))
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("GIF", {})):
        made = opened(gate, await gate.take(shelf.put(saved(image, kind, **options))))
        assert made.getpixel((350, 10)) == (255, 255, 255)
        assert near(made.getpixel((10, 10)), (0, 0, 255))
        if kind != "GIF":
            assert near(made.getpixel((10, 300)), (127, 127, 127))


@pytest.mark.parametrize(
    ("orientation", "seen"),
    [
        (1, [RED, GREEN, BLUE, YELLOW]),
        (2, [GREEN, RED, YELLOW, BLUE]),
        (3, [YELLOW, BLUE, GREEN, RED]),
        (4, [BLUE, YELLOW, RED, GREEN]),
        (5, [RED, BLUE, GREEN, YELLOW]),
        (6, [BLUE, RED, YELLOW, GREEN]),
        (7, [YELLOW, GREEN, BLUE, RED]),
        (8, [GREEN, YELLOW, RED, BLUE]),
    ],
)
async def test_the_orientation_of_a_camera_is_applied(
    gate: PictureGate, shelf: Shelf, orientation: int, seen: list[tuple[int, ...]]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    mode = "CMYK" if orientation == 6 else "RGB"
    picture = await gate.take(shelf.put(saved(scene(mode=mode), "JPEG", exif=exif.tobytes())))
    image = opened(gate, picture)
    assert corners(image) == seen
    assert image.size == ((400, 320) if orientation < 5 else (320, 400))


async def test_no_word_of_the_file_is_kept(gate: PictureGate, shelf: Shelf) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET camera"
    exif[0x9003] = "SECRET time"
    for kind, options in (
        ("JPEG", {"comment": b"SECRET comment"}),
        ("PNG", {"dpi": (300, 300)}),
        ("WEBP", {"xmp": b"SECRET place"}),
    ):
        content = saved(scene(), kind, exif=exif.tobytes(), **options) + b"SECRET tail"
        assert b"SECRET" in content
        picture = await gate.take(shelf.put(content))
        assert b"SECRET" not in gate.path(picture).read_bytes()
        image = opened(gate, picture)
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


async def test_only_the_first_frame_of_an_animation_counts(gate: PictureGate, shelf: Shelf) -> None:
    rest = [Image.new("RGB", (400, 320), colour) for colour in ("black", "white")]
    for kind in ("GIF", "WEBP", "PNG"):
        content = saved(scene(), kind, save_all=True, append_images=rest)
        image = opened(gate, await gate.take(shelf.put(content)))
        assert corners(image) == [RED, GREEN, BLUE, YELLOW]


async def test_an_emoji_is_made_large_enough(gate: PictureGate, shelf: Shelf) -> None:
    for size, made in (((128, 128), (320, 320)), ((1, 1), (320, 320)), ((20, 60), (320, 960))):
        picture = await gate.take(shelf.put(saved(Image.new("RGB", size, "red"), "PNG")))
        assert (picture.width, picture.height) == made


async def test_a_large_photo_is_made_small_enough(gate: PictureGate, shelf: Shelf) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        url = shelf.put(saved(scene(3000, 1500), kind))
        picture = await gate.take(url)
        assert (picture.width, picture.height) == (2048, 1024)
        assert corners(opened(gate, picture)) == [RED, GREEN, BLUE, YELLOW]


async def test_what_is_too_large_for_the_service_becomes_a_jpeg(
    gate: PictureGate, shelf: Shelf
) -> None:
    soft = Image.frombytes("RGB", (400, 400), os.urandom(480_000)).resize((1600, 1600))
    picture = await gate.take(shelf.put(saved(soft, "JPEG", quality=95)))
    assert picture.kind == "jpeg"
    assert picture.size_bytes <= VENDOR_BYTES
    assert picture.file_name == f"{picture.sha256}.jpg"
    made = opened(gate, picture)
    assert made.mode == "RGB"
    # 4:4:4: every component is sampled once per pixel.
    assert getattr(made, "layer", [])[0][1:3] == (1, 1)


async def test_a_colour_profile_is_applied_before_it_is_dropped(
    gate: PictureGate, shelf: Shelf
) -> None:
    image = Image.new("RGB", (400, 320), (200, 60, 60))
    screen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Another device: what it calls red is what screens call green.
    swapped = screen.replace("sRGB".encode("utf-16-be"), "ours".encode("utf-16-be"))
    swapped = swapped.replace(b"rXYZ", b"tmp.").replace(b"gXYZ", b"rXYZ").replace(b"tmp.", b"gXYZ")
    for profile, seen in (
        (swapped, (60, 200, 60)),
        (screen, (200, 60, 60)),
        (b"x" * 200, (200, 60, 60)),
    ):
        picture = await gate.take(shelf.put(saved(image, "PNG", icc_profile=profile)))
        made = opened(gate, picture)
        assert near(made.getpixel((9, 9)), seen)
        assert "icc_profile" not in made.info


async def test_a_link_that_serves_no_more_asks_for_a_fresh_one(
    gate: PictureGate, shelf: Shelf
) -> None:
    with pytest.raises(FetchGoneError):
        await gate.take(shelf.put(b"", status=404))
    with pytest.raises(FetchFailedError):
        await gate.take(shelf.put(b"", status=503))


async def test_a_disk_that_is_nearly_full_takes_no_picture(shelf: Shelf, kept: Path) -> None:
    url = shelf.put(saved(scene(), "PNG"))
    async with PictureGate(
        kept,
        Studio(),
        [shelf.origin],
        max_bytes=1_000_000,
        max_pixels=1_000_000,
        min_free_bytes=2**60,
    ) as gate:
        with pytest.raises(FetchFailedError):
            await gate.take(url)
    assert shelf.hits == 0


async def test_a_new_start_sweeps_what_a_killed_process_left(shelf: Shelf, kept: Path) -> None:
    kept.mkdir(parents=True)
    (kept / ".fetch-1.part").mkdir()
    (kept / ".fetch-1.part" / "made").write_bytes(b"half")
    (kept / ".fetch-2.part").write_bytes(b"half")
    (kept / "other.png").write_bytes(b"whole")
    async with PictureGate(
        kept, Studio(), [shelf.origin], max_bytes=1, max_pixels=1, min_free_bytes=1
    ):
        assert [path.name for path in kept.iterdir()] == ["other.png"]


async def test_the_limits_are_told_in_numbers(shelf: Shelf, kept: Path) -> None:
    async with PictureGate(
        kept,
        Studio(),
        [shelf.origin],
        max_bytes=2_500_000,
        max_pixels=1_000_000,
        min_free_bytes=1,
    ) as gate:
        with pytest.raises(PictureRefusedError) as raised:
            await gate.take(shelf.put(hostile.black_png(1001, 1000)))
        assert str(raised.value) == (
            "That picture has 1.1 megapixels and 1 is the most. Please make it smaller. "
            "Nothing was charged."
        )
        with pytest.raises(PictureRefusedError, match=r"larger than 2\.5 MB, the most"):
            await gate.take(shelf.put(hostile.PNG + bytes(2_500_000)))
        with pytest.raises(PictureRefusedError, match="900 by 100 pixels"):
            await gate.take(shelf.put(hostile.black_png(900, 100)))


def test_what_these_tests_call_a_picture_is_one() -> None:
    with Image.open(io.BytesIO(hostile.black_png(900, 100))) as image:
        image.load()
        assert image.size == (900, 100)
