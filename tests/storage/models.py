"""Programs for the plain models of the books and the purse, as many as one likes.

`python -m tests.storage.models --programs 5000`; both at once, each in a process of its own.
"""

import argparse
import multiprocessing
import sys
import time
from importlib import import_module

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

MACHINES = {"books": ("test_ledger_model", "Books"), "purse": ("test_purse_model", "Purses")}


def play(
    machine: type[RuleBasedStateMachine], programs: int, steps: int, begin: int | None = None
) -> None:
    """Run so many programs of so many rules; raises AssertionError where the model disagrees.

    They are the same ones every time, or those that a seed draws.
    """
    run_state_machine_as_test(
        machine if begin is None else seed(begin)(machine),
        settings=settings(
            max_examples=programs,
            stateful_step_count=steps,
            deadline=None,
            derandomize=begin is None,
            database=None,
            # Making a failing program short takes minutes; add Phase.shrink to look for one.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def _one(name: str, programs: int, steps: int, begin: int) -> None:
    module, machine = MACHINES[name]
    began = time.monotonic()
    play(getattr(import_module(f"tests.storage.{module}"), machine), programs, steps, begin)
    took_s = time.monotonic() - began
    sys.stdout.write(f"{name}: {programs:,} programs of {steps} rules agree, {took_s:.0f} s\n")


def main() -> int:
    """Run what was asked for; 0 when the models agree with the real thing."""
    parser = argparse.ArgumentParser(prog="tests.storage.models", description=__doc__)
    parser.add_argument("--programs", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    working = [
        multiprocessing.Process(target=_one, args=(name, given.programs, given.steps, given.seed))
        for name in MACHINES
    ]
    for process in working:
        process.start()
    for process in working:
        process.join()
    return int(any(process.exitcode for process in working))


if __name__ == "__main__":
    sys.exit(main())
