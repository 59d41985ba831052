"""Which messages are brought next."""

import sqlite3

import pytest

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


@pytest.mark.fault("C6")
async def test_after_an_outage_the_oldest_goes_first_however_often_it_failed(
    db: Database, past: Past
) -> None:
    job_ids = [await past.reserve(NOW) for _ in range(3)]

    def failed_before(tx: sqlite3.Connection) -> None:
        for age, job_id in zip((3, 2, 1), job_ids, strict=True):
            outbox.put(tx, job_id, "final", {}, NOW)
            row = next(row for row in outbox.list_due(tx, NOW, 9) if row.job_id == job_id)
            outbox.postpone(tx, row.id, NOW + 1000 * age)

    await db.write(failed_before)
    assert await db.read(outbox.list_due, NOW + 1, 9) == []
    await db.write(outbox.hurry)
    due = await db.read(outbox.list_due, NOW + 1, 9)
    assert [row.job_id for row in due] == job_ids
