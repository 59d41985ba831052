"""Whose turn it is: deficit round robin between guilds, then between the members of a guild.

Time is counted in rounds. In each, every line that waits earns its weight; a turn, one video,
costs `TURN`. So a line's next turn comes in a round that is known beforehand, and nobody has to
walk through the rounds between. In one round, whoever was served longest ago begins, then age.

A line that cannot go when its turn comes holds that one turn until it can, and meanwhile the others
go on; it earns no second one. A line that is empty is forgotten with what it earned.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from config import WEIGHTS
from models import Job

# Whole numbers, so that shares stay exact however long the bot runs.
WEIGHT = 1000  # earned in a round at weight 1
TURN = WEIGHT * WEIGHTS[1]  # more than anybody earns in a round would be worth two turns in one

T = TypeVar("T")
Lines = dict[int, dict[int, list[Job]]]
"""Waiting jobs by guild and member, the oldest first."""


@dataclass(slots=True)
class _Line:
    """Who waits in a line of their own: `credit` was left at round `since`; `turn` is the last."""

    weight: int
    since: int
    credit: int = 0
    turn: int = 0

    @property
    def due(self) -> int:
        """The round in which its next turn comes, or came."""
        return self.since + max(0, -((self.credit - TURN) // self.weight))

    def take(self, now: int, turn: int) -> int:
        """Pay for a turn in round `now` or when it is due; return the round it is then."""
        due = self.due
        self.credit += (due - self.since) * self.weight - TURN
        self.since, self.turn = max(now, due), turn
        return self.since


class _Ring:
    """Lines that take turns."""

    def __init__(self, weights: Mapping[int, float]) -> None:
        self._weights = weights
        self._now = self._turn = 0
        self._lines: dict[int, _Line] = {}

    def keep(self, waiting: Collection[int]) -> None:
        """Let new lines join in this round; forget those that do not wait any more."""
        self._lines = {key: self._line(key) for key in waiting}

    def serve(self, key: int) -> None:
        """Note that a line had its turn."""
        self._turn += 1
        line = self._lines[key] = self._line(key)
        self._now = line.take(self._now, self._turn)

    def give_back(self, key: int) -> None:
        """Let a line that was served go first of all: nothing came of its turn."""
        line = self._lines[key] = self._line(key)
        line.credit += TURN
        # Before those that were held up, too; with a turn paid for, an earlier round earns nothing.
        line.since = min(each.due for each in self._lines.values()) - 1
        line.turn = 0

    def sequence(self, waiting: Mapping[int, tuple[int, Iterator[T]]]) -> Iterator[T]:
        """Yield what waits in the order of turns; each line with the number of its oldest job."""
        now, turn = self._now, self._turn
        heap = []
        for key, (oldest, line) in waiting.items():
            first = replace(self._line(key))
            heap.append((first.due, first.turn, oldest, key, first, line))
        heapq.heapify(heap)
        while heap:
            _due, _turn, oldest, key, place, line = heap[0]
            try:
                one = next(line)
            except StopIteration:
                heapq.heappop(heap)
                continue
            yield one
            turn += 1
            now = place.take(now, turn)
            heapq.heapreplace(heap, (place.due, turn, oldest, key, place, line))

    def _line(self, key: int) -> _Line:
        known = self._lines.get(key)
        return known or _Line(round(self._weights.get(key, 1) * WEIGHT), self._now)


class Turns:
    """Deals out turns. `weights` are shares by guild, 1 for those not named; members are equal."""

    def __init__(self, weights: Mapping[int, float] | None = None) -> None:
        self._guilds = _Ring(weights or {})
        self._members: dict[int, _Ring] = {}

    def keep(self, waiting: Iterable[Job]) -> None:
        """Say who waits now, before turns are given: new lines join, empty ones are forgotten."""
        lines = _lines(waiting)
        self._guilds.keep(lines)
        self._members = {guild_id: self._ring(guild_id) for guild_id in lines}
        for guild_id, members in lines.items():
            self._members[guild_id].keep(members)

    def order(self, waiting: Iterable[Job]) -> list[Job]:
        """Return the waiting jobs in the order in which they will be taken. Changes nothing."""
        return list(self._sequence(_lines(waiting)))

    def place(self, job: Job, waiting: Iterable[Job]) -> int:
        """Return the place of a job among those that wait, 1 being next. Changes nothing."""
        order = self._sequence(_lines([*waiting, job]))
        return next(place for place, one in enumerate(order, start=1) if one.id == job.id)

    def serve(self, job: Job) -> None:
        """Note that this job had its turn, whether or not it was the first in the order."""
        self._guilds.serve(job.guild_id)
        self._members[job.guild_id] = members = self._ring(job.guild_id)
        members.serve(job.user_id)

    def give_back(self, job: Job) -> None:
        """Note that a job that was served waits again, as if it had not been: it was not sent."""
        self._guilds.give_back(job.guild_id)
        self._members[job.guild_id] = members = self._ring(job.guild_id)
        members.give_back(job.user_id)

    def _sequence(self, lines: Lines) -> Iterator[Job]:
        guilds = {}
        for guild_id, members in lines.items():
            of_member = {user_id: (jobs[0].id, iter(jobs)) for user_id, jobs in members.items()}
            oldest = min(jobs[0].id for jobs in members.values())
            guilds[guild_id] = (oldest, self._ring(guild_id).sequence(of_member))
        return self._guilds.sequence(guilds)

    def _ring(self, guild_id: int) -> _Ring:
        return self._members.get(guild_id) or _Ring({})


def _lines(waiting: Iterable[Job]) -> Lines:
    lines: Lines = {}
    for job in sorted(waiting, key=lambda job: job.id):
        lines.setdefault(job.guild_id, {}).setdefault(job.user_id, []).append(job)
    return lines
