"""The usual ways of asking, behind the policy interface; they know of no allowance but a 429."""

import heapq
from typing import Any

START_S = 5.0
GROWTH = 1.5
CEILING_S = 60.0
SERVICE_FAILED_RETRY_S = 5.0


class PerJob:
    """One status request per open job and gap; the gap grows with every look up to a ceiling."""

    def __init__(self, first_s: float, growth: float = 1.0, ceiling_s: float = CEILING_S) -> None:
        self.first_s = first_s
        self.growth = growth
        self.ceiling_s = ceiling_s
        self._gaps: dict[str, float] = {}
        self._next: dict[str, float] = {}
        self._due: list[tuple[float, str]] = []
        self._not_before = float("-inf")

    def __call__(self, now: float, event: tuple[Any, ...]) -> tuple[float, Any] | None:
        """Take in one event and say what to send next, and when."""
        kind = event[0]
        if kind == "submitted":
            self._watch(now, event[1])
        elif kind == "refused":
            self._cool(now, event[2])
        elif kind == "restart":
            for id_, _, _ in event[1]:
                self._watch(now, id_)
        elif kind == "reply":
            self._take_in(now, event[1], event[2])
        while self._due and self._next.get(self._due[0][1]) != self._due[0][0]:
            heapq.heappop(self._due)
        if not self._due:
            return None
        due, id_ = self._due[0]
        return max(due, self._not_before), ("get", id_)

    def admit(self, now: float) -> float:
        """Submit at once, unless a 429 said when."""
        return max(0.0, self._not_before - now)

    def _watch(self, now: float, id_: str) -> None:
        self._look_after(now, id_, self.first_s)

    def _look_after(self, now: float, id_: str, gap_s: float) -> None:
        self._gaps[id_] = gap_s
        self._next[id_] = now + gap_s
        heapq.heappush(self._due, (now + gap_s, id_))

    def _cool(self, now: float, retry_after_s: float | None) -> None:
        wait_s = SERVICE_FAILED_RETRY_S if retry_after_s is None else retry_after_s
        self._not_before = now + wait_s

    def _take_in(self, now: float, request: tuple[Any, ...], reply: dict[str, Any]) -> None:
        if reply["code"] != 200:
            self._cool(now, reply.get("retry_after"))
            return
        ((id_, status, _),) = reply["rows"]
        if status == "pending":
            self._look_after(now, id_, min(self.ceiling_s, self._gaps[id_] * self.growth))
        else:
            del self._gaps[id_], self._next[id_]


def every_5s(ctx: dict[str, Any]) -> PerJob:
    """The published pattern."""
    return PerJob(5.0)


def every_2s(ctx: dict[str, Any]) -> PerJob:
    """The impatient pattern."""
    return PerJob(2.0)


def back_off(ctx: dict[str, Any]) -> PerJob:
    """Exponential back-off from 5 s to a minute."""
    return PerJob(START_S, GROWTH)


make = every_5s
