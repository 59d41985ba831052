"""A gate alone, over a real database, and a vendor that counts its windows."""

from dataclasses import dataclass

from jobs.gate import Gate
from neuralbox import Allowance
from playground.clock import FakeClock
from storage import requests
from storage.database import Database

PURPOSES = ("submit", "again", "look", "upkeep")
HOUR_S = 3600


@dataclass
class Headers:
    skew_s: float = 0.0


class World:
    """A gate, and a vendor that counts a sliding hour and day."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FakeClock()
        self.headers = Headers()
        self.gate = self.anew()
        self.sent_at: list[float] = []

    def anew(self) -> Gate:
        """Return a gate as after a restart, still to be loaded."""
        self.gate = Gate(self.db, self.headers, self.clock)
        return self.gate

    async def restart(self) -> None:
        await self.anew().load()

    def answer(
        self, *, hour: int | None = 100, day: int | None = 1000, others: int = 0, status: int = 200
    ) -> None:
        """The vendor answers truly: what is left of each window."""
        now = self.clock.now()
        in_hour = others + sum(at > now - HOUR_S for at in self.sent_at)
        in_day = others + sum(at > now - 24 * HOUR_S for at in self.sent_at)
        told = Allowance(
            hour,
            None if hour is None else max(0, hour - in_hour),
            day,
            None if day is None else max(0, day - in_day),
            None,
            int(now),
            tells_hour=True,
            tells_day=True,
        )
        self.gate.answered(status, told)

    async def ask(self, purpose: str = "look", **told: int | None) -> None:
        """One request that may go at once, and its answer."""
        assert self.gate.wait_s(purpose) == 0
        async with self.gate.passing(purpose):
            self.gate.sent()
            self.sent_at.append(self.clock.now())
            self.answer(**told)  # type: ignore[arg-type]

    async def fail(self) -> None:
        """One request that the vendor does not answer properly."""
        async with self.gate.passing("again"):
            self.gate.sent()
            self.gate.answered(503, None)

    async def fail_when_open(self) -> None:
        """The same, after the pause that there is."""
        await self.clock.advance(self.gate.wait_s("again"))
        await self.fail()

    async def written(self) -> int:
        return len(await self.db.read(requests.list_since, 0))


def open_for(gate: Gate) -> list[str]:
    """Return what may go at once."""
    return [purpose for purpose in PURPOSES if gate.wait_s(purpose) == 0]
