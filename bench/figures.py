"""What a measurement says, as a line of a table and as a line of JSON."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

HEADINGS = ("figure", "value", "target", "", "baseline", "its value")
_MET = {True: "met", False: "MISSED", None: ""}


@dataclass(frozen=True, slots=True)
class Target:
    """What we stand by. It is told, never asserted: machines differ."""

    sense: Literal["<", ">"]
    value: float

    def is_met(self, value: float) -> bool:
        """Say whether a measured value keeps it; the value itself counts as kept."""
        return value <= self.value if self.sense == "<" else value >= self.value

    def __str__(self) -> str:
        return f"{self.sense} {_number(self.value)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `baseline` says in words what `baseline_value` was measured on."""

    name: str
    value: float
    unit: str
    baseline: str
    baseline_value: float
    target: Target | None = None

    @property
    def is_met(self) -> bool | None:
        """True or False when there is a target, else None."""
        return None if self.target is None else self.target.is_met(self.value)

    def as_json(self, machine: dict[str, object]) -> str:
        """Return one JSON object on one line."""
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 4),
                "unit": self.unit,
                "baseline": self.baseline,
                "baseline_value": round(self.baseline_value, 4),
                "target": None if self.target is None else str(self.target),
                "met": self.is_met,
                "machine": machine,
            }
        )


def table(figures: Iterable[Figure]) -> str:
    """Return the figures under headings, in columns as wide as they need."""
    rows = [HEADINGS]
    for figure in figures:
        rows.append(
            (
                figure.name,
                f"{_number(figure.value)} {figure.unit}",
                "" if figure.target is None else f"{figure.target} {figure.unit}",
                _MET[figure.is_met],
                figure.baseline,
                f"{_number(figure.baseline_value)} {figure.unit}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
    return "\n".join(_line(row, widths) for row in rows)


def percentile(samples: Sequence[float], part: float) -> float:
    """Return the nearest-rank percentile; `part` is 0.5 for the median."""
    if not samples:
        raise ValueError("nothing was measured")
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = []
    for column, (text, width) in enumerate(zip(row, widths, strict=True)):
        is_number = column in {1, 2, 5}
        cells.append(text.rjust(width) if is_number else text.ljust(width))
    return "  ".join(cells).rstrip()


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
