"""How soon a bot that was killed with a thousand open jobs is back at work."""

import asyncio
from dataclasses import dataclass

from bench.figures import Figure, Target, percentile
from bench.prepared import JOBS, open_jobs
from bench.process import Child
from bench.scene import Scene, until
from playground.neuralbox.world import SeenRequest

KILLS = 5
PAGE = 100
# The round of looks that a start begins with is over when so long nothing more was asked.
QUIET_S = 1.0
EMPTY = "empty books, until Discord is connected"
ONE_BY_ONE = "one status request a job"


@dataclass(frozen=True, slots=True)
class Comeback:
    """One start after a kill; seconds count from just before the process was made."""

    first_look_s: float
    all_looked_at_s: float
    requests: int


async def measure() -> list[Figure]:
    """Kill and start the bot `KILLS` times, with `JOBS` open jobs and with none; tell the worst."""
    connected_s = max(await _connects())
    comebacks = await _comebacks()
    return [
        Figure(
            "recovery.first_look",
            max(comeback.first_look_s for comeback in comebacks),
            "s",
            EMPTY,
            connected_s,
            Target("<", 5),
        ),
        Figure(
            "recovery.all_looked_at",
            max(comeback.all_looked_at_s for comeback in comebacks),
            "s",
            EMPTY,
            connected_s,
        ),
        Figure(
            "recovery.requests",
            percentile([comeback.requests for comeback in comebacks], 0.5),
            "requests",
            ONE_BY_ONE,
            JOBS,
        ),
    ]


async def _connects() -> list[float]:
    async with Scene.open() as scene:
        child = await scene.start()
        await scene.settled()
        taken_s = []
        for _ in range(KILLS):
            await child.kill()
            mark = len(scene.discord.events)
            child = await scene.launch()
            event = await scene.discord.wait_for(
                lambda event: event.kind == "connected", timeout=30, start_at=mark
            )
            taken_s.append(event.at - child.began_at)
            await child.ready()
    return taken_s


async def _comebacks() -> list[Comeback]:
    async with Scene.open() as scene:
        # All are past their model's shortest wait, so all are due at once.
        await open_jobs(scene, from_part=0.7)
        child = await scene.start()
        await scene.settled()
        found = []
        for _ in range(KILLS):
            await child.kill()
            mark = len(scene.box.requests)
            child = await scene.launch()
            found.append(await _comeback(scene, child, mark))
    return found


async def _comeback(scene: Scene, child: Child, mark: int) -> Comeback:
    """Wait for the looks of a start; `mark` is how many requests there were before it."""

    def looks() -> list[SeenRequest]:
        return [seen for seen in scene.box.requests[mark:] if _is_look(seen)]

    def are_all_seen() -> bool:
        pages = {int(seen.query["page"]) for seen in looks() if "page" in seen.query}
        singles = {seen.path for seen in looks() if "page" not in seen.query}
        return pages >= set(range(1, JOBS // PAGE + 1)) or len(singles) >= JOBS

    await child.ready()
    await until(are_all_seen)
    count = -1
    while count != len(looks()):
        count = len(looks())
        await asyncio.sleep(QUIET_S)
    first, *_rest, last = looks()
    return Comeback(first.at - child.began_at, last.at - child.began_at, count)


def _is_look(seen: SeenRequest) -> bool:
    """True for a status or history request."""
    return seen.method == "GET" and (
        seen.path == "/user/history" or seen.path.startswith("/generate/")
    )
