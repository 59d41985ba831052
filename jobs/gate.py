"""The one gate that every request to the vendor passes: allowance, cool-downs and the breaker.

A request is booked, durably where the plan has a limit, before it leaves. What the limits are is
never assumed: the answers' headers tell, and are kept over a restart. Submits leave enough to watch
what was submitted, looks keep a reserve for submits, upkeep yields to both. When the vendor does
not answer any more, one look at a time tries whether it does again. Source: "rate-limits".
"""

import json
import logging
import math
import random
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from jobs.allowance import CLOSED, LIMITS, SCOPE
from jobs.ports import Clock
from jobs.schedule import Breaker, Window, Windows, look_reserve, watch_reserve
from jobs.schedule.law import WATCH_PART
from jobs.schedule.windows import DAY_S, GUARD_S
from neuralbox import (
    Allowance,
    NeuralBoxError,
    NotAuthenticatedError,
    RateLimitedError,
    TokenExpiredError,
)
from storage import requests, settings
from storage.database import Database
from storage.requests import Booking

log = logging.getLogger(__name__)

# Prices and the balance may use the first half of a window.
UPKEEP_PART = 0.5
KEY_RETRY_S = 60.0
KEY_ERRORS = (NotAuthenticatedError, TokenExpiredError)
# While the vendor is down a submit waits for a look to find out whether it answers again.
SUBMIT_PAUSE_S = 5.0
# A limit this large is how some plans without one show in the headers.
ENDLESS = 1_000_000
# Bookings kept for the case that a plan without a limit gets one.
UNWRITTEN_MOST = 4096

# A plan that is told to have a limit is believed to have it until so many answers say nothing.
SILENT_ANSWERS = 20
# Waiting is looked at anew this often: what is waited for may come sooner than was told.
LONGEST_NAP_S = 30.0
# Right after a start, until an answer tells how things stand, one request at a time.
UNTOLD_WAIT_S = 1.0


@dataclass(slots=True)
class Ticket:
    """One booked request: its number in the windows, and when it was booked (monotonic)."""

    number: int
    begun_at: float
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class Notes:
    """What is to be written down: requests, and what answers told."""

    bookings: list[Booking]
    facts: dict[str, str]


# The ticket of the request that the running task makes.
_carried: ContextVar[Ticket | None] = ContextVar("carried", default=None)


class Headers(Protocol):
    """What the gate reads of the client: the vendor's clock."""

    @property
    def skew_s(self) -> float:
        """The vendor's clock less ours."""
        ...


class Gate:
    """Says how long a request of some purpose has to wait, and books it.

    Purposes: submit, look, upkeep, and again (a look that the schedule found urgent).
    """

    def __init__(self, db: Database, box: Headers, clock: Clock) -> None:
        self._db, self._box, self._clock = db, box, clock
        self.windows = Windows()
        self.watched: Callable[[], int] = lambda: 0
        """How many generations are on their way, which a submit leaves requests for."""
        self.on_turn: Callable[[], None] = lambda: None
        """Called when the vendor went down, came back, or first told how things stand."""
        self._breaker = Breaker()
        self._unwritten: deque[Booking] = deque(maxlen=UNWRITTEN_MOST)
        self._facts: dict[str, str] = {}
        self._closed_until = -math.inf
        self._cooled_until = -math.inf
        self._silent = 0
        self._is_told = False

    async def load(self) -> None:
        """Take up what is known from before a restart: requests, limits and a cool-down."""
        now, wall = self._clock.monotonic(), self._clock.now()
        sends, known = await self._db.insist(_take_up, wall)
        self.windows.remember([now - (wall - at) for at in sends])
        limits = json.loads(known.get(LIMITS, "[null, null]"))
        self.windows.hour.limit, self.windows.day.limit = limits
        if CLOSED in known:
            until, for_s = json.loads(known[CLOSED])
            # By a clock that was set back it would last longer than was ever told.
            self._cooled_until = now + min(until - wall, for_s)
            self.windows.cool_down(self._cooled_until)

    @property
    def down_since(self) -> float | None:
        """Since when (epoch s) the vendor gives no proper answer; None while it does."""
        since = self._breaker.down_since
        return None if since is None else self._clock.now() - (self._clock.monotonic() - since)

    def wait_s(self, purpose: str) -> float:
        """Return how many seconds a request has to wait; 0 means that it may go now."""
        now = self._clock.monotonic()
        free_at = max(
            self.windows.free_at(now, self._reserve(purpose)),
            self._breaker.free_at(now),
            self._closed_until,
        )
        if self._breaker.down_since is not None and purpose == "submit":
            # A look finds out whether the vendor answers; a submit that fails would be in doubt.
            free_at = max(free_at, now + SUBMIT_PAUSE_S)
        if self.windows.is_limited and not self._is_told and self.windows.booked:
            free_at = max(free_at, now + UNTOLD_WAIT_S)
        return max(0.0, free_at - now)

    def wait_for_s(self, count: int) -> float:
        """Return when so many submits more could have gone, as far as the allowance matters.

        Each has to be watched, so that part of the requests is theirs; what a window cannot hold
        waits for the next ones.
        """
        now = self._clock.monotonic()
        need = math.ceil((count - 1) / (1 - WATCH_PART))
        free_at = now + self.wait_s("submit")
        for window in (self.windows.hour, self.windows.day):
            if window.limit is not None:
                free_at = max(free_at, self._many_free_at(window, need))
        return max(0.0, free_at - now)

    def book(self, purpose: str) -> Ticket:
        """Count a request that is about to leave; `notes` has to be written before it does."""
        now = self._clock.monotonic()
        self._unwritten.append(Booking(self._clock.now(), purpose))
        self._breaker.began(now)
        return Ticket(self.windows.book(), now)

    @contextmanager
    def carry(self, ticket: Ticket) -> Iterator[None]:
        """Make the request of this ticket in the block; one that did not leave counts no more."""
        token = _carried.set(ticket)
        try:
            yield
        finally:
            _carried.reset(token)
            self.void(ticket)

    def void(self, ticket: Ticket) -> None:
        """The request of this ticket will not leave any more; one that has left stays counted."""
        self.windows.void(ticket.number)

    def notes(self) -> Notes:
        """Return what is to be written down, as far as there is a limit to keep.

        Whoever takes it writes it, or brings it back with `put_back`.
        """
        bookings = list(self._unwritten) if self.windows.is_limited else []
        if bookings:
            self._unwritten.clear()
        facts, self._facts = self._facts, {}
        return Notes(bookings, facts)

    def put_back(self, notes: Notes) -> None:
        """These notes could not be written down."""
        self._unwritten.extendleft(reversed(notes.bookings))
        self._facts = {**notes.facts, **self._facts}

    async def keep(self) -> None:
        """Write down what was learned since the last time: limits, cool-downs, requests."""
        notes = self.notes()
        if notes.bookings or notes.facts:
            try:
                await self._db.insist(write, notes)
            except BaseException:
                self.put_back(notes)
                raise

    @asynccontextmanager
    async def passing(self, purpose: str) -> AsyncIterator[None]:
        """Make one request in the block, when it may go; what its answer teaches is kept."""
        while (delay_s := self.wait_s(purpose)) > 0:
            await self._clock.sleep(min(delay_s, LONGEST_NAP_S))
        ticket = self.book(purpose)
        try:
            with self.carry(ticket):
                await self.keep()
                yield
        except NeuralBoxError as error:
            self.learn(error)
            raise
        finally:
            await self.keep()

    def sent(self) -> None:
        """A request leaves. One that nobody booked (a repeat, a second path) is counted here."""
        now = self._clock.monotonic()
        ticket = _carried.get()
        if ticket is not None and not ticket.has_left:
            ticket.has_left = True
            self.windows.left(ticket.number, now)
        else:
            self.windows.sent(now)
            self._unwritten.append(Booking(self._clock.now(), "again"))

    def answered(self, status: int | None, told: Allowance | None) -> None:
        """An exchange has ended: with an answer, whose headers tell, or (None) without."""
        now = self._clock.monotonic()
        if told is not None:
            self._tell(told, can_lift=status is not None and status < 400)
        elif status is not None and status < 400:
            self._silent += 1
            if self._silent == SILENT_ANSWERS:
                self._set_limits(None, None)
        if status is None or status >= 500:
            ticket = _carried.get()
            begun_at = now if ticket is None else ticket.begun_at
            if self._breaker.failed(now, begun_at, random.uniform(0.75, 1.25)):
                log.warning("NeuralBox gives no proper answer; one request at a time tries again")
                self.on_turn()
        elif self._breaker.answered():
            log.info("NeuralBox answers again")
            self.on_turn()

    def learn(self, error: Exception) -> None:
        """Take a cool-down from an answer that asks for one."""
        now = self._clock.monotonic()
        if isinstance(error, RateLimitedError):
            self.windows.cool_down(now + error.retry_after_s)
            self._cooled_until = max(self._cooled_until, now + error.retry_after_s)
            left_s = self._cooled_until - now
            self._facts[CLOSED] = json.dumps([self._clock.now() + left_s, left_s])
        elif isinstance(error, KEY_ERRORS):
            # Nothing can succeed until the host acts; one try a minute notices when they did.
            self._closed_until = max(self._closed_until, now + KEY_RETRY_S)

    def _reserve(self, purpose: str) -> Callable[[int], int]:
        if purpose == "submit":
            watched = self.watched()
            return lambda limit: watch_reserve(limit, watched)
        if purpose == "upkeep":
            return lambda limit: math.ceil(limit * UPKEEP_PART)
        return look_reserve if purpose == "look" else lambda _limit: 1

    def _many_free_at(self, window: Window, need: int) -> float:
        limit = window.limit or 1
        reserve = self._reserve("submit")(limit)
        whole, rest = divmod(need, max(1, limit - reserve))
        free_at = self.windows.free_at(
            self._clock.monotonic(), lambda one: reserve + rest if one == limit else 0
        )
        return free_at + whole * (window.width_s + GUARD_S)

    def _tell(self, told: Allowance, *, can_lift: bool) -> None:
        """Believe the headers; a limit is lifted only by a proper answer that says so."""
        now, is_first = self._clock.monotonic(), not self._is_told
        self._is_told, self._silent = True, 0
        hour, day = _limit(told.limit_hour), _limit(told.limit_day)
        if hour is None and not (can_lift and told.tells_hour):
            hour = self.windows.hour.limit
        if day is None and not (can_lift and told.tells_day):
            day = self.windows.day.limit
        self._set_limits(hour, day)
        resets_at = None
        if told.reset_hour_at is not None:
            resets_at = now + told.reset_hour_at - (self._clock.now() + self._box.skew_s)
        self.windows.told(now, told.remaining_hour, told.remaining_day, hour_resets_at=resets_at)
        if is_first:
            self.on_turn()  # who waited for this may go

    def _set_limits(self, hour: int | None, day: int | None) -> None:
        if (self.windows.hour.limit, self.windows.day.limit) != (hour, day):
            self.windows.hour.limit, self.windows.day.limit = hour, day
            self._facts[LIMITS] = json.dumps([hour, day])


def _limit(told: int | None) -> int | None:
    return None if told is None or told >= ENDLESS else told


def write(tx: sqlite3.Connection, notes: Notes) -> None:
    """Write down requests and what answers told, in the caller's transaction."""
    if notes.bookings:
        requests.add(tx, notes.bookings)
    for key, value in notes.facts.items():
        settings.put(tx, SCOPE, key, value)


def _take_up(tx: sqlite3.Connection, wall: float) -> tuple[list[float], dict[str, str]]:
    requests.pull_back(tx, wall)
    return requests.list_since(tx, wall - DAY_S - 60), settings.list_scope(tx, SCOPE)
