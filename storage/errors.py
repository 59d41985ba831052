"""What can go wrong with the books, sorted by what to do about it."""

import sqlite3
from typing import Literal

Level = Literal["host", "guild", "member"]

_RESTORE = "Keep the file, and restore the newest backup"
_OWN = "It must be on a disk that can be written to, and belong to the user that the bot runs as"
_REMEDIES = {
    sqlite3.SQLITE_BUSY: "Another program holds it; close that program first",
    sqlite3.SQLITE_CANTOPEN: _OWN,
    sqlite3.SQLITE_READONLY: _OWN,
    sqlite3.SQLITE_PERM: _OWN,
    sqlite3.SQLITE_FULL: "Free some disk space",
    sqlite3.SQLITE_IOERR: "The disk fails; copy the file to another one and look at the disk",
}


class StorageError(Exception):
    """Base of everything this package raises on purpose."""


class DatabaseBusyError(StorageError):
    """The transaction certainly did not begin; nothing was written."""


class DatabaseLostError(StorageError):
    """The disk or the file failed under us: what is true is known only after a new start."""


class UnusableDatabaseError(StorageError):
    """The file must not be served as it is; the sentence says why and what to do."""


class StaleStateError(StorageError):
    """The row was no longer in the state this change starts from; nothing was written."""


class DuplicateInteractionError(StorageError):
    """This interaction already has its job."""


class ShortBudgetError(StorageError):
    """A level has too few tokens left for the hold."""

    def __init__(self, level: Level) -> None:
        self.level = level
        super().__init__(f"the {level} level is short")


UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file raises: SQLite's own words for the damage may not be readable either."""


def code_of(error: Exception) -> int:
    """SQLite's primary result code; 0 for an error that Python raised by itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def cannot_be_used(path: object, error: Exception) -> UnusableDatabaseError:
    """Say what is wrong with a file in a sentence for the host, and what to do."""
    remedy = _REMEDIES.get(code_of(error), _RESTORE)
    words = "its shape cannot be read" if isinstance(error, UnicodeDecodeError) else error
    return UnusableDatabaseError(f"{path} cannot be used: {words}. {remedy}.")
