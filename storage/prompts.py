"""What members wrote, forgotten by age: the words go, jobs and books stay."""

import sqlite3
from collections.abc import Sequence


def list_old(tx: sqlite3.Connection, before: int) -> list[int]:
    """Return the jobs asked for before then that have ended, are told, and still have words."""
    rows = tx.execute(
        "SELECT j.id FROM job j JOIN job_state s ON s.name = j.state AND s.terminal = 1"
        " WHERE j.created_at < ?"
        " AND json_extract(j.request, '$.request.prompt') <> ''"
        " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.job = j.id AND o.done = 0)",
        (before,),
    )
    return [row[0] for row in rows]


def forget(tx: sqlite3.Connection, job_ids: Sequence[int]) -> None:
    """Empty what was written for these jobs, and what was said about it. May be repeated.

    That is prompt, avoid text and description, the vendor's and a moderator's own words, and the
    request that moderators were shown. The fingerprint stays: by it the vendor's history is
    compared with the books.
    """
    for job_id in job_ids:
        tx.execute(
            "UPDATE job SET request = json_set(request, '$.request.prompt', '',"
            " '$.request.negative_prompt', NULL) WHERE id = ?",
            (job_id,),
        )
        tx.execute("UPDATE showing SET alt_text = NULL WHERE job = ?", (job_id,))
        tx.execute("UPDATE result SET error = NULL WHERE job = ?", (job_id,))
        tx.execute("UPDATE outbox SET body = json_remove(body, '$.said') WHERE job = ?", (job_id,))
        tx.execute(
            "UPDATE notice SET body = json_set(body, '$.prompt', '', '$.avoid', NULL,"
            " '$.reason', NULL) WHERE (guild_id, mark) ="
            " (SELECT guild_id, 'approval:' || id FROM job WHERE id = ?)",
            (job_id,),
        )
