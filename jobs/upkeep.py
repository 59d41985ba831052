"""Prices and the balance, kept fresh in the background, seldom and within the allowance.

With each balance our books of that moment are kept, and compared now and then.
"""

import logging
import sqlite3

from jobs import accounting, moves
from jobs.accounting import Accounts
from jobs.alarm import Alarm
from jobs.gate import KEY_ERRORS, Gate
from jobs.intake import KEY_REFUSED, NO_TOKENS, Intake
from jobs.keeping import Keeping
from jobs.ports import Clock
from jobs.prices import PriceBook
from neuralbox import NeuralBox, NeuralBoxError
from storage import readings, settings
from storage.database import Database
from storage.readings import Books

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
        accounts: Accounts,
        clock: Clock,
    ) -> None:
        self._db, self._box, self._gate, self._book = db, box, gate, book
        self._intake, self._keeping, self._accounts, self._clock = intake, keeping, accounts, clock
        self._asked_at = self._balance_due_at = float("-inf")
        self._is_doubtful = False
        self.alarm = Alarm(clock)

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                delay_s = await self._round()
            except NeuralBoxError as error:
                if isinstance(error, KEY_ERRORS):
                    self._intake.close("key", KEY_REFUSED)
                log.warning("prices and balance not refreshed: %s", error)
                delay_s = KEY_RETRY_S if isinstance(error, KEY_ERRORS) else ROUND_S
            await self._accounts.look()
            await self.alarm.wait(delay_s)

    def check_balance(self) -> None:
        """Ask for the balance soon: something does not fit the stored one. Not too often."""
        if self._clock.monotonic() >= self._asked_at + ASKED_GAP_S:
            self._balance_due_at = float("-inf")
            self.alarm.nudge()

    async def _round(self) -> float:
        await self._keeping.sweep_when_due()
        due_at = self._balance_due_at
        if "tokens" in self._intake.reasons:
            due_at = min(due_at, self._asked_at + EMPTY_BALANCE_EVERY_S)
        trouble: NeuralBoxError | None = None
        if self._clock.monotonic() >= due_at:
            try:
                await self._ask_balance()
            except KEY_ERRORS:
                raise
            except NeuralBoxError as error:
                trouble = error  # which keeps no price from being asked for
        if self._book.is_due():
            await self._book.refresh()
        await self._book.load()  # usual waits are learned from what finished meanwhile
        if trouble is not None:
            raise trouble
        return ROUND_S

    async def _ask_balance(self) -> None:
        async with self._gate.passing("upkeep"):
            before = await self._db.read(readings.books)
            balance = await self._box.get_balance()
        self._asked_at = self._clock.monotonic()
        is_sure = await self._db.insist(
            store_balance, balance.tokens, before, int(self._clock.now())
        )
        # Something was booked meanwhile: once more soon, and then at the usual pace.
        self._is_doubtful = not is_sure and not self._is_doubtful
        self._balance_due_at = self._asked_at + (
            ASKED_GAP_S if self._is_doubtful else BALANCE_EVERY_S
        )
        self._intake.open("key")
        if balance.tokens > 0:
            self._intake.open("tokens")
        else:
            self._intake.close("tokens", NO_TOKENS)


def store_balance(tx: sqlite3.Connection, tokens: int, before: Books, now: int) -> bool:
    """Keep the vendor's own balance; every hold is checked against it.

    `before` is what the books said before it was asked for. What was booked since then may or may
    not be in it, so it is taken off: in doubt the balance is too small and not too large. False
    when there was such a doubt.
    """
    crossed = accounting.keep(tx, tokens, before, now)
    settings.set_counter(tx, moves.BALANCE, tokens - max(0, crossed))
    settings.set_counter(tx, moves.BALANCE_AT, now)
    return crossed == 0
