"""Draws how long a generation takes, and whether it fails."""

import math
import random
from dataclasses import dataclass

from playground.neuralbox.catalogue import BoxModel

# Distance of the 10 % and 90 % points of the normal distribution from its middle.
TEN_PERCENT_POINT = 1.2815515655446004
STRAGGLERS = 0.02
STRAGGLER_FACTOR = (3.0, 10.0)
FAILURES = 0.03


@dataclass(frozen=True, slots=True)
class Fate:
    """What was drawn: seconds until the end, and whether that end is a failure."""

    wait_s: float
    fails: bool = False


def draw(model: BoxModel, luck: random.Random, *, realistic: bool) -> Fate:
    """Draw from a log-normal whose 10 % and 90 % points are the model's published range.

    Not `realistic`: cut to that range, and never a failure.
    """
    low, high = math.log(model.wait_min_s), math.log(model.wait_max_s)
    spread = (high - low) / (2 * TEN_PERCENT_POINT)
    wait_s = math.exp(luck.gauss((low + high) / 2, spread))
    if not realistic:
        return Fate(min(max(wait_s, model.wait_min_s), model.wait_max_s))
    if luck.random() < STRAGGLERS:
        wait_s *= luck.uniform(*STRAGGLER_FACTOR)
    if luck.random() < FAILURES:
        return Fate(wait_s * luck.random(), fails=True)
    return Fate(wait_s)
