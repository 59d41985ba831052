"""Ends a process whose event loop stands still, so that a supervisor starts it anew.

Two watches, since a thread of Python can see only so much. A loop that sleeps or waits where it
must not lets this module's thread run, which counts the loop's silence. A loop that computes
without end inside C code (a bad regular expression) lets no other thread run; then the kernel's
timer for used processor time is not wound up any more, and ends the process. Neither counts time
in which the whole process was stopped (a frozen container, a closed laptop): nothing was wrong.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
import traceback

log = logging.getLogger(__name__)

BEAT_S = 1.0
# Of one turn of the thread no more counts: if it took longer, this process did not run.
TURN_MOST_S = 2 * BEAT_S
# A log that cannot be written to may be what the loop waits for.
LAST_WORDS_S = 2.0


class Watchdog:
    """Guards the loop that feeds it; `limit_s` of silence end the process with `exit_code`."""

    def __init__(self, limit_s: float, exit_code: int) -> None:
        self._limit_s, self._exit_code = limit_s, exit_code
        self._silent_s = 0.0
        self._is_over = threading.Event()

    async def feed(self) -> None:
        """Guard the running loop; never returns, and cancelled it guards no more."""
        thread = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="watchdog", daemon=True
        )
        thread.start()
        try:
            while True:
                self._silent_s = 0.0
                await asyncio.sleep(BEAT_S)
        finally:
            self._is_over.set()

    def _watch(self, guarded: int) -> None:
        seen_at = time.monotonic()
        signal.setitimer(signal.ITIMER_PROF, self._limit_s)
        while not self._is_over.wait(BEAT_S):
            now = time.monotonic()
            self._silent_s += min(now - seen_at, TURN_MOST_S)
            seen_at = now
            signal.setitimer(signal.ITIMER_PROF, self._limit_s)
            if self._silent_s >= self._limit_s:
                self._end(guarded)
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _end(self, guarded: int) -> None:
        words = threading.Thread(target=self._say_where, args=(guarded,), daemon=True)
        words.start()
        words.join(LAST_WORDS_S)
        os._exit(self._exit_code)

    def _say_where(self, guarded: int) -> None:
        frame = sys._current_frames().get(guarded)
        where = "".join(traceback.format_stack(frame)) if frame else "unknown"
        log.critical(
            "the event loop stood still for %d s; ending, so that a new start takes up every job. "
            "It stood at:\n%s",
            self._silent_s,
            where,
        )
