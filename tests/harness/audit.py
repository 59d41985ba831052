"""What must be true: straight after a kill of the books, and at the end of everything there is."""

import json
import sqlite3
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from playground.neuralbox.books import BoxGeneration
from storage import invariants, ledger, schema
from storage.outbox import PARKED
from tests.harness import answers, cards, files
from tests.harness.stage import DATABASE, Stage, reading
from tests.harness.workload import Workload

FINAL = ("completed", "failed", "rejected", "cancelled", "not_submitted")
# An answer with one of these certainly made nothing; after any other a request is never repeated.
CERTAIN = frozenset({400, 401, 402, 403, 404, 422, 429})


def after_kill(data: Path) -> list[str]:
    """Return what is wrong with the books of a bot that was just killed."""
    if not (data / DATABASE).exists():
        return []  # killed before there were any
    with reading(data) as tx:
        if not _is_up_to_date(tx):
            return []
        found = invariants.violations(tx)
        missing = files.missing(tx, data)
    return [f"{name}: {rows}" for name, rows in found.items()] + missing


def _is_up_to_date(tx: sqlite3.Connection) -> bool:
    (version,) = tx.execute("PRAGMA user_version").fetchone()
    return bool(version == _newest_version())


@cache
def _newest_version() -> int:
    return schema.newest_version()


def is_quiet(data: Path, stage: Stage) -> bool:
    """Say whether everything that was begun has ended, here and at the vendor."""
    ours = _ours(stage)
    if any(one.status == "pending" for one in ours) or not (data / DATABASE).exists():
        return False
    with reading(data) as tx:
        if not _is_up_to_date(tx):
            return False
        open_jobs = count_open(tx)
        (untold,) = tx.execute("SELECT count(*) FROM outbox WHERE done = 0").fetchone()
        (unwritten,) = tx.execute("SELECT count(*) FROM notice WHERE done = 0").fetchone()
        claimed = {row[0] for row in tx.execute("SELECT vendor_id FROM vendor_claim")}
    return not open_jobs and not untold and not unwritten and {one.id for one in ours} <= claimed


def count_open(tx: sqlite3.Connection) -> int:
    """Return how many jobs have not ended."""
    marks = ",".join("?" * len(FINAL))
    query = f"SELECT count(*) FROM job WHERE state NOT IN ({marks})"  # noqa: S608 - marks alone
    return int(tx.execute(query, FINAL).fetchone()[0])


def at_end(data: Path, stage: Stage, work: Workload) -> list[str]:
    """Return everything that is wrong when all is over."""
    wrong = after_kill(data)
    with reading(data) as tx:
        jobs = [dict(row) for row in tx.execute("SELECT * FROM job ORDER BY id")]
        for job in jobs:
            stored = json.loads(job["request"])
            job |= {"request": stored["request"], "is_private": stored["is_private"]}
        wrong += _money(tx, stage)
        wrong += _generations(tx, jobs, stage)
        wrong += _requests(jobs, stage)
        wrong += cards.wrong(tx, jobs, stage, work)
        wrong += answers.wrong(tx, jobs, stage, work)
        wrong += _rows(tx, jobs)
        late = "SELECT job FROM vendor_claim WHERE how = 'late'"
        if not work.may_be_late:
            wrong += [f"job {row[0]} was given up, and made" for row in tx.execute(late)]
    return wrong


def _rows(tx: sqlite3.Connection, jobs: list[dict[str, Any]]) -> list[str]:
    wrong = [f"job {job['id']} is {job['state']}" for job in jobs if job["state"] not in FINAL]
    private = {job["id"] for job in jobs if job["is_private"]}
    for row in tx.execute("SELECT job, kind, done, body FROM outbox WHERE done <> 1"):
        if row["done"] == PARKED and row["job"] in private:
            continue  # kept until its requester asks for it: nobody else may see it
        wrong.append(f"job {row['job']}: its {row['kind']} message is not brought ({row['done']})")
    return wrong


def _money(tx: sqlite3.Connection, stage: Stage) -> list[str]:
    """The ledger is what the vendor's own books say, token for token."""
    wrong = []
    use = ledger.total(tx)
    strangers = sum(one.tokens_spent for one in _made(stage) if one.is_foreign)
    charged = stage.box.charged_total - strangers
    if use.spent_tokens != charged:
        wrong.append(f"the ledger says {use.spent_tokens} tokens, the vendor {charged}")
    if use.held_tokens:
        wrong.append(f"{use.held_tokens} tokens are still held")
    return wrong


def _generations(tx: sqlite3.Connection, jobs: list[dict[str, Any]], stage: Stage) -> list[str]:
    """Each generation is claimed once, by the job that it was made for."""
    wrong = []
    by_id = {job["id"]: job for job in jobs}
    claims = {row["vendor_id"]: row for row in tx.execute("SELECT * FROM vendor_claim")}
    for one in _ours(stage):
        claim = claims.pop(one.id, None)
        if claim is None or claim["job"] is None:
            how = "nobody" if claim is None else claim["how"]
            wrong.append(f"generation {one.id} is claimed by {how}")
            continue
        job = by_id[claim["job"]]
        if job["request"]["prompt"] != one.prompt:
            wrong.append(f"job {job['id']} has generation {one.id} of another prompt")
        if claim["how"] == "late":
            continue
        if job["state"] != one.status or job["tokens"] != one.tokens_spent:
            told = f"{one.status} for {one.tokens_spent}"
            wrong.append(f"job {job['id']}: {job['state']} for {job['tokens']}, at the box {told}")
    for vendor_id, claim in claims.items():
        if claim["job"] is not None:
            wrong.append(f"job {claim['job']} claims {vendor_id}, which nobody made for it")
    return wrong


def _requests(jobs: list[dict[str, Any]], stage: Stage) -> list[str]:
    """A request that may have been accepted is never sent again."""
    wanted = Counter(job["request"]["prompt"] for job in jobs)
    sent = Counter(
        seen.json["prompt"]
        for seen in stage.box.requests
        if (seen.method, seen.path) == ("POST", "/generate")
        and isinstance(seen.json, dict)
        and seen.status not in CERTAIN
    )
    return [
        f"{sent[prompt]} requests may have made {prompt!r}, for {wanted[prompt]} jobs"
        for prompt in sent
        if sent[prompt] > wanted[prompt]
    ]


def _made(stage: Stage) -> list[BoxGeneration]:
    return list(stage.box.generations.values())


def _ours(stage: Stage) -> list[BoxGeneration]:
    return [one for one in _made(stage) if not one.is_foreign]
