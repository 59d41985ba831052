"""What the life of a job needs from outside: time, and somebody to tell."""

import hashlib
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models import Job
from storage.notices import Notice

# Discord remembers a nonce for some minutes; how many is not published.
NONCE_TRUST_S = 60


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

    `stage` is "approval", "waiting", "sending", "checking", "rendering", "late", "down",
    "unpriced", "fitting" or "final".
    Until `approve_until` a moderator may decide. `ready_at` is the expected finish, `place` the
    place in the queue (1 is next), and `starts_at` about when its turn comes. `look_at` is when
    the vendor is asked next, where that is seldom; `why` says why a job is late or waits: "slow",
    "seldom", "down" or "".
    `charged_tokens` and `left_tokens` come from the ledger. For a job without a video, `reason`
    is our sentence and `said` the own words of `said_by`; `link` stands in for a file that cannot
    be attached, at least until `link_until`. `again_tokens` is today's price of the same again,
    None when it cannot be had; `can_continue` is whether any model takes a picture. `picture` is
    the kept start picture. `full_bytes` is the size of the original when a smaller copy is shown.
    `token` reaches a private card while it lives. With `may_be_out`, what is new in the last words
    may have been sent long before, and is looked for.
    """

    job: Job
    stage: str
    model_name: str
    usual_wait_s: tuple[int, int]
    ready_at: int | None = None
    place: int | None = None
    starts_at: int | None = None
    look_at: int | None = None
    why: str = ""
    charged_tokens: int = 0
    left_tokens: int | None = None
    reason: str | None = None
    said: str | None = None
    said_by: str = "NeuralBox"
    has_video: bool = False
    link: str | None = None
    link_until: int | None = None
    took_s: int | None = None
    size: tuple[int, int] | None = None
    full_bytes: int | None = None
    again_tokens: int | None = None
    can_continue: bool = True
    picture: Path | None = None
    token: str | None = field(default=None, repr=False)
    notice: str | None = None
    approve_until: int | None = None
    may_be_out: bool = False


def may_be_out(attempts: int, due_at: int, now: float) -> bool:
    """Return whether a new message may have been sent before, too long ago for its nonce.

    That is so after every try that failed, and when it has been due for long: a try whose process
    was killed left no trace.
    """
    return attempts > 0 or now - due_at > NONCE_TRUST_S


def nonce_of(job: Job, message: str) -> str:
    """Return the nonce of one of a job's messages, for whoever sends that one again.

    Made of the job's random id: another database in the same channel (a second host with this
    token, a fresh start) counts its rows from 1 as well, and Discord would take its message for
    ours. Of the 25 characters that Discord takes, 24 are used.
    """
    return hashlib.sha256(f"{job.public_id} {message}".encode()).hexdigest()[:24]


class Announcer(Protocol):
    """Shows a job to the guild. Raises the errors of this module and nothing else."""

    async def update(self, view: JobView) -> None:
        """Edit the job's card to what it is now; files on it stay."""
        ...

    async def picture_link(self, view: JobView) -> str:
        """Return a fresh address of the start picture on the job's card, for the vendor to fetch.

        A private card out of reach is stood in for by a direct message. Raises PlaceGoneError
        when there is no place for the picture.
        """
        ...

    async def finish(self, view: JobView, file: Path | None, nonce: str) -> None:
        """Edit the job's card to its last form, with the video beside it. May be repeated.

        A private card out of reach is stood in for by a direct message with that nonce.
        """
        ...

    async def post(self, view: JobView, file: Path | None, nonce: str) -> int:
        """Create the job's message anew in its channel; return its id.

        The nonce makes Discord return the first message when this is repeated soon after.
        """
        ...

    async def publish(
        self, view: JobView, file: Path | None, nonce: str, channel_id: int
    ) -> tuple[int, int]:
        """Show a result in another channel, in a forum as a post; return its channel and message.

        May be repeated: a message that is out already is found again.
        """
        ...

    async def redraw(self, view: JobView) -> None:
        """Show a result that is shown already as it is now, or take it away when it is hidden."""
        ...

    def may_move(self, job: Job, channel_id: int) -> bool:
        """Return whether a job's result may be shown in that channel instead of its own.

        False when its own is closed to everybody or age-restricted and the other is not.
        """
        ...

    def room_bytes(self, view: JobView) -> int:
        """Return the largest file that the place of the result is believed to take."""
        ...

    async def answer(self, view: JobView, interaction_token: str) -> None:
        """Edit the interaction's answer, whose message id was never learned."""
        ...

    async def reach(self) -> None:
        """Ask Discord for next to nothing; raises NotNowError while it gives no proper answer."""
        ...

    async def ping(self, view: JobView, nonce: str) -> int | None:
        """Tell the requester in a short reply, since an edit notifies nobody; return its id."""
        ...


class NoticeBoard(Protocol):
    """Shows notices to a guild's admins. Raises the errors of this module and nothing else."""

    async def post(self, notice: Notice, taken: Container[int] | None) -> int:
        """Post a notice in its channel; return the message's id.

        Its nonce makes Discord return the first message when this is repeated soon after; it says
        then what the notice says now. With `taken`, the ids of the messages that other notices are,
        it may have been sent long before, and is looked for.
        """
        ...

    async def edit(self, notice: Notice) -> None:
        """Let the notice's message say what the notice says now."""
        ...


class AnnounceError(Exception):
    """Base of what an Announcer or a NoticeBoard raises."""


class MessageGoneError(AnnounceError):
    """The job's message was deleted."""


class PlaceGoneError(AnnounceError):
    """The channel is gone, or the bot may no longer speak there."""


class FileTooLargeError(AnnounceError):
    """The place does not take a file of this size."""


class NotNowError(AnnounceError):
    """Discord did not take it this time; repeat later."""


class AwayError(NotNowError):
    """Discord gave no proper answer at all, so it may be away for everything."""
