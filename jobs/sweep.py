"""Putting the books right afterwards: generations at the vendor that no job of ours claims.

One that matches a job given up as never made is booked late, as a correction; any other is
somebody else's. The sweep leaves alone what is young or looks like a job still on its way: that
may be about to be claimed by its owner.
"""

import logging
import sqlite3
from collections.abc import Callable

from jobs import disputes, fingerprint, history, late, recovery
from jobs.aftermath import Aftermath
from jobs.alarm import Alarm
from jobs.gate import Gate
from jobs.intake import CATCHING_UP, Intake
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
from jobs.recovery import Start
from models import State
from neuralbox import Generation, NeuralBox, NeuralBoxError
from storage import claims, jobs, rewound, settings
from storage.claims import AlreadyClaimedError
from storage.database import Database
from storage.errors import DatabaseBusyError, DatabaseLostError
from storage.rewound import Rewound

log = logging.getLogger(__name__)

EVERY_S = 600.0
IDLE_EVERY_S = 3600.0
# A history that cannot be read is asked for ever more rarely: however long that lasts, the plan's
# requests are needed for watching what can be seen.
RETRY_S = (60.0, 120.0, 240.0, 480.0, EVERY_S)
# A list in an order of its own is never told whole; what is new shows in one of so many looks.
FIRST_LOOKS_MOST = 10
# A job given up is looked for this long: the listing may lag by more than anybody foresaw.
GIVEN_UP_WATCH_S = 24 * 3600
# How many of our own generations the history showed, and how many of them otherwise than sent.
ECHOES, ECHOES_DIFFER = "echoes", "echoes_differ"
ON_THEIR_WAY = (State.RESERVED, State.QUEUED, State.SUBMITTING, State.UNKNOWN)


class Sweeper:
    """The loop that looks for unclaimed generations, first of all right after a start."""

    def __init__(
        self,
        db: Database,
        box: NeuralBox,
        gate: Gate,
        intake: Intake,
        start: Start,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._db, self._box, self._gate = db, box, gate
        self._intake, self._clock, self._on_change = intake, clock, on_change
        self._start: Start | None = start
        self._is_vouched = start.line != ""
        self._first_looks = 0
        self._aftermath = Aftermath(db, box, gate, intake, clock)
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        failures = 0
        while True:
            try:
                delay_s = await self._round()
                failures = 0
            except NeuralBoxError as error:
                log.warning("the sweep could not read the history: %s", error)
                delay_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
                failures += 1
            await self.alarm.wait(delay_s)

    async def _round(self) -> float:
        """Sweep, or recover first; return when to look again. Until then nothing is sent."""
        if (marker := await self._db.read(rewound.find)) is not None:
            delay_s = await self._aftermath.look(marker)
            if delay_s is not None:
                return delay_s
            self._start, self._is_vouched = None, False
        if not await self.sweep():
            return 0.0
        if self._start is not None:
            log.warning("the history was not told whole, so nothing is taken in yet")
            return RETRY_S[0]
        if "recovery" in self._intake.reasons:
            self._intake.open("recovery")
            self._on_change()
        is_busy = bool(await self._db.read(jobs.fingerprints_in, tuple(State)[:5]))
        return EVERY_S if is_busy else IDLE_EVERY_S

    async def sweep(self) -> bool:
        """Read the history back to what is accounted for, and claim what nobody claims.

        False when the history shows, right after a start, that the books are older than the world:
        then nothing was claimed.
        """
        began = int(self._clock.now())
        swept_to, given_up_at, answered_id = await self._db.read(_state, began)
        reach = swept_to if given_up_at is None else min(swept_to, given_up_at - SKEW_MARGIN_S)
        seen = await history.read_back_to(self._box, self._gate, reach, answered_id)
        # Only now: our clock and what we know of the vendor's must be of one moment.
        now = int(self._clock.now())
        vendor_now = now + self._box.skew_s
        taken = await self._db.read(claims.claimed, [entry.id for entry in seen.entries])
        if self._start is not None and self._start.has_past:
            nobodys = [entry for entry in seen.entries if entry.id not in taken]
            if await self._db.insist(_notice_rewound, self._start, nobodys, self._box.skew_s, now):
                return False
        self._first_looks += 1
        if seen.is_complete or self._is_vouched or self._first_looks >= FIRST_LOOKS_MOST:
            self._start = None
        await self._db.insist(disputes.compare, seen.entries, now)
        await self._compare_echoes(seen.entries)
        left_alone = []
        for entry in seen.entries:
            created_at = entry.created_at or 0
            if entry.id in taken or created_at < reach or entry.prompt is None:
                continue
            mark = fingerprint.of(entry.model or "", entry.prompt)
            is_young = created_at > vendor_now - HORIZON_S
            if is_young or not await self._claim_alone(entry, mark, now):
                left_alone.append(created_at)
        if not seen.is_complete:
            return True
        # Entries may still appear late in the listing, so what is young is read again next time.
        reach = min([*left_alone, int(vendor_now) - 2 * HORIZON_S])
        await self._db.write(_remember, max(swept_to, reach), self._box.skew_s, now)
        if not self._is_vouched:
            # Only now: a start before this has to compare the books once more.
            await self._db.leave_mark(await self._db.insist(rewound.begin_line))
            self._is_vouched = True
        return True

    async def _claim_alone(self, entry: Generation, mark: str, now: int) -> bool:
        """As `_claim`; what is unforeseen about one is no reason to leave the others out."""
        try:
            return await self._claim(entry, mark, now)
        except (DatabaseLostError, DatabaseBusyError):
            raise
        except Exception:
            log.exception("generation %s could not be booked; read again next time", entry.id)
            return False

    async def _compare_echoes(self, entries: list[Generation]) -> None:
        """Count, once each, how many of our own generations are shown otherwise than sent.

        One of those could not be found again if its answer had been lost.
        """
        shown = {
            entry.id: fingerprint.of(entry.model or "", entry.prompt)
            for entry in entries
            if entry.prompt is not None
        }
        sent = await self._db.read(claims.list_uncompared, list(shown))
        if not sent:
            return
        echoes = {one: shown[one] == mark for one, _job_id, mark in sent}
        for one, job_id, _mark in sent:
            if not echoes[one]:
                log.error("job %d: the history shows %s otherwise than it was sent", job_id, one)
        await self._db.insist(_count_echoes, echoes)

    async def _claim(self, entry: Generation, mark: str, now: int) -> bool:
        """Book an unclaimed generation; False when that cannot be decided yet."""
        try:
            job_id = await self._db.write(_book, entry, mark, self._box.skew_s, now)
        except (AlreadyClaimedError, late.LeftToPersonError):
            return True  # to read it again and again would tell nothing, and cost ever more pages
        except late.UndecidedError:
            return False
        if job_id is None:
            log.warning(
                "generation %s at the vendor is not of this bot; it cost %s tokens",
                entry.id,
                "unknown" if entry.cost_tokens is None else entry.cost_tokens,
            )
        else:
            log.error("job %d was made after all, as %s; booked late", job_id, entry.id)
            self._on_change()
        return True


def close_intake_until_swept(intake: Intake) -> None:
    """After a restart with a past: no new videos before the history was read once."""
    intake.close("recovery", CATCHING_UP)


def _state(tx: sqlite3.Connection, now: int) -> tuple[int, int | None, str | None]:
    return (
        settings.counter(tx, SWEPT_TO),
        jobs.find_oldest_given_up(tx, now - GIVEN_UP_WATCH_S),
        claims.find_answered_id(tx),
    )


def _count_echoes(tx: sqlite3.Connection, echoes: dict[str, bool]) -> None:
    for generation_id, is_as_sent in echoes.items():
        if claims.note_compared(tx, generation_id, as_sent=is_as_sent):
            settings.bump(tx, ECHOES)
            if not is_as_sent:
                settings.bump(tx, ECHOES_DIFFER)


def _remember(tx: sqlite3.Connection, swept_to: int, skew_s: float, now: int) -> None:
    settings.set_counter(tx, SWEPT_TO, swept_to)
    settings.set_counter(tx, SKEW, round(skew_s))
    settings.set_counter(tx, SWEPT_AT, now)


def _book(
    tx: sqlite3.Connection, entry: Generation, mark: str, skew_s: float, now: int
) -> int | None:
    """As `late.book`, for what is no job's that is on its way.

    That is asked in the same transaction: jobs may have been sent since the history was asked for.
    """
    if mark in jobs.fingerprints_in(tx, ON_THEIR_WAY):
        is_left = jobs.is_left_to_person(tx, mark, DECIDED_BY_PERSON)
        raise late.LeftToPersonError if is_left else late.UndecidedError
    return late.book(tx, entry, mark, skew_s, now)


def _notice_rewound(
    tx: sqlite3.Connection, start: Start, nobodys: list[Generation], skew_s: float, now: int
) -> bool:
    """Begin a recovery when the vendor has what is newer than all we know, and nobody's here.

    It may be somebody else's as well: that is told apart once nothing more can come up. Where it is
    known that nothing is missing from the books, it is somebody else's; only what looks like a job
    that waits is not believed even then, since that would be a second generation.
    """
    newest_there = earliest_there(tx, start.newest_at, skew_s)
    latest = max(newest_there + SKEW_MARGIN_S, start.swept_to)
    in_doubt = jobs.fingerprints_in(tx, (State.SUBMITTING, State.UNKNOWN))
    # What looks like a job that waits need not be newer: that job was not sent, says the file.
    waiting = {
        job.fingerprint: earliest_there(tx, job.created_at, skew_s) - SKEW_MARGIN_S
        for job in reversed(jobs.list_in(tx, State.QUEUED))
    }
    newer: list[str] = []
    alike: set[str] = set()
    for entry in nobodys:
        created_at, prompt = entry.created_at or 0, entry.prompt or ""
        mark = fingerprint.of(entry.model or "", prompt)
        if created_at <= waiting.get(mark, latest) or not prompt:
            continue
        if mark in in_doubt or late.find_given_up(tx, mark, created_at) is not None:
            continue
        if mark in waiting:
            alike.add(mark)
        else:
            newer.append(mark)
    if start.line and newer and not alike:
        log.warning(
            "%d videos were made with this account while the bot was not running; nothing is "
            "missing from its books, so they are somebody else's",
            len(newer),
        )
    if not alike and (start.line or not newer):
        return False
    recovery.begin(tx, Rewound("history", start.newest_at), start.epoch, now)
    # What waits is as it was, unless the vendor has what looks like it.
    recovery.look_up_waiting(tx, start.epoch, frozenset([*alike, *newer]))
    return True
