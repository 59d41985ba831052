"""When a budget begins anew: the stretch of time that a moment belongs to, in somebody's own zone.

Pure: the moment is given, nothing is read. A day begins at its local midnight, or, where a clock
change leaves that hour out, at the first moment after it. Where a change makes midnight come
twice, the first one counts.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from models import Period

ROLLING_S = 30 * 24 * 3600
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What counts together: tokens held at or after `start` and before `end` (epoch s).

    `end` is None when it never begins anew by itself. `key` is the moment that names the ledger
    accounts opened now: one per window, and one per local day of a window that rolls.
    """

    start: int
    end: int | None
    key: int

    def holds(self, at: int) -> bool:
        """Return whether tokens held at that moment count here."""
        return self.start <= at and (self.end is None or at < self.end)


ALWAYS = Window(0, None, 0)


def window(period: Period, now: int, not_before: int = 0) -> Window:
    """Return the window that `now` is in; `not_before` is when somebody began it anew by hand."""
    if period.kind == "none":
        return Window(not_before, None, not_before)
    day = _day(now, period.zone)
    if period.kind == "rolling":
        start = max(now - ROLLING_S, not_before)
        return Window(start, None, max(_midnight(day, period.zone), not_before))
    first = _first_day(period, day)
    start, end = _midnight(first, period.zone), _midnight(_next_first(period, first), period.zone)
    if start <= not_before < end:
        start = not_before
    return Window(start, end, start)


def before(period: Period, current: Window) -> Window:
    """Return the whole window before the one given, for comparing with it."""
    if period.kind == "none":
        return Window(0, current.start, 0)
    if period.kind == "rolling":
        return Window(current.start - ROLLING_S, current.start, current.start - ROLLING_S)
    # A window that was begun anew by hand is compared with the calendar's one before it.
    whole = window(period, current.start)
    return window(period, whole.start - 1)


def days(start: int, end: int, zone: str) -> list[tuple[date, int]]:
    """Return each local day that `start` <= moment < `end` touches, with the moment it begins."""
    if end <= start:
        return []
    day = _day(start, zone)
    found = []
    while (begins := _midnight(day, zone)) < end:
        if begins < _midnight(day + DAY, zone):  # a whole day was left out in Apia in 2011
            found.append((day, begins))
        day += DAY
    return found


def _first_day(period: Period, day: date) -> date:
    """Return the first local day of the calendar window that a local day is in."""
    if period.kind == "day":
        return day
    if period.kind == "week":
        return day - timedelta(days=(day.isoweekday() - period.starts_on) % 7)
    first = _in_month(day.year, day.month, period.starts_on)
    return first if first <= day else _in_month(*_month_before(day), period.starts_on)


def _next_first(period: Period, first: date) -> date:
    if period.kind == "day":
        return first + DAY
    if period.kind == "week":
        return first + 7 * DAY
    after = first.replace(day=1) + timedelta(days=32)
    return _in_month(after.year, after.month, period.starts_on)


def _in_month(year: int, month: int, starts_on: int) -> date:
    """Return that day of a month, or its last day when the month is shorter."""
    next_month = date(year, month, 28) + timedelta(days=4)
    last = next_month - timedelta(days=next_month.day)
    return date(year, month, min(starts_on, last.day))


def _month_before(day: date) -> tuple[int, int]:
    last = day.replace(day=1) - DAY
    return last.year, last.month


def _day(now: int, zone: str) -> date:
    """Return the local day that has begun last, also where a change went back over its midnight."""
    day = datetime.fromtimestamp(now, _zone(zone)).date()
    return day + DAY if _midnight(day + DAY, zone) <= now else day


@lru_cache(maxsize=4096)
def _midnight(day: date, zone: str) -> int:
    # In a gap the offset of before it gives the very moment of the change; in a fold, the first.
    midnight = datetime(day.year, day.month, day.day, tzinfo=_zone(zone), fold=0)
    return int(midnight.astimezone(UTC).timestamp())


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
