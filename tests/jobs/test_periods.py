"""Periods against the time zone data itself: every hour of five years, in zones of every kind.

The expected windows come from a walk over the hours that only looks at local dates.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from jobs import periods
from jobs.periods import Window
from models import Period, PeriodKind

STEP_S, HOUR, DAY_S = 1800, 3600, 86400
FROM, YEARS = 2024, 5
# The first year of each walk: 2011 left a whole day out in Apia, and had St. John's clocks change
# at one minute past midnight, so that a new day began, ended and began again.
ZONES = {
    "UTC": FROM,
    "Europe/Berlin": FROM,
    "America/New_York": FROM,
    "America/Santiago": FROM,
    "America/Havana": FROM,
    "Africa/Cairo": FROM,
    "Africa/Casablanca": FROM,
    "Asia/Beirut": FROM,
    "Asia/Kathmandu": FROM,
    "Australia/Lord_Howe": FROM,
    "Pacific/Apia": 2009,
    "America/St_Johns": 2008,
}
WEEKDAYS = {zone: tuple({1, 7, 2 + number % 5}) for number, zone in enumerate(ZONES)}
MONTH_DAYS = (1, 15, 28, 29, 30, 31)


@dataclass(frozen=True)
class Walk:
    """What the local dates of a zone say: when each began first, and when its clocks changed."""

    start: int
    end: int
    days: tuple[tuple[int, date], ...]
    changes: tuple[int, ...]


@cache
def _walk(zone: str) -> Walk:
    """Walk some years by half hours, with some weeks before and after them."""
    info, year = ZoneInfo(zone), ZONES[zone]
    start, end = _utc(year, 1), _utc(year + YEARS, 1)
    days: list[tuple[int, date]] = []
    changes = []
    latest, offset = date.min, None
    for at in range(start - 70 * DAY_S, end + 70 * DAY_S, STEP_S):
        local = datetime.fromtimestamp(at, info)
        if local.date() > latest:
            latest = local.date()
            days.append((_first_moment(at, latest, info), latest))
        if local.utcoffset() != offset:
            offset = local.utcoffset()
            changes.append(at)
    return Walk(start, end, tuple(days), tuple(changes))


def _first_moment(later: int, day: date, info: ZoneInfo) -> int:
    """Return the first second of a local day that has begun at `later`, but not a step before."""
    earlier = later - STEP_S
    while later - earlier > 1:
        middle = (earlier + later) // 2
        earlier, later = (earlier, middle) if _date(middle, info) >= day else (middle, later)
    return later


def _label(period: Period, day: date) -> int:
    """Return a number that all days of a window share, and that grows from one to the next."""
    if period.kind == "day":
        return day.toordinal()
    if period.kind == "week":  # the first day of the calendar is a Monday
        return (day.toordinal() - period.starts_on) // 7
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return day.year * 12 + day.month - (day.day < min(period.starts_on, last.day))


def _expected(period: Period, walk: Walk) -> list[int]:
    """Return the moments at which a window begins."""
    labelled = [(moment, _label(period, day)) for moment, day in walk.days]
    return [moment for (_, one), (moment, other) in pairwise(labelled) if one != other]


def _periods(zone: str) -> list[Period]:
    return [
        Period("day", zone),
        *(Period("week", zone, starts_on) for starts_on in WEEKDAYS[zone]),
        *(Period("month", zone, starts_on) for starts_on in MONTH_DAYS),
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_is_in_the_window_that_local_dates_say(zone: str) -> None:
    walk, kinds = _walk(zone), _periods(zone)
    starts = [_expected(period, walk) for period in kinds]

    def check(number: int, at: int) -> None:
        begun = bisect_right(starts[number], at)
        start, end = starts[number][begun - 1 : begun + 1]
        assert start <= at < end
        assert periods.window(kinds[number], at) == Window(start, end, start), (kinds[number], at)

    for count, hour in enumerate(range(walk.start, walk.end, HOUR)):
        check(count % len(kinds), hour)
    for number, begins in enumerate(starts):
        for moment in begins:
            if walk.start <= moment < walk.end:
                for at in (moment - 1, moment):
                    check(number, at)
        for change in walk.changes:
            if walk.start <= change < walk.end:
                for at in range(change - DAY_S, change + DAY_S, STEP_S):
                    check(number, at)


@pytest.mark.parametrize("zone", ZONES)
def test_windows_tile_time_from_midnight_to_midnight(zone: str) -> None:
    walk, info = _walk(zone), ZoneInfo(zone)
    for period in _periods(zone):
        for current in _windows(period, walk):
            assert periods.before(period, current).end == current.start
            assert periods.window(period, current.start - 1) == periods.before(period, current)
            assert current.key == current.start
            begins = datetime.fromtimestamp(current.start, info)
            assert begins.time().isoformat() == "00:00:00" or _is_after_gap(current.start, info)
            assert _starts_rightly(period, begins.date()) or _is_after_gap(current.start, info)


@pytest.mark.parametrize("zone", ZONES)
def test_the_days_of_a_window_tile_it(zone: str) -> None:
    walk = _walk(zone)
    begins = {day: moment for moment, day in walk.days}
    for period in _periods(zone)[1:]:
        for current in _windows(period, walk):
            assert current.end is not None
            listed = periods.days(current.start, current.end, zone)
            assert listed[0][1] == current.start
            assert all(begins[day] == moment for day, moment in listed)
            moments = [moment for moment, _ in walk.days]
            inside = [at for at in moments if current.start <= at < current.end]
            assert [moment for _, moment in listed] == inside
            part = periods.days(current.start + HOUR, current.start + DAY_S + 2 * HOUR, zone)
            assert [moment for _, moment in part] == [*inside, current.end][: len(part)]
            assert periods.days(current.end, current.end, zone) == []


def _windows(period: Period, walk: Walk) -> Iterator[Window]:
    """Walk from window to window, each where the one before it ended."""
    current = periods.window(period, walk.start)
    while current.start < walk.end:
        assert current.start < (current.end or 0)
        yield current
        following = periods.window(period, current.end or 0)
        assert following.start == current.end
        current = following


def _starts_rightly(period: Period, day: date) -> bool:
    if period.kind == "week":
        return day.isoweekday() == period.starts_on
    is_last = (day + timedelta(days=1)).day == 1
    right = day.day == period.starts_on or (is_last and day.day < period.starts_on)
    return period.kind == "day" or right


def _is_after_gap(moment: int, info: ZoneInfo) -> bool:
    """Return whether a clock change left the time just before this moment out."""
    before, after = (datetime.fromtimestamp(at, info).utcoffset() for at in (moment - 1, moment))
    return before is not None and after is not None and before < after


def _date(at: int, info: ZoneInfo) -> date:
    return datetime.fromtimestamp(at, info).date()


def _utc(year: int, month: int, day: int = 1, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("period", "at", "start", "end"),
    [
        # 2028 is a leap year.
        (Period("month", "UTC", 29), (2028, 2, 28), (2028, 1, 29), (2028, 2, 29)),
        (Period("month", "UTC", 31), (2028, 2, 29), (2028, 2, 29), (2028, 3, 31)),
        (Period("month", "UTC", 30), (2027, 2, 28), (2027, 2, 28), (2027, 3, 30)),
        (Period("month", "UTC", 31), (2027, 1, 5), (2026, 12, 31), (2027, 1, 31)),
        (Period("month", "UTC", 31), (2027, 4, 30), (2027, 4, 30), (2027, 5, 31)),
        (Period("week", "UTC", 7), (2027, 1, 2), (2026, 12, 27), (2027, 1, 3)),
        (
            Period("day", "Asia/Kathmandu"),
            (2027, 1, 1),
            (2026, 12, 31, 18, 15),
            (2027, 1, 1, 18, 15),
        ),
        # Havana's clocks go from 01:00 back to 00:00 on this day, which has 25 hours.
        (Period("day", "America/Havana"), (2026, 11, 1, 5, 30), (2026, 11, 1, 4), (2026, 11, 2, 5)),
        # Cairo's go from 00:00 to 01:00 on this one, which has 23.
        (Period("day", "Africa/Cairo"), (2026, 4, 24, 12), (2026, 4, 23, 22), (2026, 4, 24, 21)),
    ],
)
def test_month_ends_leap_days_and_clock_changes(
    period: Period, at: tuple[int, ...], start: tuple[int, ...], end: tuple[int, ...]
) -> None:
    found = periods.window(period, _utc(*at))
    assert (found.start, found.end) == (_utc(*start), _utc(*end))


def test_the_rolling_window_is_thirty_times_a_day_long_whatever_clocks_do() -> None:
    period = Period("rolling", "Europe/Berlin")
    for day in range(400):
        now = _utc(2027, 1) + day * DAY_S + 12345
        found = periods.window(period, now)
        assert (found.start, found.end) == (now - 30 * DAY_S, None)
        assert found.holds(now - 30 * DAY_S)
        assert not found.holds(now - 30 * DAY_S - 1)
        assert found.key == periods.window(Period("day", "Europe/Berlin"), now).start
        earlier = periods.before(period, found)
        assert (earlier.start, earlier.end) == (now - 60 * DAY_S, found.start)


def test_what_never_begins_anew_counts_everything_there_was() -> None:
    found = periods.window(Period("none"), _utc(2027, 1))
    assert found == periods.ALWAYS
    assert periods.before(Period("none"), found) == Window(0, 0, 0)


@pytest.mark.parametrize("kind", ["day", "week", "month", "rolling", "none"])
def test_a_window_begun_anew_by_hand_starts_there_and_ends_as_ever(kind: PeriodKind) -> None:
    period = Period(kind, "Europe/Berlin")
    now = _utc(2027, 5, 13, 12)
    whole = periods.window(period, now)
    anew = periods.window(period, now, now - HOUR)
    assert anew == Window(now - HOUR, whole.end, now - HOUR)
    if kind != "none":
        assert periods.window(period, now, whole.start - HOUR) == whole, "long ago"
    earlier = periods.before(period, anew)
    if kind in ("day", "week", "month"):
        assert earlier == periods.before(period, whole), "compared with a whole one"
    else:
        assert earlier.end == anew.start
