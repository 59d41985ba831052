"""`make bench`, or `python -m bench [name ...]`: measure, print, and write build/bench.jsonl."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from bench import answers, backup, books, budgets, fit, machine, past, recovery, schedule, waiting
from bench.figures import Figure, table
from bench.scene import BUILD

GROUPS: dict[str, Callable[[], Coroutine[Any, Any, list[Figure]]]] = {
    "answers": answers.measure,
    "waiting": waiting.measure,
    "recovery": recovery.measure,
    "books": books.measure,
    "past": past.measure,
    "backup": backup.measure,
    "budgets": budgets.measure,
    "fit": fit.measure,
    "schedule": schedule.measure,
}


def main() -> int:
    """Measure the groups asked for, all when none is named; the exit code tells nothing of them."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(GROUPS)}")
    names = parser.parse_args().names or list(GROUPS)
    if unknown := [name for name in names if name not in GROUPS]:
        parser.error(f"no such figures: {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    BUILD.mkdir(exist_ok=True)
    facts = machine.facts(BUILD)
    figures: list[Figure] = []
    for name in names:
        started = time.monotonic()
        figures.extend(asyncio.run(GROUPS[name]()))
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    print()
    print(table(figures))
    print()
    lines = "".join(f"{figure.as_json(facts)}\n" for figure in figures)
    print(lines, end="")
    (BUILD / "bench.jsonl").write_text(lines, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
