"""Heavy clips: grain that costs an encoder dearly, and two seconds of it played over and over.

60 MB of 1920x1080 take a core about a second and a half this way.
"""

from typing import Any

import av
from PIL import Image, ImageChops

from playground.neuralbox.canvas import Planes

TILES = 5
GRAIN = 10  # standard deviation, in steps of 8-bit luma
# Over two seconds the encoder spends a fifth more than it is told (measured, 12 to 100 MB); what is
# asked for here comes out 6 to 15 % above the size.
ASKED = 0.9


class Grain:
    """A few noisy pictures that are laid over the frames in turn."""

    def __init__(self, width: int, height: int) -> None:
        self._tiles = [Image.effect_noise((width, height), GRAIN) for _ in range(TILES)]

    def over(self, planes: Planes, index: int) -> Planes:
        """Return a frame's planes with grain in its luma."""
        luma = ImageChops.add(planes[0], self._tiles[index % TILES], scale=1, offset=-128)
        return luma, planes[1], planes[2]


def heavy_bit_rate(size_bytes: int, duration_s: int) -> int:
    """Return the bits a second that make a clip of at least that size."""
    return round(size_bytes * 8 / duration_s * ASKED)


def repeat(container: av.container.OutputContainer, packets: list[Any], frames: int) -> None:
    """Write packets, which begin with a key frame, again and again until there are `frames`."""
    frame = packets[0].time_base  # before writing, which changes it: one frame
    contents = [bytes(packet) for packet in packets] if frames > len(packets) else []
    for index in range(frames):
        again = index % len(packets)
        packet = packets[again]
        if index >= len(packets):
            packet = av.Packet(contents[again])
            packet.stream, packet.time_base = packets[again].stream, frame
            packet.pts = packet.dts = index
            packet.duration, packet.is_keyframe = 1, packets[again].is_keyframe
        container.mux(packet)
