"""`make release`: a source archive, what is inside it for machines to read, and their checksums.

Everything is taken from the last commit, so the same commit gives the same bytes wherever it is
built with the same Python. Nothing here is signed: the provenance says what was built from what,
and is worth as much as the place one got it from.
"""

import argparse
import gzip
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from supply import locks

SHIPPED = "requirements.lock"


class IncompleteError(Exception):
    """The list of parts does not name every locked package with its version and hashes."""


def build(repository: Path, out: Path, *, validate: bool = True) -> list[Path]:
    """Write the release of the last commit to `out`; return its files, checksums last.

    `validate` holds the list of parts against the CycloneDX schema, which takes seconds.
    """
    out.mkdir(parents=True, exist_ok=True)
    commit, committed_at = (
        _git(repository, "show", "-s", "--format=%H %ct", "HEAD").decode().split()
    )
    project = tomllib.loads(_committed(repository, "pyproject.toml").decode())["project"]
    stem = f"{project['name']}-{project['version']}"
    archive = out / f"{stem}.tar.gz"
    # git gives every file the commit's time; gzip would add the time of today.
    tar = _git(repository, "archive", "--format=tar", f"--prefix={stem}/", "HEAD")
    archive.write_bytes(gzip.compress(tar, mtime=0))
    parts = out / f"{stem}.cdx.json"
    _list_parts(repository, parts, committed_at, validate=validate)
    provenance = out / f"{stem}.provenance.json"
    facts = {
        "name": project["name"],
        "version": project["version"],
        "commit": commit,
        "committed_at": int(committed_at),
        "archive_sha256": _sha256(archive.read_bytes()),
        "locks_sha256": {
            name: _sha256(_committed(repository, name)) for name in _locks(repository)
        },
        "built_with": {
            "python": platform.python_version(),
            "cyclonedx-bom": version("cyclonedx-bom"),
        },
    }
    provenance.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    files = [archive, parts, provenance]
    sums = out / "SHA256SUMS"
    sums.write_text(
        "".join(f"{_sha256(file.read_bytes())}  {file.name}\n" for file in files), encoding="utf-8"
    )
    return [*files, sums]


def check_parts(parts: Mapping[str, Any], pinned: Iterable[locks.Pinned]) -> None:
    """Raise IncompleteError unless each package is listed with its version and every hash."""
    listed: dict[tuple[str, str], set[str]] = {
        (part["name"], part["version"]): {
            digest["content"]
            for reference in part.get("externalReferences", [])
            for digest in reference.get("hashes", [])
        }
        for part in parts.get("components", [])
    }
    for package in pinned:
        if listed.get((package.name, package.version), set()) != package.sha256:
            raise IncompleteError(f"{package.name} {package.version} is not listed as it is locked")


def _list_parts(repository: Path, target: Path, committed_at: str, *, validate: bool) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements"]
    command += ["--output-reproducible", "--pyproject", "pyproject.toml", SHIPPED]
    command += ["--output-file", str(target.resolve())]
    command += ["--validate" if validate else "--no-validate"]
    with tempfile.TemporaryDirectory() as place:
        for name in ("pyproject.toml", SHIPPED):
            (Path(place) / name).write_bytes(_committed(repository, name))
        subprocess.run(
            command, cwd=place, env=os.environ | {"SOURCE_DATE_EPOCH": committed_at}, check=True
        )
        parts = json.loads(target.read_text(encoding="utf-8"))
        check_parts(parts, locks.read(Path(place) / SHIPPED))


def _locks(repository: Path) -> list[str]:
    names = _git(repository, "ls-tree", "--name-only", "HEAD").decode().splitlines()
    return [name for name in names if name.startswith("requirements") and name.endswith(".lock")]


def _committed(repository: Path, name: str) -> bytes:
    return _git(repository, "show", f"HEAD:{name}")


def _git(repository: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(repository), *arguments], stdout=subprocess.PIPE, check=True
    ).stdout


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    """Build the release; return the process's exit code."""
    parser = argparse.ArgumentParser(prog="supply.release", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/release"), metavar="DIR")
    options = parser.parse_args()
    here = Path(__file__).parent.parent
    if _git(here, "status", "--porcelain", "--untracked-files=no"):
        sys.stderr.write("what is not committed yet is not part of this release\n")
    for file in build(here, options.out):
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
