"""Why a file did not come or could not be worked on, one class for each thing a caller does."""

from enum import StrEnum
from typing import ClassVar

MESSAGE_CHARS = 300


class Refusal(StrEnum):
    """What about a file was refused."""

    ADDRESS = "address"
    REDIRECT = "redirect"
    SIZE = "size"
    KIND = "kind"


class FetchError(Exception):
    """A download that gave no file; nothing of it is left on the disk.

    `reason` is a short sentence for logs and the host, `status` the HTTP status or None. Neither
    holds the address, whose query may be a ticket to the file.
    """

    summary: ClassVar[str] = "no file"

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        self.reason = reason[:MESSAGE_CHARS]
        self.status = status
        super().__init__(f"{self.summary}: {self.reason}")


class FetchRefusedError(FetchError):
    """We do not want it: foreign host, redirect, wrong type, too large. Never try again."""

    summary = "file refused"

    def __init__(self, reason: str, *, why: Refusal, status: int | None = None) -> None:
        self.why = why
        super().__init__(reason, status=status)


class FetchGoneError(FetchError):
    """401, 403, 404 or 410: this address no longer serves it. Ask the API for a fresh one."""

    summary = "file not at this address"


class FetchFailedError(FetchError):
    """Time-out, lost connection, 5xx: the same address may work later."""

    summary = "download failed"


class FetchEmptyError(FetchFailedError):
    """A complete answer without a single byte."""


class StudioError(Exception):
    """Work on a picture or clip that made no file. `reason` is for logs and names no file."""

    summary: ClassVar[str] = "no file made"

    def __init__(self, reason: str) -> None:
        self.reason = reason[:MESSAGE_CHARS]
        super().__init__(f"{self.summary}: {self.reason}")


class BrokenFileError(StudioError):
    """The file is damaged, cut short, or not what its first bytes say. Never try again."""

    summary = "file is broken"


class WorkerOverrunError(StudioError):
    """The worker was ended for memory, time or a crash: this file is too much for it."""

    summary = "file is too much for a worker"


class WorkerFailedError(StudioError):
    """The worker could not be started or had trouble of its own, such as a full disk."""

    summary = "worker failed"


class CannotFitError(StudioError):
    """Within this limit the clip could only be awful, so it is not made."""

    summary = "clip cannot be made to fit"
