"""`python -m bench.simulate MODULE[:NAME]`: judge a polling policy in every world."""

import argparse
import importlib
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from bench.simulate import bound
from bench.simulate.outcome import Outcome
from bench.simulate.policy import Make
from bench.simulate.rows import ALONE, Row, all_rows
from bench.simulate.run import run
from bench.simulate.table import table


def main() -> int:
    """Run the rows asked for and print them; the exit code tells nothing of them."""
    parser = argparse.ArgumentParser(prog="bench.simulate", description=__doc__)
    parser.add_argument("policy", help="a module with make(ctx), or module:function; or bound")
    parser.add_argument("--only", nargs="*", default=[], metavar="name", help="parts of names")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="fewer days and jobs")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    told = parser.parse_args()
    if told.policy == "bound":
        _print_bound()
        return 0
    rows = [row for row in all_rows(told.quick) if _is_wanted(row, told.only)]
    started = time.monotonic()
    print(table(_results(told.policy, rows, told.seed, told.jobs)))
    sys.stderr.write(f"{len(rows)} rows in {time.monotonic() - started:.0f} s\n")
    return 0


def _is_wanted(row: Row, parts: list[str]) -> bool:
    return not parts or any(part in f"{row.group}: {row.name}" for part in parts)


def _results(policy: str, rows: list[Row], seed: int, jobs: int) -> Iterator[tuple[Row, Outcome]]:
    if jobs <= 1:
        for row in rows:
            yield row, _run_row(policy, row, seed)
        return
    with ProcessPoolExecutor(jobs) as pool:
        found = pool.map(_run_row, [policy] * len(rows), rows, [seed] * len(rows))
        yield from zip(rows, found, strict=True)


def _run_row(policy: str, row: Row, seed: int) -> Outcome:
    started = time.monotonic()
    outcome = run(_make_of(policy), row.world, seed)
    sys.stderr.write(f"{row.group}: {row.name}: {time.monotonic() - started:.1f} s\n")
    return outcome


def _make_of(policy: str) -> Make:
    module, _, name = policy.partition(":")
    made: Make = getattr(importlib.import_module(module), name or "make")
    return made


def _print_bound() -> None:
    print("model: every 5 s (lag, polls); polls for the same lag; price 1; price 4")
    for model in (*ALONE, "minimax-video"):
        fives = bound.every(model, 5)
        same, one, four = (
            bound.best_with_lag(model, 2.5),
            bound.best(model, 1),
            bound.best(model, 4),
        )
        print(
            f"{model}: {fives.lag_s:.2f} s {fives.polls:.1f}; {same.polls:.1f};"
            f" {one.lag_s:.1f} s {one.polls:.1f}; {four.lag_s:.1f} s {four.polls:.1f}"
        )


if __name__ == "__main__":
    sys.exit(main())
