"""All loops of the job life, as one thing to start and stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from jobs.approvals import Approvals
from jobs.backups import Backups
from jobs.notices import NoticeBearer
from jobs.outbox import Deliverer
from jobs.poll import Poller
from jobs.ports import Clock
from jobs.reconcile import Reconciler
from jobs.submit import Submitter
from jobs.sweep import Sweeper
from jobs.upkeep import Upkeep
from jobs.vigil import Vigil
from storage.errors import DatabaseBusyError, DatabaseLostError

log = logging.getLogger(__name__)

RESTART_S = (1, 5, 15, 60)
CALM_S = 600


@dataclass(frozen=True, slots=True)
class Worker:
    """The loops. Each reads state and acts; none holds anything that a restart would lose."""

    submitter: Submitter
    poller: Poller
    reconciler: Reconciler
    sweeper: Sweeper
    deliverer: Deliverer
    upkeep: Upkeep
    bearer: NoticeBearer
    approvals: Approvals
    vigil: Vigil
    backups: Backups
    clock: Clock

    async def run(self, epoch: int) -> None:
        """Never returns by itself; raises DatabaseLostError when the process has to end."""
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "submitter": partial(self.submitter.run, epoch),
            "poller": self.poller.run,
            "reconciler": self.reconciler.run,
            "sweeper": self.sweeper.run,
            "deliverer": self.deliverer.run,
            "upkeep": self.upkeep.run,
            "bearer": self.bearer.run,
            "approvals": self.approvals.run,
            "vigil": self.vigil.run,
            "backups": self.backups.run,
        }
        async with asyncio.TaskGroup() as tasks:
            for name, loop in loops.items():
                tasks.create_task(self._keep(name, loop), name=name)

    async def _keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Begin a loop anew when it breaks, with back-off: its jobs are in the database."""
        breaks = 0
        while True:
            begun_at = self.clock.monotonic()
            try:
                await loop()
            except DatabaseLostError:
                raise
            except DatabaseBusyError:  # nobody's fault here, and over when the other one is done
                log.warning("the %s has to wait: another program holds the database", name)
                await self.clock.sleep(RESTART_S[0])
            except Exception:
                if self.clock.monotonic() - begun_at > CALM_S:
                    breaks = 0
                delay_s = RESTART_S[min(breaks, len(RESTART_S) - 1)]
                breaks += 1
                log.exception(
                    "the %s broke, %d times by now; beginning it anew in %d s",
                    name,
                    breaks,
                    delay_s,
                )
                await self.clock.sleep(delay_s)

    def nudge(self) -> None:
        """Let every loop that acts on jobs look again."""
        for alarm in (
            self.submitter.alarm,
            self.poller.alarm,
            self.reconciler.alarm,
            self.deliverer.alarm,
            self.bearer.alarm,
            self.approvals.alarm,
        ):
            alarm.nudge()
