"""Kill the bot, again and again: `python -m tests.harness --long --minutes 60`, or one run by seed.

Every failure is printed with the command that repeats that very run.
"""

import argparse
import signal
import sys

from tests.harness import campaign
from tests.harness.campaign import COPIES, EXHAUSTIVE, HOSTS, INSTANTS, SEVERAL, Unit, say
from tests.harness.run import Plan
from tests.harness.stage import Workshop
from tests.harness.traits import make

# How many seeds of each kind, in the short form and in the long one.
SHORT = {EXHAUSTIVE: 3, SEVERAL: 8, INSTANTS: 3, COPIES: 2, HOSTS: 2}
# Of the short form: a plain one, one that makes and removes files, one that a moderator decides.
SHORT_SEEDS = (1, 11, 22)
LONG = {EXHAUSTIVE: 120, SEVERAL: 4000, INSTANTS: 1000, COPIES: 1500, HOSTS: 500}


def main() -> int:
    """Run what was asked for; 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness", description=__doc__)
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--short", action="store_true", help="about a minute")
    form.add_argument("--long", action="store_true", help="all of it, or --minutes of it")
    form.add_argument("--seed", type=int, help="one run")
    parser.add_argument("--minutes", type=float)
    parser.add_argument(
        "--skip", type=int, default=0, help="leave out so many seeds, to go on where one was cut"
    )
    parser.add_argument("--most", type=int, help="no more than so many seeds")
    # Two cores are only busy with three: a run waits for a fifth of its time.
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--until-wrong", action="store_true", help="stop at the first wrong run")
    parser.add_argument("--from-seed", type=int, default=1)
    parser.add_argument("--kinds", default="", help="only kinds whose name has one of these words")
    parser.add_argument(
        "--each-kind", action="store_true", help="of every boundary, only the first of its kind"
    )
    parser.add_argument("--kill", default="", help="boundaries to die at, one for each life")
    parser.add_argument("--after", default="", help="or seconds of real time")
    parser.add_argument(
        "--turns", default="", help="or kill.kill-in-recovery for each turn: 3.1,4.2"
    )
    parser.add_argument("--traits", help="instead of those that the seed draws: a,b")
    parser.add_argument("--first-start", action="store_true", help="begin without a database")
    parser.add_argument("--copies", action="store_true")
    parser.add_argument("--hosts", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if given.seed is not None:
        return _one(given)
    return campaign.campaign(
        _units(given), given.workers, given.minutes, stops_early=given.until_wrong
    )


def _units(given: argparse.Namespace) -> list[Unit]:
    """Return every unit, the kinds mixed, so that a campaign cut short has had some of each."""
    counts = SHORT if given.short else LONG
    wanted = [word.strip() for word in given.kinds.split(",") if word.strip()]
    found = [
        (
            (number + 0.5) / count,
            Unit(
                kind,
                SHORT_SEEDS[number]
                if given.short and kind == EXHAUSTIVE
                else given.from_seed + number,
                is_short=given.short or given.each_kind,
                traits=_traits(given),
            ),
        )
        for kind, count in counts.items()
        if not wanted or any(word in kind for word in wanted)
        for number in range(count)
    ]
    units = [unit for _, unit in sorted(found, key=lambda one: one[0])]
    if given.short:  # all of it is played: the largest first, so that no process is left waiting
        units.sort(key=lambda unit: unit.kind != EXHAUSTIVE)
    units = units[given.skip :]
    return units[: given.most]


def _traits(given: argparse.Namespace) -> tuple[str, ...] | None:
    return None if given.traits is None else tuple(filter(None, given.traits.split(",")))


def _turn(text: str) -> tuple[int, int]:
    kill, _, again = text.partition(".")
    return int(kill), int(again or 0)


def _one(given: argparse.Namespace) -> int:
    traits = _traits(given)
    plan = Plan(
        given.seed,
        kills=tuple(int(one) for one in given.kill.split(",") if one),
        instants_s=tuple(float(one) for one in given.after.split(",") if one),
        traits=traits,
        is_first_start=given.first_start,
        turns=tuple(_turn(one) for one in given.turns.split(",") if one),
        pair="copies" if given.copies else "hosts" if given.hosts else "",
    )
    workshop = Workshop()
    try:
        outcome = campaign.play(workshop, plan)
    finally:
        workshop.close()
    say(outcome.log)
    drawn = make(plan.seed, None if traits is None else list(traits)).traits
    say(f"traits: {', '.join(drawn) or 'none'}; {outcome.jobs} jobs, {outcome.clock_s:.0f} s")
    say(f"{outcome.kills} kills: {', '.join(outcome.killed_at)}")
    for one in outcome.wrong:
        say(f"WRONG: {one}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
