"""What a start finds and sets right before any loop runs. All of it may be repeated."""

import logging
import sqlite3
from dataclasses import dataclass, replace

from jobs import moves
from jobs.reconcile import SWEPT_TO
from models import State
from storage import jobs, notices, outbox, rewound, settings
from storage.rewound import Rewound
from storage.trace import Trace

log = logging.getLogger(__name__)

# How far the vendor's clock, not seen yet, may be behind ours.
CLOCKS_APART_S = 3600

RESTARTED = "Reelbox was restarted at that very moment, so nothing was sent. Please ask again."


@dataclass(frozen=True, slots=True)
class Start:
    """A new run: its number, whether the books have a past, and up to when (epoch s) they tell it.

    `swept_to` is up to where the vendor's history is accounted for (its clock). `rewound` says that
    the books are older than the world, None that nothing speaks for it yet. `line` is their word
    when it is known that nothing is missing from them, so that what they do not know is somebody
    else's; "" when the history has to tell.
    """

    epoch: int
    has_past: bool
    newest_at: int
    swept_to: int
    rewound: Rewound | None
    line: str


def recover(tx: sqlite3.Connection, now: int, last_run: Trace) -> Start:
    """Begin a new run.

    The instance lock proves that whoever marked a job `submitting` is dead, so nobody knows
    whether that request went out. A `reserved` job was never promised: its tokens go back. In
    books that are older than the world neither that nor anything that waits is certain any more.
    """
    newest_at = rewound.find_newest_moment(tx)
    epoch = settings.bump(tx, "epoch")
    marker = _find_rewound(tx, last_run, epoch, newest_at)
    for job in jobs.list_in(tx, State.SUBMITTING):
        moves.doubt(tx, job.id, None, now)
        log.info("job %d: submitting -> unknown, since the process ended", job.id)
    if marker is not None and marker.begun_at is None:
        marker = begin(tx, marker, epoch, now)
    known = settings.counter(tx, rewound.KNOWN_JOBS) if marker else 0
    for job in jobs.list_in(tx, State.RESERVED):
        if job.id <= known:
            continue
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
    has_past = marker is not None or jobs.is_any(tx)
    if marker is not None or not _is_unbroken(tx, last_run, epoch):
        rewound.break_line(tx, newest_at)
        if not has_past:
            rewound.begin_line(tx)  # nothing was ever sent
    if not settings.counter(tx, SWEPT_TO):
        if last_run.swept_to:
            settings.set_counter(tx, SWEPT_TO, last_run.swept_to)
        elif not has_past:
            # What the account made before this bot's time is none of its business.
            settings.set_counter(tx, SWEPT_TO, now - CLOCKS_APART_S)
    swept_to = settings.counter(tx, SWEPT_TO)
    return Start(epoch, has_past, newest_at, swept_to, marker, rewound.find_line(tx))


def begin(tx: sqlite3.Connection, marker: Rewound, epoch: int, now: int) -> Rewound:
    """Take nothing for granted that the bot which is forgotten may have done; return the marker.

    Whatever waits may have been sent, so it is looked up; of jobs that are alike only one can be,
    and the others wait with it. Whatever was to be told may have been told, so it is shown on
    messages that are there, and no message is made for it.
    """
    log.warning(
        "the books are older than the world (%s): nothing is sent and nothing taken in until "
        "NeuralBox's history has been compared",
        {"restore": "a backup was restored", "lost": "the last commits are gone"}.get(
            marker.how, "NeuralBox shows what they do not know"
        ),
    )
    rewound.break_line(tx, marker.since)
    rewound.leave_numbers_out(tx)
    settings.set_counter(tx, rewound.BEGUN_AT, now)
    if marker.how != "history":
        outbox.mark_told(tx)
        notices.drop_untold(tx)
        look_up_waiting(tx, epoch)
    marker = replace(marker, begun_at=now)
    rewound.mark(tx, marker)
    return marker


def look_up_waiting(
    tx: sqlite3.Connection, epoch: int, fingerprints: frozenset[str] | None = None
) -> None:
    """Let jobs that wait be looked up instead of sent: all, or those of these fingerprints."""
    in_doubt = jobs.fingerprints_in(tx, (State.SUBMITTING, State.UNKNOWN))
    for job in jobs.list_in(tx, State.QUEUED, State.RESERVED):
        if fingerprints is not None and job.fingerprint not in fingerprints:
            continue
        if job.fingerprint not in in_doubt:
            in_doubt.add(job.fingerprint)
            moves.rewind(tx, job, epoch)
            log.info("job %d: %s -> unknown, since the books were rewound", job.id, job.state)


def _find_rewound(
    tx: sqlite3.Connection, last_run: Trace, epoch: int, newest_at: int
) -> Rewound | None:
    """Return the marker, writing it where the last run left a sign that commits are missing."""
    marker = rewound.find(tx)
    is_short = _is_same_line(tx, last_run) and last_run.moves > rewound.find_newest_move(tx)
    if marker is None and (last_run.is_cut or last_run.epoch >= epoch or is_short):
        marker = Rewound("lost", newest_at)
        rewound.mark(tx, marker)
    return marker


def _is_unbroken(tx: sqlite3.Connection, last_run: Trace, epoch: int) -> bool:
    """Say whether nothing that was ever sent is missing from the books; `Trace` tells how.

    The trace has to be of the very last run that they know: one that could leave none may have sent
    what this one says nothing of.
    """
    return (
        _is_same_line(tx, last_run)
        and not last_run.is_moved
        and last_run.epoch == epoch - 1
        and last_run.moves <= rewound.find_newest_move(tx)
    )


def _is_same_line(tx: sqlite3.Connection, last_run: Trace) -> bool:
    return last_run.line != "" and last_run.line == rewound.find_line(tx)
