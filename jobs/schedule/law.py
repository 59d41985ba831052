"""How eager to be: the gap between looks that the allowance can bear. Pure.

Where nothing limits us, a finished video is found within `EAGER_GAP_S`. Under a plan each window
gives a gap of its own: how many looks each video may have, if as many come as came lately, spread
over the time in which it is likely to finish. As a window fills up the gap grows, so the requests
that are left go where they cut most, and lag grows smoothly instead of falling off a cliff.
"""

import math
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

from jobs.schedule.windows import DAY_S, HOUR_S, Window, Windows

# Looks closer than this find nothing that is worth them.
LEAST_GAP_S = 1.5
# About as long as a video plays: sooner is hardly felt by whoever waits.
EAGER_GAP_S = 5.0
MOST_GAP_S = 3600.0
# How full a window may be before looks get rarer; a day's fills up evenly, an hour's in bursts.
# From there to full the gap grows by this power of what is left, to so many times even spacing.
EASY_HOUR, EASY_DAY = 0.6, 0.85
FILL_POWER, STRETCH = 0.7, 3.0
# However many ask, this part of a window is for watching: what nobody watches helps nobody.
WATCH_PART = 0.45
# What a submit leaves for watching: so many requests, and so many for each that is on its way, but
# no more than this part of a window, since one page of the history shows a hundred.
WATCH_LEAST, WATCH_EACH, WATCH_MOST_PART = 2, 2, 0.03
# What looks leave for submits.
LOOK_LEAST, LOOK_PART = 2, 0.02
# The time in which submits come is counted in pieces of this length.
SLOT_S = 900.0
RUSH_S, RUSH_DEVIATIONS = 600.0, 1.5
# An hour with so many standard deviations more than usual is a change; a smaller difference is
# mostly chance, and what is usual has this weight against it.
SURGE, USUAL_WEIGHT = 2.5, 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What comes: submits in the last hour, and those to expect in an hour and in a day.

    `busy_part` is the part of a day in which they come, `width_s` how wide a wait is spread.
    """

    recent: float
    hour: float
    day: float
    busy_part: float
    width_s: float


class Arrivals:
    """The submits of the last day, for what to expect of the next hour and day."""

    def __init__(self) -> None:
        self._began_at: float | None = None
        self._at: list[float] = []
        self._slots: deque[int] = deque()

    def note(self, at: float) -> None:
        """One was submitted; to be told in order."""
        if self._began_at is None:
            self._began_at = at
        at = max(at, self._at[-1]) if self._at else at
        self._at.append(at)
        if not self._slots or self._slots[-1] < at // SLOT_S:
            self._slots.append(int(at // SLOT_S))
        if len(self._at) > 256 and self._at[0] < at - DAY_S:
            del self._at[: bisect_left(self._at, at - DAY_S)]

    def pace(self, now: float, width_s: float) -> Pace:
        """Return what to expect: each count with one standard deviation added."""
        while self._slots and self._slots[0] < (now - DAY_S) // SLOT_S:
            self._slots.popleft()
        busy = max(len(self._slots), 1) * SLOT_S / DAY_S
        known = self._since(now - DAY_S)
        recent = self._rate(now, known / (busy * 24))
        day = known + recent * self._unknown_part(now) * 24
        busy = min(1.0, busy + self._unknown_part(now))
        # A rush shows at once, such as a morning's after an idle night: the hour to come has six
        # times what its last ten minutes had, less what may be chance.
        rush = self._since(now - RUSH_S)
        to_come = max(recent, (rush - RUSH_DEVIATIONS * math.sqrt(rush)) * HOUR_S / RUSH_S)
        return Pace(recent, to_come + math.sqrt(to_come), day + math.sqrt(day), busy, width_s)

    def _rate(self, now: float, usual: float) -> float:
        """Return how many come an hour: as usual, unless the last hour is no chance of that."""
        # A lull of minutes is no change: of the last three hours, the busiest share counts.
        hour = max(self._since(now - HOUR_S), self._since(now - 3 * HOUR_S) / 3)
        if hour > usual + SURGE * math.sqrt(usual):
            return hour
        return (hour + USUAL_WEIGHT * usual) / (1 + USUAL_WEIGHT)

    def _unknown_part(self, now: float) -> float:
        """Return the part of a day's past that nobody knows: it goes on as it is now."""
        known_s = 0.0 if self._began_at is None else now - self._began_at
        return max(0.0, 1.0 - known_s / DAY_S)

    def _since(self, at: float) -> int:
        return len(self._at) - bisect_left(self._at, at)


def gap_s(windows: Windows, pace: Pace, now: float) -> float:
    """Return the target gap between two looks, in seconds."""
    gap = EAGER_GAP_S
    if windows.hour.limit is not None:
        gap = max(
            gap, _window_gap_s(windows, windows.hour, pace.hour, HOUR_S, EASY_HOUR, pace, now)
        )
    if windows.day.limit is not None:
        gap = max(
            gap,
            _window_gap_s(
                windows, windows.day, pace.day, pace.busy_part * DAY_S, EASY_DAY, pace, now
            ),
        )
    return min(gap, MOST_GAP_S)


def watch_reserve(limit: int, watched: int) -> int:
    """Return what a submit has to leave of a window, so that all can be watched to their end."""
    need = WATCH_LEAST + WATCH_EACH * (watched + 1)
    return min(need, max(WATCH_LEAST + 1, int(limit * WATCH_MOST_PART)))


def look_reserve(limit: int) -> int:
    """Return what a look has to leave of a window for submits."""
    return max(LOOK_LEAST, math.ceil(LOOK_PART * limit))


def _window_gap_s(
    windows: Windows,
    window: Window,
    submits: float,
    busy_s: float,
    easy: float,
    pace: Pace,
    now: float,
) -> float:
    """Return the gap that spends what a window has for looks, and more when it fills up.

    A video is watched for about its width and half a gap; together they keep us watching for a
    part of the busy time. That part, divided by the looks there are, is the gap.
    """
    assert window.limit is not None  # noqa: S101 - the caller looked
    usable = max(1.0, 0.98 * window.limit - window.others - 2)
    looks = max(usable - submits, WATCH_PART * usable)
    gap = even_s = busy_s / looks
    for _ in range(6):
        watched = submits / busy_s * (pace.width_s + gap / 2)
        gap = even_s * -math.expm1(-watched)
    # Where even eager looks would not use it all, nothing is saved before it is nearly full.
    easy = 1 - (1 - easy) * min(1.0, gap / EAGER_GAP_S)
    full = min(windows.own(window, now) / usable, 0.999)
    if full > easy:
        gap = min(gap * ((1 - easy) / (1 - full)) ** FILL_POWER, max(gap, STRETCH * even_s))
    return gap
