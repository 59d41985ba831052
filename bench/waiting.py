"""What a thousand open jobs cost while they wait: memory, and a share of one core."""

import asyncio
from dataclasses import dataclass

from bench.figures import Figure, Target
from bench.prepared import JOBS, open_jobs
from bench.scene import Scene

# The start's own work (prices, sweep, the first look at every job) is over by then.
SETTLE_S = 8.0
WINDOW_S = 30.0
BASELINE = "same bot, no jobs"


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process used over the window."""

    resident_mib: float
    peak_mib: float
    cpu_percent: float
    requests: int


async def measure() -> list[Figure]:
    """Measure the bot with `JOBS` open jobs and without any, one after the other."""
    idle = await _usage(0)
    busy = await _usage(JOBS)
    return [
        Figure(
            "waiting.resident",
            busy.resident_mib,
            "MiB",
            BASELINE,
            idle.resident_mib,
            Target("<", 150),
        ),
        Figure("waiting.resident_peak", busy.peak_mib, "MiB", BASELINE, idle.peak_mib),
        Figure(
            "waiting.cpu_of_one_core",
            busy.cpu_percent,
            "%",
            BASELINE,
            idle.cpu_percent,
            Target("<", 5),
        ),
        Figure(
            "waiting.vendor_requests",
            busy.requests * 60 / WINDOW_S,
            "/min",
            BASELINE,
            idle.requests * 60 / WINDOW_S,
        ),
    ]


async def _usage(jobs: int) -> Usage:
    async with Scene.open() as scene:
        if jobs:
            await open_jobs(scene, count=jobs)
        child = await scene.start()
        await scene.settled()
        await asyncio.sleep(SETTLE_S)
        cpu_s, requests = child.cpu_s(), len(scene.box.requests)
        await asyncio.sleep(WINDOW_S)
        return Usage(
            resident_mib=child.resident_mib(),
            peak_mib=child.peak_mib(),
            cpu_percent=(child.cpu_s() - cpu_s) / WINDOW_S * 100,
            requests=len(scene.box.requests) - requests,
        )
