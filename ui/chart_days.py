"""The part of a report's picture that shows how much each day took."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from jobs import periods
from jobs.reports import Report, Slice
from ui import chart_words as words
from ui.chart_parts import MARGIN, MEDIUM, SMALL, WIDTH, Box, Canvas

HEIGHT = 132
# More bars than this would be too thin on a phone: they become weeks, months or years.
MOST_BARS = 45
_WIDEST_BAR = 90
_CLEAR = 14


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: the day it begins with, and tokens; `is_ahead` where the day is yet to come."""

    first: date
    spent_tokens: int = 0
    held_tokens: int = 0
    is_ahead: bool = False

    @property
    def tokens(self) -> int:
        return self.spent_tokens + self.held_tokens


@dataclass(frozen=True, slots=True)
class Line:
    """A figure to measure the bars by: tokens per bar and what it is called."""

    tokens: int
    name: str


def draw_days(canvas: Canvas, report: Report, top: int) -> int:
    """Draw the bars; return where the next part begins. Draws nothing for a single day."""
    unit, columns = group(report)
    if len(columns) < 2:
        return top
    peak = max(columns, key=lambda one: one.tokens)
    line = _line(report, unit, columns)
    # A line far above every bar would flatten them all; then its figure is enough.
    is_drawn = 0 < line.tokens <= 3 * max(1, peak.tokens)
    scale = max(1, peak.tokens, line.tokens if is_drawn else 0)

    y = top + 40
    _title(canvas, f"Tokens per {unit}", line, is_drawn, y)
    ground = y + 50 + HEIGHT
    room = Box(MARGIN, ground - HEIGHT, WIDTH - MARGIN, ground)
    for column, box in zip(columns, _places(len(columns), room), strict=True):
        _bar(canvas, column, box, scale)
    canvas.rule(MARGIN, WIDTH - MARGIN, ground + 2, canvas.colours.outline)
    if is_drawn:
        height = HEIGHT * line.tokens // scale
        canvas.rule(MARGIN, WIDTH - MARGIN, ground - height, canvas.colours.ink, dash=12)
    _label(canvas, report, unit, columns, room)
    if peak.tokens:
        place = _places(len(columns), room)[columns.index(peak)]
        text = words.compact(peak.tokens)
        half = canvas.length(text) // 2 + 1
        middle = (place.left + place.right) // 2
        middle = min(max(middle, MARGIN + half), WIDTH - MARGIN - half)
        above = ground - HEIGHT * peak.tokens // scale - 10
        canvas.write((middle, above), text, WIDTH, align="middle", clear=True)
    return ground + 50


def group(report: Report) -> tuple[str, list[Column]]:
    """Return the bars and what each stands for: "day", "week", "month" or "year".

    While the period runs, its days to come are there too, so that one sees how far it has got.
    """
    days = [_column(date.fromisoformat(one.label), one) for one in report.days]
    end = words.window_end(report)
    if days and end is not None and report.is_running:
        known = {one.first for one in days}
        to_come = periods.days(report.end, end, report.zone)
        days += [Column(day, is_ahead=True) for day, _ in to_come if day not in known]
    if len(days) <= MOST_BARS:
        return "day", days
    days = [one for one in days if not one.is_ahead]
    begun = next((number for number, one in enumerate(days) if one.tokens), 0)
    days = days[begun:]
    steps: tuple[tuple[str, Callable[[date], date]], ...] = (
        ("day", lambda day: day),
        ("week", lambda day: day - timedelta(days=day.weekday())),
        ("month", lambda day: day.replace(day=1)),
        ("year", lambda day: day.replace(month=1, day=1)),
    )
    columns: list[Column] = []
    for unit, first_of in steps:
        columns = _merge(days, first_of)
        if len(columns) <= MOST_BARS:
            return unit, columns
    return "year", columns[-MOST_BARS:]


def _merge(days: Sequence[Column], first_of: Callable[[date], date]) -> list[Column]:
    sums: dict[date, tuple[int, int]] = {}
    for one in days:
        spent, held = sums.get(first_of(one.first), (0, 0))
        sums[first_of(one.first)] = (spent + one.spent_tokens, held + one.held_tokens)
    return [Column(first, spent, held) for first, (spent, held) in sums.items()]


def _column(day: date, one: Slice) -> Column:
    return Column(day, max(0, one.spent_tokens), max(0, one.held_tokens))


def _line(report: Report, unit: str, columns: Sequence[Column]) -> Line:
    """Return the even pace of the pool if it is told by the day, otherwise the average."""
    pool = report.pool
    if pool is not None and unit == "day" and (days := _days_of(report)):
        return Line(pool.size_tokens // days, "even pace")
    past = [one for one in columns if not one.is_ahead]
    return Line(sum(one.tokens for one in past) // max(1, len(past)), "average")


def _days_of(report: Report) -> int:
    """Return the number of days the pool is for, 0 when it is for ever."""
    pool = report.pool
    if pool is None or pool.period.kind == "none":
        return 0
    if pool.period.kind == "rolling":
        return periods.ROLLING_S // (24 * 3600)
    end = pool.window.end
    return len(periods.days(pool.window.start, end, report.zone)) if end is not None else 0


def _title(canvas: Canvas, title: str, line: Line, is_drawn: bool, y: int) -> None:
    box = canvas.write((MARGIN, y), title, WIDTH // 2, MEDIUM, bold=True)
    text = f"{line.name} {line.tokens:,}"
    room = WIDTH - MARGIN - box.right - 24 - 90
    written = canvas.write(
        (WIDTH - MARGIN, y),
        (text, f"{line.name} {words.compact(line.tokens)}"),
        room,
        colour=canvas.colours.muted,
        align="right",
    )
    if is_drawn:
        canvas.rule(written.left - 14 - 60, written.left - 14, y - 10, canvas.colours.ink, dash=12)


def _places(many: int, room: Box) -> list[Box]:
    """Return the room of each bar: evenly spread, a third of it space, none too wide."""
    found = []
    for number in range(many):
        left = room.left + room.width * number // many
        right = room.left + room.width * (number + 1) // many
        wide = min(_WIDEST_BAR, max(4, (right - left) * 7 // 10))
        start = (left + right - wide) // 2
        found.append(Box(start, room.top, start + wide, room.bottom))
    return found


def _bar(canvas: Canvas, column: Column, room: Box, scale: int) -> None:
    if not column.tokens:
        return
    high = max(4, HEIGHT * column.tokens // scale)
    held = min(high, max(6, HEIGHT * column.held_tokens // scale)) if column.held_tokens else 0
    top = room.bottom - high
    canvas.bar(Box(room.left, top, room.right, top + held), "stripes", canvas.colours.held)
    gap = 2 if held else 0
    spent = Box(room.left, top + held + gap, room.right, room.bottom)
    if column.spent_tokens:
        canvas.bar(spent, "plain", canvas.colours.spent)


def _label(canvas: Canvas, report: Report, unit: str, columns: Sequence[Column], room: Box) -> None:
    """Write the days below, today first, then as many as have room."""
    places = _places(len(columns), room)
    past = [number for number, one in enumerate(columns) if not one.is_ahead]
    today = past[-1] if past and unit == "day" and report.is_running else None
    order = [number for number in (today, 0) if number is not None]
    order += _regular(canvas, unit, columns)
    baseline = room.bottom + 38
    taken: list[Box] = []
    for number in dict.fromkeys(order):
        text = "today" if number == today else _name(columns, number, unit)
        half = canvas.length(text, SMALL) // 2 + 1
        middle = (places[number].left + places[number].right) // 2
        middle = min(max(middle, MARGIN + half), WIDTH - MARGIN - half)
        box = Box(middle - half, baseline - 30, middle + half, baseline + 8)
        if any(box.meets(other, _CLEAR) for other in taken):
            continue
        taken.append(box)
        is_today = number == today
        colour = canvas.colours.ink if is_today else canvas.colours.muted
        canvas.write((middle, baseline), text, WIDTH, colour=colour, bold=is_today, align="middle")


def _regular(canvas: Canvas, unit: str, columns: Sequence[Column]) -> list[int]:
    """Return which bars to name: new months or years first, then all, or every so many."""
    each = (WIDTH - 2 * MARGIN) // len(columns)
    widest = max(canvas.length(_name(columns, number, unit)) for number in range(1, len(columns)))
    apart = next(many for many in (1, 2, 5, 10, 20, 50) if many * each >= widest + _CLEAR)
    if unit == "month":
        turns = [n for n, one in enumerate(columns) if one.first.month == 1]
        return turns + list(range(0, len(columns), apart))
    if unit == "day" and apart > 1:
        # By the calendar, since people look for the 5th, the 10th and so on.
        turns = [n for n, one in enumerate(columns) if one.first.day == 1]
        apart = max(5, apart)
        return turns + [n for n, one in enumerate(columns) if one.first.day % apart == 0]
    return list(range(0, len(columns), apart))


def _name(columns: Sequence[Column], number: int, unit: str) -> str:
    first = columns[number].first
    if unit == "year":
        return str(first.year)
    if unit == "month":
        return str(first.year) if first.month == 1 else words.MONTHS[first.month - 1]
    if unit == "day" and len(columns) <= 7:
        return f"{words.WEEKDAYS[first.weekday()]} {first.day}"
    starts_month = number == 0 or columns[number - 1].first.month != first.month
    if unit == "week" or starts_month:
        return f"{first.day} {words.MONTHS[first.month - 1]}"
    return str(first.day)
