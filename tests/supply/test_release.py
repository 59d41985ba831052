"""A release holds what was committed and nothing else, and lists every part of it."""

import copy
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from supply import locks, release

ROOT = Path(__file__).parents[2]
FILES = ("pyproject.toml", "requirements.lock", "requirements-dev.lock", "bot.py")

pytestmark = pytest.mark.fault("S9")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("repository")
    for name in FILES:
        (place / name).write_bytes((ROOT / name).read_bytes())
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "All of it"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    (place / "bot.py").write_text("not committed")
    (place / "config.toml").write_text("a secret that lies around")
    return place


@pytest.fixture(scope="module")
def built(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return release.build(repository, tmp_path_factory.mktemp("release"), validate=False)


def test_the_archive_holds_the_commit_and_nothing_that_lies_around(built: list[Path]) -> None:
    with tarfile.open(built[0]) as archive:
        inside = {entry.name.partition("/")[2] for entry in archive if entry.isfile()}
        assert inside == set(FILES)
        source = archive.extractfile("reelbox-0.1.0/bot.py")
        assert source is not None
        assert source.read() == (ROOT / "bot.py").read_bytes()


def test_the_same_commit_gives_the_same_bytes(
    built: list[Path], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    again = release.build(repository, tmp_path, validate=False)
    assert [file.name for file in again] == [file.name for file in built]
    for one, other in zip(built, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_every_locked_package_is_listed_with_its_version_and_hashes(built: list[Path]) -> None:
    parts = json.loads(built[1].read_text())
    assert (parts["bomFormat"], parts["metadata"]["component"]["name"]) == ("CycloneDX", "reelbox")
    pinned = locks.read(ROOT / "requirements.lock")
    assert len(parts["components"]) == len(pinned) > 10
    release.check_parts(parts, pinned)
    for name, wrong in (("version", "0.1"), ("externalReferences", [])):
        lacking = copy.deepcopy(parts)
        lacking["components"][3][name] = wrong
        with pytest.raises(release.IncompleteError):
            release.check_parts(lacking, pinned)
    with pytest.raises(release.IncompleteError):
        release.check_parts({"components": parts["components"][1:]}, pinned)


def test_the_provenance_tells_commit_python_and_locks(built: list[Path], repository: Path) -> None:
    told = json.loads(built[2].read_text())
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert told["commit"] == head.stdout.strip()
    assert told["archive_sha256"] == hashlib.sha256(built[0].read_bytes()).hexdigest()
    assert told["locks_sha256"] == {
        name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
        for name in FILES
        if name.endswith(".lock")
    }
    assert told["built_with"]["python"]


def test_the_checksums_are_those_of_the_files(built: list[Path]) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", built[3].name],
        cwd=built[3].parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    assert len(checked.stdout.splitlines()) == 3
