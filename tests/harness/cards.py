"""Each job is seen in one last form: its card, its ping, and nothing of it that should be gone."""

import sqlite3
from collections import Counter
from typing import Any

from playground.discord.world import Message
from tests.harness.stage import Stage
from tests.harness.workload import DESK, Workload

TITLES = {
    "completed": {"Your video is ready"},
    "failed": {"This video could not be made"},
    "rejected": {"NeuralBox refused this video"},
    "cancelled": {"This video was not started"},
    "not_submitted": {"This video was not started"},
}


def wrong(
    tx: sqlite3.Connection, jobs: list[dict[str, Any]], stage: Stage, work: Workload
) -> list[str]:
    """Return what is wrong with what members see."""
    world = stage.discord.world
    desk = world.channel(DESK, world.guild(None)).id
    shown: dict[int, list[Message]] = {}
    pings: Counter[int] = Counter()
    for message in world.messages.values():
        if not message.author.bot or message.deleted or message.channel_id == desk:
            continue
        if (number := _number(message)) is not None:
            shown.setdefault(number, []).append(message)
        elif message.reference is not None and not message.ephemeral:
            pings[message.reference] += 1
    late = {row[0] for row in tx.execute("SELECT job FROM outbox WHERE kind = 'late'")}
    parked = {row[0] for row in tx.execute("SELECT job FROM outbox WHERE done = 2")}
    removed = {row[0] for row in tx.execute("SELECT job FROM showing WHERE hidden IS NOT NULL")}
    never = "SELECT job FROM event WHERE a = 'reserved' AND b = 'cancelled'"
    unpromised = {row[0] for row in tx.execute(never)}
    known = {job["id"] for job in jobs}
    found = [f"the card of job {number} has no job" for number in shown.keys() - known]
    for job in jobs:
        cards, is_late = shown.get(job["id"], []), job["id"] in late
        if job["id"] in removed:
            found += _removed(tx, job, cards)
        elif job["is_private"]:
            found += _private(job, cards, is_late=is_late, is_parked=job["id"] in parked)
        elif job["message_id"] is not None or not work.outlasts_tokens:
            public = [one for one in cards if not one.ephemeral]
            found += _card(job, public, is_late=is_late)
            count = sum(pings[one] for one in {job["message_id"] or 0, *(m.id for m in public)})
            # What was never promised is told by its card alone, where there was one to find.
            least = 0 if job["message_id"] is None or job["id"] in unpromised else 1
            if not least <= count <= 1 + is_late:
                found.append(f"job {job['id']} has {count} pings")
    return found


def _card(job: dict[str, Any], shown: list[Message], *, is_late: bool) -> list[str]:
    who = f"job {job['id']} ({job['state']})"
    titles = _titles_of(job, is_late=is_late)
    if job["message_id"] is None:
        # It was never promised; if its card came out all the same, that says so by now.
        is_said = all(one.embeds[0]["title"] in titles for one in shown)
        return [] if is_said else [f"{who}, never promised, shows {_titles(shown)}"]
    if [one.id for one in shown] != [job["message_id"]]:
        return [f"{who} has the cards {_titles(shown)}"]
    if shown[0].embeds[0]["title"] not in titles:
        return [f"{who} shows {_titles(shown)}"]
    return [] if _has_files(job, shown[0], titles) else [f"{who}: {len(shown[0].files)} files"]


def _private(
    job: dict[str, Any], shown: list[Message], *, is_late: bool, is_parked: bool
) -> list[str]:
    """What one member alone sees: on the card, in a direct message, or kept until it is asked."""
    who = f"private job {job['id']} ({job['state']})"
    found = [f"{who} is public" for one in shown if not one.ephemeral and one.guild_id is not None]
    titles = _titles_of(job, is_late=is_late)
    last = [one for one in shown if one.embeds[0]["title"] in titles]
    least = 0 if is_parked or job["message_id"] is None else 1
    if not least <= len(last) <= 1 + is_late:
        found.append(f"{who} shows {_titles(shown)}")
    return found + [
        f"{who}: {len(one.files)} files" for one in last if not _has_files(job, one, titles)
    ]


def _removed(tx: sqlite3.Connection, job: dict[str, Any], shown: list[Message]) -> list[str]:
    """A result that was taken down: no file of it is seen or kept."""
    row = tx.execute("SELECT file FROM result WHERE job = ?", (job["id"],)).fetchone()
    found = [f"job {job['id']} was taken down, and keeps its video"] if row and row[0] else []
    if any(one.files for one in shown):
        found.append(f"job {job['id']} was taken down, and shows its files")
    return found


def _has_files(job: dict[str, Any], message: Message, titles: set[str]) -> bool:
    """A video is there just once, and a picture only where the video began with one."""
    videos = sum(one.content_type == "video/mp4" for one in message.files)
    is_ready = titles == TITLES["completed"]
    return videos == is_ready and len(message.files) - videos <= (job["picture"] is not None)


def _titles_of(job: dict[str, Any], *, is_late: bool) -> set[str]:
    return TITLES["completed"] if is_late else TITLES.get(job["state"], set())


def _titles(messages: list[Message]) -> list[str]:
    return [str(one.embeds[0]["title"]) for one in messages]


def _number(message: Message) -> int | None:
    text = message.embeds[0].get("footer", {}).get("text", "") if message.embeds else ""
    return int(text.removeprefix("Job ")) if text.startswith("Job ") else None
