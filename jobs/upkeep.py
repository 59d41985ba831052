"""Prices and the balance, kept fresh in the background, seldom and within the allowance."""

import logging
import sqlite3

from jobs import moves
from jobs.alarm import Alarm
from jobs.gate import KEY_ERRORS, Gate
from jobs.intake import KEY_REFUSED, NO_TOKENS, Intake
from jobs.keeping import Keeping
from jobs.ports import Clock
from jobs.prices import PriceBook
from neuralbox import NeuralBox, NeuralBoxError
from storage import settings
from storage.database import Database

log = logging.getLogger(__name__)

BALANCE_EVERY_S = 6 * 3600.0
EMPTY_BALANCE_EVERY_S = 15 * 60.0
ROUND_S = 600.0
ASKED_GAP_S = 120.0
KEY_RETRY_S = 60.0


class Upkeep:
    """One loop: ask for what is stale, sleep until something is."""

    def __init__(
        self,
        db: Database,
        box: NeuralBox,
        gate: Gate,
        book: PriceBook,
        intake: Intake,
        keeping: Keeping,
        clock: Clock,
    ) -> None:
        self._db, self._box, self._gate, self._book = db, box, gate, book
        self._intake, self._keeping, self._clock = intake, keeping, clock
        self._balance_at = float("-inf")
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                await self.alarm.wait(await self._round())
            except NeuralBoxError as error:
                self._gate.learn(error)
                if isinstance(error, KEY_ERRORS):
                    self._intake.close("key", KEY_REFUSED)
                log.warning("prices and balance not refreshed: %s", error)
                await self.alarm.wait(KEY_RETRY_S if isinstance(error, KEY_ERRORS) else ROUND_S)

    def check_balance(self) -> None:
        """Ask for the balance soon: something does not fit the stored one. Not too often."""
        if self._clock.monotonic() >= self._balance_at + ASKED_GAP_S:
            self._balance_at = float("-inf")
            self.alarm.nudge()

    async def _round(self) -> float:
        await self._keeping.sweep_when_due()
        every_s = EMPTY_BALANCE_EVERY_S if "tokens" in self._intake.reasons else BALANCE_EVERY_S
        if self._clock.monotonic() >= self._balance_at + every_s:
            await self._gate.pass_through("upkeep")
            balance = await self._box.get_balance()
            self._balance_at = self._clock.monotonic()
            await self._db.write(store_balance, balance.tokens, int(self._clock.now()))
            self._intake.open("key")
            if balance.tokens > 0:
                self._intake.open("tokens")
            else:
                self._intake.close("tokens", NO_TOKENS)
        if self._book.is_due():
            await self._book.refresh()
        await self._book.load()  # usual waits are learned from what finished meanwhile
        return ROUND_S


def store_balance(tx: sqlite3.Connection, tokens: int, now: int) -> None:
    """Keep the vendor's own balance; every hold is checked against it."""
    settings.set_counter(tx, moves.BALANCE, tokens)
    settings.set_counter(tx, moves.BALANCE_AT, now)
