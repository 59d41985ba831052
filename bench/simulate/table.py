"""The judgement in lines of text."""

from collections.abc import Iterable

from bench.simulate.outcome import Outcome
from bench.simulate.rows import Row

HEADINGS = (
    *("world", "jobs", "requests", "polls", "lag", "p50", "p95", "p99", "max", "lag*polls", "429s"),
    *("waited", "wait p95", "unseen", "unsent", "open", "catch up", "cpu s", "us/call", "verdict"),
)


def figures(outcome: Outcome) -> dict[str, float]:
    """Return by name what a row may have targets for."""
    return {
        "requests": outcome.requests_per_job,
        "p50": outcome.lag(0.5),
        "p95": outcome.lag(0.95),
        "429s": outcome.refused_429,
        "waited": outcome.waited_share,
        "catch up": outcome.catch_up,
        "unseen": outcome.unseen,
    }


def verdicts(row: Row, outcome: Outcome) -> str:
    """Return "met" or what was missed, each with its value and target."""
    have = figures(outcome)
    targets = {**row.targets, "unseen": 0}
    missed = [
        f"{name} {have[name]:.4g} > {most:g}" for name, most in targets.items() if have[name] > most
    ]
    said = ", ".join(f"{name} <= {most:g}" for name, most in row.targets.items())
    return f"MISSED {'; '.join(missed)}" if missed else f"met {said}"


def table(results: Iterable[tuple[Row, Outcome]]) -> str:
    """Return all rows under one heading, groups in between."""
    lines: list[tuple[str, ...]] = [HEADINGS]
    group = ""
    for row, outcome in results:
        if row.group != group:
            group = row.group
            lines.append((f"-- {group}", *("",) * (len(HEADINGS) - 1)))
        lines.append(_line(row, outcome))
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS) - 1)]
    return "\n".join(_laid_out(line, widths) for line in lines)


def _laid_out(line: tuple[str, ...], widths: list[int]) -> str:
    first = line[0].ljust(widths[0])
    middle = (cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:], strict=True))
    return "  ".join((first, *middle, line[-1])).rstrip()


def _line(row: Row, outcome: Outcome) -> tuple[str, ...]:
    return (
        row.name,
        str(outcome.jobs),
        f"{outcome.requests_per_job:.2f}",
        f"{outcome.polls_per_job:.2f}",
        f"{outcome.lag_mean:.2f}",
        f"{outcome.lag(0.5):.2f}",
        f"{outcome.lag(0.95):.2f}",
        f"{outcome.lag(0.99):.1f}",
        f"{outcome.lag(1):.0f}",
        f"{outcome.lag_mean * outcome.polls_per_job:.2f}",
        str(outcome.refused_429),
        f"{outcome.waited_share:.2%}",
        f"{outcome.submit_wait(0.95):.0f}",
        str(outcome.unseen),
        str(outcome.unsubmitted),
        str(outcome.max_open),
        f"{outcome.catch_up}/{outcome.ended_while_down}" if outcome.ended_while_down else "",
        f"{outcome.cpu_s:.2f}",
        f"{outcome.cpu_per_decision_s * 1e6:.0f}",
        verdicts(row, outcome),
    )
