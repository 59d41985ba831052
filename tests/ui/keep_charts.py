"""`python -m tests.ui.keep_charts`: the report's picture in both themes, for the documents."""

import sys
from pathlib import Path

from tests.ui.sample_reports import NAMES, usual
from ui.chart import draw
from ui.chart_parts import PALETTES

KEPT = Path(__file__).parents[2] / "docs" / "images"
LARGEST_BYTES = 150_000


def main() -> None:
    """Draw and keep each; fails when one is too large."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for theme in PALETTES:
        path = KEPT / f"budget-report-{theme}.png"
        picture = draw(usual(), theme, NAMES)
        if len(picture) >= LARGEST_BYTES:
            raise SystemExit(f"{path.name} has {len(picture):,} bytes")
        path.write_bytes(picture)
        sys.stdout.write(f"{path.name}: {len(picture):,} bytes\n")


if __name__ == "__main__":
    main()
