"""Any picture we take, brought into the one form that is kept and sent on."""

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms

SHORT_SIDE = 320
LONG_SIDE = 2048
JPEG_QUALITIES = (92, 85, 75, 60, 40)
ORIENTATION = 0x0112
WHITE = (255, 255, 255)

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def do(source: str, target: str, kind: str, max_pixels: int, most_bytes: int) -> dict[str, Any]:
    """Write the first frame of `source` to `target`: upright, RGB, on white, no metadata.

    The shorter side becomes at least SHORT_SIDE, the longer at most LONG_SIDE; a PNG in between
    keeps every pixel. Raises whatever the decoder raises on a broken file.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels
    # Only this one decoder is asked: the others are no one's business.
    with Image.open(source, formats=[kind.upper()]) as opened:
        if opened.width * opened.height > max_pixels:
            raise ValueError("more pixels than the header told")
        if kind == "jpeg":
            # Decodes at half or a quarter of the size where even that is more than is kept.
            opened.draft(None, (LONG_SIDE * 2, LONG_SIDE * 2))
        opened.load()
        # Made small before all else that copies it: a picture may be 40 megapixels large.
        made = _turned(_sized(_eight_bits(opened)), opened)
        made = _flat(_in_srgb(made, opened.info.get("icc_profile")))
    # A fresh picture: nothing of the file's own words goes with the pixels.
    plain = Image.frombytes("RGB", made.size, made.tobytes())
    Path(target).write_bytes(encoded(plain, most_bytes))
    return {}


def encoded(picture: Image.Image, most_bytes: int, jpeg_from: int = 92) -> bytes:
    """Return a PNG when it is at most `most_bytes`, else the best JPEG that is.

    `jpeg_from` is the first quality tried. Raises ValueError when not even the poorest fits.
    """
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    qualities = (jpeg_from, *(quality for quality in JPEG_QUALITIES if quality < jpeg_from))
    for quality in qualities:
        if buffer.tell() <= most_bytes:
            return buffer.getvalue()
        buffer = BytesIO()
        picture.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True)
    if buffer.tell() <= most_bytes:
        return buffer.getvalue()
    raise ValueError("not even a poor JPEG is small enough")


def _turned(image: Image.Image, told_by: Image.Image) -> Image.Image:
    try:
        orientation = told_by.getexif().get(ORIENTATION)
    except Exception:  # a parser of strangers' bytes; without its word a picture is upright
        orientation = None
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits of grey; a plain conversion would clip all but the darkest.
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode == "RGBA":
        return image
    if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "RGBa", "La"}:
        return image.convert("RGBA")
    return image if image.mode in {"RGB", "CMYK"} else image.convert("RGB")


def _sized(image: Image.Image) -> Image.Image:
    short, long = sorted(image.size)
    scale = min(max(1.0, SHORT_SIDE / short), LONG_SIDE / long)
    if scale == 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Turn the wide colours of phones and the inks of print into what every screen shows."""
    if not isinstance(profile, bytes) or image.mode not in {"RGB", "CMYK"}:
        return image
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(given):
            return image
        screen = ImageCms.createProfile("sRGB")
        turned = ImageCms.profileToProfile(image, given, screen, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return image if turned is None else turned


def _flat(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        ground = Image.new("RGB", image.size, WHITE)
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return image.convert("RGB")
