"""The words of a report's picture: figures, dates, and names that its one font can draw."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from jobs import periods
from jobs.plain import clean
from jobs.purse import Standing
from jobs.reports import Report, Slice

ALT_TEXT_CHARACTERS = 1024
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# The font that Pillow brings has ASCII and these, nothing else: no "é", no dash, no other script.
DRAWN_BEYOND_ASCII = "·…“”‘’«»‹›±°©™"
# Letters that do not decompose into a plain one and a mark.
_PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d"}
    | {"Đ": "D", "ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "ı": "i", "þ": "th", "Þ": "Th"}
    | {"–": "-", "—": "-", "−": "-", "´": "'"}
)
_NAME_CHARACTERS = 60
_SPOKEN_NAME_CHARACTERS = 32
_BEFORE = {"day": "the day before", "week": "the week before", "month": "the month before"}


def drawable(text: str) -> str:
    """Return a text with only what the font can draw: accents dropped, emoji left out."""
    plain = unicodedata.normalize("NFKD", text.translate(_PLAIN)).translate(_PLAIN)
    kept = (c if not c.isspace() else " " for c in plain if _is_drawn(c) or c.isspace())
    return " ".join("".join(kept).split())[:_NAME_CHARACTERS]


def short_name(text: str, otherwise: str) -> str:
    """Return a name as it can be drawn, or the other one where too little would remain of it."""
    shown = drawable(text)
    spelled = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    letters = sum(c.isalnum() for c in spelled)
    left = sum(c.isalnum() for c in shown)
    return shown if left and 2 * left >= min(letters, _NAME_CHARACTERS) else otherwise


def member_names(members: Iterable[Slice], names: Mapping[str, str]) -> list[str]:
    """Return a drawable name for each member; those that would look the same get their id's end."""
    every = [short_name(names.get(one.label, ""), nameless(one.label)) for one in members]
    alike = {name for name in every if every.count(name) > 1}
    return [
        f"{name[:20]} …{one.label[-4:]}" if name in alike else name
        for one, name in zip(members, every, strict=True)
    ]


def nameless(user_id: str) -> str:
    """Return what to call a member whose name cannot be drawn."""
    return f"member …{drawable(user_id)[-4:]}" if user_id.strip() else "a member"


def compact(tokens: int) -> str:
    """Return a figure of at most six characters, never rounded up: "9,999", "12.3k", "1B"."""
    for unit, name in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        # Below 10,000 a figure is as short in full.
        if tokens >= max(unit, 10_000):
            tenths = 10 * tokens // unit
            return f"{tenths // 10}.{tenths % 10}".removesuffix(".0") + name
    return f"{tokens:,}"


def count(number: int, thing: str) -> str:
    """Return "1 request", "1,234 requests"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def percent(part: int, whole: int) -> str:
    """Return a share, never rounded up to a whole that is not reached: "62 %", "under 1 %"."""
    share = 100 * part // max(1, whole)
    return "under 1 %" if part and not share else f"{share:,} %"


def window_end(report: Report) -> int | None:
    """Return when the report's period ends (epoch s), None when it has no end of its own."""
    if report.which == "last":
        return report.end
    if report.pool is not None:
        return report.pool.window.end
    if report.which != "this" or report.period.kind not in _BEFORE:
        return None
    return periods.window(report.period, report.start).end


def local_day(at: int, zone: str) -> date:
    """Return the day of a moment by the clocks of a zone."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).date()


def day(one: date) -> str:
    """Return "Fri 27 Nov"."""
    return f"{WEEKDAYS[one.weekday()]} {one.day} {MONTHS[one.month - 1]}"


def moment(at: int, zone: str) -> str:
    """Return "22 Nov, 14:05"."""
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{local.day} {MONTHS[local.month - 1]}, {local:%H:%M}"


def stretch(report: Report) -> str:
    """Return the name of what is told: "November 2026", "16-22 Nov 2026", "Last 30 days"."""
    if report.never_was:
        return "No such period"
    if report.which == "this" and report.period.kind in ("rolling", "none"):
        if report.period.kind == "rolling" and report.end - report.start >= periods.ROLLING_S:
            return "Last 30 days"
        if report.period.kind == "none" and not report.jobs:
            return "All time"
        return f"Since {_dated(local_day(report.start, report.zone))}"
    first = local_day(report.start, report.zone)
    # A period that begins at this very second has a first day all the same.
    last = local_day(max(report.start, (window_end(report) or report.end) - 1), report.zone)
    is_month = (last - first).days <= 31 and first.day == (last + timedelta(days=1)).day == 1
    if is_month and not isinstance(report.which, int):
        return f"{LONG_MONTHS[first.month - 1]} {first.year}"
    return _days(first, last)


def _days(first: date, last: date) -> str:
    if first == last:
        return f"{WEEKDAYS[first.weekday()]} {_dated(first)}"
    if first.year != last.year:
        return f"{_dated(first)} - {_dated(last)}"
    if first.month != last.month:
        return f"{first.day} {MONTHS[first.month - 1]} - {_dated(last)}"
    return f"{first.day}-{_dated(last)}"


def _dated(one: date) -> str:
    return f"{one.day} {MONTHS[one.month - 1]} {one.year}"


def sizes(pool: Standing) -> tuple[str, ...]:
    """Return the pool's size in words, longest first."""
    size = f"of {pool.size_tokens:,} tokens"
    if not pool.given_tokens:
        return (size,)
    sign = "+" if pool.given_tokens > 0 else "-"
    given = f"({pool.limit_tokens:,} {sign} {abs(pool.given_tokens):,} one-off)"
    return f"{size} {given}", size


def outlook(report: Report) -> tuple[str, bool]:
    """Return how it goes on with the pool, and whether that is a warning; "" without a pool."""
    pool = report.pool
    if pool is None:
        return "", False
    resets = ""
    if report.is_running and pool.window.end is not None:
        resets = f"resets {day(local_day(pool.window.end, report.zone))}"
    until = f" · {resets}" if resets else ""
    if pool.left_tokens < 0:
        return f"Over the limit by {-pool.left_tokens:,}{until}", True
    if pool.left_tokens == 0:
        return f"Used up{until}", True
    if report.outlook is not None and report.outlook.dry_at is not None:
        dry_on = day(local_day(report.outlook.dry_at, report.zone))
        return f"At this pace used up {dry_on}{until}", True
    if report.outlook is not None and report.outlook.fate == "lasts":
        return f"At this pace it lasts{until}", False
    return resets.replace("r", "R", 1), False


def before_name(report: Report) -> str:
    """Return what the report is compared with: "the month before", "the 7 days before"."""
    if isinstance(report.which, int):
        return f"the {'day' if report.which == 1 else f'{report.which:,} days'} before"
    return _BEFORE.get(report.period.kind, "the 30 days before")


def comparison(report: Report) -> tuple[str, ...]:
    """Return what was asked for, next to the period before, in words, longest first."""
    asked = count(report.jobs, "request")
    if report.is_running and window_end(report) is not None:
        asked += " so far"
    if report.earlier_pot_tokens:
        asked += f" · {report.earlier_pot_tokens:,} in earlier pots"
    before = report.before_spent_tokens
    if before is None:
        return (asked,)
    name = before_name(report)
    if not before:
        return f"{asked} · nothing spent {name}", asked
    share = f"{percent(report.spent_tokens, before)} of what {name} took"
    return f"{asked} · {share} ({before:,})", f"{asked} · {share}", asked


def rest_name(report: Report) -> str:
    """Return what to call the tokens of a pool that nobody used."""
    return "left" if report.is_running else "not used"


def describe(report: Report, names: Mapping[str, str]) -> str:
    """Return the picture in words, as alt text of at most ALT_TEXT_CHARACTERS."""
    parts = [f"Token report, {stretch(report)}."]
    pool = report.pool
    if pool is None:
        parts.append(f"{report.spent_tokens:,} spent, {report.held_tokens:,} held.")
    else:
        aside = f", {pool.set_aside_tokens:,} set aside in pots" if pool.set_aside_tokens else ""
        parts.append(
            f"{pool.use.spent_tokens:,} spent, {pool.use.held_tokens:,} held{aside}, "
            f"{pool.available_tokens:,} {rest_name(report)} {sizes(pool)[0]} "
            f"({percent(pool.used_tokens, pool.size_tokens)} used)."
        )
        parts.append(f"{outlook(report)[0]}." if outlook(report)[0] else "")
    parts.append(f"{comparison(report)[0]}.")
    if report.spent_tokens:
        peak = max(report.days, key=lambda one: one.spent_tokens, default=None)
        if peak is not None and len(report.days) > 1:
            when = day(date.fromisoformat(peak.label))
            parts.append(f"Most on one day: {peak.spent_tokens:,} on {when}.")
    for title, slices in (("Members", report.members), ("Models", report.models)):
        told = [
            f"{_spoken(names.get(one.label, '') if title == 'Members' else one.label, one)} "
            f"{one.spent_tokens:,}"
            for one in slices[:4]
        ]
        more = f" and {len(slices) - 4:,} more" if len(slices) > 4 else ""
        parts.append(f"{title}: {', '.join(told)}{more}." if told else "")
    text = " ".join(filter(None, parts))
    return text if len(text) <= ALT_TEXT_CHARACTERS else text[: ALT_TEXT_CHARACTERS - 1] + "…"


def _spoken(name: str, one: Slice) -> str:
    """Return a name for a screen reader: any script, nothing invisible, not too long."""
    shown = clean(name)
    if not shown:
        return nameless(one.label)
    if len(shown) > _SPOKEN_NAME_CHARACTERS:
        shown = shown[: _SPOKEN_NAME_CHARACTERS - 1].rstrip() + "…"
    return shown


def _is_drawn(character: str) -> bool:
    return " " < character <= "~" or character in DRAWN_BEYOND_ASCII
