"""One run: a workload, and the bot killed as planned until everything has come to an end."""

import asyncio
import copy
import random
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from config import BudgetConfig
from playground.discord import interactions
from playground.discord import stage as discord_stage
from playground.neuralbox.profile import Profile
from storage import budgets, spending
from tests.harness import audit, files, traits
from tests.harness.members import play_out
from tests.harness.stage import DATABASE, KILLED, Bot, Stage, Workshop, reading
from tests.harness.workload import Workload

# The clock's hours after which a run that has not come to an end never will.
LIMIT_S = 4 * 3600.0
# What differs from job to job in the name of a boundary.
_PARTS = (
    (re.compile(r"/api/v\d+"), ""),
    (re.compile(r"/(\d+|gen_\w+)"), "/{id}"),
    (re.compile(r"(interactions|webhooks)/\{id\}/[^/]+"), r"\1/{id}/{token}"),
    (re.compile(r"/models/[^/]+"), "/models/{slug}"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run's bot is killed: at which boundary of each life, or after how much real time.

    `turns` plays the workload several times on the same books: in each turn the bot is killed at
    one of its boundaries, and at one of its recovery. Otherwise it is played once, and with both of
    the others empty the bot is not killed at all. `traits` replaces what the seed would draw.
    """

    seed: int
    kills: tuple[int, ...] = ()
    instants_s: tuple[float, ...] = ()
    traits: tuple[str, ...] | None = None
    is_first_start: bool = False
    pair: str = ""
    turns: tuple[tuple[int, int], ...] = ()

    def command(self) -> str:
        """Return how to repeat this very run."""
        parts = [f"python -m tests.harness --seed {self.seed}"]
        if self.kills:
            parts.append("--kill " + ",".join(map(str, self.kills)))
        if self.instants_s:
            parts.append("--after " + ",".join(f"{one:.4f}" for one in self.instants_s))
        if self.traits is not None:
            parts.append(f"--traits '{','.join(self.traits)}'")
        if self.is_first_start:
            parts.append("--first-start")
        if self.turns:
            parts.append("--turns " + ",".join(f"{kill}.{again}" for kill, again in self.turns))
        if self.pair:
            parts.append(f"--{self.pair}")
        return " ".join(parts)


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    `sequence` is the boundaries of its first life, in their order, `turn_names` those of a turn's
    last one; `turns` is how many of them were played.
    """

    plan: Plan
    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    copies: int = 0
    killed_at: list[str] = field(default_factory=list)
    sequence: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    turn_names: list[str] = field(default_factory=list)
    turns: int = 0
    jobs: int = 0
    faults: int = 0
    took_s: float = 0.0
    clock_s: float = 0.0
    is_to_die: bool = False
    is_broken: bool = False
    log: str = ""


async def play(workshop: Workshop, plan: Plan, outcome: Outcome) -> None:
    work = traits.make(plan.seed, None if plan.traits is None else list(plan.traits))
    async with opened(workshop, work, is_first_start=plan.is_first_start) as stage:
        data = stage.data(is_empty=plan.is_first_start)
        playing = begin(stage, work)
        try:
            await _live(stage, data, plan, outcome, playing)
            outcome.wrong += await _ending(stage, data, work, outcome, playing)
        finally:
            playing.cancel()
            await stage.kill_all()
            outcome.faults += faults_met(stage, work)
            outcome.clock_s = workshop.board.time
            with reading(data) as tx:
                (outcome.jobs,) = tx.execute("SELECT count(*) FROM job").fetchone()
            if outcome.wrong:
                outcome.log = (stage.folder / "bot-0.log").read_text()


async def _live(
    stage: Stage, data: Path, plan: Plan, outcome: Outcome, playing: asyncio.Task[None]
) -> None:
    """Let the bot live and die as planned; the last life is still going on at the end."""
    for number, (kill_at, after_s) in enumerate(_lives(plan)):
        bot = await stage.start(
            data, seed=plan.seed + number, kill_at=kill_at, kill_after_s=after_s
        )
        is_last = not kill_at and not after_s
        while not is_last and bot.code is None:
            if playing.done() and audit.is_quiet(data, stage):
                break
            await either(bot, 20.0)
        if is_last or bot.code is None:
            outcome.is_to_die = not is_last
            return
        names = _note_names(outcome, bot)
        if bot.code != KILLED:
            outcome.wrong.append(f"life {number + 1} ended with {bot.code}")
        else:
            outcome.kills += 1
            outcome.killed_at += names[-1:] if kill_at else []
        outcome.wrong += [f"after kill {number + 1}: {one}" for one in audit.after_kill(data)]


def _lives(plan: Plan) -> Iterator[tuple[int, float]]:
    for kill_at in plan.kills:
        yield kill_at, 0.0
    for after_s in plan.instants_s:
        yield 0, after_s
    yield 0, 0.0


async def either(bot: Bot, wait_s: float) -> None:
    """Wait for a bot's end, but no longer than that."""
    try:
        async with asyncio.timeout(wait_s):
            await bot.ended.wait()
    except TimeoutError:
        pass


async def _ending(
    stage: Stage, data: Path, work: Workload, outcome: Outcome, playing: asyncio.Task[None]
) -> list[str]:
    """Wait until everything is over, and a while longer; return what is wrong then."""
    bot = stage.bots[0]

    def is_over() -> bool:
        return bot.code is not None or (playing.done() and audit.is_quiet(data, stage))

    is_quiet = await stage.eventually(is_over, LIMIT_S, every_s=20.0)
    if playing.done() and (error := playing.exception()) is not None:
        raise error
    if is_quiet and work.lingers_s:
        await either(bot, work.lingers_s)
    if bot.code == KILLED and outcome.is_to_die:
        # Its end was planned, and came when all was over already.
        outcome.kills, outcome.is_to_die = outcome.kills + 1, False
        await stage.start(data, seed=outcome.plan.seed)
        return await _ending(stage, data, work, outcome, playing)
    wrong = [] if bot.code is None else [f"the last life ended with {bot.code}"]
    if not is_quiet:
        wrong.append(f"not at rest after {LIMIT_S / 3600:.0f} hours of the clock")
    await stage.kill(bot)
    _note_names(outcome, bot)
    wrong += audit.at_end(data, stage, work)
    return wrong + await files.left_lying(stage, data)


def _note_names(outcome: Outcome, bot: Bot) -> list[str]:
    """Note the boundaries of a life that is over; return them in their order."""
    names = [boundary(name) for name in bot.slot.names()]
    if not outcome.sequence:
        outcome.sequence = names
    outcome.names |= set(names)
    return names


@asynccontextmanager
async def opened(
    workshop: Workshop, work: Workload, *, is_first_start: bool = False
) -> AsyncIterator[Stage]:
    """Open a stage with a workload's servers, faults and settings."""
    # Discord's three seconds are the clock's here, so that a slow machine changes nothing.
    clock = SimpleNamespace(monotonic=lambda: workshop.board.time)
    async with Stage.open(workshop, work.profile) as stage:
        with (
            mock.patch.object(interactions, "time", clock),
            mock.patch.object(discord_stage, "time", clock),
        ):
            stage.settings = copy.deepcopy(work.settings)
            stage.box.skew_s = work.skew_s
            stage.prepare = partial(_chosen_before, stage, work)
            if not is_first_start:
                store = stage.discord.parts.commands
                store._scopes.update(copy.deepcopy(workshop.commands))
            yield stage


def begin(stage: Stage, work: Workload) -> asyncio.Task[None]:
    """Script what goes wrong, instead of what was scripted before, and let everybody act."""
    stage.box.faults_left.clear()
    stage.discord.clear_faults()
    stage.box.script(*work.box_faults)
    stage.discord.script(*work.discord_faults)
    return asyncio.create_task(play_out(stage, work))


def _chosen_before(stage: Stage, work: Workload, tx: sqlite3.Connection) -> None:
    world = stage.discord.world
    guild = world.guild(None)
    for key, value in work.spending.items():
        is_place = key == "approve_channel"
        spending.put(tx, guild.id, key, str(world.channel(value, guild).id) if is_place else value)
    if work.pool is not None:
        budgets.set_pool(tx, guild.id, budgets.Pool(work.pool, BudgetConfig().period))


def faults_met(stage: Stage, work: Workload) -> int:
    """How many of the faults that were prepared came to pass, and how many deeds were done."""
    of_box = sum(fault.times or 1 for fault in work.box_faults) - len(stage.box.faults_left)
    of_discord = sum(fault.hits for fault in work.discord_faults)
    return int(max(0, of_box) + of_discord + len(work.deeds))


def boundary(reached: str) -> str:
    """Return a boundary's name without what differs from job to job."""
    for pattern, name in _PARTS:
        reached = pattern.sub(name, reached)
    return reached


def make_template(workshop: Workshop) -> None:
    """Let a bot register its commands and learn every price once, for all runs to begin there."""
    workshop.run(_make_template)


async def _make_template(workshop: Workshop) -> None:
    async with Stage.open(workshop, Profile()) as stage:
        data = stage.data(is_empty=True)
        bot = await stage.start(data, is_first=True)

        def is_ready() -> bool:
            if bot.code is not None:
                raise RuntimeError(f"the bot ended with {bot.code}:\n{bot.log.read_text()}")
            if not stage.discord.connected or not (data / DATABASE).exists():
                return False
            with reading(data) as tx:
                (prices,) = tx.execute("SELECT count(*) FROM price").fetchone()
                balance = "SELECT count(*) FROM meta WHERE k = 'balance_at'"
                return bool(prices >= 16 and tx.execute(balance).fetchone()[0])

        if not await stage.eventually(is_ready):
            raise RuntimeError("the bot never learned its prices")
        with reading(data) as tx:
            tx.execute("VACUUM INTO ?", (str(workshop.root / "template.sqlite3"),))
        workshop.template = workshop.root / "template.sqlite3"
        workshop.commands = copy.deepcopy(dict(stage.discord.parts.commands._scopes))
        await play_out(stage, traits.make(0, []))
        await stage.eventually(lambda: audit.is_quiet(data, stage))
        await stage.stop(bot)
        if bot.code:
            raise RuntimeError(f"the bot ended with {bot.code}:\n{bot.log.read_text()}")


def several(rng: random.Random, least: int, most: int, reach: int) -> tuple[int, ...]:
    """Draw some boundaries to be killed at, the later lives sooner, so that recovery is hit too."""
    count = rng.randint(least, most)
    return tuple(rng.randint(1, reach if not n else max(2, reach // 2)) for n in range(count))
