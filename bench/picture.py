"""`python -m bench.picture`: draw lag against requests into docs/images/schedule.png."""

import math
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bench.schedule import BACK_OFF, EVERY_2S, EVERY_5S, KLING, MAKES, OURS, PROCESSES, SEED
from bench.simulate import bound
from bench.simulate.loads import API_PLAN, World
from bench.simulate.run import run

PATH = Path("docs/images/schedule.png")
# Twice the size it is shown at, and letters that are still read at half of that.
WIDTH, HEIGHT = 1100, 840
LEFT, TOP, RIGHT, BOTTOM = 100, 150, 1070, 740
X_RANGE, Y_RANGE = (1.0, 50.0), (2.0, 6000.0)
BACK, INK, MUTED, GRID = "#f6f7f9", "#1e1f22", "#4e5058", "#dde0e6"
OURS_COLOUR, PLAN_COLOUR, THEIRS_COLOUR, BOUND_COLOUR = "#0072b2", "#00795c", "#a8320a", "#767c88"
DOT = 11
X_TICKS = (1, 2, 5, 10, 20, 50)
Y_TICKS = {2: "2 s", 5: "5 s", 15: "15 s", 60: "1 min", 300: "5 min", 1800: "30 min"}
UNLIMITED_LOADS = (0, 60, 600)  # 0: one at a time
PLAN_LOADS = (5, 10, 20, 60)
THEIR_PLAN_LOAD = 10

Point = tuple[float, float]
CAPTIONS: Sequence[tuple[Point, str, str]] = (
    ((1.55, 280.0), "the bot, 100 requests an hour", PLAN_COLOUR),
    ((1.1, 8.6), "the bot, no limit", OURS_COLOUR),
    ((1.1, 21.0), "least for one alone", BOUND_COLOUR),
    ((13.2, 13.5), "patterns, no limit", THEIRS_COLOUR),
    ((9.0, 4600.0), "patterns at 10/h, 100 an hour", THEIRS_COLOUR),
)


@dataclass(frozen=True, slots=True)
class Series:
    """Points of (requests a job, p95 lag in seconds), and what is written beside each."""

    colour: str
    points: Sequence[Point]
    words: Sequence[str] = ()
    sides: str = ""
    """Where each word stands: left, right, above or below, by first letter; u is up and right."""
    is_joined: bool = True
    is_open: bool = False


def main() -> int:
    """Measure what is shown, and draw it."""
    draw(measured()).save(PATH, optimize=True)
    sys.stderr.write(f"{PATH}\n")
    return 0


def measured() -> list[Series]:
    """Run our schedule and the patterns; all of it videos of one model."""
    unlimited = [
        World(KLING, jobs=800, pause_s=60) if not each else World(KLING, each, days=_days(each))
        for each in UNLIMITED_LOADS
    ]
    plan = [World(KLING, each, 10, 8, plan=API_PLAN) for each in PLAN_LOADS]
    theirs = World(KLING, THEIR_PLAN_LOAD, 10, 8, plan=API_PLAN)
    patterns = (EVERY_2S, EVERY_5S, BACK_OFF)
    tasks = [(OURS, each) for each in unlimited + plan]
    tasks += [(name, unlimited[0]) for name in patterns] + [(name, theirs) for name in patterns]
    with ProcessPoolExecutor(PROCESSES) as pool:
        points = list(pool.map(_point, *zip(*tasks, strict=True)))
    cut, end = len(unlimited), len(unlimited) + len(plan)
    lags = [3.0 * 1.4**step for step in range(10)]
    best = [(1 + bound.best_with_p95(KLING[0], lag_s).polls, lag_s) for lag_s in lags]
    return [
        Series(BOUND_COLOUR, best),
        Series(OURS_COLOUR, points[:cut], ["alone", "60/h", "600/h: one page shows all"], "bbb"),
        Series(PLAN_COLOUR, points[cut:end], [f"{each}/h" for each in PLAN_LOADS], "uuur"),
        Series(THEIRS_COLOUR, points[end : end + 3], patterns, "lar", is_joined=False),
        Series(THEIRS_COLOUR, points[end + 3 :], patterns, "lla", is_joined=False, is_open=True),
    ]


def draw(series: Sequence[Series]) -> Image.Image:
    """Return the picture."""
    image = Image.new("RGB", (WIDTH, HEIGHT), BACK)
    canvas = ImageDraw.Draw(image)
    _axes(canvas)
    for at, words, colour in CAPTIONS:
        canvas.text(_place(at), words, fill=colour, font=_font(28), anchor="lm")
    for one in series:
        places = [_place(point) for point in one.points]
        if one.is_joined:
            canvas.line(places, fill=one.colour, width=4, joint="curve")
        for place, words, side in zip(places, one.words, one.sides, strict=False):
            _dot(canvas, place, one)
            _beside(canvas, place, words, side, one.colour)
    return image


def _point(name: str, world: World) -> Point:
    outcome = run(MAKES[name], world, SEED)
    return outcome.requests_per_job, outcome.lag(0.95)


def _days(per_hour: int) -> float:
    return min(4.0, 60 / per_hour)


def _axes(canvas: ImageDraw.ImageDraw) -> None:
    canvas.text((LEFT, 24), "How late, for how many requests", fill=INK, font=_font(40))
    canvas.text(
        (LEFT, 80),
        "Lag of the slowest 5 %, kling-v2.1. Down and to the left is better.",
        fill=MUTED,
        font=_font(28),
    )
    for value, words in Y_TICKS.items():
        _, y = _place((X_RANGE[0], value))
        canvas.line([(LEFT, y), (RIGHT, y)], fill=GRID, width=2)
        canvas.text((LEFT - 12, y), words, fill=MUTED, font=_font(26), anchor="rm")
    for value in X_TICKS:
        x, _ = _place((value, Y_RANGE[0]))
        canvas.line([(x, BOTTOM), (x, BOTTOM + 10)], fill=MUTED, width=2)
        canvas.text((x, BOTTOM + 14), str(value), fill=MUTED, font=_font(26), anchor="mt")
    canvas.text(
        ((LEFT + RIGHT) / 2, HEIGHT - 20),
        "requests per video, the submit included",
        fill=MUTED,
        font=_font(28),
        anchor="ms",
    )


def _place(point: Point) -> Point:
    def part(value: float, low: float, high: float) -> float:
        return math.log(min(max(value, low), high) / low) / math.log(high / low)

    x, y = part(point[0], *X_RANGE), part(point[1], *Y_RANGE)
    return LEFT + x * (RIGHT - LEFT), BOTTOM - y * (BOTTOM - TOP)


def _dot(canvas: ImageDraw.ImageDraw, place: Point, one: Series) -> None:
    canvas.circle(place, DOT, fill=BACK if one.is_open else one.colour, outline=one.colour, width=5)


def _beside(canvas: ImageDraw.ImageDraw, place: Point, words: str, side: str, colour: str) -> None:
    x, y = place
    offsets = {
        "l": (-20, 0, "rm"),
        "r": (20, 0, "lm"),
        "u": (14, -12, "ls"),
        "a": (0, -20, "ms"),
        "b": (0, 18, "mt"),
    }
    dx, dy, anchor = offsets[side]
    canvas.text((x + dx, y + dy), words, fill=colour, font=_font(26), anchor=anchor)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


if __name__ == "__main__":
    sys.exit(main())
