"""`python -m tests.browser.keep`: the pictures of the last browser tests that the documents show.

They come from build/screenshots, where `make test-browser` leaves them, with fewer colours, so that
each stays below LARGEST_BYTES.
"""

import sys

from PIL import Image

from tests.browser.channel import SCREENSHOTS

KEPT = SCREENSHOTS.parents[1] / "docs" / "images"
LARGEST_BYTES = 250_000
COLOURS = 256
NAMES = (
    "animate-attached",
    "animate-card",
    "animate-form",
    "animate-menu",
    "animate-picker",
    "animate-reply",
    "animate-video",
    "budget-approval",
    "budget-log",
    "budget-refusal",
    "budget-rules",
    "budget-show",
    "budget-warning",
    "edit-form",
    "info",
    "phone-animated",
    "phone-report-light",
    "spoiler",
    "video",
    "videos-get",
)


def main() -> None:
    """Copy each picture; fails when one is missing or stays too large."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        path = KEPT / f"{name}.png"
        with Image.open(SCREENSHOTS / path.name) as picture:
            full = picture.convert("RGB")
        # Dithered, since the videos in them are all gradients.
        palette = full.quantize(COLOURS)
        fewer = full.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        fewer.save(path, optimize=True)
        size_bytes = path.stat().st_size
        if size_bytes >= LARGEST_BYTES:
            raise SystemExit(f"{path.name} has {size_bytes:,} bytes")
        sys.stdout.write(f"{path.name}: {size_bytes:,} bytes\n")


if __name__ == "__main__":
    main()
