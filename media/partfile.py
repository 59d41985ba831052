"""A file that is either complete under its name or not there at all."""

import hashlib
import os
import secrets
import shutil
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from crashpoints import reach

PREFIX, SUFFIX = ".fetch-", ".part"


class PartFile:
    """A temporary file beside its destination, to be moved there when complete.

    `write` and `keep` block: each is one errand for a thread. Leaving the context removes what was
    not kept, and after an error also what was. A caller whose wait is cancelled leaves its errand
    running in the thread, so leaving waits for that one and no later one does anything.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / f"{PREFIX}{secrets.token_hex(16)}{SUFFIX}"
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._kept: Path | None = None
        self._is_left = False
        self._errand = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._errand:
            self._is_left = True
            try:
                if self._file is not None:
                    self._file.close()
            finally:
                self.path.unlink(missing_ok=True)
                if kind is not None and self._kept is not None:
                    self._kept.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Append `data`; the first time makes the file."""
        with self._errand:
            if self._is_left:
                return
            if self._file is None:
                self._file = _new(self.path)
            self._file.write(data)
            self._digest.update(data)
            self.size_bytes += len(data)
            reach("after write")

    def keep(self, destination: Path) -> str:
        """Make the file durable under its name, in place of one there; return its SHA-256 in hex.

        The name goes to the disk too: after a power cut a delivered file is there or is not.
        """
        with self._errand:
            if self._file is not None and not self._is_left:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                reach("before rename")
                os.replace(self.path, destination)
                reach("after rename")
                self._kept = destination
                _sync_directory(destination.parent)
            return self._digest.hexdigest()


class WorkDirectory:
    """A private directory beside the destination, gone with all in it when the context is left.

    Both ends block, for the few files in it, so that no cancellation can come between.
    """

    def __init__(self, beside: Path) -> None:
        self.path = beside.absolute() / f"{PREFIX}{secrets.token_hex(16)}{SUFFIX}"

    def __enter__(self) -> Path:
        self.path.mkdir(mode=0o700)
        return self.path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def settle(made: Path, destination: Path) -> None:
    """Make a complete file durable under its name, in place of one there. Blocking."""
    descriptor = os.open(made, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    reach("before rename")
    os.replace(made, destination)
    reach("after rename")
    _sync_directory(destination.parent)


def sweep_leftovers(directory: Path) -> int:
    """Remove what a killed process left half done in `directory`; return how many.

    Only at start, before the first work in it. Blocking.
    """
    leftovers = list(directory.glob(f"{PREFIX}*{SUFFIX}"))
    for leftover in leftovers:
        reach("before removal")
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
        reach("after removal")
    return len(leftovers)


def _new(path: Path) -> BinaryIO:
    # Exclusive and private from the first moment: nobody's file or link is written through.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
