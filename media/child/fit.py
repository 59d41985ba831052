"""A clip made smaller than a limit, as good as the limit allows: two passes of x264."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from media.child import clip, passes
from media.child.passes import Plan

# x264 strays from its target by some tenths of a percent in clips of five or ten seconds. In
# noisy ones of a second it may be half too large, and then hardly follows the rate.
SHARE = 0.98
TRIES = 5
RUNGS = (1080, 720, 540, 360)  # shorter sides
# Below this many bits for a pixel not even a first pass is worth its time.
BITS_A_PIXEL = 0.02
# The first pass tells how coarse it had to be (0 is lossless, 51 is mud). Above QP_STEP a smaller
# picture looks better at the same size; above QP_MOST on the last rung it is not worth looking at.
QP_STEP, QP_MOST = 36.0, 42.0
# In the index of an mp4 for each frame or packet of sound, and all else in it.
INDEX_BYTES, FIXED_BYTES = 20, 8 * 1024
SOUND_PACKETS_A_SECOND = passes.SOUND_SAMPLES / 1024


class TooPoorError(Exception):
    """The clip would look awful."""


def do(source: str, target: str, limit_bytes: int) -> dict[str, Any]:
    """Write `source` to `target` as H.264 in mp4, smaller than `limit_bytes`; return its facts.

    Keeps length, frames and shape, the sound as AAC, and no metadata. The working directory gets
    the notes between the passes. Raises TooPoorError when it can only look awful.
    """
    facts = clip.facts(source)
    plan = _measured(source, facts, _video_rate(facts, limit_bytes))
    for number in range(1, TRIES + 1):
        passes.second(plan, target)
        size_bytes = Path(target).stat().st_size
        if size_bytes < limit_bytes:
            return clip.facts(target)
        # Each time the correction takes less for granted that the size follows the rate.
        plan = replace(plan, rate=int(plan.rate * (SHARE * limit_bytes / size_bytes) ** number))
    raise TooPoorError(f"still {size_bytes} bytes after {TRIES} tries")


def _video_rate(facts: dict[str, Any], limit_bytes: int) -> int:
    """Return the bits a second that are left for the pictures; may be negative."""
    seconds: float = facts["duration_s"]
    entries: float = seconds * facts["frames_a_second"]
    bits = limit_bytes * 8 * SHARE - FIXED_BYTES * 8
    if facts["has_sound"]:
        bits -= passes.SOUND_RATE * seconds
        entries += seconds * SOUND_PACKETS_A_SECOND
    return math.floor((bits - entries * INDEX_BYTES * 8) / seconds)


def _measured(source: str, facts: dict[str, Any], rate: int) -> Plan:
    """Do first passes down the rungs until one is fine enough; its notes are for the second."""
    for width, height in _sizes(facts["width"], facts["height"]):
        if rate < BITS_A_PIXEL * width * height * facts["frames_a_second"]:
            continue
        plan = Plan(source, width, height, rate)
        most = QP_MOST if min(width, height) <= RUNGS[-1] else QP_STEP
        if passes.first(plan) <= most:
            return plan
    raise TooPoorError(f"{max(rate, 0) // 1000} kbit/s is too little for it")


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    """Return (width, height), largest first; sides are even, as 4:2:0 demands."""
    short = min(width, height)
    sides = [short, *(rung for rung in RUNGS if rung < short)]
    return [(_even(width * side / short), _even(height * side / short)) for side in sides]


def _even(side: float) -> int:
    return max(2, 2 * round(side / 2))
