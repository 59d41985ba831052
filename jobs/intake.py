"""Whether new videos are taken, and the sentence for the member when they are not."""

import logging
import shutil
from pathlib import Path

from errors import ServicePausedError, TooFastError
from jobs.ports import Clock
from storage.database import BALLAST

HOST = "host"
"""The reason that the host gives; its words go before all others."""
BOOKS = "books"
"""The reason that also stops what was promised already from being sent."""

log = logging.getLogger(__name__)

CATCHING_UP = "Reelbox has just started and is still checking its books. Try again in a moment."
KEY_REFUSED = "NeuralBox does not accept this bot's key, so its host has to act first."
NO_TOKENS = "The NeuralBox account behind this bot has run out of tokens. Its host has to add some."
STOPPING = (
    "Reelbox is being stopped or restarted right now, so it takes no new videos. Please try again "
    "in a few minutes."
)
BOOKS_DOUBTFUL = "A check of this bot's books found a fault, so its host has to act first."
DISK_FULL = "The machine this bot runs on is short of disk space, so its host has to act first."


class Intake:
    """Open unless somebody gave a reason to close it; each reason is lifted by who gave it."""

    def __init__(self, clock: Clock, data_dir: Path, min_free_bytes: int, per_minute: int) -> None:
        self._clock = clock
        self._data_dir = data_dir
        self._min_free_bytes = min_free_bytes
        self._per_minute = per_minute
        self._reasons: dict[str, str] = {}
        self._asked: dict[tuple[int, int], list[float]] = {}

    @property
    def reasons(self) -> dict[str, str]:
        """Why it is closed: name to sentence; empty when open."""
        return dict(self._reasons)

    def close(self, name: str, sentence: str) -> None:
        """Take no new videos until `open(name)`."""
        if self._reasons.get(name) != sentence:
            log.warning("intake closed (%s): %s", name, sentence)
        self._reasons[name] = sentence

    def open(self, name: str) -> None:
        """Lift one reason."""
        if self._reasons.pop(name, None):
            log.info("intake: %s is over", name)

    @property
    def may_send(self) -> bool:
        """Whether what was promised may be sent: not while the books are in doubt."""
        return BOOKS not in self._reasons

    def is_disk_short(self) -> bool:
        """Return whether less is free than the host wants to keep."""
        return shutil.disk_usage(self._data_dir).free < self._min_free_bytes

    def require_open(self) -> None:
        """Raise ServicePausedError with the sentence to show when no new videos are taken."""
        # A quota may be used up where the disk itself is not: then the ballast is gone.
        if self.is_disk_short() or not (self._data_dir / BALLAST).exists():
            self.close("disk", DISK_FULL)
        else:
            self.open("disk")
        for name in sorted(self._reasons, key=lambda name: name != HOST):
            raise ServicePausedError(self._reasons[name])

    def require_pace(self, guild_id: int, user_id: int) -> None:
        """Count one command of a member; raises TooFastError above the host's rate."""
        now = self._clock.monotonic()
        recent = [at for at in self._asked.get((guild_id, user_id), []) if at > now - 60]
        if len(recent) >= self._per_minute:
            raise TooFastError(self._per_minute, int(self._clock.now() + recent[0] + 60 - now) + 1)
        self._asked[guild_id, user_id] = [*recent, now]
        if len(self._asked) > 10_000:
            self._asked = {k: v for k, v in self._asked.items() if v[-1] > now - 60}
