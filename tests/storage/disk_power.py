"""What a power cut leaves of files: everything synced, and some of the rest.

Between two syncs of a file the disk may have taken any of its sectors in any of the forms they had,
and a sector may be torn. An entry of the directory is sure once the directory was synced.
"""

import os
import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.storage.disk import Op

SECTOR_BYTES = 512
# How much of what was not synced reached the disk, in one cut or another.
KEPT_PARTS = (0.0, 0.1, 0.5, 0.9, 1.0)
TORN_PART = 0.05


@dataclass(slots=True)
class _Content:
    """One file: what is surely on the disk, and what may be."""

    sure: bytearray = field(default_factory=bytearray)
    maybe: list[Op] = field(default_factory=list)

    def sync(self) -> None:
        for op in self.maybe:
            _apply(self.sure, op.kind, op.at, op.data)
        self.maybe.clear()

    def after_cut(self, rng: random.Random) -> bytes:
        left, part = bytearray(self.sure), rng.choice(KEPT_PARTS)
        for op in self.maybe:
            if op.kind == "truncate":
                if rng.random() < part:
                    _apply(left, "truncate", op.at, b"")
                continue
            for at, piece in _sectors(op):
                if rng.random() < part:
                    is_torn = rng.random() < TORN_PART
                    kept = piece[: rng.randrange(len(piece))] if is_torn else piece
                    _apply(left, "write", at, kept)
        return bytes(left)


class Platter:
    """A directory as it is on the disk. Feed it operations, and cut the power at any moment."""

    def __init__(self) -> None:
        self._contents: dict[str, _Content] = {}
        self._sure_names: dict[str, _Content] = {}
        self._maybe_names: list[tuple[str, _Content | None]] = []

    def take(self, op: Op) -> None:
        """An operation reached the disk."""
        if op.kind == "create":
            self._contents[op.path] = _Content()
            self._maybe_names.append((op.path, self._contents[op.path]))
        elif op.kind == "delete":
            del self._contents[op.path]
            self._maybe_names.append((op.path, None))
        elif op.kind == "sync":
            self._contents[op.path].sync()
        elif op.kind in ("write", "truncate"):
            self._contents[op.path].maybe.append(op)
        if op.with_directory:
            for name, content in self._maybe_names:
                _name(self._sure_names, name, content)
            self._maybe_names.clear()

    def cut(self, rng: random.Random, into: Path) -> None:
        """Write what a power cut at this moment may leave into a directory."""
        names = dict(self._sure_names)
        for name, content in self._maybe_names:
            if rng.random() < 0.5:
                _name(names, name, content)
        for name, content in names.items():
            (into / os.path.basename(name)).write_bytes(content.after_cut(rng))


def _name(names: dict[str, _Content], name: str, content: _Content | None) -> None:
    if content is None:
        names.pop(name, None)
    else:
        names[name] = content


def _sectors(op: Op) -> list[tuple[int, bytes]]:
    """The pieces of a write, one for each sector it touches."""
    pieces, at, end = [], op.at, op.at + len(op.data)
    while at < end:
        until = min(end, (at // SECTOR_BYTES + 1) * SECTOR_BYTES)
        pieces.append((at, op.data[at - op.at : until - op.at]))
        at = until
    return pieces


def _apply(content: bytearray, kind: str, at: int, data: bytes) -> None:
    if kind == "truncate":
        del content[at:]
        return
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(data)] = data
