"""A workload played again and again on the same books, with a kill in each turn and its recovery.

In the first life of a turn the bot is killed under way, in the second while it takes up what the
first one left; the third brings everything to its end and goes on with the next turn. So a kill
costs one life, and what a recovery leaves behind meets the turns that follow.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tests.harness import audit, files, traits
from tests.harness.run import LIMIT_S, Outcome, Plan, begin, boundary, either, faults_met, opened
from tests.harness.stage import KILLED, Bot, Stage, Workshop, reading

# More than all turns of a run together can cost.
ROOMY_TOKENS = 1_000_000


@dataclass(slots=True)
class _Turns:
    """What all turns of a run share; `bot` is the life that is under way."""

    stage: Stage
    data: Path
    plan: Plan
    outcome: Outcome
    bot: Bot
    begun: int = 0
    """How many boundaries that life had reached when the turn began."""


async def chain(workshop: Workshop, plan: Plan, outcome: Outcome) -> None:
    """Play a plan's turns until one goes wrong."""
    work = traits.make(plan.seed, None if plan.traits is None else list(plan.traits))
    async with opened(workshop, work) as stage:
        stage.box.balance = ROOMY_TOKENS
        stage.settings.setdefault("budget", {"guild_tokens": 0})
        data = stage.data()
        turns = _Turns(stage, data, plan, outcome, await stage.start(data, seed=plan.seed))
        try:
            await stage.eventually(lambda: stage.discord.connected)
            for number, (kill, again) in enumerate(plan.turns, start=1):
                await _turn(turns, number, kill, again)
                outcome.turns = number
                if outcome.wrong:
                    break
            await stage.kill(turns.bot)
            _note_names(turns)
        finally:
            await stage.kill_all()
            outcome.clock_s = workshop.board.time
            with reading(data) as tx:
                (outcome.jobs,) = tx.execute("SELECT count(*) FROM job").fetchone()
            if outcome.wrong:
                outcome.log = (stage.folder / "bot-0.log").read_text()


async def _turn(turns: _Turns, number: int, kill: int, again: int) -> None:
    stage, plan, outcome = turns.stage, turns.plan, turns.outcome
    work = traits.make(plan.seed, None if plan.traits is None else list(plan.traits), number)
    turns.begun = turns.bot.slot.count
    if kill:
        turns.bot.slot.end = turns.begun + kill
    playing = begin(stage, work)
    try:
        for kill_at in (again, 0) if kill else ():
            if not await _dies(turns, playing):
                break
            turns.begun = 0
            turns.bot = await stage.start(
                turns.data, seed=plan.seed + outcome.kills, kill_at=kill_at
            )
            if not kill_at:
                break

        def is_over() -> bool:
            return turns.bot.code is not None or _is_over(turns, playing)

        is_quiet = await stage.eventually(is_over, LIMIT_S, every_s=20.0)
        if playing.done() and (error := playing.exception()) is not None:
            raise error
        if not is_quiet:
            outcome.wrong.append(f"turn {number} is not at rest")
        if number == len(plan.turns):  # what comes late meets the other turns
            await either(turns.bot, work.lingers_s)
        if turns.bot.code is not None:
            outcome.wrong.append(f"a life of turn {number} ended with {turns.bot.code}")
    finally:
        playing.cancel()
        outcome.faults += faults_met(stage, work)
    if not outcome.turn_names:
        outcome.turn_names = [boundary(one) for one in turns.bot.slot.names()][turns.begun :]
    outcome.wrong += [f"turn {number}: {one}" for one in audit.at_end(turns.data, stage, work)]
    outcome.wrong += await files.left_lying(stage, turns.data)
    turns.bot = stage.bots[0]


async def _dies(turns: _Turns, playing: asyncio.Task[None]) -> bool:
    """Wait for the end of a life; False when everything is over before it comes."""
    bot, outcome = turns.bot, turns.outcome
    while bot.code is None:
        if _is_over(turns, playing):
            bot.slot.end = 0
            return False
        await either(bot, 20.0)
    names = _note_names(turns)
    if bot.code != KILLED:
        outcome.wrong.append(f"a life ended with {bot.code}")
    outcome.kills += 1
    outcome.killed_at += names[-1:]
    outcome.wrong += [f"after kill {outcome.kills}: {one}" for one in audit.after_kill(turns.data)]
    return True


def _is_over(turns: _Turns, playing: asyncio.Task[None]) -> bool:
    return playing.done() and audit.is_quiet(turns.data, turns.stage)


def _note_names(turns: _Turns) -> list[str]:
    names = [boundary(name) for name in turns.bot.slot.names()]
    if not turns.outcome.sequence:
        turns.outcome.sequence = names
    turns.outcome.names |= set(names)
    return names
