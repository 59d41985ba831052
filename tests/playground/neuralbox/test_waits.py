"""Waits are drawn from the published ranges; long runs show stragglers and failures when asked."""

import math
import random

import pytest

from playground.neuralbox.catalogue import VIDEO_MODELS, BoxModel
from playground.neuralbox.fate import draw

DRAWS = 4_000


@pytest.mark.parametrize("model", VIDEO_MODELS, ids=lambda model: str(model.slug))
def test_every_wait_lies_in_the_published_range_and_nothing_fails(model: BoxModel) -> None:
    luck = random.Random(1)
    fates = [draw(model, luck, realistic=False) for _ in range(500)]
    assert all(model.wait_min_s <= fate.wait_s <= model.wait_max_s for fate in fates)
    assert not any(fate.fails for fate in fates)
    middle = sorted(fate.wait_s for fate in fates)[250]
    assert middle == pytest.approx(math.sqrt(model.wait_min_s * model.wait_max_s), rel=0.05)


def test_a_realistic_run_has_a_tenth_below_and_a_tenth_above_the_range() -> None:
    luck = random.Random(2)
    kling = VIDEO_MODELS[1]
    fates = [draw(kling, luck, realistic=True) for _ in range(DRAWS)]
    done = [fate.wait_s for fate in fates if not fate.fails]
    assert sum(wait < 45 for wait in done) / len(done) == pytest.approx(0.1, abs=0.02)
    assert sum(wait > 90 for wait in done) / len(done) == pytest.approx(0.12, abs=0.025)
    assert sum(wait > 190 for wait in done) / len(done) == pytest.approx(0.017, abs=0.008)
    assert sum(fate.fails for fate in fates) / DRAWS == pytest.approx(0.03, abs=0.01)
