"""Words as transparent pictures: a headline, a caption band and small print."""

import bisect
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SMALLEST_PX = 9
LONGEST_TEXT = 260  # characters; more could not be read in five seconds
WHITE = (255, 255, 255, 255)
SHADOW = (0, 0, 0, 150)
BAND = (8, 8, 16, 150)
# Looked up by name in the system's font folders; Pillow's own font takes over where none is.
FONT_NAMES = ("DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf")

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def headline(text: str, frame: tuple[int, int]) -> Image.Image:
    """Return `text` wrapped and centred, as large as fits the middle of the frame."""
    width, height = frame
    return _fitted(text, width * 0.84, height * 0.62, largest=min(frame) * 0.12, align="center")


def caption_band(text: str, frame: tuple[int, int]) -> Image.Image:
    """Return a dark band as wide as the frame with `text` in it; empty text gives a low band."""
    width, height = frame
    margin = max(6, round(min(frame) * 0.05))
    words = _fitted(
        text, width - 2 * margin, height * 0.2, largest=min(frame) * 0.055, align="left"
    )
    foot = round(min(frame) * 0.1)  # room for the small print and the bar below the words
    band = Image.new("RGBA", (width, words.height + margin + foot), BAND)
    band.alpha_composite(words, (margin, margin // 2))
    return band


def small_text(text: str, size_px: int) -> Image.Image:
    """Return one line of `text` with a shadow."""
    return _drawn(text, _font(size_px), size_px, align="left")


def _fitted(text: str, width: float, height: float, *, largest: float, align: str) -> Image.Image:
    text = _shortened(text)
    size = max(SMALLEST_PX, round(largest))
    while size > SMALLEST_PX and _height(text, size, width) > height:
        size = max(SMALLEST_PX, round(size * 0.88))
    font = _font(size)
    return _drawn("\n".join(_balanced(text, font, width)), font, size, align=align)


def _height(text: str, size_px: int, width: float) -> float:
    return len(_wrapped(text, _font(size_px), width)) * size_px * 1.25


def _drawn(text: str, font: _Font, size_px: int, *, align: str) -> Image.Image:
    ruler = ImageDraw.Draw(Image.new("L", (1, 1)))
    spacing = size_px * 0.25
    left, top, right, bottom = ruler.multiline_textbbox(
        (0, 0), text, font=font, spacing=spacing, align=align
    )
    edge = max(2, size_px // 6)
    size = (max(2, round(right - left) + 2 * edge), max(2, round(bottom - top) + 2 * edge))
    place = (edge - left, edge - top)
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.multiline_text(place, text, font=font, fill=SHADOW, spacing=spacing, align=align)
    picture = picture.filter(ImageFilter.GaussianBlur(edge / 2))
    pen = ImageDraw.Draw(picture)
    pen.multiline_text(place, text, font=font, fill=WHITE, spacing=spacing, align=align)
    return picture


def _balanced(text: str, font: _Font, width: float) -> list[str]:
    # Narrower while it costs no line, so that no word is left alone on the last one.
    lines = _wrapped(text, font, width)
    while len(lines) > 1 and len(closer := _wrapped(text, font, width := width * 0.94)) == len(
        lines
    ):
        lines = closer
    return lines


def _wrapped(text: str, font: _Font, width: float) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while font.getlength(line) > width and len(line) > 1:
            fitting = _fitting_part(line, font, width)
            lines.append(line[:fitting])
            line = line[fitting:]
    return [*lines, line]


def _fitting_part(word: str, font: _Font, width: float) -> int:
    counts = range(1, len(word) + 1)
    return max(1, bisect.bisect(counts, width, key=lambda count: font.getlength(word[:count])))


def _shortened(text: str) -> str:
    # Pillow draws a missing glyph for what cannot be printed, so that is left out here.
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


@lru_cache(maxsize=64)
def _font(size_px: int) -> _Font:
    for name in FONT_NAMES:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return ImageFont.load_default(size_px)
