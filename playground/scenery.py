"""What `make play` shows: pictures to animate, drawn the same in every run, and who does what."""

import io
import itertools
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from playground.discord import LocalDiscord, permissions
from playground.discord.world import Overwrite

Colour = tuple[int, int, int]
Point = tuple[float, float]
Stops = tuple[tuple[float, Colour], ...]

QUALITY = 88
_DUSK: Stops = (
    (0.0, (38, 33, 92)),
    (0.45, (150, 70, 128)),
    (0.8, (246, 132, 96)),
    (1.0, (255, 205, 128)),
)
_WATER: Stops = ((0.0, (236, 150, 112)), (0.25, (126, 74, 122)), (1.0, (20, 20, 58)))
_NIGHT: Stops = ((0.0, (6, 10, 34)), (0.7, (34, 46, 98)), (1.0, (92, 84, 132)))
_PUDDLE: Stops = ((0.0, (176, 206, 220)), (1.0, (74, 112, 142)))
_INK: Colour = (24, 18, 46)


async def set_out(discord: LocalDiscord) -> None:
    """Fill the roles, and let Ada post the pictures in #videos with a hint what to do with them."""
    fill_roles(discord)
    await discord.say(
        "Good evening from the harbour. Right-click this picture → Apps → Animate image.",
        member="Ada",
        attachments=[("harbour.jpg", harbour())],
    )
    await discord.say(
        f"And two more from today. You can also reply to them: “{discord.bot_mention} let the "
        "light turn slowly”.",
        member="Ada",
        attachments=[("lighthouse.jpg", lighthouse()), ("paper-boat.jpg", paper_boat())],
    )


def fill_roles(discord: LocalDiscord) -> None:
    """Add Emil, who moderates, with #mods for moderators alone; and make Cleo a regular.

    To be called before the bot connects; the ids are the same in every run.
    """
    founder, home = discord.parts.founder, discord.world.first_guild
    emil = founder.member(home, "Emil", lasting=True)
    founder.dm(emil.user)
    regulars = founder.role(home, "Regulars", lasting=True)
    regulars.color = 0x3BA55C
    moderators = founder.role(home, "Moderators", permissions.MANAGE_MESSAGES, lasting=True)
    moderators.color = 0xE67E22
    discord.world.member("Cleo", home).role_ids.append(regulars.id)
    emil.role_ids.append(moderators.id)
    mods = founder.channel(home, "mods", topic="For moderators and the bot alone", lasting=True)
    may_enter = permissions.VIEW_CHANNEL
    for target, is_member in ((moderators.id, False), (discord.world.bot.id, True)):
        mods.overwrites[target] = Overwrite(target, of_member=is_member, allow=may_enter, deny=0)
    mods.overwrites[home.id] = Overwrite(home.id, of_member=False, allow=0, deny=may_enter)


def harbour(width: int = 1024, height: int = 576) -> bytes:
    """A harbour at dusk, as JPEG."""
    luck, picture = random.Random(7), Image.new("RGB", (width, height))
    shore = round(height * 0.58)
    picture.paste(_gradient((width, shore), _DUSK), (0, 0))
    picture.paste(_gradient((width, height - shore), _WATER), (0, shore))
    sun = (width * 0.64, shore - height * 0.035)
    _glow(picture, sun, height * 0.55, (255, 190, 110))
    pen = ImageDraw.Draw(picture)
    _disc(pen, sun, height * 0.06, (255, 236, 190))
    for _ in range(9):
        _cloud(picture, luck, (luck.uniform(0, width), luck.uniform(0.08, 0.36) * height))
    pen = ImageDraw.Draw(picture)
    _hills(pen, width, shore, height * 0.10, (112, 62, 112), 1.7)
    _hills(pen, width, shore, height * 0.055, (72, 42, 88), 4.1)
    pen.rectangle((0, shore, width, shore + 1), fill=(250, 170, 120))
    for row in range(shore + 3, height, 4):
        _ripples(pen, luck, row, sun[0], (row - shore) / (height - shore), width)
    _house_row(pen, luck, width * 0.02, shore, height)
    rock = (width * 0.81, shore - 4, width * 0.91, shore + height * 0.05)
    pen.ellipse(rock, fill=_INK)
    _light_tower(pen, (width * 0.86, shore + height * 0.02), height * 0.34, _INK)
    for x, y, size in ((0.33, 0.66, 0.17), (0.5, 0.62, 0.09), (0.74, 0.74, 0.24)):
        _sailing_boat(picture, (width * x, height * y), height * size)
    _jetty(ImageDraw.Draw(picture), width, height)
    return _jpeg(picture)


def lighthouse(width: int = 576, height: int = 864) -> bytes:
    """A lighthouse at night, upright, as JPEG."""
    luck = random.Random(11)
    picture = _gradient((width, height), _NIGHT)
    pen = ImageDraw.Draw(picture)
    for _ in range(170):
        x, y = luck.uniform(0, width), luck.uniform(0, height * 0.75)
        size, bright = luck.choice((0.6, 0.9, 1.5)), luck.randint(130, 255)
        _disc(pen, (x, y), size, (bright, bright, min(255, bright + 20)))
    lamp = (width * 0.56, height * 0.30)
    beam = Image.new("RGB", picture.size)
    ImageDraw.Draw(beam).polygon(
        [lamp, (-width * 0.1, height * 0.08), (-width * 0.1, height * 0.34)], fill=(120, 112, 70)
    )
    picture = ImageChops.add(picture, beam.filter(ImageFilter.GaussianBlur(14)))
    _glow(picture, lamp, width * 0.5, (255, 224, 140))
    pen = ImageDraw.Draw(picture)
    ground = height * 0.84
    pen.polygon(
        [
            (0, height),
            (0, ground + 40),
            (width * 0.3, ground),
            (width * 0.8, ground - 10),
            (width, ground + 60),
            (width, height),
        ],
        fill=(16, 18, 36),
    )
    _light_tower(pen, (lamp[0], ground + 6), ground - lamp[1] + 18, (205, 198, 206), stripes=True)
    for row in range(round(ground) + 64, height, 9):
        x = luck.uniform(0, width * 0.7)
        pen.line((x, row, x + luck.uniform(30, 140), row), fill=(58, 70, 122), width=2)
    return _jpeg(picture)


def paper_boat(side: int = 640) -> bytes:
    """A paper boat in the rain, square, as JPEG."""
    luck = random.Random(5)
    picture = _gradient((side, side), _PUDDLE)
    pen = ImageDraw.Draw(picture)
    for _ in range(26):
        x, y, size = luck.uniform(0, side), luck.uniform(side * 0.3, side), luck.uniform(14, 60)
        pen.ellipse((x - size, y - size / 3, x + size, y + size / 3), outline=(206, 226, 236))
    for _ in range(90):
        x, y, long = luck.uniform(0, side), luck.uniform(0, side), luck.uniform(14, 34)
        pen.line((x, y, x - long * 0.2, y + long), fill=(196, 218, 230))
    middle, water, half = side * 0.5, side * 0.62, side * 0.27
    shade = Image.new("L", picture.size)
    ImageDraw.Draw(shade).ellipse(
        (middle - half, water, middle + half, water + half * 0.5), fill=120
    )
    shade = shade.filter(ImageFilter.GaussianBlur(12))
    picture.paste((42, 70, 98), (0, 0), shade)
    pen = ImageDraw.Draw(picture)
    top, brim = water - half * 1.15, water - half * 0.3
    keel = (middle - half * 0.62, water + half * 0.2), (middle + half * 0.62, water + half * 0.2)
    fold = (middle, water - half * 0.1)
    pen.polygon([(middle, top), (middle - half * 0.62, brim), fold], (250, 246, 236))
    pen.polygon([(middle, top), fold, (middle + half * 0.62, brim)], (222, 216, 204))
    pen.polygon([(middle - half, brim - 20), fold, keel[0]], (255, 252, 244))
    pen.polygon([(middle + half, brim - 20), fold, keel[1]], (228, 222, 210))
    pen.polygon([keel[0], fold, keel[1]], (242, 236, 224))
    return _jpeg(picture)


def _gradient(size: tuple[int, int], stops: Stops) -> Image.Image:
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        column.putpixel((0, y), _between(stops, y / max(1, size[1] - 1)))
    return column.resize(size)


def _between(stops: Stops, at: float) -> Colour:
    for (low, first), (high, second) in itertools.pairwise(stops):
        if at <= high:
            part = (at - low) / (high - low)
            red, green, blue = (
                round(a + (b - a) * part) for a, b in zip(first, second, strict=True)
            )
            return red, green, blue
    return stops[-1][1]


def _disc(pen: ImageDraw.ImageDraw, at: Point, radius: float, colour: Colour) -> None:
    pen.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=colour)


def _glow(picture: Image.Image, at: Point, radius: float, colour: Colour) -> None:
    size = round(radius * 2)
    light = Image.radial_gradient("L").point([max(0, 200 - v) // 2 for v in range(256)])
    light = light.resize((size, size), Image.Resampling.BICUBIC)
    picture.paste(colour, (round(at[0] - radius), round(at[1] - radius)), light)


def _cloud(picture: Image.Image, luck: random.Random, at: Point) -> None:
    mask = Image.new("L", picture.size)
    pen = ImageDraw.Draw(mask)
    for _ in range(7):
        x, y = at[0] + luck.gauss(0, 60), at[1] + luck.gauss(0, 5)
        long, tall = luck.uniform(40, 110), luck.uniform(4, 12)
        pen.ellipse((x - long, y - tall, x + long, y + tall), fill=luck.randint(50, 120))
    picture.paste((255, 158, 130), (0, 0), mask.filter(ImageFilter.GaussianBlur(7)))


def _hills(
    pen: ImageDraw.ImageDraw, width: int, shore: int, tall: float, colour: Colour, turn: float
) -> None:
    line: list[Point] = [(0, shore)]
    for x in range(0, width + 8, 8):
        wave = math.sin(x / 130 + turn) + 0.5 * math.sin(x / 47 + 2 * turn)
        line.append((x, shore - tall * (0.55 + 0.3 * wave)))
    pen.polygon([*line, (width, shore)], fill=colour)


def _ripples(
    pen: ImageDraw.ImageDraw, luck: random.Random, row: int, sun: float, near: float, width: int
) -> None:
    """One row of light on the water: wide below the sun, scattered elsewhere."""
    for _ in range(4):
        x, long = luck.gauss(sun, 18 + 110 * near), luck.uniform(6, 26 + 60 * near)
        pen.line(
            (x - long, row, x + long, row),
            fill=_between(((0, (255, 226, 168)), (1, (226, 120, 96))), near),
            width=1 + round(2 * near),
        )
    x, long = luck.uniform(0, width), luck.uniform(20, 90)
    pen.line((x, row + 1, x + long, row + 1), fill=(84, 56, 110))


def _house_row(
    pen: ImageDraw.ImageDraw, luck: random.Random, left: float, shore: int, height: int
) -> None:
    for _ in range(8):
        wide, tall = luck.uniform(24, 44), height * luck.uniform(0.06, 0.13)
        pen.rectangle((left, shore - tall, left + wide, shore + 6), fill=_INK)
        roof = [(left - 3, shore - tall), (left + wide / 2, shore - tall - 13)]
        pen.polygon([*roof, (left + wide + 3, shore - tall)], fill=_INK)
        for floor in range(int(tall // 18)):
            if luck.random() < 0.75:
                x, y = left + luck.uniform(5, wide - 11), shore - tall + 6 + floor * 16
                pen.rectangle((x, y, x + 5, y + 7), fill=(255, 214, 122))
        left += wide + luck.uniform(-2, 6)


def _light_tower(
    pen: ImageDraw.ImageDraw, foot: Point, tall: float, colour: Colour, *, stripes: bool = False
) -> None:
    x, y = foot
    low, high, top = tall * 0.085, tall * 0.05, y - tall * 0.86
    pen.polygon([(x - low, y), (x - high, top), (x + high, top), (x + low, y)], fill=colour)
    for stripe in range(3 if stripes else 0):
        upper = y - tall * (0.22 + stripe * 0.24)
        lower = upper + tall * 0.11
        pen.polygon(
            [
                (x + side * (low - (low - high) * (y - level) / (y - top)), level)
                for side, level in ((-1, upper), (1, upper), (1, lower), (-1, lower))
            ],
            fill=(176, 58, 62),
        )
    pen.rectangle((x - high * 1.5, top - tall * 0.015, x + high * 1.5, top), fill=_INK)
    pen.rectangle(
        (x - high * 0.8, top - tall * 0.1, x + high * 0.8, top - tall * 0.015), fill=(255, 232, 160)
    )
    roof = top - tall * 0.1
    pen.polygon(
        [(x - high * 1.2, roof), (x, roof - tall * 0.06), (x + high * 1.2, roof)], fill=_INK
    )


def _sailing_boat(picture: Image.Image, at: Point, size: float) -> None:
    """A boat, and under it its darker self upside down."""
    wide, tall = round(size * 1.1), round(size)
    boat = Image.new("RGBA", (wide, tall))
    pen = ImageDraw.Draw(boat)
    mast, deck = wide * 0.48, tall * 0.82
    pen.polygon(
        [(mast, tall * 0.02), (mast, deck - 4), (wide * 0.9, deck - 4)], fill=(246, 214, 190)
    )
    pen.polygon(
        [(mast - 4, tall * 0.12), (mast - 4, deck - 4), (wide * 0.14, deck - 4)],
        fill=(226, 170, 160),
    )
    pen.line((mast - 2, 0, mast - 2, deck), fill=_INK, width=3)
    pen.polygon(
        [(wide * 0.06, deck), (wide * 0.96, deck), (wide * 0.8, tall), (wide * 0.2, tall)],
        fill=_INK,
    )
    left, top = round(at[0] - wide / 2), round(at[1] - tall)
    mirrored = boat.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((wide, tall * 2 // 3))
    faint = mirrored.getchannel("A").point([v // 3 for v in range(256)])
    picture.paste(mirrored.convert("RGB"), (left, top + tall), faint)
    picture.paste(boat.convert("RGB"), (left, top), boat.getchannel("A"))


def _jetty(pen: ImageDraw.ImageDraw, width: int, height: int) -> None:
    near, far = height * 0.97, height * 0.80
    pen.polygon([(0, near), (0, far + 14), (width * 0.4, far), (width * 0.42, far + 5)], fill=_INK)
    for step in range(7):
        x = width * 0.06 * step + 12
        y = far + 12 - step * 2
        pen.rectangle((x, y - 16, x + 6, y + 44 - step * 5), fill=_INK)
        if step % 3 == 1:
            pen.line((x + 3, y - 16, x + 3, y - 46), fill=_INK, width=3)
            _disc(pen, (x + 3, y - 50), 5, (255, 224, 150))


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
