"""Our books against the vendor's balance: compared, told, and never put right by themselves.

Between two readings the vendor should have taken what was booked in between. Only what was under
way at either end may explain a difference, and no longer than that: a reading is compared with the
last one at which nothing was under way, so no difference hides in a row of busy moments. A reading
is judged once a sweep has seen all that was made before it.
"""

import logging
import sqlite3
from dataclasses import dataclass

from jobs.ports import Clock
from jobs.reconcile import HORIZON_S, SWEPT_AT
from jobs.times import moment
from models import in_tokens
from storage import claims, readings, settings
from storage.claims import Learned
from storage.database import Database
from storage.readings import Books, Kind, Reading, Verdict

log = logging.getLogger(__name__)

DAY_S = 24 * 3600
# The listing may lag by a horizon, and the sweep leaves alone what is younger than another.
SWEPT_AFTER_S = 2 * HORIZON_S
# A generation is charged when it ends; one made this long before a reading was charged by then.
SLOWEST_S = 3600
FOREIGN_LISTED = 20
LINE_AT, LINE_TO = "accounts_line_at", "accounts_line_to"


@dataclass(frozen=True, slots=True)
class _End:
    """A reading, with what was booked by then and how much of that, and of the rest, is unsure."""

    reading: Reading
    booked_tokens: int
    fresh_tokens: int

    @property
    def is_quiet(self) -> bool:
        return self.reading.open_tokens == 0 and self.fresh_tokens == 0


class Accounts:
    """The part of upkeep that compares; it asks the vendor nothing."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def look(self) -> None:
        """Judge what can be judged by now, and write the day's line when it is due."""
        now = int(self._clock.now())
        for verdict in await self._db.insist(conclude, now):
            words = await self._db.read(sentence, verdict)
            if verdict.kind == "missing":
                log.error("%s", words)
            elif verdict.kind == "added" or verdict.found_tokens:
                log.info("%s", words)
        if (line := await self._db.insist(day_line, now)) is not None:
            log.info("%s", line)


def keep(tx: sqlite3.Connection, tokens: int, before: Books, now: int) -> int:
    """Keep a balance as a reading; return what was booked while it was asked for, in tokens.

    `before` is what the books said before the request left. If they have moved since, nobody
    knows which books the balance belongs to, and no reading is kept.
    """
    after = readings.books(tx)
    if after.charged_tokens == before.charged_tokens:
        unsure = max(before.open_tokens, after.open_tokens)
        readings.put(tx, tokens, Books(after.charged_tokens, after.late_tokens, unsure), now)
    return after.charged_tokens - before.charged_tokens


def conclude(tx: sqlite3.Connection, now: int) -> list[Verdict]:
    """Judge the readings whose time has come, and keep what they told."""
    verdicts = judge(tx, now)
    for verdict in verdicts:
        readings.put_verdict(tx, verdict)
    return verdicts


def judge(tx: sqlite3.Connection, now: int) -> list[Verdict]:
    """Return what the readings told that nobody judged yet, oldest first; nothing is written."""
    last = readings.find_last_verdict(tx)
    if last is None:
        base = readings.find_first(tx)
    else:
        base = readings.find(tx, last.reading if last.is_settled else last.since)
    if base is None:
        return []
    judged_to = base.seq if last is None else last.reading
    told = readings.told(tx, base.seq)
    # Only what was told as missing can turn up, and only by a cost that was not known then.
    learned = sum(one.tokens for one in claims.list_learned(tx, base.seq + 1, base.at))
    findable = min(told.missing, learned - told.found)
    difference = told.difference
    start = _end(tx, base)
    verdicts = []
    swept_to = settings.counter(tx, SWEPT_AT) - SWEPT_AFTER_S
    for reading in readings.list_after(tx, judged_to, swept_to):
        end = _end(tx, reading)
        kind, tokens, found = _compare(start, end, difference, findable)
        since = start.reading.seq
        verdicts.append(Verdict(reading.seq, since, kind, tokens, end.is_quiet, now, found))
        if end.is_quiet:
            start, difference, findable = end, 0, 0
        else:
            difference, findable = difference + tokens - found, findable - found
    return verdicts


def sentence(tx: sqlite3.Connection, verdict: Verdict) -> str:
    """Return what a verdict says, for the host."""
    start, end = readings.find(tx, verdict.since), readings.find(tx, verdict.reading)
    if start is None or end is None:
        raise KeyError(verdict.reading)
    span = f"between {moment(start.at)} and {moment(end.at)}"
    about = "" if verdict.is_settled else "at least "
    if verdict.kind == "missing":
        late = claims.list_learned(tx, verdict.reading, start.at, end.at)
        since = f"; counted only later, and a part of it: {_listed(late)}" if late else ""
        return (
            f"NeuralBox took {about}{in_tokens(verdict.tokens)} {span} that nobody here booked; "
            f"the balance was {end.tokens:,}. {_foreign_since(tx, start.at - SLOWEST_S, late)} "
            "Pictures, texts and speech made with the same account do not show in the history that "
            f"is read. Nothing was changed{since}"
        )
    found = _found(tx, verdict, start, end)
    if verdict.kind == "added":
        return (
            f"{about}{in_tokens(-verdict.tokens)} were added to the NeuralBox account {span}, by a "
            f"top-up or a new plan period; the balance was {end.tokens:,}. A top-up may hide "
            f"tokens taken in the same time{found}"
        )
    if verdict.kind == "explained":
        words = f"what was under way explains the balance of {end.tokens:,} at {moment(end.at)}"
        return f"{words}{found}"
    return f"books and balance agree; the balance was {end.tokens:,} at {moment(end.at)}{found}"


def day_line(tx: sqlite3.Connection, now: int) -> str | None:
    """Return the day's one line about books and balance, or None when it is not due."""
    line_at = settings.counter(tx, LINE_AT)
    if line_at and line_at <= now < line_at + DAY_S:
        return None
    # A late line does not move the hour of the next one.
    is_late = line_at <= now < line_at + 2 * DAY_S
    settings.set_counter(tx, LINE_AT, line_at + DAY_S if is_late else now)
    if not line_at:
        return None  # the first day has nothing to look back on
    first = readings.find_first(tx)
    start = readings.find(tx, settings.counter(tx, LINE_TO)) or first
    verdicts = readings.list_verdicts(tx, start.seq) if start else []
    end = readings.find(tx, verdicts[-1].reading) if verdicts else None
    if start is None or end is None:
        return (
            "books and balance were not compared today: no balance was read, or the history "
            "could not be"
        )
    settings.set_counter(tx, LINE_TO, end.seq)
    booked = _end(tx, end).booked_tokens - _end(tx, start).booked_tokens
    facts = [
        f"{booked:,} tokens spent since {moment(start.at)}",
        f"balance {end.tokens:,}",
    ]
    missing = sum(verdict.tokens for verdict in verdicts if verdict.tokens > 0)
    found = sum(verdict.found_tokens for verdict in verdicts)
    added = -sum(verdict.tokens for verdict in verdicts if verdict.tokens < 0)
    if missing:
        facts.append(f"{missing:,} taken that nobody here booked")
    if found:
        facts.append(f"{found:,} told as missing that are explained now")
    if added:
        facts.append(f"{added:,} added")
    count, tokens = claims.sum_foreign(tx, start.at)
    if count:
        facts.append(f"{tokens:,} of it by others with the same account ({_generations(count)})")
    return f"books and balance {_headline(verdicts)}: {', '.join(facts)}"


def _end(tx: sqlite3.Connection, reading: Reading) -> _End:
    beside = readings.beside_tokens(tx, reading.at)
    fresh = readings.beside_tokens(tx, reading.at, reading.at - SLOWEST_S)
    return _End(reading, reading.spent_tokens + beside, fresh)


def _compare(start: _End, end: _End, told: int, findable: int) -> tuple[Kind, int, int]:
    """Return what two readings tell, the tokens that nothing explains, and those that turned up.

    See `Verdict`; of what was told as missing, `findable` are known by now to be somebody's.
    At the end a job may be charged that is not booked yet, and a fresh generation counted that is
    not charged yet; at the start it is the other way round.
    """
    taken = start.reading.tokens - end.reading.tokens
    difference = taken - (end.booked_tokens - start.booked_tokens) - told
    least = -(start.reading.open_tokens + end.fresh_tokens)
    most = end.reading.open_tokens + start.fresh_tokens
    if difference > most:
        return "missing", difference - most, 0
    found = max(0, min(findable, least - difference))
    difference += found
    if difference < least:
        return "added", difference - least, found
    return ("agrees" if difference == 0 else "explained"), 0, found


def _headline(verdicts: list[Verdict]) -> str:
    last_missing = max((one.reading for one in verdicts if one.kind == "missing"), default=0)
    missing = sum(one.tokens for one in verdicts if one.kind == "missing")
    found = sum(one.found_tokens for one in verdicts if one.reading > last_missing)
    if missing > found:
        return "differ"
    if verdicts[-1].kind == "explained":
        return "agree as far as can be told while jobs are under way"
    return "agree"


def _found(tx: sqlite3.Connection, verdict: Verdict, start: Reading, end: Reading) -> str:
    """Return what a verdict explains of what earlier ones told as missing, "" for nothing."""
    if not verdict.found_tokens:
        return ""
    by = claims.list_learned(tx, start.seq + 1, start.at, end.at)
    return (
        f". {in_tokens(verdict.found_tokens)} told as missing before are explained now, by what "
        f"was made then and counted only later: {_listed(by)}"
    )


def _listed(found: list[Learned]) -> str:
    shown = [
        f"{one.id}"
        + ("" if one.job_id is None else f" (job {one.job_id})")
        + f": {in_tokens(one.tokens)}, made {moment(one.at)}"
        for one in found[:FOREIGN_LISTED]
    ]
    more = len(found) - len(shown)
    return "; ".join(shown) + (f"; and {more:,} more" if more else "")


def _foreign_since(tx: sqlite3.Connection, after: int, late: list[Learned]) -> str:
    """Return what others made since then that was counted; `late` was not."""
    ids = {one.id for one in late}
    found = [one for one in claims.list_foreign(tx, FOREIGN_LISTED, after) if one.id not in ids]
    if not found:
        return f"The history shows no {'other ' if late else ''}video of others."
    count, tokens = claims.sum_foreign(tx, after)
    count -= sum(one.job_id is None for one in late)
    tokens -= sum(one.tokens for one in late if one.job_id is None)
    return (
        f"Videos of nobody here in that time, counted already: {_generations(count)} for "
        f"{in_tokens(tokens)} ({'; '.join(foreign_words(each) for each in found)})."
    )


def foreign_words(found: claims.Foreign) -> str:
    """Return a generation of nobody here in a few words."""
    cost = "its cost was not told" if found.tokens is None else in_tokens(found.tokens)
    return f"{found.id}: {cost}" + ("" if found.at is None else f", made {moment(found.at)}")


def _generations(count: int) -> str:
    return "1 generation" if count == 1 else f"{count:,} generations"
