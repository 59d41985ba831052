"""What people did is what was done: commands, refusals, decisions of moderators, grants."""

import json
import sqlite3
from typing import Any

from playground.discord.interactions import Interaction, InteractionKind
from tests.harness.stage import Stage
from tests.harness.workload import DESK, Workload

DECIDED = {
    "Approve": {"approved"},
    "Approve smaller": {"smaller"},
    "Deny": {"denied"},
    None: {"lapsed"},
}


def wrong(
    tx: sqlite3.Connection, jobs: list[dict[str, Any]], stage: Stage, work: Workload
) -> list[str]:
    """Return where an answer and the books differ."""
    found = []
    # A smaller one bears the interaction of the moderator who approved it, told in words.
    smaller = {row[0] for row in tx.execute("SELECT smaller FROM approval")}
    by_interaction = {job["interaction_id"]: job for job in jobs if job["id"] not in smaller}
    for one in stage.discord.parts.interactions.by_id.values():
        message = one.first.message if one.first else None
        if message is None or message.loading:
            continue
        job = by_interaction.get(one.id)
        if message.ephemeral and not message.embeds:
            # Words without a card are a refusal or a question.
            if job is not None and job["state"] != "cancelled":
                found.append(f"job {job['id']} was refused in words, and is {job['state']}")
            elif job is not None and message.components:
                found.append(f"job {job['id']} was made before its requester said yes")
        elif not message.ephemeral and one.kind is InteractionKind.COMMAND and job is None:
            found.append(f"interaction {one.id} was accepted, and there is no job")
    return found + _decisions(tx, stage, work) + _grants(tx, stage)


def _decisions(tx: sqlite3.Connection, stage: Stage, work: Workload) -> list[str]:
    """Each request is decided once, and its one message says so and asks no more."""
    found = []
    for row in tx.execute("SELECT job, state FROM approval"):
        if row["state"] not in DECIDED[work.decision] | {"cancelled"}:
            found.append(f"the request of job {row['job']} is {row['state']}")
    guild = stage.discord.world.guild(None)
    desk = stage.discord.world.channel(DESK, guild)
    seen = [one for one in stage.discord.messages(desk) if one.author.bot and not one.deleted]
    notices = tx.execute("SELECT * FROM notice WHERE channel_id = ?", (desk.id,)).fetchall()
    told = [row["message_id"] for row in notices if row["done"] == 1]
    if sorted(told) != sorted(one.id for one in seen):
        found.append(f"moderators see {len(seen)} requests, and were sent {len(told)}")
    found += [f"the request {one.id} still asks" for one in seen if one.components]
    decided = {row["job"]: row["state"] for row in tx.execute("SELECT job, state FROM approval")}
    for row in notices:
        body = json.loads(row["body"])
        if row["kind"] == "approval" and body["state"] != decided[body["job"]]:
            found.append(f"the request of job {body['job']} says {body['state']}")
    return found


def _grants(tx: sqlite3.Connection, stage: Stage) -> list[str]:
    """What was given was given once, and what an admin was told was given."""
    used = [one for one in stage.discord.parts.interactions.by_id.values() if _is_grant(one)]
    told = sum(_says(one, "more for") for one in used)
    (given,) = tx.execute("SELECT count(*) FROM bonus").fetchone()
    is_so = told <= given <= len(used)
    return [] if is_so else [f"{len(used)} grants, {told} of them confirmed, {given} booked"]


def _is_grant(one: Interaction) -> bool:
    return one.name == "budget grant"


def _says(one: Interaction, words: str) -> bool:
    message = one.first.message if one.first else None
    return message is not None and words in message.content
