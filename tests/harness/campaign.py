"""Many runs: which ones, on how many processes, and the table that is told of them."""

import dataclasses
import logging
import multiprocessing
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from multiprocessing.connection import Connection, wait

from tests.harness import pairs, run, traits
from tests.harness.chain import chain
from tests.harness.loops import StuckError
from tests.harness.run import Outcome, Plan
from tests.harness.stage import Workshop

PLAYS = {"": run.play, "chain": chain, "copies": pairs.copies, "hosts": pairs.hosts}
# Turns of a workload on the same books, before new ones are begun.
TURNS = 12
# About how many boundaries a life has, for drawing where it ends.
REACH = 90
EXHAUSTIVE, SEVERAL, INSTANTS, COPIES, HOSTS = (
    "every boundary",
    "several kills",
    "any instant",
    ("two copies"),
    "two hosts",
)
TRAITS_FOR_HOSTS = ("cheaper", "failing", "limited", "late answer", "lost edits", "other form")


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work for one process: all runs of a kind that begin with one seed."""

    kind: str
    seed: int
    is_short: bool = False
    traits: tuple[str, ...] | None = None


def play(workshop: Workshop, plan: Plan) -> Outcome:
    """Play one run to its end and say what is wrong."""
    if workshop.template is None and not plan.is_first_start:
        run.make_template(workshop)
    outcome = Outcome(plan)
    began = time.monotonic()
    try:
        workshop.run(lambda shop: PLAYS["chain" if plan.turns else plan.pair](shop, plan, outcome))
    except StuckError as error:
        outcome.wrong.append(str(error))
    except Exception:
        outcome.is_broken = True
        outcome.wrong.append(traceback.format_exc())
    outcome.took_s = time.monotonic() - began
    return outcome


def runs_of(workshop: Workshop, unit: Unit) -> Iterator[Outcome]:
    """Play everything of a unit."""
    rng = random.Random(f"{unit.kind} {unit.seed}")
    if unit.kind == EXHAUSTIVE:
        yield from _every_boundary(workshop, unit)
    elif unit.kind == SEVERAL:
        yield play(
            workshop, Plan(unit.seed, kills=run.several(rng, 2, 8, REACH), traits=unit.traits)
        )
    elif unit.kind == INSTANTS:
        instants = tuple(rng.uniform(0.03, 0.6) for _ in range(rng.randint(2, 6)))
        yield play(workshop, Plan(unit.seed, instants_s=instants, traits=unit.traits))
    elif unit.kind == COPIES:
        kills = run.several(rng, 1, 3, REACH)
        yield play(workshop, Plan(unit.seed, kills=kills, traits=unit.traits, pair="copies"))
    elif unit.kind == HOSTS:
        traits = tuple(rng.sample(TRAITS_FOR_HOSTS, rng.choice((0, 1, 1, 2))))
        kills = tuple(rng.randint(5, 60) for _ in range(rng.randint(1, 4)))
        yield play(workshop, Plan(unit.seed, kills=kills, traits=traits, pair="hosts"))


def _every_boundary(workshop: Workshop, unit: Unit) -> Iterator[Outcome]:
    """Count the boundaries of a workload and of a start, then die at each; in short, of each kind.

    Every twentieth begins without books, and dies once a run.
    """
    if unit.seed % 20 == 0:
        plan = Plan(unit.seed, traits=unit.traits, is_first_start=True)
        yield (whole := play(workshop, plan))
        for kill in _positions(whole.sequence, unit):
            yield play(workshop, dataclasses.replace(plan, kills=(kill,)))
        return
    plan = Plan(unit.seed, traits=unit.traits, turns=((0, 0),))
    yield (whole := play(workshop, plan))
    kills = _positions(whole.turn_names, unit)
    again = _positions(whole.sequence[: len(whole.sequence) - len(whole.turn_names)], unit)
    count = max(len(kills), len(again))
    left = list(islice(zip(cycle(kills), cycle(again), strict=False), count))
    work = traits.make(unit.seed, None if unit.traits is None else list(unit.traits))
    at_once = 1 if work.is_once else TURNS
    while left:
        outcome = play(workshop, dataclasses.replace(plan, turns=tuple(left[:at_once])))
        yield outcome
        left = left[max(1, outcome.turns) :]


def _positions(names: list[str], unit: Unit) -> list[int]:
    if unit.is_short:
        return sorted(names.index(name) + 1 for name in set(names))
    return list(range(1, len(names) + 1))


def campaign(
    units: list[Unit], workers: int, minutes: float | None, *, stops_early: bool = False
) -> int:
    """Play all units, or as many as begin in time; prints what goes on and a table.

    Returns an exit code: 0, 1 when something was wrong, 2 when the harness itself broke. With
    `stops_early` the first wrong run is the last.
    """
    began = time.monotonic()
    ends_at = began + minutes * 60 if minutes else float("inf")
    table, left = Table(), list(reversed(units))
    crew = _Crew(workers)
    told_at = began
    try:
        for kind, outcome in crew.outcomes(left, lambda: time.monotonic() >= ends_at):
            table.add(kind, outcome)
            if stops_early and table.wrong:
                break
            if time.monotonic() - told_at >= 30:
                told_at = time.monotonic()
                say(table.line(told_at - began))
    finally:
        crew.end()
    table.tell(time.monotonic() - began)
    if left:
        say(f"{len(units) - len(left):,} seeds of {len(units):,} were begun; --skip goes on there")
    if table.is_broken or crew.is_broken:
        return 2
    return 1 if table.wrong else 0


class _Crew:
    """Processes that play units, each one at a time."""

    def __init__(self, size: int) -> None:
        self.is_broken = False
        self._members: dict[Connection, multiprocessing.process.BaseProcess] = {}
        context = multiprocessing.get_context("fork")
        for _ in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self._members[ours] = process

    def outcomes(
        self, left: list[Unit], is_late: Callable[[], bool]
    ) -> Iterator[tuple[str, Outcome]]:
        """Yield what came of each run, with its kind; takes units off `left` until it is late."""
        for connection in self._members:
            connection.send(left.pop() if left else None)
        while self._members:
            for ready in wait(list(self._members)):
                assert isinstance(ready, Connection)
                try:
                    told = ready.recv()
                except EOFError:
                    self.is_broken = True
                    self._members.pop(ready).join()
                    continue
                if isinstance(told, tuple):
                    yield told
                elif left and not is_late():
                    ready.send(left.pop())
                else:
                    ready.send(None)
                    self._members.pop(ready).join()

    def end(self) -> None:
        """End those that are still at work."""
        for process in self._members.values():
            process.terminate()
            process.join()


def _work(connection: Connection) -> None:
    workshop = Workshop()
    # Of a bot that is killed, connections break in the middle of everything.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    # Ended by the campaign: what lies in memory is removed all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while (unit := connection.recv()) is not None:
            for outcome in runs_of(workshop, unit):
                connection.send((unit.kind, outcome))
            connection.send("next")
    finally:
        workshop.close()


class Table:
    """What came of all runs, by kind."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.is_broken = False
        self.names: set[str] = set()
        self.killed_at: Counter[str] = Counter()
        self._sums: dict[str, Counter[str]] = {}

    def add(self, kind: str, outcome: Outcome) -> None:
        """Count a run, and say at once what is wrong with it."""
        sums = self._sums.setdefault(kind, Counter())
        sums["runs"] += max(1, outcome.turns)  # each turn is played to its end and compared
        sums["kills"] += outcome.kills
        sums["jobs"] += outcome.jobs
        sums["faults"] += outcome.faults
        sums["clock"] += int(outcome.clock_s)
        sums["second copies"] += outcome.copies
        self.names |= outcome.names
        self.killed_at.update(outcome.killed_at)
        self.is_broken |= outcome.is_broken
        if outcome.wrong:
            self.wrong.append(outcome.plan.command())
            say(f"WRONG: {outcome.plan.command()}")
            for one in outcome.wrong:
                say(f"    {one}")

    def line(self, seconds: float) -> str:
        """Return how far it is."""
        kills = sum(sums["kills"] for sums in self._sums.values())
        runs = sum(sums["runs"] for sums in self._sums.values())
        return f"{seconds:5.0f} s: {runs} runs, {kills} kills, {len(self.wrong)} wrong"

    def tell(self, seconds: float) -> None:
        """Print the table."""
        columns = ("runs", "kills", "jobs", "faults", "second copies")
        say("")
        say("".join([f"{'':<16}", *(f"{column:>14}" for column in columns), f"{'clock h':>14}"]))
        total: Counter[str] = Counter()
        for kind, sums in self._sums.items():
            total.update(sums)
            say(_row(kind, sums, columns))
        say(_row("in all", total, columns))
        say(
            f"{len(self.names)} kinds of boundary reached, killed at {len(self.killed_at)} of "
            f"them; {seconds:.0f} s; {len(self.wrong)} runs with something wrong"
        )
        # Of the workers, their servers and all bots, once they have ended.
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = used.ru_utime + used.ru_stime
        say(f"{cpu_s:.0f} s of CPU time, {cpu_s / max(1, total['kills']):.2f} s for each kill")
        for command in self.wrong:
            say(f"  {command}")


def _row(kind: str, sums: Counter[str], columns: tuple[str, ...]) -> str:
    cells = [f"{sums[column]:>14,}" for column in columns]
    return "".join([f"{kind:<16}", *cells, f"{sums['clock'] / 3600:>14,.0f}"])


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
