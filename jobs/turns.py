"""Whose turn it is: guilds alternate, then the members within a guild, then the oldest job."""

from collections.abc import Iterable
from itertools import zip_longest

from models import Job


class Turns:
    """Remembers who was served when; whoever waited longest since their last turn is next."""

    def __init__(self) -> None:
        self._served = 0
        self._guilds: dict[int, int] = {}
        self._members: dict[tuple[int, int], int] = {}

    def order(self, waiting: Iterable[Job]) -> list[Job]:
        """Return the waiting jobs in the order in which they will be taken. Changes nothing."""
        guilds: dict[int, dict[int, list[Job]]] = {}
        for job in sorted(waiting, key=lambda job: job.id):
            guilds.setdefault(job.guild_id, {}).setdefault(job.user_id, []).append(job)
        lines = []
        for guild_id, members in guilds.items():
            line = _in_turn(
                (self._members.get((guild_id, user_id), 0), jobs)
                for user_id, jobs in members.items()
            )
            lines.append((self._guilds.get(guild_id, 0), line))
        return _in_turn(lines)

    def serve(self, job: Job) -> None:
        """Note that this job had its turn."""
        self._served += 1
        self._guilds[job.guild_id] = self._served
        self._members[job.guild_id, job.user_id] = self._served


def _in_turn(lines: Iterable[tuple[int, list[Job]]]) -> list[Job]:
    """Take one job of each line after the other: who was served longest ago begins, then age."""
    ordered = sorted(lines, key=lambda line: (line[0], line[1][0].id))
    rounds = zip_longest(*(jobs for _served, jobs in ordered))
    return [job for one_round in rounds for job in one_round if job is not None]
