"""What the doctor looks at in the books: sound or not, jobs, money, models, messages."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from config import StorageConfig
from jobs import accounting, aftermath, allowance, moves, switch
from jobs.backups import MISSES, MISSES_TOLD, TROUBLE
from jobs.times import age, moment
from jobs.upkeep import BALANCE_EVERY_S
from models import FINAL_STATES, State
from storage import (
    backup,
    checkup,
    claims,
    invariants,
    readings,
    rewound,
    schema,
    settings,
)
from storage.backup import find_newest_verified

Level = Literal["ok", "note", "ATTENTION"]

DAY_S = 24 * 3600
# What is over and was told stays before the host's eyes for so long.
RECENT_S = 7 * DAY_S
BALANCE_OLD_S = 2 * BALANCE_EVERY_S
BACKUP_OLD_S = 3 * 3600
JOBS_LISTED = 20
FOREIGN_LISTED = 20
_WHY_REWOUND = {
    "restore": "a backup was restored",
    "lost": "the last commits were gone at a start",
    "history": "at a start NeuralBox had videos that are newer than the books and nobody's",
}
REMEDIES = {
    "two candidates in the history": "look both up in NeuralBox's history; its tokens stay held, "
    "and nothing is sent again",
    "id already claimed": "NeuralBox gave one id to two jobs; ask its support about that id",
    "overrun": "NeuralBox charged more than its price list, and the truth is booked; compare the "
    "price there, the model comes back when the list changes",
    "contradiction": "NeuralBox says that it failed and cost tokens; they are booked, ask its "
    "support for them",
    "overdue": "it is not finished after a day; see how it stands on NeuralBox's site, and ask its "
    "support if it never ends",
    "cost missing": "it is finished without a price; its tokens stay held until NeuralBox tells "
    "one, so look it up there",
    "unknown to the vendor": "NeuralBox no longer knows it; see whether somebody deleted it there",
    "made after all": "it turned up after it was given back; it is booked now, nothing is left "
    "to do",
    moves.REWOUND: "it may have been sent before the books were put back, so it is looked up; "
    "nothing is left to do",
}
REMEDY = "see the log for this job's number; its tokens stay held while it is not clear"


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. `ATTENTION` needs the host, and its text says what to do."""

    level: Level
    topic: str
    text: str


def books(tx: sqlite3.Connection, path: Path) -> Iterator[Line]:
    """Say whether the file and the sums in it are sound; raises UnusableDatabaseError."""
    schema.require_sound(tx, path)
    broken = invariants.violations(tx)
    if not broken:
        yield Line("ok", "books", f"sound, and all {len(invariants.queries())} invariants hold")
    for name, rows in broken.items():
        yield Line(
            "ATTENTION",
            "books",
            f"do not add up: {name} ({rows[:3]}); stop the bot, keep the file, restore the newest "
            "backup",
        )


def jobs(tx: sqlite3.Connection, now: int) -> Iterator[Line]:
    """Say what is under way, and which jobs wait for a person."""
    standing = checkup.list_open(tx)
    for each in standing:
        yield Line(
            "ok",
            "jobs",
            f"{each.count:,} {each.state}, {each.tokens:,} tokens held, the oldest for "
            f"{age(now - each.oldest_at)}",
        )
    if not standing:
        yield Line("ok", "jobs", "none is under way")
    urgent = [job for job in checkup.list_attention(tx) if _is_urgent(job, now)]
    for number, reason, state, tokens, at in urgent[:JOBS_LISTED]:
        yield Line(
            "ATTENTION",
            "jobs",
            f"job {number} ({state}, {tokens:,} tokens, since {moment(at)}): {reason}; "
            f"{REMEDIES.get(reason, REMEDY)}",
        )
    if len(urgent) > JOBS_LISTED:
        yield Line("ATTENTION", "jobs", f"and {len(urgent) - JOBS_LISTED:,} more; see the log")
    count, tokens = checkup.count_old_holds(tx, now - DAY_S)
    if count:
        yield Line(
            "ATTENTION",
            "holds",
            f"{tokens:,} tokens are held for {_many(count, 'job')} older than a day; the log says "
            "by number what they wait for",
        )


def intake(tx: sqlite3.Connection, now: int) -> Iterator[Line]:
    """Say whether the host paused new videos."""
    if pause := switch.find(tx):
        yield Line(
            "note",
            "intake",
            f"paused by the host (member {pause.by}) since {moment(pause.at)}, "
            f"{age(now - pause.at)} ago: {pause.reason or 'no reason given'}; /admin resume takes "
            "new videos again",
        )


def recovery(tx: sqlite3.Connection, now: int) -> Iterator[Line]:
    """Say whether the books were put back, and what that left open."""
    marker = rewound.find(tx)
    if marker and aftermath.is_overdue(marker, now):
        yield Line(
            "ATTENTION",
            "recovery",
            f"begun {age(now - (marker.begun_at or now))} ago ({_WHY_REWOUND[marker.how]}) and not "
            "over; nothing is sent or taken in, and no tokens move. Let the bot run; if it does, "
            "its log says what NeuralBox's history lacks, which is for NeuralBox's support",
        )
    elif marker:
        yield Line(
            "note",
            "recovery",
            f"the books tell nothing of what was done after {moment(marker.since)} "
            f"({_WHY_REWOUND[marker.how]}); nothing is sent or taken in until they have been "
            "compared with NeuralBox's history, which the running bot does within about 20 minutes",
        )
    last = rewound.find_last(tx)
    if last is not None and last.ended_at > now - RECENT_S:
        count, tokens = aftermath.sum_unknown(tx, last)
        yield Line(
            "note",
            "recovery",
            f"over since {moment(last.ended_at)} ({_WHY_REWOUND[last.how]}): from after "
            f"{moment(last.since)} NeuralBox has {_many(count, 'video')} for {tokens:,} "
            "tokens that these books know nothing of, listed under others; "
            f"{_many(last.adopted, 'job')} found again, {last.given_back:,} given back",
        )


def backups(
    tx: sqlite3.Connection, storage: StorageConfig, now: int, *, is_running: bool
) -> Iterator[Line]:
    """Say how old the newest backup is, and whether it could be restored."""
    if not storage.backups:
        yield Line("note", "backups", "switched off (storage.backups); make your own")
        return
    where = storage.backups_dir.absolute()
    newest = find_newest_verified(storage.backups_dir)
    words = f"none that could be restored in {where}"
    if newest is not None:
        words = f"the newest, {newest.path.name}, could be restored now and is "
        words += f"{age(now - newest.made_at)} old"
    trouble = settings.find(tx, backup.SCOPE, TROUBLE)
    misses = settings.counter(tx, MISSES)
    if trouble is not None and misses >= MISSES_TOLD:
        yield Line("ATTENTION", "backups", f"{words}; the last {misses:,} failed: {trouble}")
    elif is_running and newest is not None and now - newest.made_at > BACKUP_OLD_S:
        yield Line("ATTENTION", "backups", f"{words}, which is too long; see the log")
    else:
        yield Line("ok" if newest else "note", "backups", words)


def requests(tx: sqlite3.Connection, now: int) -> Iterator[Line]:
    """Say what is used of the plan's requests, as far as any answer told its limits."""
    found = allowance.kept_shares(tx, now)
    if found is None:
        yield Line("note", "requests", "NeuralBox has not told yet how many requests the plan has")
    else:
        yield Line("ok", "requests", allowance.words(found))


def money(tx: sqlite3.Connection, now: int, *, is_running: bool) -> Iterator[Line]:
    """Say what the account has, whether it agrees with the books, and who else used it."""
    yield _balance(tx, now, is_running=is_running)
    yield from _verdict(tx, now)
    count, tokens = claims.sum_foreign(tx)
    if count:
        yield Line(
            "note",
            "others",
            f"videos at NeuralBox that nobody here asked for: {count:,}, {tokens:,} tokens; if "
            "they are not yours, change the key. The newest:",
        )
    for found in claims.list_foreign(tx, FOREIGN_LISTED):
        yield Line("note", "others", accounting.foreign_words(found))
    for each in claims.list_disputes(tx)[:JOBS_LISTED]:
        yield Line(
            "ATTENTION" if each.at > now - RECENT_S else "note",
            "disputes",
            f"NeuralBox tells {each.id} (job {each.job_id}) as {each.status} for "
            f"{each.told_tokens:,} tokens, booked were {each.booked_tokens:,}; nothing was "
            "changed, ask its support",
        )


def models(tx: sqlite3.Connection, models: tuple[str, ...]) -> Iterator[Line]:
    """Say which models are paused."""
    for slug in sorted(settings.list_scope(tx, moves.PAUSED_MODELS)):
        yield Line(
            "ATTENTION" if slug in models else "note",
            "models",
            f"{slug} is paused, because it cost more than NeuralBox's price list said; it comes "
            "back when the list changes, or take it out of video.models",
        )


def messages(tx: sqlite3.Connection) -> Iterator[Line]:
    """Say what could not be brought."""
    results, notices = checkup.count_undelivered(tx)
    if results.count:
        yield Line(
            "note",
            "messages",
            f"{_many(results.count, 'result')} could not be brought to "
            f"{_many(results.guilds, 'server')}, where a channel or a permission is gone; that "
            "happens when it is back, and until then /videos get shows the video",
        )
    if notices.count:
        yield Line(
            "note",
            "messages",
            f"{_many(notices.count, 'notice')} could not be brought to the admins of "
            f"{_many(notices.guilds, 'server')}, where a channel or a permission is gone",
        )


def _is_urgent(job: tuple[int, str, str, int, int], now: int) -> bool:
    """Return whether a job still waits for somebody, or ended oddly not long ago."""
    _number, _reason, state, _tokens, at = job
    return State(state) not in FINAL_STATES or at > now - RECENT_S


def _balance(tx: sqlite3.Connection, now: int, *, is_running: bool) -> Line:
    at = settings.counter(tx, moves.BALANCE_AT)
    if not at:
        return Line("note", "balance", "not known yet; the bot asks for it when it starts")
    tokens = settings.counter(tx, moves.BALANCE)
    words = f"{tokens:,} tokens at NeuralBox, read {age(now - at)} ago"
    if tokens <= 0:
        return Line("ATTENTION", "balance", f"{words}; add tokens to the account there")
    if is_running and now - at > BALANCE_OLD_S:
        return Line(
            "ATTENTION",
            "balance",
            f"{words}, which is too long; the log says why (the key, or NeuralBox is away)",
        )
    return Line("ok", "balance", words)


def _verdict(tx: sqlite3.Connection, now: int) -> Iterator[Line]:
    fresh = accounting.judge(tx, now)
    recent = readings.list_missing(tx, now - RECENT_S)
    missing = [*recent, *(verdict for verdict in fresh if verdict.kind == "missing")]
    for verdict in missing:
        yield Line(
            "ATTENTION",
            "balance",
            f"{accounting.sentence(tx, verdict)}; see who else uses the account, and ask "
            "NeuralBox's support",
        )
    last = fresh[-1] if fresh else readings.find_last_verdict(tx)
    if last is None:
        yield Line("note", "balance", "not compared with the books yet: that takes two readings")
    elif last not in missing:
        difference = f" (difference {last.tokens:+,})" if last.tokens else ""
        yield Line("ok", "balance", f"{accounting.sentence(tx, last)}{difference}")


def _many(count: int, thing: str) -> str:
    return f"1 {thing}" if count == 1 else f"{count:,} {thing}s"
