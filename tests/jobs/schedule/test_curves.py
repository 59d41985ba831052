"""A curve is a chance, its integral is exact, and its ways back agree with its ways forth."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.schedule.curves import DAY_S, NARROWEST, WIDEST, Shape, curve_of

SHAPES = st.builds(
    Shape,
    st.floats(1, 5000).map(lambda s: round(s, 1)),
    st.floats(NARROWEST, WIDEST).map(lambda s: round(s, 2)),
)
AGES = st.floats(0, 2 * DAY_S)


@given(SHAPES, AGES, AGES)
def test_the_chance_only_grows_and_is_never_quite_one(shape: Shape, one: float, two: float) -> None:
    curve = curve_of(shape)
    early, late = sorted((one, two))
    assert 0 <= curve.at(early)[0] <= curve.at(late)[0] < 1


@settings(max_examples=50, deadline=None)
@given(SHAPES, st.floats(0, 20), st.floats(0, 20))
def test_the_area_is_the_integral_of_the_chance(shape: Shape, one: float, two: float) -> None:
    curve = curve_of(shape)
    low, high = sorted((one * shape.median_s, two * shape.median_s))
    # The chance is straight between knots: fine steps sum it to well below a part in a thousand.
    steps = 800
    width = (high - low) / steps
    summed = sum(curve.at(low + (i + 0.5) * width)[0] for i in range(steps)) * width
    area = curve.at(high)[1] - curve.at(low)[1]
    assert area == pytest.approx(summed, rel=1e-3, abs=1e-3 * width + 1e-6)


@given(SHAPES, st.floats(0, 0.999))
def test_the_age_of_a_chance_has_that_chance(shape: Shape, chance: float) -> None:
    curve = curve_of(shape)
    age_s = curve.age_at(chance)
    if math.isinf(age_s):
        assert curve.at(2 * DAY_S)[0] <= chance
    else:
        assert curve.at(age_s)[0] == pytest.approx(chance, abs=1e-9)


@given(SHAPES, AGES, AGES)
def test_the_mean_of_what_ended_between_two_ages_lies_between_them(
    shape: Shape, one: float, two: float
) -> None:
    early, late = sorted((one, two))
    assert early <= curve_of(shape).mean_within(early, late) <= late


@settings(max_examples=50, deadline=None)
@given(SHAPES, st.floats(0.3, 3), st.floats(0.05, 1))
def test_the_mean_within_is_the_mean_of_the_density(shape: Shape, at: float, wide: float) -> None:
    curve = curve_of(shape)
    early = at * shape.median_s
    late = early + wide * shape.median_s
    edges = [early + (late - early) * i / 800 for i in range(801)]
    weights = [curve.at(b)[0] - curve.at(a)[0] for a, b in pairwise(edges)]
    if sum(weights) < 1e-4:
        return
    middles = [(a + b) / 2 for a, b in pairwise(edges)]
    mean = sum(w * m for w, m in zip(weights, middles, strict=True)) / sum(weights)
    assert curve.mean_within(early, late) == pytest.approx(mean, rel=2e-3)


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_a_range_in_any_order_or_of_nothing_makes_a_shape(low_s: float, high_s: float) -> None:
    shape = Shape.of_range(low_s, high_s)
    assert shape.median_s > 0
    assert NARROWEST <= shape.spread <= WIDEST
