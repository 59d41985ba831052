"""Which messages are brought next."""

import sqlite3

from storage import outbox
from storage.database import Database
from tests.jobs.past import Past
from tests.jobs.reporting import NOW


def put_all(tx: sqlite3.Connection, job_id: int, kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        outbox.put(tx, job_id, kind, {"stage": "rendering"}, NOW)


async def test_a_busy_job_with_several_messages_keeps_nobody_else_waiting(
    db: Database, past: Past
) -> None:
    busy, other = await past.reserve(NOW), await past.reserve(NOW)
    await db.write(put_all, busy, ("final", "late", "redraw"))
    await db.write(put_all, other, ("final", "progress"))
    [due] = await db.read(outbox.list_due, NOW, 1, frozenset({busy}))
    assert (due.job_id, due.kind) == (other, "final")
    kinds = [row.kind for row in await db.read(outbox.list_due, NOW, 5)]
    assert kinds == ["final", "late", "redraw", "final", "progress"]
