"""How long a generation takes: the published ranges, and worlds in which they are wrong."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

# The published ranges in seconds, read as the 10th and 90th percentile.
MODELS: dict[str, tuple[float, float]] = {
    "luma-flash2": (20, 35),
    "kling-v2.1": (45, 90),
    "kling-v2.1-pro": (60, 90),
    "minimax-video": (60, 90),
    "luma-ray2": (60, 120),
    "mj-video-480p": (60, 120),
    "mj-video-720p": (90, 180),
}
Z90 = 1.2815515655446004
DAY_S = 86400.0
STRAGGLERS = 0.02
STRAGGLER_TIMES = (3.0, 10.0)
FAILURES = 0.03

Shape = Callable[[Random, float, float], float]
Factor = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one job: it ends `after_s` from its creation."""

    after_s: float
    has_failed: bool


def log_normal_of(low_s: float, high_s: float) -> tuple[float, float]:
    """Return location and spread in logs of the log-normal with these 10 and 90 % points."""
    return (math.log(low_s) + math.log(high_s)) / 2, math.log(high_s / low_s) / (2 * Z90)


def log_normal(random: Random, low_s: float, high_s: float) -> float:
    """The shape the published ranges are read as."""
    return random.lognormvariate(*log_normal_of(low_s, high_s))


def tight(random: Random, low_s: float, high_s: float) -> float:
    """Half as wide about the same middle."""
    location, spread = log_normal_of(low_s, high_s)
    return random.lognormvariate(location, spread / 2)


def bimodal(random: Random, low_s: float, high_s: float) -> float:
    """Two narrow humps: a quick queue at the low end and a slow one at the high end."""
    middle = low_s if random.random() < 0.5 else high_s
    return random.lognormvariate(math.log(middle), 0.07)


def gamma(random: Random, low_s: float, high_s: float) -> float:
    """A gamma of the log-normal's mean and variance."""
    location, spread = log_normal_of(low_s, high_s)
    mean = math.exp(location + spread**2 / 2)
    shape = 1 / math.expm1(spread**2)
    return random.gammavariate(shape, mean / shape)


def uniform(random: Random, low_s: float, high_s: float) -> float:
    """Flat, with the same 10 and 90 % points."""
    eighth = (high_s - low_s) / 8
    return random.uniform(low_s - eighth, high_s + eighth)


def constant(factor: float, now: float) -> float:
    """The same factor on every wait for ever."""
    return factor


def step(factor: float, at_s: float, now: float) -> float:
    """A factor that begins at a moment and stays."""
    return factor if now >= at_s else 1.0


def daily(swing: float, now: float) -> float:
    """A factor that swings about 1 over the day, least at midnight."""
    return 1 - swing * math.cos(2 * math.pi * now / DAY_S)


AS_PUBLISHED = partial(constant, 1.0)


@dataclass(frozen=True, slots=True)
class Truth:
    """How the waits truly are, whatever was published."""

    shape: Shape = log_normal
    factor: Factor = AS_PUBLISHED
    stragglers: float = STRAGGLERS
    failures: float = FAILURES

    def fate(self, random: Random, model: str, now: float) -> Fate:
        """Draw what becomes of a job of this model that begins now."""
        wait_s = self.shape(random, *MODELS[model]) * self.factor(now)
        if random.random() < self.stragglers:
            wait_s *= random.uniform(*STRAGGLER_TIMES)
        if random.random() < self.failures:
            return Fate(random.random() * wait_s, True)
        return Fate(wait_s, False)


PLAIN = Truth()
