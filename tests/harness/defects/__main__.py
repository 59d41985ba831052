"""Sow each defect into a copy of the code and see the harness catch it: `make defects`.

The control is the code as it is, under the same workloads: there nothing may be found.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.harness.defects.catalogue import DEFECTS
from tests.harness.defects.defect import Defect

ROOT = Path(__file__).resolve().parents[3]
LEFT_OUT = shutil.ignore_patterns(".*", "build", "docs", "bench", "browser", "*.log")
CAUGHT, CLEAN = 1, 0
MINUTES = 4.0
# Seeds under which the control has to stay clean, for each defect's workloads.
CONTROL_SEEDS = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the harness said of one copy."""

    name: str
    is_as_expected: bool
    seconds: float
    told: str


def main() -> int:
    """Run all defects and the control; 0 when each was caught and the control is clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.defects", description=__doc__)
    parser.add_argument("--only", default="", help="defects whose name has this in it")
    parser.add_argument("--jobs", type=int, default=2, help="copies at a time")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for each, at most")
    parser.add_argument("--no-control", action="store_true")
    given = parser.parse_args()
    chosen = [defect for defect in DEFECTS if given.only in defect.name]
    with ThreadPoolExecutor(given.jobs) as crew:
        verdicts = list(crew.map(lambda defect: _say(_hunt(defect, given.minutes)), chosen))
        caught = sum(verdict.is_as_expected for verdict in verdicts)
        is_clean = True
        if not given.no_control:
            controls = list(crew.map(lambda defect: _say(_control(defect)), chosen))
            is_clean = all(verdict.is_as_expected for verdict in controls)
    control = "not asked" if given.no_control else "clean" if is_clean else "NOT CLEAN"
    sys.stdout.write(f"\n{caught} of {len(chosen)} defects caught; control: {control}\n")
    return 0 if caught == len(chosen) and is_clean else 1


def _hunt(defect: Defect, minutes: float) -> Verdict:
    return _in_copy(
        f"defect:  {defect.name}",
        lambda copy: sow(defect, copy),
        [*_where(defect), "--until-wrong", "--minutes", str(minutes)],
        CAUGHT,
    )


def _control(defect: Defect) -> Verdict:
    most = 1 if defect.kinds == "every boundary" else CONTROL_SEEDS
    arguments = [*_where(defect), "--most", str(most), "--minutes", "2"]
    return _in_copy(f"control: {defect.name}", lambda _copy: None, arguments, CLEAN)


def _where(defect: Defect) -> list[str]:
    where = ["--long", "--kinds", defect.kinds, "--traits", defect.traits, "--workers", "1"]
    return [*where, "--each-kind"]


def sow(defect: Defect, root: Path) -> None:
    """Put a defect into the code below `root`. Raises ValueError where it does not fit."""
    for edit in defect.edits:
        path = root / edit.file
        text = path.read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            raise ValueError(f"{defect.name}: {edit.file} has not just one {edit.old.strip()!r}")
        path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def _in_copy(
    name: str, change: Callable[[Path], None], arguments: list[str], expected: int
) -> Verdict:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reelbox-defect-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        change(copy)
        command = [sys.executable, "-W", "ignore", "-m", "tests.harness", *arguments]
        ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    lines = (ended.stdout + ended.stderr).splitlines()
    found = [line.strip() for line in lines if line.startswith("    ")]
    told = found[0] if found else (lines[-1] if lines else "")
    is_so = ended.returncode == expected
    if not is_so and ended.returncode not in {CAUGHT, CLEAN}:
        told = "\n".join(lines[-12:])
    return Verdict(name, is_so, time.monotonic() - began, told)


def _say(verdict: Verdict) -> Verdict:
    word = "ok" if verdict.is_as_expected else "MISSED"
    sys.stdout.write(f"{word:<7}{verdict.seconds:6.0f} s  {verdict.name}\n{'':17}{verdict.told}\n")
    sys.stdout.flush()
    return verdict


if __name__ == "__main__":
    sys.exit(main())
