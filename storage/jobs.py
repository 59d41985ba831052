"""The `job` table: what was asked for, where it stands, and every move from state to state."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from models import Asker, Job, Order, Origin, Quote, Showing, State, VideoRequest, Way
from storage import rewound
from storage.errors import DuplicateInteractionError, StaleStateError

_SELECT = (
    "SELECT j.*, (SELECT v.vendor_id FROM vendor_claim v WHERE v.job = j.id) AS generation_id,"
    " s.alt_text, s.hidden, s.hidden_by, s.hidden_as, s.channel_id AS shown_channel_id,"
    " s.message_id AS shown_message_id, s.ping_id"
    " FROM job j LEFT JOIN showing s ON s.job = j.id"
)
TOKEN_LIFE_S = 15 * 60
LINE_MOST = 50


def insert(
    tx: sqlite3.Connection,
    asker: Asker,
    order: Order,
    quote: Quote,
    fingerprint: str,
    now: int,
) -> int:
    """Write a new job in `reserved`; raises DuplicateInteractionError for a replayed one."""
    request, origin = order.request, order.origin
    stored = {
        "request": asdict(request),
        "way": origin.way,
        "poster_is_bot": origin.poster_is_bot,
        "is_answer": order.promise is not None,
        "is_private": order.is_private,
        "is_spoiler": order.is_spoiler,
        "upload_limit_bytes": asker.upload_limit_bytes,
        "price_revision": quote.revision,
        "role_ids": asker.role_ids,
    }
    try:
        cursor = tx.execute(
            "INSERT INTO job (id, interaction_id, guild_id, user_id, channel_id, model, request,"
            " fingerprint, hold, created_at, parent, picture, poster_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                rewound.next_number(tx, "job"),
                asker.interaction_id,
                asker.guild_id,
                asker.user_id,
                asker.channel_id,
                request.model,
                json.dumps(stored, ensure_ascii=False),
                fingerprint,
                quote.tokens,
                now,
                origin.parent_id,
                request.picture,
                origin.poster_id,
            ),
        )
    except sqlite3.IntegrityError as error:
        if "job.interaction_id" not in str(error):
            raise
        raise DuplicateInteractionError(str(asker.interaction_id)) from None
    job_id = cursor.lastrowid
    assert job_id is not None  # noqa: S101 - an INSERT that did not raise has its row
    if asker.interaction_token:
        tx.execute(
            "INSERT INTO interaction_token (job, token, expires_at) VALUES (?, ?, ?)",
            (job_id, asker.interaction_token, now + TOKEN_LIFE_S),
        )
    return job_id


def get(tx: sqlite3.Connection, job_id: int) -> Job:
    """Return one job; raises KeyError when there is none of that number."""
    row = tx.execute(f"{_SELECT} WHERE j.id = ?", (job_id,)).fetchone()
    if row is None:
        raise KeyError(job_id)
    return _job(row)


def find_public(tx: sqlite3.Connection, guild_id: int, public_id: str) -> Job | None:
    """Return the job that members of this guild know by that id, or None."""
    row = tx.execute(
        f"{_SELECT} WHERE j.public_id = ? AND j.guild_id = ?", (public_id, guild_id)
    ).fetchone()
    return None if row is None else _job(row)


def find_of_guild(tx: sqlite3.Connection, guild_id: int, job_id: int) -> Job | None:
    """Return the guild's job of that number, or None."""
    row = tx.execute(f"{_SELECT} WHERE j.id = ? AND j.guild_id = ?", (job_id, guild_id)).fetchone()
    return None if row is None else _job(row)


def find_own(tx: sqlite3.Connection, guild_id: int, user_id: int, job_id: int) -> Job | None:
    """Return the job of that number if it is this member's in this guild, else None."""
    row = tx.execute(
        f"{_SELECT} WHERE j.id = ? AND j.guild_id = ? AND j.user_id = ?",
        (job_id, guild_id, user_id),
    ).fetchone()
    return None if row is None else _job(row)


def find_by_message(tx: sqlite3.Connection, guild_id: int, message_id: int) -> Job | None:
    """Return the job whose card, result or ping a message of this guild is, or None."""
    row = tx.execute(
        "SELECT id FROM job WHERE message_id = ? UNION SELECT job FROM showing WHERE message_id = ?"
        " UNION SELECT job FROM showing WHERE ping_id = ?",
        (message_id, message_id, message_id),
    ).fetchone()
    job = None if row is None else get(tx, row[0])
    return job if job is not None and job.guild_id == guild_id else None


def list_of(
    tx: sqlite3.Connection, guild_id: int, user_id: int, *states: State, limit: int
) -> list[Job]:
    """Return a member's newest jobs in these states in a guild, newest first."""
    marks = ", ".join("?" * len(states))
    rows = tx.execute(
        f"{_SELECT} WHERE j.guild_id = ? AND j.user_id = ? AND j.state IN ({marks})"
        " ORDER BY j.id DESC LIMIT ?",
        (guild_id, user_id, *states, limit),
    )
    return [_job(row) for row in rows]


def list_open(tx: sqlite3.Connection, guild_id: int, user_id: int | None, limit: int) -> list[Job]:
    """Return a guild's unfinished jobs, of one member or of everybody, oldest first."""
    rows = tx.execute(
        # Named, since the planner would read a guild's whole past instead.
        _SELECT.replace("FROM job j", "FROM job j INDEXED BY job_open") + " WHERE j.guild_id = ?"
        " AND j.user_id = coalesce(?, j.user_id)"
        " AND j.state IN ('reserved','queued','submitting','unknown','pending')"
        " ORDER BY j.id LIMIT ?",
        (guild_id, user_id, limit),
    )
    return [_job(row) for row in rows]


def list_line(tx: sqlite3.Connection, job_id: int) -> list[Job]:
    """Return a job and what it came from, oldest first; none of another guild."""
    job = get(tx, job_id)
    line = [job]
    while line[0].origin.parent_id is not None and len(line) < LINE_MOST:
        parent = get(tx, line[0].origin.parent_id)
        if parent.guild_id != job.guild_id:
            break
        line.insert(0, parent)
    return line


def find_again(tx: sqlite3.Connection, asker: Asker, parent_id: int, since: int) -> int | None:
    """Return the job that this member got by another press of the same Again since then."""
    rows = tx.execute(
        "SELECT id, request FROM job INDEXED BY job_parent"
        " WHERE state NOT IN ('cancelled','rejected','failed','not_submitted')"
        " AND parent = ? AND guild_id = ? AND user_id = ? AND created_at >= ?"
        " AND interaction_id <> ? ORDER BY id DESC",
        (parent_id, asker.guild_id, asker.user_id, since, asker.interaction_id),
    )
    return next((r["id"] for r in rows if json.loads(r["request"])["way"] == Way.AGAIN), None)


def show(tx: sqlite3.Connection, job_id: int, **columns: int | str | None) -> None:
    """Change how a result is shown: any columns of `showing`."""
    tx.execute("INSERT INTO showing (job) VALUES (?) ON CONFLICT (job) DO NOTHING", (job_id,))
    settings = ", ".join(f"{name} = ?" for name in columns)
    tx.execute(f"UPDATE showing SET {settings} WHERE job = ?", (*columns.values(), job_id))  # noqa: S608


def is_any(tx: sqlite3.Connection) -> bool:
    """True when there ever was a job."""
    return tx.execute("SELECT 1 FROM job LIMIT 1").fetchone() is not None


def list_in(tx: sqlite3.Connection, *states: State) -> list[Job]:
    """Return all jobs in these states, oldest first."""
    marks = ", ".join("?" * len(states))
    rows = tx.execute(f"{_SELECT} WHERE j.state IN ({marks}) ORDER BY j.id", states)
    return [_job(row) for row in rows]


def list_pending_except(tx: sqlite3.Connection, known: frozenset[int]) -> list[Job]:
    """Return the pending jobs that are not among the known ones, in the order they were sent."""
    fresh = [get(tx, job_id) for job_id in list_ids(tx, State.PENDING) if job_id not in known]
    return sorted(fresh, key=lambda job: (job.submit_at or job.created_at, job.id))


def list_ended_since(tx: sqlite3.Connection, since: int) -> list[int]:
    """Return when the jobs that were sent since then, and have ended at the vendor, were sent."""
    rows = tx.execute(
        "SELECT submitted_at FROM wait WHERE submitted_at >= ? ORDER BY submitted_at", (since,)
    )
    return [row[0] for row in rows]


def list_ids(tx: sqlite3.Connection, state: State) -> list[int]:
    """Return the numbers of all jobs in a state, oldest first."""
    rows = tx.execute("SELECT id FROM job WHERE state = ? ORDER BY id", (state,))
    return [row[0] for row in rows]


def find_oldest_given_up(tx: sqlite3.Connection, since: int) -> int | None:
    """Return when the oldest job given up as never made was sent (vendor's clock), or None.

    Jobs accepted before `since` and those that turned up after all do not count.
    """
    row = tx.execute(
        "SELECT min(coalesce(j.sent_at, j.submit_at)) FROM job j WHERE j.state = 'not_submitted'"
        " AND j.created_at >= ? AND NOT EXISTS (SELECT 1 FROM vendor_claim v WHERE v.job = j.id)",
        (since,),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def list_given_up(tx: sqlite3.Connection, fingerprint: str) -> list[Job]:
    """Return jobs of this fingerprint that were never made as far as is known, oldest first."""
    rows = tx.execute(
        f"{_SELECT} WHERE j.state = 'not_submitted' AND j.fingerprint = ? ORDER BY j.id",
        (fingerprint,),
    )
    return [job for job in map(_job, rows) if job.generation_id is None]


@dataclass(frozen=True, slots=True)
class InFlight:
    """As much of a job at the vendor as the caps and the one-in-doubt rule need.

    `has_slot` is False for one that only a person can end, such as a video that never ends.
    """

    guild_id: int
    user_id: int
    fingerprint: str
    is_in_doubt: bool
    has_slot: bool = True


def list_in_flight(tx: sqlite3.Connection) -> list[InFlight]:
    """Return every job that the vendor has or may have."""
    rows = tx.execute(
        "SELECT guild_id, user_id, fingerprint, state <> 'pending', attention IS NULL FROM job"
        " WHERE state IN ('submitting','unknown','pending')"
    )
    return [InFlight(row[0], row[1], row[2], bool(row[3]), bool(row[4])) for row in rows]


def count_unfinished(tx: sqlite3.Connection, guild_id: int, user_id: int) -> tuple[int, int]:
    """Return how many jobs of the member, and of the whole guild, are not final yet."""
    row = tx.execute(
        # Named, since the planner would read a guild's whole past instead.
        "SELECT coalesce(sum(user_id = ?), 0), count(*) FROM job INDEXED BY job_open"
        " WHERE guild_id = ?"
        " AND state IN ('reserved','queued','submitting','unknown','pending')",
        (user_id, guild_id),
    ).fetchone()
    return int(row[0]), int(row[1])


def move(
    tx: sqlite3.Connection, job_id: int, start: State, end: State, **columns: int | str | None
) -> None:
    """Move a job from one state to another, setting `columns` along the way.

    Raises StaleStateError when it is not in `start` any more: somebody else moved it first.
    """
    settings = "".join(f", {name} = ?" for name in columns)
    cursor = tx.execute(
        f"UPDATE job SET state = ?{settings} WHERE id = ? AND state = ?",  # noqa: S608
        (end, *columns.values(), job_id, start),
    )
    if cursor.rowcount != 1:
        raise StaleStateError(f"job {job_id} is not {start}")


def note(tx: sqlite3.Connection, job_id: int, **columns: int | str | None) -> None:
    """Set columns that are not the state, such as `next_at` or `attention`."""
    settings = ", ".join(f"{name} = ?" for name in columns)
    tx.execute(f"UPDATE job SET {settings} WHERE id = ?", (*columns.values(), job_id))  # noqa: S608


def set_attention(tx: sqlite3.Connection, job_id: int, reason: str) -> None:
    """Put the job before a person; its tokens stay as they are."""
    note(tx, job_id, attention=reason)


def set_message(tx: sqlite3.Connection, job_id: int, channel_id: int, message_id: int) -> None:
    """Remember where the card is; only a private one still needs the interaction's token."""
    tx.execute(
        "UPDATE job SET channel_id = ?, message_id = ? WHERE id = ?",
        (channel_id, message_id, job_id),
    )
    if not get(tx, job_id).is_private:
        tx.execute("DELETE FROM interaction_token WHERE job = ?", (job_id,))


def take_over(tx: sqlite3.Connection, job_id: int, by_id: int) -> None:
    """Let another job, still without a card, have a job's card and what reaches it."""
    tx.execute("UPDATE job SET message_id = NULL WHERE id = ?", (job_id,))
    tx.execute("UPDATE interaction_token SET job = ? WHERE job = ?", (by_id, job_id))


def find_interaction_token(tx: sqlite3.Connection, job_id: int, now: int) -> str | None:
    """Return the interaction's token while it lives, else None."""
    row = tx.execute(
        "SELECT token FROM interaction_token WHERE job = ? AND expires_at > ?", (job_id, now)
    ).fetchone()
    return None if row is None else str(row[0])


def is_reachable(tx: sqlite3.Connection, job: Job, now: int) -> bool:
    """Return whether a card whose ids were never learned can still be told something."""
    return job.origin.way is Way.MENTION or find_interaction_token(tx, job.id, now) is not None


def forget_interaction_tokens(tx: sqlite3.Connection, now: int) -> None:
    """Drop the tokens that no longer answer for anything."""
    tx.execute("DELETE FROM interaction_token WHERE expires_at <= ?", (now,))


def fingerprints_in(tx: sqlite3.Connection, states: Iterable[State]) -> set[str]:
    """Return the fingerprints of all jobs in these states."""
    wanted = tuple(states)
    marks = ", ".join("?" * len(wanted))
    rows = tx.execute(f"SELECT DISTINCT fingerprint FROM job WHERE state IN ({marks})", wanted)  # noqa: S608
    return {row[0] for row in rows}


def is_left_to_person(tx: sqlite3.Connection, fingerprint: str, attention: str) -> bool:
    """Say whether all unfinished jobs with this fingerprint bear that note."""
    others = (
        "SELECT 1 FROM job WHERE fingerprint = ? AND attention IS NOT ?"
        " AND state IN ('reserved','queued','submitting','unknown')"
    )
    return tx.execute(others, (fingerprint, attention)).fetchone() is None


def _job(row: sqlite3.Row) -> Job:
    stored = json.loads(row["request"])
    stored["request"].pop("image_url", None)  # jobs of before there were pictures
    return Job(
        id=row["id"],
        public_id=row["public_id"],
        interaction_id=row["interaction_id"],
        guild_id=row["guild_id"],
        user_id=row["user_id"],
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        request=VideoRequest(**stored["request"]),
        origin=Origin(
            way=Way(stored.get("way", Way.COMMAND)),
            parent_id=row["parent"],
            poster_id=row["poster_id"],
            poster_is_bot=stored.get("poster_is_bot", False),
            is_answer=stored.get("is_answer", False),
        ),
        is_private=stored.get("is_private", False),
        is_spoiler=stored.get("is_spoiler", False),
        showing=Showing(
            alt_text=row["alt_text"],
            hidden=row["hidden"],
            hidden_by=row["hidden_by"],
            hidden_as=row["hidden_as"],
            channel_id=row["shown_channel_id"],
            message_id=row["shown_message_id"],
            ping_id=row["ping_id"],
        ),
        upload_limit_bytes=stored["upload_limit_bytes"],
        price_revision=stored["price_revision"],
        role_ids=tuple(stored.get("role_ids", ())),
        fingerprint=row["fingerprint"],
        hold_tokens=row["hold"],
        state=State(row["state"]),
        attention=row["attention"],
        created_at=row["created_at"],
        submit_at=row["submit_at"],
        submit_deadline=row["submit_deadline"],
        sent_at=row["sent_at"],
        tried_at=row["tried_at"],
        absent_seen=row["absent_seen"],
        absent_at=row["absent_at"],
        charged_tokens=row["tokens"],
        next_at=row["next_at"],
        generation_id=row["generation_id"],
    )
