"""Why a result file did not come, one class for each thing a caller does about it."""

from typing import ClassVar

MESSAGE_CHARS = 300


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


class FetchGoneError(FetchError):
    """401, 403, 404 or 410: this address no longer serves it. Ask the API for a fresh one."""

    summary = "file not at this address"


class FetchFailedError(FetchError):
    """Time-out, lost connection, 5xx: the same address may work later."""

    summary = "download failed"
