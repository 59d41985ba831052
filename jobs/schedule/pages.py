"""Which open generations a page of the history shows: the newest hundred, the next hundred, …

The history lists what was submitted, newest first. So the place of a generation is how many came
after it, and every new one shifts all others by one.
"""

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from jobs.schedule.curves import Curve
from jobs.schedule.waits import Sample

PAGE = 100
# How the caller names a generation.
Key = int | str


@dataclass(slots=True)
class Open:
    """An open generation. Times are seconds of one steady clock.

    `seen_at` is when it was last seen unfinished (or submitted), `looked_at` when it was last asked
    about. One that a look did not show is asked for by itself at `alone_at`, after `misses` such
    looks; `is_for_page` when its page is to be tried, since its status tells nothing. `unlisted`
    counts how often its page did not show it, which may do so from `relist_at` on. `curve` is its
    own, where the vendor tells how far it is.
    """

    key: Key
    kind: Hashable
    ordinal: int
    submitted_at: float
    seen_at: float
    sample: Sample
    looked_at: float = -math.inf
    misses: int = 0
    alone_at: float | None = None
    is_for_page: bool = False
    unlisted: int = 0
    relist_at: float = -math.inf
    curve: Curve | None = None


class Pages:
    """The open generations in order of submission, and on which page each is."""

    def __init__(self, size: int = PAGE) -> None:
        self._size = size
        self._open: dict[Key, Open] = {}
        # The same by the hundred, so that those of a page are found in two drawers.
        self._drawers: dict[int, dict[Key, Open]] = {}
        self._newest = -1

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, key: Key) -> bool:
        return key in self._open

    def __getitem__(self, key: Key) -> Open:
        return self._open[key]

    def __iter__(self) -> Iterator[Open]:
        return iter(self._open.values())

    def find(self, key: Key) -> Open | None:
        """Return an open one, or None."""
        return self._open.get(key)

    def add(self, key: Key, kind: Hashable, submitted_at: float, sample: Sample) -> Open:
        """Put the newest one in."""
        self._newest += 1
        one = Open(key, kind, self._newest, submitted_at, submitted_at, sample)
        self._open[key] = one
        self._drawers.setdefault(one.ordinal // self._size, {})[key] = one
        return one

    def shift(self, count: int) -> None:
        """So many were submitted that are not open here."""
        self._newest += count

    def remove(self, key: Key) -> None:
        """Take one out; the others keep their places, since the history keeps it too."""
        one = self._open.pop(key, None)
        if one is not None:
            drawer = self._drawers[one.ordinal // self._size]
            del drawer[key]
            if not drawer:
                del self._drawers[one.ordinal // self._size]

    def page_of(self, one: Open) -> int:
        """Return the number of the page that should show it, 1 being the newest."""
        return (self._newest - one.ordinal) // self._size + 1

    def on(self, number: int) -> list[Open]:
        """Return the open ones that a page should show, oldest first."""
        high = self._newest - self._size * (number - 1)
        low = high - self._size + 1
        return [
            one
            for drawer in range(low // self._size, high // self._size + 1)
            for one in self._drawers.get(drawer, {}).values()
            if low <= one.ordinal <= high
        ]

    def occupied(self) -> set[int]:
        """Return the numbers of the pages that may show an open one: two for each drawer."""
        numbers = set()
        for drawer in self._drawers:
            place = self._newest - drawer * self._size
            numbers.add(place // self._size + 1)
            numbers.add(max(0, place - self._size + 1) // self._size + 1)
        return numbers
