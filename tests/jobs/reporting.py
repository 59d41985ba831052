"""Reports of a made-up past, for the tests of what they tell."""

from datetime import datetime
from zoneinfo import ZoneInfo

from jobs.reports import Report, Reports, Which
from models import Period, PeriodKind
from playground.clock import FakeClock
from storage import budgets
from storage.budgets import Pool
from storage.database import Database
from storage.ledger import Limits
from tests.jobs.past import FREE

GUILD = 11
DAY_S = 24 * 3600
NAMES = {"kling-v2.1": "Kling 2.1", "veo-3": "Veo 3"}


def moment(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


NOW = moment("2026-11-22 12:00")


async def report_of(
    db: Database, which: Which = "this", *, now: int = NOW, allowed: Limits = FREE
) -> Report:
    return await Reports(db, FakeClock(now), allowed, NAMES.__getitem__).report(GUILD, which)


async def set_pool(
    db: Database, tokens: int | None, kind: PeriodKind = "month", zone: str = "UTC"
) -> None:
    await db.write(budgets.set_pool, GUILD, Pool(tokens, Period(kind, zone)))
