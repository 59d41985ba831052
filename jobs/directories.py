"""The directories the bot keeps things in: private, and tidy before anything is put there."""

import logging
import stat
from dataclasses import dataclass
from pathlib import Path

from media import sweep_leftovers
from storage.errors import UnusableDatabaseError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Directories:
    """Those beside the books, in the data directory."""

    videos: Path
    pictures: Path


def make(data_dir: Path) -> Directories:
    """Make the data directory and those for videos and pictures, readable by this user alone.

    They may be another copy's, as long as the lock is not held: what is in them is left alone.
    """
    made = Directories(data_dir / "videos", data_dir / "pictures")
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (made.videos, made.pictures):
            directory.mkdir(mode=0o700, exist_ok=True)
        for directory in (data_dir, made.videos, made.pictures):
            _keep_private(directory)
    except OSError as error:
        raise _unusable(data_dir, error) from error
    return made


def drop_leftovers(directories: Directories) -> None:
    """Remove what a killed process left half done. Under the lock: a running copy's parts live."""
    for directory in (directories.videos, directories.pictures):
        try:
            sweep_leftovers(directory)
        except OSError as error:
            raise _unusable(directory.parent, error) from error


def _unusable(data_dir: Path, error: OSError) -> UnusableDatabaseError:
    return UnusableDatabaseError(
        f"storage.data_dir {data_dir} cannot be used: {error.strerror or error}; make it a "
        "directory that this user may write to"
    )


def _keep_private(directory: Path) -> None:
    """Take from others what they may do in a directory that was there before."""
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o077:
        try:
            directory.chmod(0o700)
        except OSError as error:
            log.warning("%s can be read by others, and stays so: %s", directory, error.strerror)
