"""What a guild's tokens went to, summed by SQLite in one pass over the holds of a stretch of time.

A job counts where and when its tokens were held, with all that was booked for it since. The
guild's own legs are read, its pots' among them; so every sum agrees with the guild's accounts.
"""

import json
import sqlite3
from dataclasses import dataclass

from models import State

# Each hold of the guild's by the stretch it is in. CROSS JOIN keeps the order of reading: any other
# one would read what other guilds did as well.
_HELD = """
WITH stretch(place, start, finish) AS MATERIALIZED (
  SELECT key, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:stretches)
), held AS (
  SELECT s.place, c.account, c.pot_id, h.seq, h.job, h.d_held
   FROM stretch s
   CROSS JOIN cell c INDEXED BY cell_of
     ON c.level = 'guild' AND c.guild_id = :guild AND c.user_id = 0 AND c.last_at >= s.start
   CROSS JOIN entry h INDEXED BY entry_held_at
     ON h.account = c.account AND h.kind = 'hold' AND h.at >= s.start AND h.at < s.finish
)
"""
# Corrections are few: they are summed once instead of looked for under every job.
_GROUPS = """
, corrected(job, account, tokens) AS MATERIALIZED (
  SELECT job, account, sum(d_spent) FROM entry INDEXED BY entry_correct WHERE kind = 'correct'
   GROUP BY 1, 2
), told AS (
  SELECT h.place, h.pot_id, j.user_id, j.model, j.state, h.d_held AS hold,
    r.seq IS NULL AS is_open, coalesce(r.d_spent, 0) + coalesce(x.tokens, 0) AS spent
   FROM held h CROSS JOIN job j ON j.id = h.job LEFT JOIN entry r ON r.resolves = h.seq
   LEFT JOIN corrected x ON x.job = h.job AND x.account = h.account
)
SELECT place, pot_id, user_id, model,
  iif(state = 'not_submitted' AND spent <> 0, 'completed', state),
  count(*), sum(spent), sum(iif(is_open, hold, 0)), sum(iif(is_open, 0, max(0, hold - spent)))
 FROM told GROUP BY 1, 2, 3, 4, 5
"""
_COUNT = _HELD + "SELECT count(*) FROM held"  # noqa: S608 - a constant of ours
FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Group:
    """The jobs of one member, model and state that were held in one stretch, in one pot or outside.

    `place` is that of the stretch among those asked for; `pot_id` is 0 outside pots. A job that
    was given up as not made, and was charged after all, is in the state completed.
    """

    place: int
    pot_id: int
    user_id: int
    model: str
    state: State
    jobs: int
    spent_tokens: int
    held_tokens: int
    returned_tokens: int


@dataclass(frozen=True, slots=True)
class OpenJob:
    """An unfinished job and its hold; `attention` is what a person should know of it."""

    id: int
    public_id: str
    user_id: int
    channel_id: int
    message_id: int | None
    state: State
    held_tokens: int
    held_at: int
    attention: str | None

    @property
    def is_in_doubt(self) -> bool:
        """True while nobody knows whether the vendor has it, or a person has to look."""
        return self.state is State.UNKNOWN or self.attention is not None


def list_groups(
    tx: sqlite3.Connection, guild_id: int, stretches: list[tuple[int, int]]
) -> list[Group]:
    """Return a guild's jobs held in each stretch `start` <= moment < `end` (epoch s), summed."""
    values = {"guild": guild_id, "stretches": json.dumps(stretches)}
    return [
        Group(row[0], row[1], row[2], row[3], State(row[4]), row[5], row[6], row[7], row[8])
        for row in tx.execute(_HELD + _GROUPS, values)
    ]


def count_jobs(tx: sqlite3.Connection, guild_id: int, start: int, end: int) -> int:
    """Return how many jobs of a guild were held in a stretch of time."""
    values = {"guild": guild_id, "stretches": json.dumps([(start, end)])}
    return int(tx.execute(_COUNT, values).fetchone()[0])


def first_held_at(tx: sqlite3.Connection, guild_id: int) -> int | None:
    """Return when a guild first held anything, None when it never did."""
    row = tx.execute(
        "SELECT min(first_at) FROM cell WHERE level = 'guild' AND guild_id = ? AND user_id = 0",
        (guild_id,),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def find_oldest_open(tx: sqlite3.Connection, guild_id: int) -> OpenJob | None:
    """Return a guild's oldest unfinished job, None when all are done."""
    row = tx.execute(
        "SELECT j.id, j.public_id, j.user_id, j.channel_id, j.message_id, j.state, h.d_held, h.at,"
        "  j.attention"
        # Named, since the planner would read a guild's whole past instead.
        " FROM job j INDEXED BY job_open JOIN entry h ON h.job = j.id AND h.kind = 'hold'"
        " WHERE j.guild_id = ?"
        " AND j.state IN ('reserved','queued','submitting','unknown','pending')"
        " ORDER BY j.id LIMIT 1",
        (guild_id,),
    ).fetchone()
    if row is None:
        return None
    return OpenJob(row[0], row[1], row[2], row[3], row[4], State(row[5]), row[6], row[7], row[8])
