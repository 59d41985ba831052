"""How long a member waits for the pending card: from the interaction's dispatch to its answer."""

import asyncio

from bench.figures import Figure, Target, percentile
from bench.process import Kind
from bench.scene import Scene, until
from playground.discord.interactions import FIRST_ANSWER_S, Interaction

ALONE = 200
WARM_UP = 10
CROWD = 200
BURSTS = 3
BASELINE = "bare discord.py bot"


async def measure() -> list[Figure]:
    """Measure our bot and a bare one, on fresh servers each."""
    alone, crowd = await _answers("bot")
    bare_alone, bare_crowd = await _answers("bare")
    targets = {"alone_p50": Target("<", 30), "crowd_p99": Target("<", 1000)}
    figures = []
    for name, ours, bare in (("alone", alone, bare_alone), ("crowd", crowd, bare_crowd)):
        for label, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            figures.append(
                Figure(
                    f"answer.{name}_{label}",
                    percentile(ours, part),
                    "ms",
                    BASELINE,
                    percentile(bare, part),
                    targets.get(f"{name}_{label}"),
                )
            )
    return figures


async def _answers(kind: Kind) -> tuple[list[float], list[float]]:
    """Return milliseconds of commands one by one, and of `CROWD` at once by as many members."""
    async with Scene.open(rate_limits=False) as scene:
        names = [f"Member {n}" for n in range(CROWD)]
        for name in names:
            scene.discord.add_member(name)
        await scene.start(kind)
        if kind == "bot":
            await scene.settled()
        alone = [await _one(scene, kind, n) for n in range(WARM_UP + ALONE)][WARM_UP:]
        crowd: list[float] = []
        for burst in range(BURSTS):
            crowd.extend(await _burst(scene, kind, names, burst))
    return alone, crowd


async def _one(scene: Scene, kind: Kind, number: int) -> float:
    """Use the command once, with nothing else going on."""
    interaction = await scene.discord.slash("video", prompt=f"a paper boat {number}")
    taken_ms = await _taken_ms(interaction)
    if kind == "bot":
        await _all_edited(scene, [interaction])
    return taken_ms


async def _burst(scene: Scene, kind: Kind, names: list[str], burst: int) -> list[float]:
    """Let every member use the command in the same instant."""
    interactions = [
        await scene.discord.slash("video", prompt=f"{burst}: the boat of {name}", member=name)
        for name in names
    ]
    taken_ms = await asyncio.gather(*(_taken_ms(one) for one in interactions))
    if kind == "bot":
        await _all_edited(scene, interactions)
    return list(taken_ms)


async def _taken_ms(interaction: Interaction) -> float:
    """Return how long the answer took; one that never came counts with Discord's three seconds."""
    try:
        await interaction.answer(FIRST_ANSWER_S + 1)
    except TimeoutError:
        return FIRST_ANSWER_S * 1000
    assert interaction.response_ms is not None
    return interaction.response_ms


async def _all_edited(scene: Scene, interactions: list[Interaction]) -> None:
    """Wait until these jobs are at the vendor and their cards say so: the bot is quiet again."""
    cards = [one.first.message for one in interactions if one.first and one.first.message]
    await until(lambda: all(scene.discord.world.messages[card.id].edits >= 1 for card in cards))
