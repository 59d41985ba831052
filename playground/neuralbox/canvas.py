"""Pictures as the three planes of yuv420p, so that a frame is put together without converting it.

Layers are turned into planes once; a frame then costs a few copies. Positions are even pixels,
because the two colour planes have half the size.
"""

from dataclasses import dataclass

import av
from PIL import Image

# Full-range values of Pillow's YCbCr, squeezed into the range that video uses.
_LUMA = [round(16 + value * 219 / 255) for value in range(256)]
_CHROMA = [round(128 + (value - 128) * 224 / 255) for value in range(256)]

Planes = tuple[Image.Image, Image.Image, Image.Image]


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture with transparency: planes of even size, and its masks at full and half size."""

    planes: Planes
    mask: Image.Image
    half_mask: Image.Image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, both even."""
        return self.planes[0].size


def to_planes(picture: Image.Image) -> Planes:
    """Split a picture of even width and height into Y, Cb and Cr in video range."""
    luma, blue, red = picture.convert("RGB").convert("YCbCr").split()
    half = (picture.width // 2, picture.height // 2)
    return (
        luma.point(_LUMA),
        blue.point(_CHROMA).resize(half, Image.Resampling.BOX),
        red.point(_CHROMA).resize(half, Image.Resampling.BOX),
    )


def to_layer(picture: Image.Image) -> Layer:
    """Turn an RGBA picture into a layer, adding a transparent edge where a side is odd."""
    width, height = even(picture.width + 1), even(picture.height + 1)
    if picture.size != (width, height):
        grown = Image.new("RGBA", (width, height))
        grown.paste(picture, (0, 0))
        picture = grown
    mask = picture.getchannel("A")
    half_mask = mask.resize((width // 2, height // 2), Image.Resampling.BOX)
    return Layer(to_planes(picture), mask, half_mask)


def crop(planes: Planes, left: int, top: int, width: int, height: int) -> Planes:
    """Cut a window out of larger planes; `left` and `top` are even."""
    luma, blue, red = planes
    half = (left // 2, top // 2, (left + width) // 2, (top + height) // 2)
    return luma.crop((left, top, left + width, top + height)), blue.crop(half), red.crop(half)


def zoom(planes: Planes, box: tuple[float, float, float, float]) -> Planes:
    """Blow the part of the planes inside `box` up to their whole size."""
    luma, blue, red = planes
    half = (box[0] / 2, box[1] / 2, box[2] / 2, box[3] / 2)
    bilinear = Image.Resampling.BILINEAR
    return (
        luma.resize(luma.size, bilinear, box=box),
        blue.resize(blue.size, bilinear, box=half),
        red.resize(red.size, bilinear, box=half),
    )


def paste(onto: Planes, layer: Layer, left: float, top: float) -> None:
    """Lay `layer` over the planes; parts outside are cut off."""
    x, y = even(left), even(top)
    onto[0].paste(layer.planes[0], (x, y), layer.mask)
    for target, source in zip(onto[1:], layer.planes[1:], strict=True):
        target.paste(source, (x // 2, y // 2), layer.half_mask)


def fill(onto: Planes, colour: tuple[int, int, int], left: float, top: float, right: float) -> None:
    """Fill a rectangle that reaches from `top` to the lower edge."""
    even_colour = to_planes(Image.new("RGB", (2, 2), colour))
    for plane, paint, scale in zip(onto, even_colour, (1, 2, 2), strict=True):
        box = (even(left) // scale, even(top) // scale, even(right) // scale, plane.height)
        if box[2] > box[0]:
            plane.paste(paint.resize((box[2] - box[0], box[3] - box[1])), box)


def to_frame(planes: Planes) -> av.VideoFrame:
    """Copy planes into a video frame, padding its rows as the library wants them."""
    width, height = planes[0].size
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, picture in zip(frame.planes, planes, strict=True):
        row = plane.line_size
        padded = picture if row == picture.width else picture.crop((0, 0, row, picture.height))
        plane.update(padded.tobytes())
    return frame


def to_picture(planes: Planes) -> Image.Image:
    """Put planes together again as an RGB picture."""
    luma, blue, red = planes
    back_luma = luma.point([min(255, max(0, round((v - 16) * 255 / 219))) for v in range(256)])
    widen = [min(255, max(0, round(128 + (v - 128) * 255 / 224))) for v in range(256)]
    colours = [plane.point(widen).resize(luma.size) for plane in (blue, red)]
    return Image.merge("YCbCr", [back_luma, *colours]).convert("RGB")


def even(value: float) -> int:
    """Return the even whole number at or below `value`."""
    return int(value // 2) * 2
