"""A report as a picture: where the pool stands, what each day took, who and what took it.

Drawing takes some tens of milliseconds and belongs into a thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jobs.purse import Standing
from jobs.reports import Report, Slice
from ui import chart_words as words
from ui.chart_days import draw_days
from ui.chart_parts import (
    HUGE,
    LARGE,
    MARGIN,
    MAX_HEIGHT,
    MEDIUM,
    WIDTH,
    Box,
    Canvas,
    Fill,
    Theme,
)

Key = Fill | Literal["post"]

ROWS = 4
ROW_HEIGHT = 54
INNER = WIDTH - 2 * MARGIN
COLUMN_GAP = 50
_GAP = 3
_LEAST = 12


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn report: the canvas that knows what is where, and the height that is used."""

    canvas: Canvas
    height: int


def draw(report: Report, theme: Theme, names: Mapping[str, str]) -> bytes:
    """Return a report as PNG, WIDTH pixels wide and at most MAX_HEIGHT high.

    `names` are the members' names by id; where one is missing or cannot be drawn, the end of the
    id stands for it.
    """
    picture = compose(report, theme, names)
    return picture.canvas.png(picture.height)


def compose(report: Report, theme: Theme, names: Mapping[str, str]) -> Picture:
    """Draw a report and keep what is where."""
    canvas = Canvas(theme)
    y = _head(canvas, report, 0)
    y = _pool(canvas, report, report.pool, y) if report.pool else _spent(canvas, report, y)
    if not report.jobs and not report.spent_tokens and not report.held_tokens:
        y = _nothing(canvas, report, y)
    else:
        y = draw_days(canvas, report, y)
        y = _tables(canvas, report, names, y)
    return Picture(canvas, min(MAX_HEIGHT, y + 18))


def _head(canvas: Canvas, report: Report, top: int) -> int:
    baseline = top + 68
    room = INNER
    if report.is_running:
        until = canvas.write(
            (WIDTH - MARGIN, baseline),
            f"until {words.moment(report.end, report.zone)}",
            INNER // 2,
            colour=canvas.colours.muted,
            align="right",
        )
        room = until.left - MARGIN - 24
    name = words.stretch(report)
    canvas.write((MARGIN, baseline), (f"Token budget · {name}", name), room, LARGE, bold=True)
    return baseline + 12


def _pool(canvas: Canvas, report: Report, pool: Standing, top: int) -> int:
    colours = canvas.colours
    baseline = top + 74
    used = canvas.write(
        (WIDTH - MARGIN, baseline),
        f"{words.percent(pool.used_tokens, pool.size_tokens)} used",
        INNER // 3,
        MEDIUM,
        align="right",
    )
    big = (f"{pool.available_tokens:,}", words.compact(pool.available_tokens))
    left = canvas.write((MARGIN, baseline), big, INNER // 2, HUGE, bold=True)
    room = used.left - left.right - 16 - 24
    rest = words.rest_name(report)
    sizes = tuple(f"{rest} {size}" for size in words.sizes(pool))
    short = f"of {words.compact(pool.size_tokens)}"
    canvas.write((left.right + 16, baseline), (*sizes, f"{rest} {short}", short), room, MEDIUM)

    bar = Box(MARGIN, baseline + 28, WIDTH - MARGIN, baseline + 72)
    parts: list[tuple[str, int, Fill, str]] = [
        ("spent", pool.use.spent_tokens, "plain", colours.spent),
        ("held", pool.use.held_tokens, "stripes", colours.held),
        ("in pots", pool.set_aside_tokens, "dots", colours.aside),
        (rest, pool.available_tokens, "empty", colours.outline),
    ]
    shown = [part for part in parts if part[1] > 0 or part[0] == "spent"]
    _stack(canvas, bar, [(tokens, fill, colour) for _, tokens, fill, colour in shown])
    keys: list[tuple[str, int, Key, str]] = [*shown]
    if pool.left_tokens < 0:
        at = bar.left + bar.width * pool.size_tokens // pool.used_tokens
        at = min(max(at, bar.left + 3), bar.right - 3)
        canvas.post(at, bar.top - 8, bar.bottom + 8, colours.ink)
        keys.append(("limit", pool.size_tokens, "post", colours.ink))
    y = _key(canvas, keys, bar.bottom + 46)
    return _outlook(canvas, report, y)


def _key(canvas: Canvas, parts: Sequence[tuple[str, int, Key, str]], baseline: int) -> int:
    """Write what the bar's parts are, in full if there is room for that."""
    swatch, gap = 28, 10
    full = [f"{name} {tokens:,}" for name, tokens, _, _ in parts]
    brief = [f"{name} {words.compact(tokens)}" for name, tokens, _, _ in parts]
    between = 44
    needed = sum(swatch + gap + between + canvas.length(text) for text in full) - between
    x = MARGIN
    for text, (_, _, fill, colour) in zip(full if needed <= INNER else brief, parts, strict=True):
        if fill == "post":
            canvas.post(x + swatch // 2, baseline - 27, baseline + 5, colour)
        else:
            canvas.bar(Box(x, baseline - 25, x + swatch, baseline + 3), fill, colour)
        x += swatch + gap
        x = canvas.write((x, baseline), text, WIDTH - MARGIN - x).right + between
    return baseline


def _outlook(canvas: Canvas, report: Report, baseline: int) -> int:
    """Write how it goes on, and how it compares with the period before."""
    told, is_warning = words.outlook(report)
    if told:
        baseline += 50
        x = MARGIN
        if is_warning:
            x += canvas.alert(x, baseline + 2, 28, canvas.colours.warning) + 10
        colour = canvas.colours.warning if is_warning else canvas.colours.muted
        canvas.write((x, baseline), told, WIDTH - MARGIN - x, colour=colour)
    baseline += 44
    canvas.write((MARGIN, baseline), words.comparison(report), INNER, colour=canvas.colours.muted)
    return baseline + 16


def _spent(canvas: Canvas, report: Report, top: int) -> int:
    """Write what was spent where there is no pool to measure it by."""
    baseline = top + 74
    big = canvas.write((MARGIN, baseline), f"{report.spent_tokens:,}", INNER // 2, HUGE, bold=True)
    x = big.right + 16
    held = f"tokens spent · {report.held_tokens:,} held" if report.held_tokens else "tokens spent"
    canvas.write((x, baseline), (held, "tokens spent"), WIDTH - MARGIN - x, MEDIUM)
    return _outlook(canvas, report, baseline)


def _nothing(canvas: Canvas, report: Report, top: int) -> int:
    y = top + 80
    canvas.rule(MARGIN, WIDTH - MARGIN, top + 20, canvas.colours.edge)
    if not report.is_running:
        canvas.write((WIDTH // 2, y), "No videos in this period.", INNER, MEDIUM, align="middle")
        return y + 30
    canvas.write((WIDTH // 2, y), "No videos in this period yet.", INNER, MEDIUM, align="middle")
    canvas.write(
        (WIDTH // 2, y + 46),
        "As soon as somebody makes one, its tokens show up here.",
        INNER,
        colour=canvas.colours.muted,
        align="middle",
    )
    return y + 76


def _tables(canvas: Canvas, report: Report, names: Mapping[str, str], top: int) -> int:
    width = (INNER - COLUMN_GAP) // 2
    members = words.member_names(report.members[:ROWS], names)
    models = [words.short_name(one.label, "a model") for one in report.models[:ROWS]]
    right = MARGIN + width + COLUMN_GAP
    ends = (
        _table(canvas, Box(MARGIN, top, MARGIN + width, 0), "Members", report.members, members),
        _table(canvas, Box(right, top, right + width, 0), "Models", report.models, models),
    )
    return max(ends)


def _table(
    canvas: Canvas, room: Box, title: str, slices: Sequence[Slice], names: Sequence[str]
) -> int:
    if not slices:
        return room.top
    y = room.top + 40
    canvas.write((room.left, y), title, room.width, MEDIUM, bold=True)
    # One that stands for "1 other" takes the room of the one itself.
    rows = list(zip(names, slices, strict=False))
    if len(slices) > ROWS:
        rest = slices[ROWS - 1 :]
        spent, held = sum(one.spent_tokens for one in rest), sum(one.held_tokens for one in rest)
        others = Slice("", sum(one.jobs for one in rest), spent, held)
        rows = [*rows[: ROWS - 1], (f"{len(rest):,} others", others)]
    most = max(1, *(one.spent_tokens + one.held_tokens for _, one in rows))
    for name, one in rows:
        y += ROW_HEIGHT
        _row(canvas, Box(room.left, y - 28, room.right, y + 16), name, one, most)
    return y + 16


def _row(canvas: Canvas, room: Box, name: str, one: Slice, most: int) -> None:
    baseline = room.top + 24
    exact, brief = f"{one.spent_tokens:,}", words.compact(one.spent_tokens)
    figures: tuple[str, ...] = (exact, brief)
    if one.held_tokens:
        held = f"{one.held_tokens:,} held", f"{words.compact(one.held_tokens)} held"
        figures = (f"{exact} + {held[0]}", f"{brief} + {held[1]}", brief)
    figure = canvas.write((room.right, baseline), figures, room.width * 6 // 10, align="right")
    canvas.write((room.left, baseline), name, figure.left - room.left - 16)
    total = one.spent_tokens + one.held_tokens
    if total > 0:
        long = max(_LEAST, room.width * total // most)
        bar = Box(room.left, baseline + 9, room.left + long, baseline + 23)
        colours = canvas.colours
        parts: list[tuple[int, Fill, str]] = [(one.spent_tokens, "plain", colours.spent)]
        parts.append((one.held_tokens, "stripes", colours.held))
        _stack(canvas, bar, parts)


def _stack(canvas: Canvas, room: Box, parts: Sequence[tuple[int, Fill, str]]) -> None:
    """Draw parts side by side in proportion, each that is there wide enough to be seen."""
    present = [part for part in parts if part[0] > 0]
    if not present:
        return
    total = sum(tokens for tokens, _, _ in present)
    wide = room.width - _GAP * (len(present) - 1)
    widths = [max(_LEAST, wide * tokens // total) for tokens, _, _ in present]
    # The widest gives what the rounding and the narrow ones took.
    widths[widths.index(max(widths))] += wide - sum(widths)
    x = room.left
    for width, (_, fill, colour) in zip(widths, present, strict=True):
        canvas.bar(Box(x, room.top, x + width, room.bottom), fill, colour)
        x += width + _GAP
