"""Those that no look shows: when each is asked for by itself, when its page is tried again."""

import heapq
import math
from collections.abc import Iterator

from jobs.schedule.pages import Key, Open, Pages
from jobs.schedule.windows import HOUR_S

# One that a look did not show where it should be is asked for by itself, ever more rarely: at
# first after seconds, and after days as rarely as any that never ends.
LOST_PAUSE_S, MOST_LOST_PAUSE_S = 3.0, 6 * HOUR_S
# After two looks in a row that told nothing of one its page is tried: its status may be at fault.
LIST_EVERY = 3
# A page that showed so many not is tried again after a pause that doubles: the history is late at
# times, and one request for all of them is cheaper than one for each.
RELIST_FROM, RELIST_PAUSE_S = 3, 20.0


class Lost:
    """The ones on these pages that are asked for by themselves, at their `alone_at`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._heap: list[tuple[float, int, Key]] = []

    def unlisted(self, ones: list[Open], now: float, gap_s: float) -> None:
        """Their page does not show these: many are asked for a gap apart until it is tried again.

        All at once they could use up the hour, and one more look at the page may show them.
        """
        for place, one in enumerate(sorted(ones, key=lambda one: one.ordinal)):
            pause_s = min(RELIST_PAUSE_S * 2.0 ** min(one.unlisted, 20), MOST_LOST_PAUSE_S)
            one.relist_at = now + pause_s
            one.unlisted += 1
            self.missed(one, now, wait_s=place * gap_s)
            if len(ones) >= RELIST_FROM and one.alone_at is not None:
                self.leave_alone(one, min(one.alone_at, one.relist_at))

    def missed(
        self, one: Open, now: float, *, pause_s: float | None = None, wait_s: float = 0.0
    ) -> None:
        """A look told nothing about it: no page waits for it.

        It is asked for after `pause_s`, or ever more rarely the more looks tell nothing; others
        may go before, for `wait_s`.
        """
        one.looked_at = now
        one.misses += 1
        one.is_for_page = pause_s is None and one.misses % LIST_EVERY == LIST_EVERY - 1
        if pause_s is None:
            pause_s = min(LOST_PAUSE_S * 2.0 ** min(one.misses - 1, 20), MOST_LOST_PAUSE_S)
        self.leave_alone(one, now + pause_s + wait_s)

    def unanswered(self, one: Open, now: float) -> None:
        """Nobody answered the question about it."""
        if one.alone_at is not None and one.alone_at <= now:
            self.leave_alone(one, now + LOST_PAUSE_S)

    def leave_alone(self, one: Open, until: float) -> None:
        """Ask for it by itself, not before that moment."""
        one.alone_at = until
        heapq.heappush(self._heap, (until, one.ordinal, one.key))

    def first(self) -> tuple[float, Open | None]:
        """Return when the next is to be asked for by itself, and which; infinite for none."""
        while self._heap:
            at, ordinal, key = self._heap[0]
            one = self._pages.find(key)
            if one is not None and one.ordinal == ordinal and one.alone_at == at:
                return at, one
            heapq.heappop(self._heap)
        return math.inf, None

    def may_be_listed(self, one: Open, now: float) -> bool:
        """Say whether to try the page of one again that it did not show."""
        if now < one.relist_at:
            return False
        on_page = self._pages.on(self._pages.page_of(one))
        return sum(each.unlisted > 0 for each in on_page) >= RELIST_FROM

    def relist(self, now: float) -> Iterator[int]:
        """Where the next to be asked for by itself has company, let their page be tried again.

        Yields the numbers of such pages.
        """
        at, one = self.first()
        while one is not None and at <= now and self.may_be_listed(one, now):
            number = self._pages.page_of(one)
            for each in self._pages.on(number):
                if each.unlisted and now >= each.relist_at:
                    each.alone_at = None
            yield number
            at, one = self.first()
