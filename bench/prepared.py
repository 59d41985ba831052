"""A thousand open jobs, written by the bot's own steps and known to the local NeuralBox."""

import sqlite3
from itertools import cycle

from bench.scene import NO_CAP, PLENTY, Scene
from jobs import fingerprint, moves
from jobs.catalogue import PUBLISHED
from jobs.reconcile import SWEPT_TO
from models import Asker, Order, Quote, State, VideoRequest
from neuralbox import Status
from playground.neuralbox.books import BoxGeneration
from storage import ledger, outbox, settings
from storage.database import open_database

JOBS = 1000
MEMBERS = 250
FIRST_INTERACTION = 1_400_000_000_000_000_000
FIRST_MEMBER = 1_300_000_000_000_000_000
MODELS = [PUBLISHED[slug] for slug in ("luma-flash2", "kling-v2.1", "luma-ray2", "mj-video-720p")]
LIMITS = ledger.Limits(PLENTY, PLENTY, PLENTY)
UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024


async def open_jobs(scene: Scene, *, count: int = JOBS, from_part: float = 0.0) -> None:
    """Write `count` pending jobs into the scene's empty data directory, before the bot starts.

    Their ages are spread evenly over `from_part` to 1 of their model's published wait, as in an
    hour of steady use; their cards say so already, and nothing of the past is left to sweep.
    """
    generations = _generations(scene, count, from_part)
    guild = scene.discord.world.guild(None)
    channel = scene.discord.world.channel("videos", guild)
    async with open_database(scene.data) as db:
        await db.write(_write, generations, guild.id, channel.id)


def _generations(scene: Scene, count: int, from_part: float) -> list[BoxGeneration]:
    """Enter the generations at the vendor, oldest first; none of them will end."""
    now = scene.box.world.clock.now()
    ages = []
    for number, model in zip(range(count), cycle(MODELS), strict=False):
        low_s = model.wait_high_s * from_part
        ages.append((low_s + (model.wait_high_s - low_s) * number / count, model.slug))
    return [
        scene.box.add_foreign(
            prompt=f"a paper boat, the {number}th of many, drifting in the rain at dusk",
            model=slug,
            status=Status.PENDING,
            created_at=now - age_s,
        )
        for number, (age_s, slug) in enumerate(sorted(ages, reverse=True))
    ]


def _write(
    tx: sqlite3.Connection, generations: list[BoxGeneration], guild_id: int, channel_id: int
) -> None:
    settings.set_counter(tx, SWEPT_TO, int(generations[0].created_at))
    for number, generation in enumerate(generations):
        at = int(generation.created_at)
        request = VideoRequest(generation.prompt, generation.model, 5, generation.ratio)
        asker = Asker(
            interaction_id=FIRST_INTERACTION + number,
            interaction_token="a token",
            guild_id=guild_id,
            channel_id=channel_id,
            user_id=FIRST_MEMBER + number % MEMBERS,
            upload_limit_bytes=UPLOAD_LIMIT_BYTES,
        )
        mark = fingerprint.of(request.model, request.prompt)
        quote = Quote(generation.cost, 0)
        made = moves.reserve(tx, asker, Order(request), quote, mark, LIMITS, (NO_CAP, NO_CAP), at)
        job_id = made.job.id
        moves.enqueue(tx, job_id, channel_id, FIRST_INTERACTION + JOBS + number)
        moves.begin_submit(tx, job_id, 0, at, at + 60, at)
        moves.accept(tx, job_id, State.SUBMITTING, generation.id, "answer", at)
        outbox.drop(tx, job_id, "progress")
