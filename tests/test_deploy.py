"""The examples for supervisors: patient when it starts again, patient when it stops."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bot
from config import NeuralBoxConfig

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "docs" / "deploy" / "reelbox.service"
UNITS_S = {"s": 1, "min": 60}
# The newest keys of the example; an older systemd says that it ignores them.
STEPS = {"RestartSteps", "RestartMaxDelaySec"}
LOGINS_A_DAY = 1_000
LEAST_STOP_S = NeuralBoxConfig(key="nb_key").post_timeout_s + 10


def settings() -> dict[str, list[str]]:
    """Return the unit's keys with all that each is set to."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if match := re.fullmatch(r"([A-Za-z]+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def seconds(text: str) -> int:
    match = re.fullmatch(r"(\d+)(s|min)", text)
    assert match is not None, text
    return int(match[1]) * UNITS_S[match[2]]


@pytest.mark.fault("P16")
def test_systemd_starts_it_again_after_pauses_that_grow_to_five_minutes() -> None:
    keys = settings()
    assert keys["Restart"] == ["on-failure"]
    assert keys["StartLimitIntervalSec"] == ["0"], "it never gives up"
    assert 1 <= seconds(keys["RestartSec"][0]) <= 30
    assert int(keys["RestartSteps"][0]) >= 4
    assert seconds(keys["RestartMaxDelaySec"][0]) == 300


@pytest.mark.fault("P16")
def test_where_pauses_cannot_grow_the_one_given_keeps_within_discords_logins() -> None:
    [constant] = re.findall(r"^#RestartSec=(\w+)$", UNIT.read_text(), re.MULTILINE)
    assert 86_400 / seconds(constant) < LOGINS_A_DAY


def test_systemd_leaves_it_down_only_where_a_new_start_cannot_help() -> None:
    stays = {int(code) for code in settings()["RestartPreventExitStatus"][0].split()}
    assert stays == {bot.EXIT_LOCKED, bot.EXIT_TOKEN, bot.EXIT_CONFIG}


@pytest.mark.fault("P5")
def test_both_supervisors_wait_longer_than_a_request_in_flight_may_take() -> None:
    keys = settings()
    assert keys["KillSignal"] == ["SIGTERM"]
    assert keys["KillMode"] == ["mixed"], "what opens a picture is not stopped before the bot"
    assert seconds(keys["TimeoutStopSec"][0]) >= LEAST_STOP_S
    [grace] = re.findall(r"^    stop_grace_period: (\w+)$", compose(), re.MULTILINE)
    assert seconds(grace) >= LEAST_STOP_S


def compose() -> str:
    return (ROOT / "compose.yaml").read_text()


@pytest.mark.fault("P16")
def test_docker_starts_it_again_until_somebody_stops_it() -> None:
    assert re.findall(r"^    restart: (.+)$", compose(), re.MULTILINE) == ["unless-stopped"]
    assert "    init: true\n" in compose()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")
def test_systemd_itself_finds_nothing_wrong_and_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/reelbox/.venv/bin/python", sys.executable))
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    said = [line for line in checked.stderr.splitlines() if UNIT.name in line]
    ignored = {match[1] for line in said if (match := re.search(r"Unknown key '(\w+)'", line))}
    assert checked.returncode == 0
    assert len(said) == len(ignored), said
    assert ignored <= STEPS
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-200:]
