"""A guild's token movements outside its pots, one by one as they were booked."""

import sqlite3
from dataclasses import dataclass

# CROSS JOIN keeps the order of reading: any other one would read what other guilds did as well.
_MOVEMENTS = """
WITH held AS MATERIALIZED (
  SELECT h.seq, h.account, h.job, j.user_id, h.at, h.d_held
   FROM cell c INDEXED BY cell_of
   CROSS JOIN entry h INDEXED BY entry_held_at
     ON h.account = c.account AND h.kind = 'hold' AND h.at >= :start AND h.at < :end
   CROSS JOIN job j ON j.id = h.job
  WHERE c.level = 'guild' AND c.guild_id = :guild AND c.user_id = 0 AND c.last_at >= :start
    AND c.pot_id = 0
)
SELECT seq, job, user_id, at, 1, d_held, 0 FROM held
 UNION ALL
SELECT r.seq, h.job, h.user_id, h.at, 0, r.d_held, r.d_spent
 FROM held h CROSS JOIN entry r ON r.resolves = h.seq
 UNION ALL
SELECT x.seq, h.job, h.user_id, h.at, 0, 0, x.d_spent
 FROM held h CROSS JOIN entry x INDEXED BY entry_correct
   ON x.job = h.job AND x.kind = 'correct' AND x.account = h.account
 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Movement:
    """What one entry changed for a job's guild, in tokens; `held_at` is when the job was held.

    The first one of a job is its hold; `seq` tells the order of all.
    """

    seq: int
    job_id: int
    user_id: int
    held_at: int
    is_hold: bool
    d_held: int
    d_spent: int


def list_of(tx: sqlite3.Connection, guild_id: int, start: int, end: int) -> list[Movement]:
    """Return all that was booked for jobs held at or after `start` and before `end`, by `seq`."""
    rows = tx.execute(_MOVEMENTS, {"guild": guild_id, "start": start, "end": end})
    return [Movement(r[0], r[1], r[2], r[3], bool(r[4]), r[5], r[6]) for r in rows]
