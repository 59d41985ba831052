"""Putting books right that are older than the world, out of the vendor's history.

Nothing is sent meanwhile. Once the history must show everything that was sent before, and two
complete looks at it agree that nobody else has to be waited for, one transaction books it all and
takes the marker away. A kill before that costs time; after it there is nothing left to do.

A job that waited may have been sent by the bot that is forgotten. It gets a generation only where
there is one alike and one job alike, and no picture: prompts that nobody typed look all the same,
and whose picture a video starts from, the history does not tell. In doubt the video is nobody's
here, the member gets the tokens back, and no one is shown what is somebody else's.
"""

import logging
import sqlite3
from dataclasses import replace

from jobs import disputes, fingerprint, history, moves
from jobs.gate import Gate
from jobs.intake import Intake
from jobs.late import UndecidedError, book
from jobs.ports import Clock
from jobs.reconcile import (
    DECIDED_BY_PERSON,
    HORIZON_S,
    SKEW,
    SKEW_MARGIN_S,
    SWEPT_AT,
    SWEPT_TO,
    earliest_there,
)
from models import Job, State
from neuralbox import Generation, NeuralBox
from storage import claims, jobs, rewound, settings
from storage.claims import AlreadyClaimedError
from storage.database import Database
from storage.rewound import Rewound

log = logging.getLogger(__name__)

LOOK_S = 60.0
LONGEST_S = 600.0
SECOND_LOOK_S = 60
# Three times what it takes: the history is not told whole, and may not be for long.
OVERDUE_S = 3600
ABSENT = (
    "This bot's books had to be restored from a backup. This request had not reached NeuralBox by "
    "then, so nothing was charged for it. Please ask again."
)
UNTOLD = (
    "This bot's books had to be restored from a backup, and what became of this request cannot be "
    "told for certain, so it was not charged to you. If there is no video here, please ask again."
)


class Aftermath:
    """Looks, until the books are as new as the world."""

    def __init__(
        self, db: Database, box: NeuralBox, gate: Gate, intake: Intake, clock: Clock
    ) -> None:
        self._db, self._box, self._gate = db, box, gate
        self._intake, self._clock = intake, clock

    async def look(self, marker: Rewound) -> float | None:
        """Read the history; return in how many seconds to look again, None when it is over.

        Raises NeuralBoxError: then nothing is known and nothing was changed.
        """
        close_intake(self._intake, marker, self._clock)
        reach, answered_id = await self._db.read(_reach)
        seen = await history.read_back_to(self._box, self._gate, reach, answered_id)
        now = int(self._clock.now())
        vendor_now = round(now + self._box.skew_s)
        if marker.vendor_began_at is None:
            marker = replace(marker, vendor_began_at=vendor_now)
            await self._db.insist(rewound.mark, marker)
        if not seen.is_complete or any(entry.prompt is None for entry in seen.entries):
            log.warning("the history was not told whole; looking again")
            return LONGEST_S if is_overdue(marker, now) else LOOK_S
        left_s = (marker.vendor_began_at or vendor_now) + HORIZON_S - vendor_now
        if left_s >= 0:
            return min(LONGEST_S, left_s + 1.0)
        if waiting := await self._db.read(_list_in_doubt):
            log.info("recovery waits for jobs that are still looked up: %s", waiting)
            return LOOK_S
        if marker.clear_at is None:
            await self._db.insist(rewound.mark, replace(marker, clear_at=vendor_now))
            return LOOK_S
        if vendor_now - marker.clear_at < SECOND_LOOK_S:
            return min(LOOK_S, SECOND_LOOK_S - (vendor_now - marker.clear_at))
        await self._db.insist(disputes.compare, seen.entries, now)
        over = await self._db.insist(conclude, seen.entries, self._box.skew_s, now)
        count, tokens = await self._db.read(sum_unknown, over)
        log.warning(
            "recovery is over: %d videos for %d tokens were made that these books know nothing of, "
            "and are told apart as nobody's here; %d jobs were found again, %d were given back",
            count,
            tokens,
            over.adopted,
            over.given_back,
        )
        return None


def is_overdue(marker: Rewound, now: float) -> bool:
    """Say whether recovery has taken much longer than it takes (`now` by our clock, epoch s)."""
    return marker.begun_at is not None and now > marker.begun_at + OVERDUE_S


def close_intake(intake: Intake, marker: Rewound, clock: Clock) -> None:
    """Take in nothing, and say until when about."""
    begun_at = min(marker.begun_at or clock.now(), clock.now())  # it may have been set back
    left_s = begun_at + HORIZON_S + 2 * SECOND_LOOK_S - clock.now()
    soon = f"in about {left_s / 60:.0f} minutes" if left_s >= 120 else "in a few minutes"
    if is_overdue(marker, clock.now()):
        soon = "once NeuralBox shows its whole history, which it has not done yet"
    why = (
        "This bot's books were put back to an earlier state and are being compared with NeuralBox. "
        if marker.how != "history"
        else "NeuralBox has videos that this bot's books do not know, so both are being compared. "
    )
    intake.close(
        "recovery",
        f"{why}New videos can be asked for again {soon}; nothing that was paid for is lost.",
    )


def sum_unknown(tx: sqlite3.Connection, over: rewound.Aftermath) -> tuple[int, int]:
    """Return how many generations the forgotten time left that are nobody's here, and for what.

    One that somebody else made with this account in that time looks just the same.
    """
    since = claims.sum_foreign(
        tx, over.since - 1
    )  # in the very second of the last known moment too
    after = claims.sum_foreign(tx, over.begun_at)
    return since[0] - after[0], since[1] - after[1]


def conclude(
    tx: sqlite3.Connection, entries: list[Generation], skew_s: float, now: int
) -> rewound.Aftermath:
    """Book everything that was made before recovery began, and end it, in one transaction."""
    marker = rewound.find(tx)
    assert marker is not None  # noqa: S101 - who calls it found the marker, and nobody else ends it
    began_at = marker.vendor_began_at or 0
    reach, _ = _reach(tx)
    taken = claims.claimed(tx, [entry.id for entry in entries])
    alike: dict[str, list[Generation]] = {}
    for entry in sorted(entries, key=lambda entry: entry.created_at or 0):
        if entry.id not in taken and reach <= (entry.created_at or 0) <= began_at:
            mark = fingerprint.of(entry.model or "", entry.prompt or "")
            alike.setdefault(mark, []).append(entry)
    adopted = given_back = 0
    for mark, waiting in _list_waiting(tx, marker).items():
        asked_at = earliest_there(tx, waiting[0].created_at, skew_s) - SKEW_MARGIN_S
        found = [entry for entry in alike.get(mark, []) if (entry.created_at or 0) >= asked_at]
        if len(found) == len(waiting) == 1 and waiting[0].request.picture is None:
            _adopt(tx, waiting[0], found[0], now)
            alike[mark].remove(found[0])
            adopted += 1
            continue
        for entry in found:
            # Claimed before the jobs end: nobody shall find it and take it for one of them.
            book(tx, entry, None, skew_s, now)
            alike[mark].remove(entry)
        for job in waiting:
            _give_back(tx, job, UNTOLD if found else ABSENT, skew_s, now)
            given_back += 1
    left_alone = _book_others(tx, alike, skew_s, now)
    swept_to = min([*left_alone, int(now + skew_s) - 2 * HORIZON_S])
    settings.set_counter(tx, SWEPT_TO, max(settings.counter(tx, SWEPT_TO), swept_to))
    settings.set_counter(tx, SWEPT_AT, now)
    settings.set_counter(tx, SKEW, round(skew_s))
    begun_at = now if marker.begun_at is None else marker.begun_at
    over = rewound.Aftermath(marker.how, marker.since, begun_at, now, adopted, given_back)
    rewound.end(tx, over)
    return over


def _book_others(
    tx: sqlite3.Connection, alike: dict[str, list[Generation]], skew_s: float, now: int
) -> list[int]:
    """Book what no waiting job stands for; return when what has to wait was made."""
    open_marks = jobs.fingerprints_in(tx, (State.UNKNOWN,))
    left_alone = []
    for mark, entries in alike.items():
        for entry in entries:
            if mark in open_marks:  # a person decides about these
                left_alone.append(entry.created_at or 0)
                continue
            try:
                book(tx, entry, mark, skew_s, now)
            except UndecidedError:
                left_alone.append(entry.created_at or 0)
            except AlreadyClaimedError:
                continue
    return left_alone


def _adopt(tx: sqlite3.Connection, job: Job, entry: Generation, now: int) -> None:
    moves.adopt_quietly(tx, job.id, entry.id, now)
    log.info("job %d: unknown -> pending, found again as %s", job.id, entry.id)


def _give_back(tx: sqlite3.Connection, job: Job, reason: str, skew_s: float, now: int) -> None:
    if job.state is State.UNKNOWN:
        # From there on a sweep goes on looking for it.
        jobs.note(
            tx, job.id, attention=None, sent_at=int(earliest_there(tx, job.created_at, skew_s))
        )
        moves.give_up_unknown(tx, job.id, now, reason)
    else:
        moves.cancel(tx, job.id, job.state, reason, now, tell=True)
    log.info("job %d: %s -> given back, since the books were rewound", job.id, job.state)


def _list_waiting(tx: sqlite3.Connection, marker: Rewound) -> dict[str, list[Job]]:
    """Return the jobs that were not sent as far as the books know, oldest first, by fingerprint."""
    known = settings.counter(tx, rewound.KNOWN_JOBS)
    looked_up = [job for job in jobs.list_in(tx, State.UNKNOWN) if job.attention == moves.REWOUND]
    marks = {job.fingerprint for job in looked_up}
    waiting = [
        job
        for job in jobs.list_in(tx, State.QUEUED, State.RESERVED)
        if job.id <= known and (marker.how != "history" or job.fingerprint in marks)
    ]
    found: dict[str, list[Job]] = {}
    for job in sorted([*looked_up, *waiting], key=lambda job: job.id):
        found.setdefault(job.fingerprint, []).append(job)
    return found


def _list_in_doubt(tx: sqlite3.Connection) -> list[int]:
    """Return the jobs that are looked up as ever, and whose end has to be waited for."""
    excused = (moves.REWOUND, DECIDED_BY_PERSON)
    unknown = jobs.list_in(tx, State.UNKNOWN, State.SUBMITTING)
    return [job.id for job in unknown if job.attention not in excused]


def _reach(tx: sqlite3.Connection) -> tuple[int, str | None]:
    return settings.counter(tx, SWEPT_TO), claims.find_answered_id(tx)
