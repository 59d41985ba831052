"""The host's switch: no new videos on any server, until it is turned on again.

Kept with the books, so that a restart forgets nothing. What was asked for before goes on.
"""

import asyncio
import json
import logging
import sqlite3
from dataclasses import asdict, dataclass, replace
from functools import partial

from errors import quoted
from jobs import allowance
from jobs.acts import tidy
from jobs.gate import Gate
from jobs.intake import HOST, Intake
from jobs.patience import write_soon
from jobs.ports import Clock
from storage import checkup, choices, settings
from storage.checkup import OpenJobs
from storage.database import Database

log = logging.getLogger(__name__)

PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of everything: since when (epoch s), by whom, and the host's own words or ""."""

    at: int
    by: int
    reason: str

    @property
    def sentence(self) -> str:
        """What members are told."""
        why = f": {quoted(self.reason)}." if self.reason else "."
        return (
            f"The host of this bot has paused new videos on every server{why} Please try again "
            "later."
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How the bot stands, for its host: `closed` says why else no new videos are taken.

    `allowance` is what is used of the plan's requests, `down_since` (epoch s) since when the vendor
    gives no proper answer.
    """

    pause: Pause | None
    closed: tuple[str, ...]
    open_jobs: tuple[OpenJobs, ...]
    allowance: str
    down_since: int | None


class HostSwitch:
    """The cogs' way to it; who may use it is asked before.

    Methods that change something raise BusyError when the books could not be written in time, and
    DuplicateInteractionError for an interaction that came before; then nothing is changed.
    """

    def __init__(self, db: Database, intake: Intake, gate: Gate, clock: Clock) -> None:
        self._db, self._intake, self._gate, self._clock = db, intake, gate, clock
        # The books and the intake say the same, also when two hosts act at once.
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        """Go on with a pause from before a restart."""
        self._turn(await self._db.read(find))

    async def pause(self, interaction_id: int, by: int, reason: str) -> Pause:
        """Take no new videos; over an earlier pause, only its words and who gave them change."""
        made = Pause(int(self._clock.now()), by, tidy(reason) or "")
        async with self._lock:
            stands = await write_soon(self._db, _pause, interaction_id, made)
            self._turn(stands)
        log.info("the host (member %d) paused new videos on every server", by)
        return stands

    async def resume(self, interaction_id: int, by: int) -> Pause | None:
        """Take new videos again; return the pause that is over, None when there was none."""
        async with self._lock:
            was = await write_soon(self._db, _resume, interaction_id)
            self._turn(None)
        if was is not None:
            log.info("the host (member %d) takes new videos again", by)
        return was

    async def standing(self) -> Standing:
        """Return how the bot stands now."""
        pause, open_jobs = await self._db.read(_look)
        reasons = self._intake.reasons
        down_since = self._gate.down_since
        return Standing(
            pause,
            tuple(reasons[name] for name in reasons if name != HOST),
            open_jobs,
            allowance.words(allowance.shares(self._gate.windows, self._clock.monotonic())),
            None if down_since is None else int(down_since),
        )

    def _turn(self, pause: Pause | None) -> None:
        if pause is None:
            self._intake.open(HOST)
        else:
            self._intake.close(HOST, pause.sentence)


def find(tx: sqlite3.Connection) -> Pause | None:
    """Return the pause that stands, or None."""
    kept = settings.find(tx, HOST, PAUSE)
    return None if kept is None else Pause(**json.loads(kept))


def _pause(tx: sqlite3.Connection, interaction_id: int, made: Pause) -> Pause:
    stood = find(tx)
    stands = replace(made, at=stood.at) if stood else made
    kept = json.dumps(asdict(stands))
    choices.act_once(tx, interaction_id, partial(settings.put, tx, HOST, PAUSE, kept))
    return stands


def _resume(tx: sqlite3.Connection, interaction_id: int) -> Pause | None:
    stood = find(tx)
    choices.act_once(tx, interaction_id, partial(settings.drop, tx, HOST, PAUSE))
    return stood


def _look(tx: sqlite3.Connection) -> tuple[Pause | None, tuple[OpenJobs, ...]]:
    return find(tx), tuple(checkup.list_open(tx))
