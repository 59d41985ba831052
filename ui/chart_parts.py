"""What a report's picture is drawn with: colours, texts, bars and their patterns.

Everything is drawn at twice the size it is shown at, so that it stays sharp on a dense screen.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

Theme = Literal["dark", "light"]
Fill = Literal["plain", "stripes", "dots", "empty"]

WIDTH = 1100
# Discord shows an attached picture at most 550 x 350 large: a taller one would be narrower there
# than on a phone, about 400, and its texts too small.
MAX_HEIGHT = 960
MARGIN = 40
# 30 pixels of 1100 are 11 of the 400 on a phone.
SMALL, MEDIUM, LARGE, HUGE = 30, 34, 40, 64
COLOURS = 96
_SMOOTH = 4


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme's colours. Texts: ink, muted, warning. Bars: spent, held, aside, outline.

    The bars' hues are Okabe and Ito's, made darker or lighter; their patterns tell them apart too.
    """

    back: str
    edge: str
    ink: str
    muted: str
    warning: str
    spent: str
    held: str
    aside: str
    track: str
    outline: str


PALETTES: dict[Theme, Palette] = {
    "dark": Palette(
        back="#25262c",
        edge="#3f424b",
        ink="#f2f3f5",
        muted="#b9bec7",
        warning="#ffb08f",
        spent="#56b4e9",
        held="#f0b429",
        aside="#3fcf9f",
        track="#33353d",
        outline="#8d93a0",
    ),
    "light": Palette(
        back="#f6f7f9",
        edge="#d3d7de",
        ink="#1e1f22",
        muted="#4e5058",
        warning="#a8320a",
        spent="#0072b2",
        held="#a85f00",
        aside="#00795c",
        track="#e6e9ee",
        outline="#767c88",
    ),
}


@dataclass(frozen=True, slots=True)
class Box:
    """Where something is: pixels from the picture's upper left, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    def meets(self, other: "Box", gap: int = 0) -> bool:
        """Return whether two boxes overlap or come nearer than `gap`."""
        return (
            self.left < other.right + gap
            and other.left < self.right + gap
            and self.top < other.bottom + gap
            and other.top < self.bottom + gap
        )


@dataclass(frozen=True, slots=True)
class Written:
    """A text that was drawn, where its ink is, and how large."""

    text: str
    box: Box
    size: int


@dataclass(slots=True)
class Canvas:
    """A picture in the making, and what was drawn on it where."""

    theme: Theme
    texts: list[Written] = field(default_factory=list)
    bars: list[Box] = field(default_factory=list)
    image: Image.Image = field(init=False)
    colours: Palette = field(init=False)
    _draw: ImageDraw.ImageDraw = field(init=False)
    _fonts: dict[int, ImageFont.FreeTypeFont] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.colours = PALETTES[self.theme]
        self.image = Image.new("RGB", (WIDTH, MAX_HEIGHT), self.colours.back)
        self._draw = ImageDraw.Draw(self.image)

    def length(self, text: str, size: int = SMALL, bold: bool = False) -> int:
        """Return how wide a text is."""
        return int(self._font(size).getlength(text)) + 1 + 2 * bold

    def write(
        self,
        at: tuple[int, int],
        text: str | Sequence[str],
        room: int,
        size: int = SMALL,
        colour: str | None = None,
        bold: bool = False,
        align: Literal["left", "right", "middle"] = "left",
        clear: bool = False,
    ) -> Box:
        """Write one line in at most `room` pixels of width, its baseline at `at`; return where.

        Of several texts it takes the first that fits; the last one is cut if need be. `at` is the
        left or right end or the middle, by `align`. `clear` wipes what is behind it.
        """
        shown = self._fit((text,) if isinstance(text, str) else text, room, size, bold)
        width = self.length(shown, size, bold)
        left = at[0] - {"left": 0, "right": width, "middle": width // 2}[align]
        stroke = 1 if bold else 0
        font, ink = self._font(size), colour or self.colours.ink
        found = self._draw.textbbox((left, at[1]), shown, font, anchor="ls", stroke_width=stroke)
        x0, y0, x1, y1 = (round(number) for number in found)
        box = Box(x0, y0, x1, y1)
        if clear:
            self._draw.rectangle((x0 - 4, y0 - 4, x1 + 3, y1 + 3), self.colours.back)
        self._draw.text((left, at[1]), shown, ink, font, anchor="ls", stroke_width=stroke)
        self.texts.append(Written(shown, box, size))
        return box

    def bar(self, box: Box, fill: Fill, colour: str, radius: int = 4) -> None:
        """Draw a bar: plain, or outlined around stripes, dots or nothing."""
        if box.right <= box.left or box.bottom <= box.top:
            return
        self.bars.append(box)
        size = (box.width, box.bottom - box.top)
        radius = min(radius, size[0] // 2, size[1] // 2)
        inside = Image.new("RGB", size, colour if fill == "plain" else self.colours.track)
        draw = ImageDraw.Draw(inside)
        fine = size[1] < 20
        if fill == "stripes":
            for x in range(-size[1], size[0], 10 if fine else 16):
                draw.line((x, size[1], x + size[1], 0), colour, 4 if fine else 6)
        elif fill == "dots":
            for row, y in enumerate(range(9, size[1], 12)):
                for x in range(9 + 7 * (row % 2), size[0], 14):
                    draw.ellipse((x - 3, y - 3, x + 3, y + 3), colour)
        if fill != "plain":
            draw.rounded_rectangle(
                (0, 0, size[0] - 1, size[1] - 1), radius, None, colour, 2 if fine else 3
            )
        self.image.paste(inside, (box.left, box.top), _rounded(size, radius))

    def rule(self, left: int, right: int, y: int, colour: str, dash: int = 0) -> None:
        """Draw a horizontal line, three pixels thick, dashed if asked."""
        step = 2 * dash or right - left
        for x in range(left, right, max(1, step)):
            self._draw.rectangle((x, y - 1, min(x + (dash or step), right) - 1, y + 1), colour)

    def post(self, x: int, top: int, bottom: int, colour: str) -> None:
        """Draw a vertical mark, six pixels thick."""
        self._draw.rectangle((x - 3, top, x + 2, bottom - 1), colour)

    def alert(self, left: int, baseline: int, size: int, colour: str) -> int:
        """Draw a warning sign as high as a text's capitals; return how wide it is."""
        big = size * _SMOOTH
        mask = Image.new("L", (big, big), 0)
        draw = ImageDraw.Draw(mask)
        draw.polygon(((big // 2, 0), (big - 1, big - 1), (0, big - 1)), 255)
        thin = big // 10
        draw.rectangle((big // 2 - thin // 2, big * 2 // 5, big // 2 + thin // 2, big * 7 // 10), 0)
        draw.rectangle(
            (big // 2 - thin // 2, big * 78 // 100, big // 2 + thin // 2, big * 88 // 100), 0
        )
        mask = mask.reduce(_SMOOTH)
        self.image.paste(colour, (left, baseline - size, left + size, baseline), mask)
        return size

    def png(self, height: int) -> bytes:
        """Return the picture, cut to its height, as PNG."""
        done = self.image.crop((0, 0, WIDTH, height))
        frame = ImageDraw.Draw(done)
        frame.rectangle((0, 0, WIDTH - 1, height - 1), None, self.colours.edge, 2)
        kept = io.BytesIO()
        fewer = done.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        # Packing harder takes eight times as long and makes the file 7 % smaller.
        fewer.save(kept, "PNG", compress_level=6)
        return kept.getvalue()

    def _fit(self, texts: Sequence[str], room: int, size: int, bold: bool) -> str:
        for text in texts:
            if self.length(text, size, bold) <= room:
                return text
        text = texts[-1]
        while text and self.length(text + "…", size, bold) > room:
            text = text[:-1].rstrip()
        return text + "…"

    def _font(self, size: int) -> ImageFont.FreeTypeFont:
        # Each picture has its own: FreeType's faces are not to be shared between threads.
        if size not in self._fonts:
            font = ImageFont.load_default(size)
            if not isinstance(font, ImageFont.FreeTypeFont):
                raise RuntimeError("this Pillow was built without FreeType and can draw no text")
            self._fonts[size] = font
        return self._fonts[size]


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    """Return a mask with smooth round corners."""
    mask = Image.new("L", size, 255)
    if radius < 1:
        return mask
    big = radius * _SMOOTH
    disc = Image.new("L", (2 * big, 2 * big), 0)
    ImageDraw.Draw(disc).ellipse((0, 0, 2 * big - 1, 2 * big - 1), 255)
    small = disc.reduce(_SMOOTH)
    right, bottom = size[0] - radius, size[1] - radius
    for x, from_x in ((0, 0), (right, radius)):
        for y, from_y in ((0, 0), (bottom, radius)):
            mask.paste(small.crop((from_x, from_y, from_x + radius, from_y + radius)), (x, y))
    return mask
