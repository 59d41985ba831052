"""Defects of what surrounds a plain /video: files, drafts, moderators, private videos, grants."""

from tests.harness.defects.defect import one

DEFECTS = (
    one(
        "a picture is dropped before the commit",
        "a kill between the two, and the books name what is not there",
        "jobs/delivery.py",
        "        if job.request.picture is not None and await self._db.insist(",
        "        if job.request.picture is not None:\n"
        "            self._pictures.drop(job.request.picture)\n"
        "        if job.request.picture is not None and await self._db.insist(",
        "taken down",
        "every boundary",
    ),
    one(
        "a video is dropped before the commit",
        "a kill between the two, and the books name what is not there",
        "jobs/delivery.py",
        "        if file := await self._db.insist(results.drop_file, job.id):",
        "        known = await self._db.read(results.find, job.id)\n"
        "        if known is not None and known.file is not None:\n"
        "            self._videos.drop(known.file)\n"
        "        if file := await self._db.insist(results.drop_file, job.id):",
        "taken down",
        "every boundary",
    ),
    one(
        "what a kill left stays for ever",
        "files that nothing names, of videos and pictures",
        "jobs/keeping.py",
        "            if path.is_file() and (stem in dropped or path.stat().st_mtime < young):",
        "            if path.is_file() and stem in dropped:",
        "pictures",
        "every boundary",
    ),
    one(
        "a denial that lets the job be",
        "a video that a moderator denied is made and charged",
        "jobs/approvals.py",
        "    moves.cancel(tx, job_id, State.QUEUED, DENIED, now, tell=True, facts=facts)",
        "    assert facts",
        "denied",
    ),
    one(
        "a denial gives the tokens back twice",
        "the books refuse that, and nobody can deny a video any more",
        "jobs/approvals.py",
        "    moves.cancel(tx, job_id, State.QUEUED, DENIED, now, tell=True, facts=facts)",
        "    moves.cancel(tx, job_id, State.QUEUED, DENIED, now, tell=True, facts=facts)\n"
        "    ledger.release(tx, job_id, now, reason='once more')",
        "denied",
    ),
    one(
        "a smaller one beside the larger one",
        "two videos for one wish",
        "jobs/approvals.py",
        "    moves.cancel(tx, job_id, State.QUEUED, REPLACED, now, tell=False)",
        "    assert REPLACED",
        "approved smaller",
    ),
    one(
        "a wait that ends for nobody",
        "tokens that are held for ever",
        "jobs/approvals.py",
        "    moves.cancel(tx, job_id, State.QUEUED, LAPSED, now, tell=True)",
        "    assert LAPSED",
        "nobody decides",
    ),
    one(
        "a question that holds already",
        "tokens held before their requester said yes",
        "jobs/drafts.py",
        "        made = await self._service.rehearse(asker, order)",
        "        made = await self._service.reserve(asker, order, None)",
        "asked first",
    ),
    one(
        "a grant may come twice",
        "more given than an admin gave",
        "storage/choices.py",
        "    if cursor.rowcount != 1:",
        "    if cursor.rowcount > 1:",
        "granted",
    ),
    one(
        "no nonce on a direct message",
        "a private video comes twice",
        "ui/private.py",
        "    await _dm(client, view, embed=embed, files=files, nonce=nonce)",
        "    assert nonce\n    await _dm(client, view, embed=embed, files=files)",
        "private,lost pings",
    ),
)
