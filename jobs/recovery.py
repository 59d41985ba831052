"""What a start finds and sets right before any loop runs. All of it may be repeated."""

import logging
import sqlite3

from jobs import moves
from jobs.reconcile import SWEPT_TO
from models import State
from storage import jobs, settings

log = logging.getLogger(__name__)

# How far the vendor's clock, not seen yet, may be behind ours.
CLOCKS_APART_S = 3600

RESTARTED = "Reelbox was restarted at that very moment, so nothing was sent. Please ask again."


def recover(tx: sqlite3.Connection, now: int) -> tuple[int, bool]:
    """Begin a new epoch; return it, and whether this database has a past.

    The instance lock proves that whoever marked a job `submitting` is dead, so nobody knows
    whether that request went out. A `reserved` job was never promised: its tokens go back.
    """
    epoch = settings.bump(tx, "epoch")
    for job in jobs.list_in(tx, State.SUBMITTING):
        moves.doubt(tx, job.id, None, now)
        log.info("job %d: submitting -> unknown, since the process ended", job.id)
    for job in jobs.list_in(tx, State.RESERVED):
        is_reachable = jobs.is_reachable(tx, job, now)
        moves.cancel(
            tx,
            job.id,
            State.RESERVED,
            RESTARTED,
            now,
            tell=is_reachable,
        )
        log.info("job %d: reserved -> cancelled, since its card was not out", job.id)
    has_past = jobs.is_any(tx)
    if not has_past and not settings.counter(tx, SWEPT_TO):
        # What the account made before this bot's time is none of its business.
        settings.set_counter(tx, SWEPT_TO, now - CLOCKS_APART_S)
    return epoch, has_past
