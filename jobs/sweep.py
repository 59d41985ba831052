"""Putting the books right afterwards: generations at the vendor that no job of ours claims.

One that matches a job given up as never made is booked late, as a correction; any other is
somebody else's. The sweep leaves alone what is young or looks like a job still on its way: that
may be about to be claimed by its owner.
"""

import logging
import sqlite3
from collections.abc import Callable

from jobs import disputes, fingerprint, history, moves
from jobs.alarm import Alarm
from jobs.gate import Gate
from jobs.intake import CATCHING_UP, Intake
from jobs.ports import Clock
from jobs.reconcile import HORIZON_S, SKEW_MARGIN_S, SWEPT_TO
from models import Job, State
from neuralbox import Generation, NeuralBox, NeuralBoxError, Status
from storage import claims, jobs, ledger, outbox, settings
from storage.claims import AlreadyClaimedError
from storage.database import Database
from storage.errors import DatabaseBusyError, DatabaseLostError

log = logging.getLogger(__name__)

EVERY_S = 600.0
IDLE_EVERY_S = 3600.0
RETRY_S = 60.0
# A job given up is looked for this long: the listing may lag by more than anybody foresaw.
GIVEN_UP_WATCH_S = 24 * 3600
# When a sweep last saw all there was (our clock).
SWEPT_AT = "swept_at"
ON_THEIR_WAY = (State.RESERVED, State.QUEUED, State.SUBMITTING, State.UNKNOWN)


class Sweeper:
    """The loop that looks for unclaimed generations, first of all right after a start."""

    def __init__(
        self,
        db: Database,
        box: NeuralBox,
        gate: Gate,
        intake: Intake,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._db, self._box, self._gate = db, box, gate
        self._intake, self._clock, self._on_change = intake, clock, on_change
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                await self.sweep()
                self._intake.open("recovery")
                is_busy = bool(await self._db.read(jobs.fingerprints_in, tuple(State)[:5]))
                delay_s = EVERY_S if is_busy else IDLE_EVERY_S
            except NeuralBoxError as error:
                log.warning("the sweep could not read the history: %s", error)
                delay_s = RETRY_S
            await self.alarm.wait(delay_s)

    async def sweep(self) -> None:
        """Read the history back to what is accounted for, and claim what nobody claims."""
        began = int(self._clock.now())
        swept_to, given_up_at, answered_id = await self._db.read(_state, began)
        reach = swept_to if given_up_at is None else min(swept_to, given_up_at - SKEW_MARGIN_S)
        seen = await history.read_back_to(self._box, self._gate, reach, answered_id)
        # Only now: our clock and what we know of the vendor's must be of one moment.
        now = int(self._clock.now())
        vendor_now = now + self._box.skew_s
        await self._db.insist(disputes.compare, seen.entries, now)
        taken = await self._db.read(claims.claimed, [entry.id for entry in seen.entries])
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
            return
        # Entries may still appear late in the listing, so what is young is read again next time.
        reach = min([*left_alone, int(vendor_now) - 2 * HORIZON_S])
        await self._db.write(_remember, max(swept_to, reach), now)

    async def _claim_alone(self, entry: Generation, mark: str, now: int) -> bool:
        """As `_claim`; what is unforeseen about one is no reason to leave the others out."""
        try:
            return await self._claim(entry, mark, now)
        except (DatabaseLostError, DatabaseBusyError):
            raise
        except Exception:
            log.exception("generation %s could not be booked; read again next time", entry.id)
            return False

    async def _claim(self, entry: Generation, mark: str, now: int) -> bool:
        """Book an unclaimed generation; False when that cannot be decided yet."""
        try:
            job_id = await self._db.write(_book, entry, mark, self._box.skew_s, now)
        except AlreadyClaimedError:
            return True
        except _UndecidedError:
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


class _UndecidedError(Exception):
    """It is ours and has not ended, or it may be about to be claimed by a job on its way."""


def close_intake_until_swept(intake: Intake) -> None:
    """After a restart with a past: no new videos before the history was read once."""
    intake.close("recovery", CATCHING_UP)


def _state(tx: sqlite3.Connection, now: int) -> tuple[int, int | None, str | None]:
    return (
        settings.counter(tx, SWEPT_TO),
        jobs.find_oldest_given_up(tx, now - GIVEN_UP_WATCH_S),
        claims.find_answered_id(tx),
    )


def _remember(tx: sqlite3.Connection, swept_to: int, now: int) -> None:
    settings.set_counter(tx, SWEPT_TO, swept_to)
    settings.set_counter(tx, SWEPT_AT, now)


def _book(
    tx: sqlite3.Connection, entry: Generation, mark: str, skew_s: float, now: int
) -> int | None:
    """Claim one generation as late (returning its job) or as foreign (returning None).

    Whose it may be is asked in the same transaction: jobs may have been sent since the history
    was asked for.
    """
    if mark in jobs.fingerprints_in(tx, ON_THEIR_WAY):
        raise _UndecidedError
    is_completed = entry.status is Status.COMPLETED
    has_ended = is_completed or entry.status is Status.FAILED
    made_at = round((entry.created_at or 0) - skew_s)
    job = _find_given_up(tx, mark, entry.created_at or 0)
    if job is None:
        # Of one that has not ended the cost is learned when a later sweep sees its end.
        cost = entry.cost_tokens if has_ended else None
        claims.claim(tx, entry.id, None, "foreign", cost, at=made_at)
        return None
    if not has_ended:
        raise _UndecidedError
    if is_completed and entry.cost_tokens is None:
        raise _UndecidedError
    cost_tokens = entry.cost_tokens or 0
    claims.claim(tx, entry.id, job.id, "late", cost_tokens, at=made_at)
    ledger.correct(tx, job.id, cost_tokens, now, f"made after all, as {entry.id}")
    settings.set_counter(tx, moves.BALANCE, settings.counter(tx, moves.BALANCE) - cost_tokens)
    if is_completed or cost_tokens:
        jobs.note(tx, job.id, attention="made after all")
    if is_completed:
        moves.keep_result(tx, job.id, entry, job.submit_at, now)
        # The message that there is no video must not come after the one with the video.
        outbox.drop(tx, job.id, "final")
        outbox.put(tx, job.id, "late", {}, now)
    return job.id


def _find_given_up(tx: sqlite3.Connection, mark: str, created_at: int) -> Job | None:
    """Return the oldest job given up as never made that this generation may be."""
    for job in jobs.list_given_up(tx, mark):
        if created_at >= (job.sent_at or 0) - SKEW_MARGIN_S:
            return job
    return None
