"""Makes one clip: H.264 in mp4 that shows the prompt, or the start image, gently moving.

`render()` is plain blocking code: on one core about 1.5 s for 5 s of 1920x1080, 0.1 s for 320x180.
"""

import abc
import colorsys
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import av
from PIL import Image, ImageFilter

from playground.neuralbox.canvas import (
    Layer,
    Planes,
    crop,
    even,
    fill,
    paste,
    to_frame,
    to_layer,
    to_picture,
    to_planes,
    zoom,
)
from playground.neuralbox.heavy import Grain, heavy_bit_rate, repeat
from playground.neuralbox.lettering import caption_band, headline, small_text

FRAMES_PER_SECOND = 24
KEY_FRAME_EVERY = 2 * FRAMES_PER_SECOND  # so that a player can seek
ZOOM_BY = 0.12
ZOOM_EVERY_S = 1.5 / FRAMES_PER_SECOND  # every second frame: zooming costs more than encoding
DRIFT = 0.12  # how much larger than the frame the moving background is
THUMBNAIL_WIDTH = 640
# How much finer the key frames of a moving picture are: 12 dB nearer to it than the usual 1.4.
FINE_KEY_FRAMES = 8
BAR_COLOUR = (255, 255, 255)
# Players take untagged video of this height for BT.709; the planes here are BT.601.
_COLOUR_TAGS = "colorprim=smpte170m:transfer=smpte170m:colormatrix=smpte170m"


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """All that a clip depends on. Width and height are even; `picture` is a file's path.

    `heavy_bytes` above zero asks for grain, and for about so many bytes of video.
    """

    prompt: str
    model: str
    duration_s: int
    width: int
    height: int
    picture: str | None = None
    heavy_bytes: int = 0


class ClipAbandonedError(Exception):
    """The clip was no longer wanted; its files are incomplete."""


def render(
    spec: ClipSpec, video: Path, thumbnail: Path, is_wanted: Callable[[], bool] = lambda: True
) -> None:
    """Write the clip and a JPEG of its middle frame. Blocks for as long as encoding takes.

    Asks `is_wanted` before each frame and raises ClipAbandonedError when it is not.
    """
    scene = _PictureScene(spec) if spec.picture else _WordScene(spec)
    frames = spec.duration_s * FRAMES_PER_SECOND
    count = min(frames, KEY_FRAME_EVERY) if spec.heavy_bytes else frames
    grain = Grain(spec.width, spec.height) if spec.heavy_bytes else None
    with av.open(str(video), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.width, stream.height, stream.pix_fmt = spec.width, spec.height, "yuv420p"
        stream.gop_size = KEY_FRAME_EVERY
        stream.options = {"preset": "ultrafast", "x264-params": _parameters(spec), "crf": "25"}
        if spec.heavy_bytes:
            del stream.options["crf"]
            stream.bit_rate = heavy_bit_rate(spec.heavy_bytes, spec.duration_s)
        packets = []
        for index in range(count):
            if not is_wanted():
                raise ClipAbandonedError
            planes = scene.planes(index / count, index / FRAMES_PER_SECOND)
            if index == count // 2:
                _save_thumbnail(planes, thumbnail)
            packets += stream.encode(to_frame(grain.over(planes, index) if grain else planes))
        repeat(container, [*packets, *stream.encode(None)], frames)


class _Scene(abc.ABC):
    """What both kinds of clip have: model name, time code and a progress bar at the foot."""

    def __init__(self, spec: ClipSpec) -> None:
        self.spec = spec
        self.margin = even(max(6, min(spec.width, spec.height) * 0.05))
        self.bar_height = max(2, even(spec.height * 0.012))
        size = max(9, round(min(spec.width, spec.height) * 0.032))
        self.name = to_layer(small_text(spec.model or "Local NeuralBox", size))
        self.codes = [
            to_layer(small_text(f"0:{second:02d} / 0:{spec.duration_s:02d}", size))
            for second in range(spec.duration_s + 1)
        ]

    def add_foot(self, planes: Planes, part: float, second: float, lowered_by: float = 0) -> None:
        width, height = self.spec.width, self.spec.height
        code = self.codes[int(second)]
        base = height - self.bar_height - self.margin // 2 + lowered_by
        paste(planes, self.name, self.margin, base - self.name.size[1])
        paste(planes, code, width - self.margin - code.size[0], base - code.size[1])
        fill(planes, BAR_COLOUR, 0, height - self.bar_height, width * part)

    @abc.abstractmethod
    def planes(self, part: float, second: float) -> Planes:
        """Return one frame: `part` of the clip has passed, which is `second` seconds."""


class _WordScene(_Scene):
    """The prompt in large letters before a drifting gradient with three soft lights."""

    def __init__(self, spec: ClipSpec) -> None:
        super().__init__(spec)
        seed = hashlib.sha256(spec.prompt.encode()).digest()
        hue = seed[0] / 256
        self.turn = seed[1] / 256 * math.tau
        large = (even(spec.width * (1 + 2 * DRIFT)), even(spec.height * (1 + 2 * DRIFT)))
        self.background = to_planes(_gradient(hue, seed[2] / 256, large))
        diameter = round(min(spec.width, spec.height) * 0.62)
        self.lights = [_light(hue + shift, diameter) for shift in (0.08, 0.45, 0.62)]
        self.words = to_layer(headline(spec.prompt or "A local clip", (spec.width, spec.height)))

    def planes(self, part: float, second: float) -> Planes:
        width, height = self.spec.width, self.spec.height
        angle = self.turn + second * 0.5
        left = even(width * DRIFT * (1 + math.cos(angle)))
        top = even(height * DRIFT * (1 + math.sin(angle)))
        planes = crop(self.background, left, top, width, height)
        for number, light in enumerate(self.lights):
            way = self.turn + number * 2.1 + second * (0.35 + 0.12 * number)
            x = width * (0.5 + 0.42 * math.cos(way)) - light.size[0] / 2
            y = height * (0.5 + 0.38 * math.sin(way * 1.3)) - light.size[1] / 2
            paste(planes, light, x, y)
        float_by = height * 0.012 * math.sin(second * 1.6)
        words_width, words_height = self.words.size
        paste(planes, self.words, (width - words_width) / 2, (height - words_height) / 2 + float_by)
        self.add_foot(planes, part, second)
        return planes


class _PictureScene(_Scene):
    """The start image, slowly coming nearer; its first frame is the image and nothing else."""

    def __init__(self, spec: ClipSpec) -> None:
        super().__init__(spec)
        with Image.open(spec.picture or "") as picture:
            self.still = to_planes(_cover(picture.convert("RGB"), spec.width, spec.height))
        self.nearer: tuple[float, Planes] = (0.0, self.still)
        self.band = to_layer(caption_band(spec.prompt, (spec.width, spec.height)))

    def planes(self, part: float, second: float) -> Planes:
        width, height = self.spec.width, self.spec.height
        if second - self.nearer[0] > ZOOM_EVERY_S:
            inset = ZOOM_BY * part / (1 + ZOOM_BY)
            left, top = width * inset * 0.5, height * inset * 0.42
            box = (left, top, left + width * (1 - inset), top + height * (1 - inset))
            self.nearer = (second, zoom(self.still, box))
        planes = crop(self.nearer[1], 0, 0, width, height)
        # The caption rises into view in the first second.
        hidden = max(0.0, 1 - second) ** 2
        band_height = self.band.size[1]
        paste(planes, self.band, 0, height - band_height * (1 - hidden))
        if second:
            self.add_foot(planes, part, second, lowered_by=hidden * band_height)
        return planes


def _parameters(spec: ClipSpec) -> str:
    if spec.picture is None:
        return _COLOUR_TAGS
    # The first frame is the start image as well as the encoder can: what comes of continuing a
    # clip is measured against it.
    return f"{_COLOUR_TAGS}:ipratio={FINE_KEY_FRAMES}"


def _gradient(hue: float, variety: float, size: tuple[int, int]) -> Image.Image:
    corners = Image.new("RGB", (2, 2))
    places = ((0, 0), (1, 0), (0, 1), (1, 1))
    for number, place in enumerate(places):
        corner_hue = hue + number * (0.06 + 0.08 * variety)
        corners.putpixel(place, _colour(corner_hue, 0.72, (0.62, 0.5, 0.38, 0.26)[number]))
    return corners.resize(size, Image.Resampling.BICUBIC)


def _light(hue: float, diameter: int) -> Layer:
    glow = Image.radial_gradient("L").point([round(max(0, 255 - 2 * v) * 0.5) for v in range(256)])
    glow = glow.resize((diameter, diameter), Image.Resampling.BILINEAR)
    light = Image.new("RGBA", (diameter, diameter), (*_colour(hue, 0.45, 1.0), 0))
    light.putalpha(glow.filter(ImageFilter.GaussianBlur(diameter / 60)))
    return to_layer(light)


def _cover(picture: Image.Image, width: int, height: int) -> Image.Image:
    scale = max(width / picture.width, height / picture.height)
    box_width, box_height = width / scale, height / scale
    left, top = (picture.width - box_width) / 2, (picture.height - box_height) / 2
    return picture.resize(
        (width, height),
        Image.Resampling.LANCZOS,
        box=(left, top, left + box_width, top + box_height),
    )


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _save_thumbnail(planes: Planes, path: Path) -> None:
    picture = to_picture(planes)
    picture.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH))
    picture.save(path, "JPEG", quality=82)


def request_line(spec: ClipSpec, video: Path, thumbnail: Path) -> bytes:
    """Return the line that asks a worker for one clip."""
    request = {"spec": asdict(spec), "video": str(video), "thumbnail": str(thumbnail)}
    return json.dumps(request).encode() + b"\n"
