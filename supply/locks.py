"""A lock file, read as strictly as pip does with --require-hashes."""

import re
from dataclasses import dataclass
from pathlib import Path

_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[A-Za-z0-9.!+_-]+)"
    r"(?:\s*;(?P<marker>[^\\#]*?))?(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})+)"
)
_HASH = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package of a lock; `sha256` holds a digest for each of its files."""

    name: str
    version: str
    sha256: frozenset[str]


def read(path: Path) -> tuple[Pinned, ...]:
    """Return the packages of a lock; raises ValueError for a line that is not pinned by hash."""
    joined = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines()]
    return tuple(_pinned(line) for line in lines if line and not line.startswith("#"))


def _pinned(line: str) -> Pinned:
    match = _PINNED.fullmatch(line)
    if match is None:
        raise ValueError(f"not pinned to one version by hash: {line[:100]}")
    return Pinned(match["name"], match["version"], frozenset(_HASH.findall(match["hashes"])))
