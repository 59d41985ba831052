"""The schedule that the bot runs, in a form that any simulator can drive.

    make(ctx) -> policy        ctx: models {name: (low_s, high_s)}, cap_hour, cap_day, page
    policy(now, event) -> None | (when, request)     each answer replaces the one before
    policy.admit(now) -> seconds until a submit may go, 0 for at once

Requests are ("get", id) and ("list", page, status); (when, None) asks to be called again then.
Everything that decides is in `jobs/schedule`; this only translates.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import Any

from jobs.schedule import Breaker, Look, Page, Schedule, Single, Waits, Windows
from jobs.schedule.pages import PAGE, Key

# A request whose answer never came is given up after so long, and the next one may go.
LOST_S = 60.0
# Called at least so often while something is open, so that a clock set anew is noticed.
HEARTBEAT_S = 600.0
# What the clock may be late beyond what was agreed before it counts as set anew.
JUMP_S = 90.0
# A 429 that does not say how long.
UNTOLD_PAUSE_S = 60.0
# For a model that nobody published.
UNKNOWN_RANGE_S = (20.0, 180.0)
OK, NOT_FOUND, TOO_MANY, BROKEN = 200, 404, 429, 500


def make(ctx: dict[str, Any]) -> "Policy":
    """Return a fresh policy for an account."""
    return Policy(ctx)


class Policy:
    """One run: told of events in order, answers what to send next."""

    def __init__(self, ctx: dict[str, Any]) -> None:
        ranges = dict(ctx["models"])
        self._windows = Windows(ctx.get("cap_hour"), ctx.get("cap_day"))
        waits = Waits(lambda kind: ranges.get(kind, UNKNOWN_RANGE_S))
        self._schedule = Schedule(waits, self._windows, ctx.get("page") or PAGE)
        self._breaker = Breaker()
        self._clock = _Steady()
        self._plan: tuple[float, Look] | None = None
        self._flying: tuple[float, Look] | None = None
        self._admitted: deque[tuple[float, int]] = deque()

    def __call__(self, now: float, event: tuple[Any, ...]) -> tuple[float, Any] | None:
        """Take an event; answer the next request and when, or when to be called again."""
        at = self._tell(now)
        self._depart(at, event)
        kind = event[0]
        if kind == "submitted":
            self._left(at)
            self._breaker.answered()
            self._schedule.add(event[1], event[2], at, at)
        elif kind == "refused":
            self._refused(at, self._left(at), event[1], event[2])
        elif kind == "reply":
            self._reply(at, event[1], event[2])
        elif kind == "restart":
            self._restart(at, now, event[1], event[2])
        answer = self._next(at)
        if answer is None and self._windows.is_limited:
            # With nothing open: nobody would notice that the clock was set.
            answer = (at + HEARTBEAT_S, None)
        self._clock.expect(math.inf if answer is None else answer[0])
        return None if answer is None else (now + (answer[0] - at), answer[1])

    def admit(self, now: float) -> float:
        """Return how long a submit has to wait; one that may go is counted from here on."""
        at = self._tell(now)
        while self._admitted and at - self._admitted[0][0] > LOST_S:
            self._left(at)  # nobody told what became of it
        admit_at = max(self._schedule.admit_at(at), self._breaker.free_at(at))
        if admit_at > at:
            return admit_at - at
        self._admitted.append((at, self._windows.book()))
        self._clock.expect(min(self._clock.expected, at + LOST_S))
        return 0.0

    def _tell(self, now: float) -> float:
        at = self._clock.tell(now)
        if self._clock.guessed_s:
            self._windows.moved(self._clock.guessed_s)
        return at

    def _left(self, at: float) -> float:
        """A submit was answered; return when it was admitted."""
        begun_at, number = self._admitted.popleft() if self._admitted else (at, -1)
        self._windows.left(number, at)
        return begun_at

    def _depart(self, at: float, event: tuple[Any, ...]) -> None:
        """Note the look that has left since the last call: nothing else tells."""
        if self._plan is not None and (self._plan[0] < at or event[0] == "reply"):
            self._flying, self._plan = self._plan, None
            self._windows.sent(self._flying[0])
            self._breaker.began(self._flying[0])
        if self._flying is not None and at - self._flying[0] > LOST_S:
            self._breaker.failed(at, self._flying[0])
            self._schedule.looked(self._flying[1], at)
            self._flying = None

    def _next(self, at: float) -> tuple[float, Any] | None:
        self._plan = None
        if self._flying is not None:
            return self._flying[0] + LOST_S + 1.0, None
        plan = self._schedule.next(at)
        if plan is None:
            return None
        when = max(plan.at, self._breaker.free_at(at))
        if plan.look is None or when > at + HEARTBEAT_S:
            return min(when, at + HEARTBEAT_S), None
        self._plan = (when, plan.look)
        return when, _request(plan.look)

    def _reply(self, at: float, request: tuple[Any, ...], reply: dict[str, Any]) -> None:
        look: Look = Single(request[1]) if request[0] == "get" else Page(request[1])
        begun_at = self._flying[0] if self._flying is not None else at
        self._flying = None
        self._windows.told(at, reply.get("rem_hour"), reply.get("rem_day"))
        expected = self._schedule.expected(look)
        code = reply.get("code")
        if code == OK:
            self._breaker.answered()
            self._take(at, look, reply.get("rows") or (), expected)
        elif code == NOT_FOUND:
            self._breaker.answered()
        else:
            self._refused(at, begun_at, code, reply.get("retry_after"))
            expected = set()  # an error says nothing of anybody
        if isinstance(look, Page):
            self._schedule.unlisted(expected, at)
        else:
            for job in expected:
                self._schedule.missed(job, at)
        self._schedule.looked(look, at)

    def _take(self, at: float, look: Look, rows: Iterable[Any], expected: set[Key]) -> None:
        """Take out of `expected` what the rows tell of."""
        for job, status, took_s in rows:
            if job not in self._schedule:
                continue
            if isinstance(look, Page):
                self._schedule.listed(job)
            if status == "failed" and isinstance(look, Page):
                # Only the status call tells why.
                self._schedule.missed(job, at, pause_s=0.0)
            elif status == "failed":
                self._schedule.saw_failed(job)
            elif status == "completed":
                self._schedule.saw_completed(job, at, took_s)
            elif status == "pending":
                self._schedule.saw_open(job, at)
            else:
                continue  # a word nobody published is no information
            expected.discard(job)

    def _refused(
        self, at: float, begun_at: float, code: int | None, retry_after_s: float | None
    ) -> None:
        if code == TOO_MANY:
            self._windows.cool_down(at + (retry_after_s or UNTOLD_PAUSE_S))
        elif code is None or code >= BROKEN:
            self._breaker.failed(at, begun_at)
            if retry_after_s:
                self._windows.cool_down(at + retry_after_s)

    def _restart(
        self, at: float, now: float, jobs: list[tuple[Any, ...]], sends: list[float]
    ) -> None:
        """Take up what the store remembers; the first looks show all that is open."""
        left_at = sorted(at - max(0.0, now - sent) for sent in sends)
        self._windows.remember(left_at)
        # Nobody tells which of them were submits; under a tight plan about each third is.
        self._schedule.remember(left_at[::3])
        for job, model, submitted_at in sorted(jobs, key=lambda row: row[2]):
            self._schedule.add(job, model, at - max(0.0, now - submitted_at), at)


class _Steady:
    """A steady clock out of one that may be set anew: what jumps is taken out."""

    def __init__(self) -> None:
        self._told: float | None = None
        self._steady = 0.0
        self.expected = math.inf
        """When the next call is due."""
        self.guessed_s = 0.0
        """How much of the last step nobody can be sure of: the clock was set meanwhile."""

    def tell(self, now: float) -> float:
        """Return the steady time of this call."""
        self.guessed_s = 0.0
        if self._told is None:
            self._steady = now
        else:
            passed = now - self._told
            if passed < 0:
                passed = 0.0
            elif self._steady + passed > self.expected + JUMP_S:
                passed = self.guessed_s = max(0.0, self.expected - self._steady)
            self._steady += passed
        self._told = now
        return self._steady

    def expect(self, at: float) -> None:
        """The next call was asked for at that (steady) time."""
        self.expected = at


def _request(look: Look) -> tuple[Any, ...]:
    return ("get", look.job) if isinstance(look, Single) else ("list", look.number, None)
