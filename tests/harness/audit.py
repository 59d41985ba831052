"""What must be true: straight after a kill of the books, and at the end of everything there is."""

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from playground.discord.interactions import InteractionKind
from playground.discord.world import Message
from playground.neuralbox.books import BoxGeneration
from storage import invariants, ledger, schema
from tests.harness.stage import DATABASE, Stage, reading
from tests.harness.workload import Workload

FINAL = ("completed", "failed", "rejected", "cancelled", "not_submitted")
# An answer with one of these certainly made nothing; after any other a request is never repeated.
CERTAIN = frozenset({400, 401, 402, 403, 404, 422, 429})
TITLES = {
    "completed": {"Your video is ready"},
    "failed": {"This video could not be made"},
    "rejected": {"NeuralBox refused this video"},
    "cancelled": {"This video was not started"},
    "not_submitted": {"This video was not started"},
}


def after_kill(data: Path) -> list[str]:
    """Return what is wrong with the books of a bot that was just killed."""
    if not is_made(data):
        return []  # killed before there were any
    with reading(data) as tx:
        found = invariants.violations(tx)
    return [f"{name}: {rows}" for name, rows in found.items()]


def is_made(data: Path) -> bool:
    """Say whether the database is there, with every migration."""
    if not (data / DATABASE).exists():
        return False
    with reading(data) as tx:
        (version,) = tx.execute("PRAGMA user_version").fetchone()
    return bool(version == schema.migrations()[-1][0])


def is_quiet(data: Path, stage: Stage) -> bool:
    """Say whether everything that was begun has ended, here and at the vendor."""
    if any(one.status == "pending" for one in _ours(stage)) or not is_made(data):
        return False
    with reading(data) as tx:
        open_jobs = count_open(tx)
        (untold,) = tx.execute("SELECT count(*) FROM outbox WHERE done = 0").fetchone()
        claimed = {row[0] for row in tx.execute("SELECT vendor_id FROM vendor_claim")}
    return not open_jobs and not untold and {one.id for one in _ours(stage)} <= claimed


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
            job["request"] = json.loads(job["request"])["request"]
        wrong += _money(tx, stage)
        wrong += _generations(tx, jobs, stage)
        wrong += _requests(jobs, stage)
        wrong += _messages(tx, jobs, stage)
        wrong += _rows(tx, jobs)
        late = "SELECT job FROM vendor_claim WHERE how = 'late'"
        if not work.may_be_late:
            wrong += [f"job {row[0]} was given up, and made" for row in tx.execute(late)]
    return wrong


def _rows(tx: sqlite3.Connection, jobs: list[dict[str, Any]]) -> list[str]:
    wrong = [f"job {job['id']} is {job['state']}" for job in jobs if job["state"] not in FINAL]
    for row in tx.execute("SELECT job, kind, done, body FROM outbox WHERE done <> 1"):
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


def _messages(tx: sqlite3.Connection, jobs: list[dict[str, Any]], stage: Stage) -> list[str]:
    """Each card that members see is in one last form, with one ping."""
    wrong = []
    everything = [one for one in stage.discord.world.messages.values() if one.author.bot]
    seen = [one for one in everything if not one.ephemeral and not one.deleted]
    cards: dict[int, list[Message]] = {}
    for message in seen:
        if message.reference is None and (number := _number(message)) is not None:
            cards.setdefault(number, []).append(message)
    late = {row[0] for row in tx.execute("SELECT job FROM outbox WHERE kind = 'late'")}
    known = {job["id"] for job in jobs}
    wrong += [f"the card of job {number} has no job" for number in cards.keys() - known]
    for job in jobs:
        shown, is_late = cards.get(job["id"], []), job["id"] in late
        wrong += _one_card(job, shown, is_late=is_late)
        pings = sum(one.reference in {job["message_id"], *(m.id for m in shown)} for one in seen)
        if job["message_id"] is not None and not 1 <= pings <= 1 + is_late:
            wrong.append(f"job {job['id']} has {pings} pings")
    interactions = {job["interaction_id"] for job in jobs}
    for one in stage.discord.parts.interactions.by_id.values():
        first = one.first
        if first is None or first.message is None or first.ephemeral or first.message.loading:
            continue
        if one.kind is InteractionKind.COMMAND and one.id not in interactions:
            wrong.append(f"interaction {one.id} was accepted, and there is no job")
    return wrong


def _one_card(job: dict[str, Any], shown: list[Message], *, is_late: bool) -> list[str]:
    who = f"job {job['id']} ({job['state']})"
    titles = TITLES["completed"] if is_late else TITLES.get(job["state"], set())
    if job["message_id"] is None:
        # It was never promised; if its card came out all the same, that says so by now.
        is_said = all(one.embeds[0]["title"] in titles for one in shown)
        return [] if is_said else [f"{who}, never promised, shows {_titles(shown)}"]
    if [one.id for one in shown] != [job["message_id"]]:
        return [f"{who} has the cards {_titles(shown)}"]
    if shown[0].embeds[0]["title"] not in titles:
        return [f"{who} shows {_titles(shown)}"]
    if titles == TITLES["completed"] and len(shown[0].files) != 1:
        return [f"{who} shows {len(shown[0].files)} files"]
    return []


def _titles(messages: list[Message]) -> list[str]:
    return [str(one.embeds[0]["title"]) for one in messages]


def _number(message: Message) -> int | None:
    text = message.embeds[0].get("footer", {}).get("text", "") if message.embeds else ""
    return int(text.removeprefix("Job ")) if text.startswith("Job ") else None


def _made(stage: Stage) -> list[BoxGeneration]:
    return list(stage.box.generations.values())


def _ours(stage: Stage) -> list[BoxGeneration]:
    return [one for one in _made(stage) if not one.is_foreign]
