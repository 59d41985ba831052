"""The watch over the books themselves: looked through every night, and the room they need.

What is found closes the intake, and a fault in the books also stops what was promised from being
sent. Reading goes on, and so does booking what the vendor charged.
"""

import asyncio
import logging
from pathlib import Path

from jobs.intake import BOOKS, BOOKS_DOUBTFUL, Intake
from jobs.ports import Clock
from storage import checkup
from storage.database import BALLAST, keep_ballast

log = logging.getLogger(__name__)

ROUND_S = 600.0
LOOK_EVERY_S = 24 * 3600.0
# A log this long was not carried over into the main file for many checkpoints.
LONG_LOG_BYTES = 64 * 1024 * 1024
# After a fault, or when the file could not be looked at.
LOOK_AGAIN_S = 3600.0


class Vigil:
    """One loop. The start looked at the file already, so the first look comes a day later."""

    def __init__(self, books: Path, intake: Intake, clock: Clock) -> None:
        self._books, self._intake, self._clock = books, intake, clock
        self._due_at = clock.monotonic() + LOOK_EVERY_S
        self._is_log_long = False

    async def run(self) -> None:
        """Never returns."""
        while True:
            await self._clock.sleep(ROUND_S)
            self._look_at_log()
            if not self._intake.is_disk_short():
                await asyncio.to_thread(keep_ballast, self._books.with_name(BALLAST))
            if self._clock.monotonic() >= self._due_at:
                await self._look_at_books()

    async def _look_at_books(self) -> None:
        fault = await asyncio.to_thread(checkup.find_fault, self._books)
        now = self._clock.monotonic()
        self._due_at = now + (LOOK_EVERY_S if fault is None else LOOK_AGAIN_S)
        if fault is None:
            log.info("the books were looked through, and are sound")
            self._intake.open(BOOKS)
        else:
            log.critical("the nightly look at the books: %s", fault)
            self._intake.close(BOOKS, BOOKS_DOUBTFUL)

    def _look_at_log(self) -> None:
        """Say once when commits pile up beside the main file: somebody reads it all the time."""
        size = checkup.log_bytes(self._books)
        was_long, self._is_log_long = self._is_log_long, size > LONG_LOG_BYTES
        if self._is_log_long and not was_long:
            log.error(
                "%s-wal has grown to %d MiB: another program keeps the database open for reading; "
                "close it, or the disk fills up",
                self._books,
                size >> 20,
            )
