"""Two bots at once: on one data directory, and on two with one Discord token."""

import asyncio
import contextlib
import hashlib
import os
import random
import signal
from collections import Counter
from pathlib import Path

import bot as process
from storage import ledger
from tests.harness import audit, cards, traits
from tests.harness.run import LIMIT_S, Outcome, Plan, begin, boundary, faults_met, opened
from tests.harness.stage import KILLED, Bot, Stage, Workshop, reading
from tests.harness.workload import Workload

# A second copy that still runs after so long has not noticed the first one.
AT_ONCE_S = 10.0


async def copies(workshop: Workshop, plan: Plan, outcome: Outcome) -> None:
    """A second copy on the same directory, started at random moments, while the first is killed.

    It has to end at once with its own code, having written nothing.
    """
    work = traits.make(plan.seed, None if plan.traits is None else list(plan.traits))
    rng = random.Random(f"copies {plan.seed}")
    async with opened(workshop, work) as stage:
        data = stage.data()
        playing = begin(stage, work)
        try:
            for number, kill_at in enumerate([*plan.kills, 0]):
                first = await stage.start(data, seed=plan.seed + number, kill_at=kill_at)
                await _some_time(first, rng, 1)
                before = outcome.copies
                while first.code is None:
                    outcome.wrong += await _second_copy(stage, data, first)
                    outcome.copies += 1
                    if playing.done() and audit.is_quiet(data, stage):
                        break
                    if not kill_at and outcome.copies > len(plan.kills) + 2:
                        break
                    # Where it lives for hours, not every minute of them needs one.
                    await _some_time(first, rng, outcome.copies - before)
                outcome.names |= {boundary(name) for name in first.slot.names()}
                if first.code is None:
                    break
                if first.code != KILLED:
                    outcome.wrong.append(f"life {number + 1} ended with {first.code}")
                outcome.kills += 1
                outcome.wrong += audit.after_kill(data)

            def is_over() -> bool:
                return playing.done() and audit.is_quiet(data, stage)

            if not await stage.eventually(is_over, LIMIT_S, every_s=20.0):
                outcome.wrong.append("not at rest")
            await asyncio.sleep(work.lingers_s)
            await stage.kill_all()
            outcome.wrong += audit.at_end(data, stage, work)
        finally:
            playing.cancel()
            await stage.kill_all()
            _note(stage, outcome, work, [data])


async def _second_copy(stage: Stage, data: Path, first: Bot) -> list[str]:
    """Start a second copy while the first stands still, and compare every byte."""
    watched = stage.workshop.selector.bots.get(first.slot.number)
    # Before its first boundary it may not have the lock yet; a process without number is everybody.
    if watched is None or not first.pid or not first.slot.count or first.code is not None:
        return []
    watched.is_frozen = True
    with contextlib.suppress(ProcessLookupError):
        os.kill(first.pid, signal.SIGSTOP)
    if not await _stands_still(first.pid):
        watched.is_frozen = False
        return []  # it was just dying, so a second one would be the first
    before = _bytes_of(data)
    second = await stage.start(data, slot=1)
    if not await stage.eventually(lambda: second.code is not None, AT_ONCE_S):
        await stage.kill(second)
    after = _bytes_of(data)
    watched.is_frozen = False
    watched.rouse()
    os.kill(first.pid, signal.SIGCONT)
    wrong = []
    if second.code != process.EXIT_LOCKED:
        wrong.append(f"the second copy ended with {second.code}")
    if changed := {name for name in before | after if before.get(name) != after.get(name)}:
        wrong.append(f"the second copy changed {sorted(changed)}")
    return wrong


async def _stands_still(pid: int) -> bool:
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state in "TZX":
            return state == "T"
        await asyncio.sleep(0)


def _bytes_of(data: Path) -> dict[str, str]:
    """Every file below a directory, with what is in it. The map of the log is locks and counts."""
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(data.rglob("*"))
        if path.is_file() and path.name != "ballast"
    }


async def _some_time(bot: Bot, rng: random.Random, times: int) -> None:
    try:
        async with asyncio.timeout(rng.choice((0.0, 0.3, 2.0, 10.0, 40.0)) * times):
            await bot.ended.wait()
    except TimeoutError:
        pass


async def hosts(workshop: Workshop, plan: Plan, outcome: Outcome) -> None:
    """Two hosts with one token and a database each: Discord decides who has an interaction."""
    work = traits.make(plan.seed, list(plan.traits or ()))
    rng = random.Random(f"hosts {plan.seed}")
    async with opened(workshop, work) as stage:
        homes = [stage.data("one"), stage.data("two")]
        bots = [await stage.start(home, slot=n, seed=n) for n, home in enumerate(homes)]
        gateway = stage.discord.parts.gateway
        await stage.eventually(lambda: len(gateway.connections) == 2 and len(gateway.sessions) == 2)
        kills = list(plan.kills)
        playing = begin(stage, work)

        def is_over() -> bool:
            return playing.done() and all(_is_done(home) for home in homes)

        async def keep_up() -> None:
            """Do what a supervisor does with one that gave way to the other."""
            while True:
                await asyncio.sleep(30.0)
                for slot, home in enumerate(homes):
                    if bots[slot].code == process.EXIT_OTHER_COPY:
                        bots[slot] = await stage.start(home, slot=slot, seed=slot)

        keeping = asyncio.create_task(keep_up())
        try:
            while kills:
                victim = rng.choice((0, 1))
                if await _reach(bots[victim], bots[victim].slot.count + kills.pop(), is_over):
                    break
                await stage.kill(bots[victim])
                outcome.kills += 1
                outcome.wrong += audit.after_kill(homes[victim])
                bots[victim] = await stage.start(homes[victim], slot=victim, seed=len(kills))
            if not await stage.eventually(is_over, LIMIT_S, every_s=20.0):
                outcome.wrong.append("not at rest")
            await asyncio.sleep(2000.0)
            for one in bots:
                if one.code not in {None, process.EXIT_OTHER_COPY}:
                    outcome.wrong.append(f"a host ended with {one.code}")
            keeping.cancel()
            await stage.kill_all()
            outcome.wrong += _both(homes, stage)
        finally:
            playing.cancel()
            keeping.cancel()
            await stage.kill_all()
            _note(stage, outcome, work, homes)


async def _reach(bot: Bot, count: int, is_over: object) -> bool:
    """Wait until a bot has passed so many boundaries; True when everything is over before."""
    assert callable(is_over)
    while bot.slot.count < count and bot.code is None:
        if is_over():
            return True
        await asyncio.sleep(0.2)
    return False


def _is_done(home: Path) -> bool:
    with reading(home) as tx:
        untold = "SELECT count(*) FROM outbox WHERE done = 0"
        return not audit.count_open(tx) + tx.execute(untold).fetchone()[0]


def _both(homes: list[Path], stage: Stage) -> list[str]:
    """What must be true of two databases together."""
    wrong, spent = [], 0
    promised: Counter[int] = Counter()
    claimed: Counter[str] = Counter()
    for home in homes:
        wrong += audit.after_kill(home)
        with reading(home) as tx:
            use = ledger.total(tx)
            spent += use.spent_tokens
            if use.held_tokens:
                wrong.append(f"{home.name} still holds {use.held_tokens}")
            for row in tx.execute("SELECT * FROM job"):
                if row["message_id"] is None:
                    if row["state"] != "cancelled":
                        wrong.append(f"{home.name}: never promised, and {row['state']}")
                    continue
                promised[row["interaction_id"]] += 1
                wrong += _one_message(row["message_id"], row["state"], stage)
            claims = "SELECT vendor_id FROM vendor_claim WHERE job IS NOT NULL"
            claimed.update(row[0] for row in tx.execute(claims))
    charged = stage.box.charged_total
    if spent != charged:
        wrong.append(f"both ledgers say {spent} tokens, the vendor {charged}")
    wrong += [f"interaction {one} has {n} jobs" for one, n in promised.items() if n > 1]
    for one in stage.box.generations.values():
        if claimed[one.id] != 1:
            wrong.append(f"generation {one.id} is claimed {claimed[one.id]} times")
    if len(stage.box.generations) > sum(promised.values()):
        wrong.append("more was made than promised")
    return wrong


def _one_message(message_id: int, state: str, stage: Stage) -> list[str]:
    message = stage.discord.world.messages[message_id]
    title = message.embeds[0]["title"]
    pings = sum(
        one.reference == message_id and not one.deleted
        for one in stage.discord.world.messages.values()
    )
    wrong = [] if title in cards.TITLES[state] else [f"a job that is {state} shows {title}"]
    return wrong if pings == 1 else [*wrong, f"a card has {pings} pings"]


def _note(stage: Stage, outcome: Outcome, work: Workload, homes: list[Path]) -> None:
    outcome.clock_s = stage.workshop.board.time
    outcome.faults += faults_met(stage, work)
    for home in homes:
        with reading(home) as tx:
            outcome.jobs += tx.execute("SELECT count(*) FROM job").fetchone()[0]
    if outcome.wrong:
        logs = sorted(stage.folder.glob("bot-*.log"))
        outcome.log = "\n".join(f"{log.name}:\n{log.read_text()}" for log in logs)
