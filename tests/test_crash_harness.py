"""The short form of the crash harness; `make soak` runs the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PATIENCE_S = 600


@pytest.mark.fault("P1")
@pytest.mark.fault("P2")
@pytest.mark.fault("P3")
def test_no_kill_loses_doubles_or_misbooks_anything() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.harness", "--short"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    told = ended.stdout + ended.stderr
    assert ended.returncode == 0, told
    [total] = [line for line in ended.stdout.splitlines() if line.startswith("in all")]
    runs, kills = (int(cell.replace(",", "")) for cell in total.split()[2:4])
    assert kills >= 200, told
    assert runs >= 100, told
