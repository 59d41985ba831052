"""What the vendor tells otherwise by now than it was booked: said once, and nothing is changed."""

import logging
import sqlite3
from collections.abc import Iterable

from models import State
from neuralbox import Generation, Status
from storage import claims
from storage.claims import Booked

log = logging.getLogger(__name__)


def compare(tx: sqlite3.Connection, entries: Iterable[Generation], now: int) -> None:
    """Hold entries of the history against the books; a new difference is noted and logged.

    An entry that has not ended or tells no cost is no information. What others' generations cost
    is learned here when it was not told before.
    """
    ended = {entry.id: entry for entry in entries if _tells(entry)}
    claims.learn_costs(tx, {entry.id: entry.cost_tokens or 0 for entry in ended.values()})
    for booked in claims.list_booked(tx, list(ended)):
        entry = ended[booked.id]
        told, status = entry.cost_tokens or 0, str(entry.status)
        if told == booked.tokens and _ended_alike(booked, entry):
            if claims.withdraw(tx, booked.id):
                log.info("NeuralBox tells %s as it was booked again", booked.id)
        elif claims.dispute(tx, booked, told, status, now):
            log.error(
                "NeuralBox now tells %s as %s for %d tokens; job %d was booked as %s for %d,"
                " and stays so",
                booked.id,
                status,
                told,
                booked.job_id,
                booked.state,
                booked.tokens,
            )


def _tells(entry: Generation) -> bool:
    return entry.status in (Status.COMPLETED, Status.FAILED) and entry.cost_tokens is not None


def _ended_alike(booked: Booked, entry: Generation) -> bool:
    # A job given up keeps that state also when its generation turned up.
    is_completed = entry.status is Status.COMPLETED
    return booked.is_late or is_completed == (booked.state is State.COMPLETED)
