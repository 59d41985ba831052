"""Only what was locked by hash gets in, and only as wheels: with pip's own word, offline."""

import base64
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from supply import locks

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
STRICT = ("--require-hashes", "--only-binary :all:")

pytestmark = pytest.mark.fault("S9")


def commands(*targets: str, **variables: str) -> list[str]:
    """Return what make would run, with every rule out of date."""
    given = [f"{name}={value}" for name, value in variables.items()]
    printed = subprocess.run(
        ["make", "-n", "-B", *given, *targets], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.replace("\\\n", " ")
    return printed.splitlines()


def wheel(place: Path, name: str, *, needs: str = "", code: str = "word = 'sound'\n") -> str:
    """Write a wheel of one module; return the line that locks it."""
    info = f"{name}-1.0.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
    place.mkdir(exist_ok=True)
    target = place / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in (files | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}).items():
            archive.writestr(path, text)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(target.read_bytes()).hexdigest()}\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def install(place: Path, lock: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Install a lock as make does, from `place` alone; return how it ended and what is there."""
    (place / "lock").write_text(lock)
    line = next(line for line in commands(".venv/runtime", VENV=".venv") if "pip install" in line)
    flags = line.partition("pip install")[2].split()
    assert flags[-2:] == ["-r", "requirements.lock"]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    offline = ["--no-index", "--find-links", str(place), "--target", str(place / "there")]
    ended = subprocess.run(
        [sys.executable, "-m", "pip", "install", *flags[:-1], str(place / "lock"), *offline],
        env=ours | {"PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended, sorted(path.name for path in (place / "there").glob("*.py"))


def test_a_locked_wheel_is_installed(tmp_path: Path) -> None:
    ended, there = install(tmp_path, wheel(tmp_path, "sound"))
    assert (ended.returncode, there) == (0, ["sound.py"]), ended.stderr


def test_a_wheel_that_was_changed_since_it_was_locked_is_refused(tmp_path: Path) -> None:
    lock = wheel(tmp_path, "sound")
    assert wheel(tmp_path, "sound", code="word = 'poison'\n") != lock
    ended, there = install(tmp_path, lock)
    assert ended.returncode != 0
    assert "DO NOT MATCH THE HASHES" in ended.stderr
    assert there == []


def test_a_dependency_that_the_lock_does_not_name_is_refused(tmp_path: Path) -> None:
    lock = wheel(tmp_path, "sound", needs="stowaway==1.0")
    wheel(tmp_path, "stowaway")
    ended, there = install(tmp_path, lock)
    assert ended.returncode != 0
    assert "stowaway" in ended.stderr
    assert there == []


def test_source_whose_build_could_run_anything_is_refused(tmp_path: Path) -> None:
    trap = tmp_path / "trap-1.0.zip"
    with zipfile.ZipFile(trap, "w") as archive:
        archive.writestr("trap-1.0/setup.py", f"open({str(tmp_path / 'ran')!r}, 'w')\n")
        archive.writestr("trap-1.0/PKG-INFO", "Metadata-Version: 2.1\nName: trap\nVersion: 1.0\n")
    digest = hashlib.sha256(trap.read_bytes()).hexdigest()
    ended, there = install(tmp_path, f"trap==1.0 --hash=sha256:{digest}\n")
    assert ended.returncode != 0
    assert there == []
    assert not (tmp_path / "ran").exists()


def test_every_package_of_every_lock_is_pinned_by_hash() -> None:
    assert [path.name for path in LOCKS] == [
        "requirements-dev.lock",
        "requirements-fuzz.lock",
        "requirements.lock",
    ]
    for path in LOCKS:
        assert locks.read(path)


@pytest.mark.parametrize(
    "line",
    [
        "aiohttp",
        "aiohttp==3.14.5",
        f"aiohttp>=3.14 --hash=sha256:{'0' * 64}",
        f"aiohttp==3.* --hash=sha256:{'0' * 64}",
        f"aiohttp==3.14.5 --hash=md5:{'0' * 32}",
        "aiohttp @ https://example.com/aiohttp.whl",
        "-e .",
        "--index-url https://example.com",
    ],
)
def test_a_line_that_pins_nothing_is_no_lock(tmp_path: Path, line: str) -> None:
    (tmp_path / "lock").write_text(f"{line}\n")
    with pytest.raises(ValueError, match="not pinned"):
        locks.read(tmp_path / "lock")


def test_the_tests_use_the_very_packages_that_the_bot_is_shipped_with() -> None:
    shipped, tested = (
        locks.read(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert set(shipped) <= set(tested)


def test_nothing_is_installed_but_wheels_by_their_hashes() -> None:
    everything = ("play", "run", "test", "test-browser", "bench", "check", "soak", "release")
    pips = [line for line in commands(*everything) if re.search(r"\bpip\b.* install", line)]
    container = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    pips += [line for line in container if re.search(r"\bpip\b.* install", line)]
    assert len(pips) == 4
    for line in pips:
        assert all(flag in re.sub(" +", " ", line) for flag in STRICT), line
        assert re.search(r" -r requirements(-dev|-fuzz)?\.lock", line), line


def test_a_lock_takes_nothing_younger_than_a_week_and_only_wheels() -> None:
    compiled = [line for line in commands("lock") if "uv pip compile" in line]
    assert len(compiled) == len(LOCKS)
    for line in compiled:
        assert '--exclude-newer "7 days"' in line
        assert "--only-binary :all:" in line
        assert "--generate-hashes" in line
