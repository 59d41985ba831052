"""Reports to draw: a server's month as it might be, and the parts to build others from."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from jobs import periods
from jobs.outlook import LASTS, Outlook
from jobs.periods import Window
from jobs.purse import Standing
from jobs.reports import Report, Slice, Which
from models import Period
from storage.ledger import Use

ZONE = "Europe/Paris"
MONTH = Period("month", ZONE)
NOON = int(datetime(2026, 11, 22, 13, 5, tzinfo=UTC).timestamp())
NAMES = {
    "301": "Marguerite",
    "302": "José Núñez",
    "303": "pixel_wizard",
    "304": "🌸 Sakura 桜",
    "305": "Олексій",
    "306": "theo",
}
SPENT_BY_DAY = (
    880, 1320, 440, 0, 660, 2140, 2480, 760, 300, 520, 1040,
    640, 1900, 2300, 820, 480, 0, 940, 1280, 1720, 3060, 1240,
)  # fmt: skip


def pool(
    limit: int,
    spent: int,
    held: int = 0,
    given: int = 0,
    aside: int = 0,
    period: Period = MONTH,
    window: Window | None = None,
) -> Standing:
    """Return how a guild's pool stands."""
    window = window or periods.window(period, NOON)
    use = Use(held, spent)
    return Standing(
        "guild", "pool", limit, period, window, use, given_tokens=given, set_aside_tokens=aside
    )


def days(spent: Sequence[int], first: date = date(2026, 11, 1), held: int = 0) -> tuple[Slice, ...]:
    """Return a line for each day, the held tokens on the last."""
    return tuple(
        Slice(
            (first + timedelta(days=number)).isoformat(),
            1 if tokens else 0,
            tokens,
            held if number == len(spent) - 1 else 0,
        )
        for number, tokens in enumerate(spent)
    )


def report(
    standing: Standing | None,
    by_day: tuple[Slice, ...],
    members: tuple[Slice, ...] = (),
    models: tuple[Slice, ...] = (),
    period: Period = MONTH,
    before: tuple[int, int] | None = (22_900, 260),
    dry_at: int | None = None,
    end: int = NOON,
    which: Which = "this",
) -> Report:
    """Return a report whose sums follow from its days; a pool lasts unless it is dry sometime."""
    goes_on = None
    if standing is not None and which == "this":
        goes_on = LASTS if dry_at is None else Outlook("dry", dry_at)
    start = int(datetime.fromisoformat(by_day[0].label).replace(tzinfo=UTC).timestamp())
    return Report(
        guild_id=1,
        which=which,
        start=standing.window.start if standing and standing.window.start else start,
        end=end,
        zone=ZONE,
        period=period,
        pool=standing,
        jobs=sum(one.jobs for one in members),
        spent_tokens=sum(one.spent_tokens for one in by_day),
        held_tokens=sum(one.held_tokens for one in by_day),
        returned_tokens=640,
        pot_tokens=0,
        earlier_pot_tokens=0,
        members=members,
        models=models,
        days=by_day,
        outcomes=(),
        before_spent_tokens=before[0] if before else None,
        before_jobs=before[1] if before else None,
        outlook=goes_on,
    )


def usual() -> Report:
    """Return a month in its fourth week, on the way to being used up early."""
    spent = sum(SPENT_BY_DAY)
    members = (
        Slice("301", 96, 9_240, 320),
        Slice("302", 71, 6_860),
        Slice("303", 44, 4_480, 120),
        Slice("304", 30, 2_960),
        Slice("305", 18, 1_780),
        Slice("306", 12, 1_240),
        Slice("307", 4, spent - 26_560),
    )
    models = (
        Slice("Kling 2.6 Pro", 120, 14_300, 320),
        Slice("Veo 3.1 Fast", 88, 9_020, 120),
        Slice("Seedance 1 Lite", 67, spent - 23_320),
    )
    dry = int(datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp())
    standing = pool(30_000, spent, 440, given=2_000, aside=1_000)
    return report(standing, days(SPENT_BY_DAY, held=440), members, models, dry_at=dry)
