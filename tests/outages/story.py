"""Hours without NeuralBox, without Discord, or without both: what has to hold meanwhile and after.

The same story is told to a bot in this process, on a clock that only moves when told to, and to one
in a process of its own that is killed on the way.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from models import State
from playground.discord.world import Message
from playground.neuralbox import faults
from storage import invariants
from tests.app.counted import is_all_done
from tests.rig import Rig

HOUR_S = 3600.0
MEMBERS = ("Ada", "Ben", "Cleo")
LATER_S = 900.0
GIVEN_UP = (State.CANCELLED, State.NOT_SUBMITTED)
# A probe a minute, and what a machine with other work takes to bring some dozens of videos.
BROUGHT_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Away:
    """Who is away ("vendor" or "discord"), from when to when (s after the beginning)."""

    who: str
    start_s: float
    end_s: float

    def holds(self, at_s: float) -> bool:
        """Say whether it is away at that moment."""
        return self.start_s <= at_s < self.end_s


VENDOR = (Away("vendor", 0.5 * HOUR_S, 6.5 * HOUR_S),)
DISCORD = (Away("discord", 0.5 * HOUR_S, 3.5 * HOUR_S),)
BOTH = (
    Away("vendor", 0.5 * HOUR_S, 6.5 * HOUR_S),
    Away("discord", 5 * HOUR_S, 8 * HOUR_S),
)
STORIES = {"vendor 6 h": VENDOR, "discord 3 h": DISCORD, "both, overlapping": BOTH}


@dataclass(slots=True)
class Facts:
    """What came of it."""

    jobs: int = 0
    made: int = 0
    never_made: int = 0
    kills: int = 0
    looks: int = 0
    cards: list[Message] = field(default_factory=list)


async def live_through(
    rig: Rig,
    aways: tuple[Away, ...],
    asked_at_s: list[float],
    *,
    step_s: float,
    disturb: Callable[[float], Awaitable[bool]] | None = None,
) -> Facts:
    """Play the outages while members ask at those moments; raises AssertionError when one suffers.

    `disturb` is told the time at each step and returns True when it has killed the bot.
    """
    facts = Facts()
    began, due = rig.clock.now(), sorted(asked_at_s)
    down: set[str] = set()
    given_up = 0
    ends_s = max(away.end_s for away in aways)
    while (at_s := rig.clock.now() - began) < ends_s or due:
        await _turn(rig, {away.who for away in aways if away.holds(at_s)}, down)
        if disturb is not None and await disturb(at_s):
            facts.kills += 1
        while due and due[0] <= at_s and "discord" not in down:
            due.pop(0)
            if not await _ask(rig, facts):
                due.append(at_s + LATER_S)
        given_up = _nothing_is_let_go(rig, given_up, is_vendor_down="vendor" in down)
        facts.looks += 1
        await _pass(rig, step_s)
    await _turn(rig, set(), down)
    await _everything_ends(rig, facts, aways)
    return facts


async def _ask(rig: Rig, facts: Facts) -> bool:
    """Let a member ask for a video; False when the bot, just started, is not ready to take it."""
    await rig.eventually(lambda: rig.discord.connected, 120)
    member = MEMBERS[facts.jobs % len(MEMBERS)]
    answer = await rig.ask(f"video {facts.jobs}", model="luma-flash2", member=member)
    assert answer.message is not None
    if answer.ephemeral:
        assert "still checking its books" in answer.message.content
        return False
    card = answer.message
    await rig.eventually(lambda: rig.job_of(card).state is not State.RESERVED)
    facts.cards.append(card)
    facts.jobs += 1
    return True


async def _pass(rig: Rig, seconds: float) -> None:
    until = rig.clock.now() + seconds
    await rig.run_until(lambda: rig.clock.now() >= until, seconds * 2, seconds / 4)


async def _turn(rig: Rig, wanted: set[str], down: set[str]) -> None:
    """Let the right ones be away."""
    if ("vendor" in wanted) != ("vendor" in down):
        rig.box.faults_left.clear()
        if "vendor" in wanted:
            rig.box.script(faults.status(503, None, html=True, on=faults.ANY, times=None))
    if ("discord" in wanted) != ("discord" in down):
        rig.discord.outage("discord" in wanted)
        if "discord" not in wanted:
            await rig.eventually(lambda: rig.discord.connected, 120)
    down.clear()
    down |= wanted


def _nothing_is_let_go(rig: Rig, given_up_before: int, *, is_vendor_down: bool) -> int:
    """No invariant is hurt, and while nobody can know, no job is given up."""
    assert rig.read(invariants.violations) == {}
    given_up = len(rig.jobs_in(*GIVEN_UP))
    assert not is_vendor_down or given_up == given_up_before, "given up by time alone"
    return given_up


async def _everything_ends(rig: Rig, facts: Facts, aways: tuple[Away, ...]) -> None:
    if all(away.who == "discord" for away in aways):
        # What was finished meanwhile does not wait out the back-off of its failed tries.
        finished = [card for card in facts.cards if rig.job_of(card).state.is_final]
        await rig.run_until(lambda: all(rig.pings(card) for card in finished), BROUGHT_WITHIN_S, 15)
    await rig.run_until(lambda: is_all_done(rig), 12 * HOUR_S, 60)
    for card in facts.cards:
        job, shown = rig.job_of(card), rig.shown(card)
        assert len(rig.pings(card)) == 1, f"job {job.id} was told {len(rig.pings(card))} times"
        facts.made += job.state is State.COMPLETED
        facts.never_made += job.state is State.NOT_SUBMITTED
        assert len(shown.files) == (job.state is State.COMPLETED)
    assert facts.made + facts.never_made == facts.jobs
    assert len(rig.box.generations) == facts.made
    assert facts.made <= rig.posts() <= facts.jobs, "nothing is sent twice"
    rig.sound()


def moments(count: int, until_s: float, seed: int) -> list[float]:
    """Return when members ask: some before it all, the others whenever."""
    chance = random.Random(seed)
    first = [chance.uniform(0, 0.5 * HOUR_S) for _ in range(count // 2)]
    return first + [chance.uniform(0, until_s) for _ in range(count - count // 2)]
