"""One bot per data directory: a kernel lock that a crash releases and a freeze keeps."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another process holds the data directory."""


@contextmanager
def instance_lock(path: Path) -> Iterator[None]:
    """Hold the lock file for the life of the block; raises AlreadyRunningError at once.

    A time lease would let a second copy declare a frozen first one dead, and the first would then
    send late; the kernel's lock ends with the process and not before. Children do not inherit it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise AlreadyRunningError(
            f"another Reelbox is already using {path.parent}; stop it first, or give this one "
            "its own storage.data_dir"
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)
