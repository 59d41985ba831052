"""What is known of a kept picture and of a clip."""

from dataclasses import dataclass
from typing import Literal

# The vendor names no limit; "a few MB" is what such services take.
VENDOR_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """A kept picture, named after its content: `sha256` is hex. RGB, upright, without metadata."""

    sha256: str
    kind: Literal["png", "jpeg"]
    width: int
    height: int
    size_bytes: int

    @property
    def file_name(self) -> str:
        """Return the name of its file in the pictures' directory."""
        return f"{self.sha256}.{'png' if self.kind == 'png' else 'jpg'}"


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file as it is shown; `codec` is FFmpeg's name of its picture codec."""

    width: int
    height: int
    duration_s: float
    size_bytes: int
    codec: str
