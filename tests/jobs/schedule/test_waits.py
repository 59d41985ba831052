"""What is learned of waits is their truth, whoever finishes first, fails, straggles or is lost."""

import math
from collections.abc import Callable
from random import Random

import pytest

from jobs.schedule.curves import Shape
from jobs.schedule.waits import Sample, Waits

PUBLISHED = (45.0, 90.0)
PRIOR = Shape.of_range(*PUBLISHED)


def _learned(
    draw: Callable[[Random], float | None], count: int = 300, apart_s: float = 90.0
) -> Shape:
    """Let so many begin, seen every 5 s; `None` is one that fails."""
    random, waits = Random(4), Waits(lambda _kind: PUBLISHED)
    ends: list[tuple[float, float, Sample, bool]] = []
    for number in range(count):
        began = number * apart_s
        wait_s = draw(random)
        sample = waits.began("kind", began)
        ends.append((began + (30.0 if wait_s is None else wait_s), began, sample, wait_s is None))
    for at, began, sample, has_failed in sorted(ends, key=lambda end: end[0]):
        if has_failed:
            sample.has_failed = True
        else:
            within_s = math.ceil((at - began) / 5) * 5.0
            waits.ended("kind", sample, within_s - 5, within_s, began + within_s)
    return waits.curve("kind").shape


@pytest.mark.parametrize("factor", [0.4, 0.7, 1.4, 2.0, 3.0])
def test_it_finds_waits_that_are_not_as_published(factor: float) -> None:
    shape = _learned(lambda random: factor * random.lognormvariate(math.log(64), 0.27))
    assert shape.median_s == pytest.approx(factor * 64, rel=0.15)
    assert shape.spread == pytest.approx(0.27, abs=0.12)


def test_it_spans_both_humps_of_a_wait_with_two() -> None:
    shape = _learned(lambda random: random.choice((40.0, 120.0)) * random.lognormvariate(0, 0.05))
    assert 40 < shape.median_s < 120
    assert shape.spread > 0.4


def test_it_finds_the_middle_of_a_gamma_wait() -> None:
    shape = _learned(lambda random: random.gammavariate(9, 10))
    assert shape.median_s == pytest.approx(87, rel=0.15)


def test_a_burst_teaches_no_shorter_waits_than_the_same_one_by_one() -> None:
    """Its fast ones finish first: whoever learned as they come would believe them."""
    random, waits = Random(7), Waits(lambda _kind: PUBLISHED)
    for burst in range(5):
        began = burst * 3600.0
        samples = [waits.began("kind", began) for _ in range(60)]
        took = sorted(random.lognormvariate(math.log(64), 0.4) for _ in samples)
        # The samples end in the order of their waits, which is not that of their submission.
        random.shuffle(samples)
        lowest = PRIOR.median_s
        for sample, wait_s in zip(samples, took, strict=True):
            waits.ended("kind", sample, wait_s, wait_s, began + wait_s)
            lowest = min(lowest, waits.curve("kind").shape.median_s)
        assert lowest > 0.8 * 64
    assert waits.curve("kind").shape.median_s == pytest.approx(64, rel=0.2)


def test_failures_say_nothing_of_waits() -> None:
    plain = _learned(lambda random: random.lognormvariate(math.log(64), 0.27))
    shaky = _learned(
        lambda random: None if random.random() < 0.3 else random.lognormvariate(math.log(64), 0.27)
    )
    assert shaky.median_s == pytest.approx(plain.median_s, rel=0.12)
    assert shaky.spread == pytest.approx(plain.spread, abs=0.1)


def test_stragglers_move_the_middle_hardly_however_long_they_take() -> None:
    def few(random: Random) -> float:
        return 50_000.0 if random.random() < 0.05 else random.lognormvariate(math.log(64), 0.27)

    shape = _learned(few)
    assert shape.median_s == pytest.approx(64, rel=0.15)
    assert shape.spread < 0.45


def test_a_model_that_only_fails_stays_as_published() -> None:
    assert _learned(lambda _random: None) == PRIOR


def test_one_of_nothing_known_is_as_published_and_one_of_four_is_between() -> None:
    waits = Waits(lambda _kind: PUBLISHED)
    assert waits.curve("new").shape == PRIOR
    few = _learned(lambda _random: 2 * 64.0, count=8)
    assert PRIOR.median_s < few.median_s <= 2 * 64 * 1.02


@pytest.mark.parametrize("open_count", [3, 12, 60, 100])
@pytest.mark.parametrize("away_s", [600.0, 3600.0, 6 * 3600.0])
def test_hours_in_which_nobody_could_look_make_no_wait_longer(
    open_count: int, away_s: float
) -> None:
    """What was open then is found at its end all at once, at an age that says nothing."""
    random, waits = Random(5), Waits(lambda _kind: PUBLISHED)
    for number in range(60):
        began, wait_s = number * 90.0, random.lognormvariate(math.log(64), 0.2)
        waits.ended("kind", waits.began("kind", began), wait_s - 5, wait_s, began + wait_s)
    before = waits.curve("kind").shape
    began = 60 * 90.0
    samples = [waits.began("kind", began) for _ in range(open_count)]
    for sample in samples:
        waits.ended("kind", sample, 0.0, away_s, began + away_s)
        assert waits.curve("kind").shape.median_s == pytest.approx(before.median_s, rel=0.15)
    assert waits.curve("kind").shape.spread == pytest.approx(before.spread, abs=0.1)


def test_one_that_is_seen_unfinished_again_and_again_counts_with_its_age() -> None:
    waits = Waits(lambda _kind: PUBLISHED)
    samples = [waits.began("kind", 0.0) for _ in range(20)]
    for age_s in range(0, 2000, 5):
        for sample in samples:
            sample.after_s = float(age_s)
    waits.ended("kind", waits.began("kind", 1900.0), 60.0, 65.0, 2000.0)
    assert waits.curve("kind").shape.median_s > 500
