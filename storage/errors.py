"""What can go wrong with the books, sorted by what to do about it."""

from typing import Literal

Level = Literal["host", "guild", "member"]


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
