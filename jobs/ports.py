"""What the life of a job needs from outside: time, and somebody to tell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models import Job


class Clock(Protocol):
    """Time, injected: wall time for records, monotonic time for waiting."""

    def now(self) -> float:
        """UTC epoch seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


@dataclass(frozen=True, slots=True)
class JobView:
    """Everything a card tells about a job, read at one moment.

    `stage` is "waiting", "sending", "checking", "rendering", "late", "unpriced" or "final".
    `ready_at` is the expected finish, `place` the place in the queue (1 is next).
    `charged_tokens` and `left_tokens` come from the ledger. For a job without a video, `reason`
    is our sentence and `said` the vendor's own words; `link` stands in for a file that cannot be
    attached.
    """

    job: Job
    stage: str
    model_name: str
    usual_wait_s: tuple[int, int]
    ready_at: int | None = None
    place: int | None = None
    charged_tokens: int = 0
    left_tokens: int | None = None
    reason: str | None = None
    said: str | None = None
    has_video: bool = False
    link: str | None = None
    took_s: int | None = None
    size: tuple[int, int] | None = None


class Announcer(Protocol):
    """Shows a job to the guild. Raises the errors of this module and nothing else."""

    async def update(self, view: JobView) -> None:
        """Edit the job's message to what it is now; no file."""
        ...

    async def finish(self, view: JobView, file: Path | None) -> None:
        """Edit the job's message to its last form, with the video beside it. May be repeated."""
        ...

    async def post(self, view: JobView, file: Path | None, nonce: str) -> int:
        """Create a message in its last form, since the job's own is gone; return its id.

        The nonce makes Discord return the first message when this is repeated soon after.
        """
        ...

    async def answer(self, view: JobView, interaction_token: str) -> None:
        """Edit the interaction's answer, whose message id was never learned."""
        ...

    async def ping(self, view: JobView, nonce: str) -> None:
        """Tell the requester in a short reply: an edit notifies nobody."""
        ...


class AnnounceError(Exception):
    """Base of what an Announcer raises."""


class MessageGoneError(AnnounceError):
    """The job's message was deleted."""


class PlaceGoneError(AnnounceError):
    """The channel is gone, or the bot may no longer speak there."""


class FileTooLargeError(AnnounceError):
    """The place does not take a file of this size."""


class NotNowError(AnnounceError):
    """Discord did not take it this time; repeat later."""
