"""A look is due when it is worth a request: never too soon, never never."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.schedule.curves import Shape, curve_of
from jobs.schedule.meter import LONGEST_GAP_S, Cell, Meter

LEAST_S = 1.5
MEDIANS = st.sampled_from([26.5, 64.0, 127.0])
CELLS = st.lists(
    st.builds(
        lambda median, spread, age, seen, count: (median, spread, age, seen * age, count),
        MEDIANS,
        st.sampled_from([0.1, 0.27, 0.6]),
        st.one_of(st.floats(0, 300), st.floats(0, 80_000)),
        st.floats(0, 1),
        st.integers(1, 100),
    ),
    min_size=1,
    max_size=6,
)
NOW = 100_000.0


def _meter(cells: list[tuple[float, float, float, float, int]]) -> tuple[Meter, float]:
    """Cells of (median, spread, age, age when last seen, how many); all seen by one look."""
    made = [
        Cell(count, curve_of(Shape(median, spread)), NOW - age, NOW - age + seen)
        for median, spread, age, seen, count in cells
    ]
    looked_at = max(cell.seen_at for cell in made)
    return Meter(made, looked_at), looked_at


@settings(max_examples=60)
@given(CELLS, st.floats(1.5, 600))
def test_it_is_due_neither_before_now_nor_within_the_least_gap(
    cells: list[tuple[float, float, float, float, int]], gap_s: float
) -> None:
    meter, looked_at = _meter(cells)
    due_at = meter.due_at(NOW, gap_s, LEAST_S)
    assert due_at >= NOW
    assert due_at >= looked_at + LEAST_S - 1e-9


@settings(max_examples=60)
@given(CELLS, st.floats(2, 100), st.floats(1.5, 8))
def test_a_smaller_gap_is_never_much_less_eager(
    cells: list[tuple[float, float, float, float, int]], gap_s: float, times: float
) -> None:
    """The rules of a quiet and a dense stretch move with the gap: by one gap it may be later."""
    meter, _ = _meter(cells)
    eager = meter.due_at(NOW, gap_s, LEAST_S)
    lazy = meter.due_at(NOW, gap_s * times, LEAST_S)
    assert eager <= lazy + gap_s + 0.1 or math.isinf(lazy)


@settings(max_examples=60)
@given(CELLS, st.floats(0, 50_000), st.floats(0, 50_000))
def test_what_is_owed_only_grows(
    cells: list[tuple[float, float, float, float, int]], one: float, two: float
) -> None:
    meter, _ = _meter(cells)
    early, late = sorted((NOW + one, NOW + two))
    assert 0 <= meter.owed_s(early) + 1e-6 <= meter.owed_s(late) + 2e-6


@settings(max_examples=15, deadline=None)
@given(MEDIANS, st.sampled_from([0.1, 0.27, 0.6]), st.floats(1.5, 30))
def test_a_straggler_is_looked_at_ever_more_rarely_but_at_least_hourly(
    median: float, spread: float, gap_s: float
) -> None:
    curve = curve_of(Shape(median, spread))
    seen_at, gaps = 0.0, []
    while seen_at < 3 * 86_400:
        due_at = Meter([Cell(1, curve, 0.0, seen_at)], seen_at).due_at(seen_at, gap_s, LEAST_S)
        gaps.append((seen_at, due_at - seen_at))
        seen_at = due_at
    waited = [(at, gap) for at, gap in gaps if at > 0]
    assert all(gap <= LONGEST_GAP_S + 1 for _, gap in waited)
    by_age = [[gap for at, gap in waited if low <= at / median < 4 * low] for low in (16, 64, 256)]
    means = [sum(each) / len(each) for each in by_age if each]
    assert means == sorted(means)


def test_nothing_to_look_at_is_never_due() -> None:
    assert math.isinf(Meter([], -math.inf).due_at(NOW, 5.0, LEAST_S))
