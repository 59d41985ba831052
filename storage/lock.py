"""One bot per data directory: a kernel lock that a crash releases and a freeze keeps."""

import fcntl
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import UnusableDatabaseError

# struct flock of 64-bit Linux: type, whence, start, length, process.
_FLOCK = "hhqqi"


class AlreadyRunningError(Exception):
    """Another process holds the data directory."""


@contextmanager
def instance_lock(path: Path) -> Iterator[None]:
    """Hold the lock file for the life of the block; raises AlreadyRunningError at once.

    Raises UnusableDatabaseError where no such file can be kept.

    A time lease would let a second copy declare a frozen first one dead, and the first would then
    send late; the kernel's lock ends with the process and not before. Children do not inherit it.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunningError(
            f"another Reelbox is already using {path.parent}; stop it first, or give this one "
            "its own storage.data_dir"
        ) from None
    except OSError as error:
        os.close(descriptor)
        raise _unusable(path, error) from error
    with suppress(OSError):
        # A sign for `is_held`: unlike the lock above, one of this kind can be asked about. Where
        # the two are one, as on some network disks, it conflicts with our own and is not needed.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool | None:
    """Return whether another process holds the lock file; None where that cannot be told.

    It is asked about and never taken, so a bot that starts at this moment is not turned away.
    """
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, asked)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)


def _unusable(path: Path, error: OSError) -> UnusableDatabaseError:
    return UnusableDatabaseError(
        f"storage.data_dir {path.parent} cannot be used: {error.strerror or error}; it must be a "
        "directory on a disk that can be written to, and belong to the user that the bot runs as"
    )
