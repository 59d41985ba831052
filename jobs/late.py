"""Booking a generation that nobody claimed: late, for a job given up, or as somebody else's."""

import sqlite3

from jobs import moves
from jobs.reconcile import SKEW_MARGIN_S
from models import Job
from neuralbox import Generation, Status
from storage import claims, jobs, ledger, settings


class UndecidedError(Exception):
    """It is ours and has not ended, or it may be about to be claimed by a job on its way."""


class LeftToPersonError(UndecidedError):
    """It may be that of a job which a person has to decide about."""


def book(
    tx: sqlite3.Connection, entry: Generation, mark: str | None, skew_s: float, now: int
) -> int | None:
    """Claim one generation as late (returning its job) or as foreign (returning None).

    `mark` is its fingerprint, None for one that is not to be taken for any job's. Raises
    UndecidedError and AlreadyClaimedError; then nothing is changed.
    """
    is_completed = entry.status is Status.COMPLETED
    has_ended = is_completed or entry.status is Status.FAILED
    made_at = round((entry.created_at or 0) - skew_s)
    job = None if mark is None else find_given_up(tx, mark, entry.created_at or 0)
    if job is None:
        # Of one that has not ended the cost is learned when a later sweep sees its end.
        cost = entry.cost_tokens if has_ended else None
        claims.claim(tx, entry.id, None, "foreign", cost, at=made_at)
        return None
    if not has_ended:
        raise UndecidedError
    if is_completed and entry.cost_tokens is None:
        raise UndecidedError
    cost_tokens = entry.cost_tokens or 0
    claims.claim(tx, entry.id, job.id, "late", cost_tokens, at=made_at)
    ledger.correct(tx, job.id, cost_tokens, now, f"made after all, as {entry.id}")
    settings.set_counter(tx, moves.BALANCE, settings.counter(tx, moves.BALANCE) - cost_tokens)
    if is_completed or cost_tokens:
        jobs.note(tx, job.id, attention="made after all")
    if is_completed:
        moves.keep_result(tx, job.id, entry, job.submit_at, now)
        moves.tell_late(tx, job.id, now)
    return job.id


def find_given_up(tx: sqlite3.Connection, mark: str, created_at: int) -> Job | None:
    """Return the oldest job given up as never made that this generation may be."""
    for job in jobs.list_given_up(tx, mark):
        if created_at >= (job.sent_at or 0) - SKEW_MARGIN_S:
            return job
    return None
