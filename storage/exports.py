"""A guild's ledger and jobs as rows for a file, read backwards in pieces of a bounded size.

A piece is so many numbers of the host's own counting, of which any part may be the guild's: the
time it takes does not depend on what is asked for, and nothing is read twice.
"""

import sqlite3
from dataclasses import dataclass

_ENTRIES = """
SELECT e.seq, e.at, e.account, c.level, c.user_id, c.pot_id, e.kind, e.job, e.d_lim, e.d_held,
  e.d_spent, iif(e.capped, e.lim_after, NULL), e.held_after, e.spent_after, e.actor, e.reason
 FROM entry e CROSS JOIN cell c ON c.account = e.account
 WHERE e.seq > :after AND e.seq <= :until AND c.guild_id = :guild AND c.level <> 'host'
 ORDER BY e.seq
"""
_JOBS = """
SELECT j.id, j.created_at, j.user_id, j.channel_id, j.model,
  json_extract(j.request, '$.request.duration_s'), j.state, j.hold,
  iif(r.seq IS NULL, h.d_held, 0),
  coalesce(r.d_spent, 0) + coalesce((SELECT sum(x.d_spent) FROM entry x INDEXED BY entry_correct
    WHERE x.job = j.id AND x.kind = 'correct' AND x.account = h.account), 0),
  c.pot_id,
  iif(:with_prompts AND NOT coalesce(json_extract(j.request, '$.is_private'), 0),
    json_extract(j.request, '$.request.prompt'), NULL)
 FROM job j
 CROSS JOIN entry h INDEXED BY one_hold ON h.job = j.id AND h.kind = 'hold'
 CROSS JOIN cell c ON c.account = h.account AND c.level = 'guild' AND c.guild_id = j.guild_id
 LEFT JOIN entry r ON r.resolves = h.seq
 WHERE j.id > :after AND j.id <= :until AND j.guild_id = :guild
 ORDER BY j.id
"""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One leg of a movement: changes in tokens and the account's balance right after it.

    `user_id` is 0 on the guild's own accounts, `pot_id` 0 outside pots; `limit_after` is None
    without a limit.
    """

    seq: int
    at: int
    account: str
    level: str
    user_id: int
    pot_id: int
    kind: str
    job_id: int | None
    d_limit: int
    d_held: int
    d_spent: int
    limit_after: int | None
    held_after: int
    spent_after: int
    actor: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job: what was held for it, is held still, and was charged, in tokens.

    `prompt` is None unless asked for, and always where the member asked for a private video.
    """

    id: int
    at: int
    user_id: int
    channel_id: int
    model: str
    duration_s: int
    state: str
    hold_tokens: int
    held_tokens: int
    charged_tokens: int
    pot_id: int
    prompt: str | None


def last_numbers(tx: sqlite3.Connection) -> tuple[int, int]:
    """Return the number of the newest entry and of the newest job, of any guild; 0 for none."""
    row = tx.execute(
        "SELECT coalesce((SELECT max(seq) FROM entry), 0), coalesce((SELECT max(id) FROM job), 0)"
    ).fetchone()
    return int(row[0]), int(row[1])


def list_entries(tx: sqlite3.Connection, guild_id: int, after: int, until: int) -> list[EntryRow]:
    """Return a guild's and its members' entries with `after` < number <= `until`, in order."""
    rows = tx.execute(_ENTRIES, {"guild": guild_id, "after": after, "until": until})
    return [EntryRow(*row) for row in rows]


def list_jobs(
    tx: sqlite3.Connection, guild_id: int, with_prompts: bool, after: int, until: int
) -> list[JobRow]:
    """Return a guild's jobs with `after` < number <= `until`, in order."""
    values = {"guild": guild_id, "with_prompts": with_prompts, "after": after, "until": until}
    return [JobRow(*row) for row in tx.execute(_JOBS, values)]
