"""What guilds and members chose, each read with its default. Stored as texts by scope and key.

Every change by a guild's admins leaves a row that nobody can take back.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal, TypeVar, cast, get_args

from errors import UserFacingError
from storage import settings
from storage.errors import DuplicateInteractionError

PicturePolicy = Literal["anyone", "own", "opt-in"]
ButtonPolicy = Literal["anyone", "requester", "moderators"]
Consent = Literal["server", "yes", "no"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GuildChoices:
    """A guild's choices.

    `pictures` is whose pictures may be animated: anyone's who does not mind, one's own alone, or
    one's own and those of members who said yes. `bots` is whether pictures that bots and webhooks
    posted may be. `buttons` is who may go on from a result at their own cost: anyone, its requester
    and moderators, or moderators alone. `deliver_to` is the channel results go to, None for where
    they were asked.
    """

    pictures: PicturePolicy = "anyone"
    bots: bool = True
    buttons: ButtonPolicy = "anyone"
    pings: bool = True
    mentions: bool = True
    deliver_to: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a guild's choices: who, what, from, to (None: the default), epoch s, why."""

    actor: int
    what: str
    before: str | None
    after: str | None
    at: int
    reason: str | None = None


def of_guild(tx: sqlite3.Connection, guild_id: int) -> GuildChoices:
    """Return a guild's choices."""
    stored = settings.list_scope(tx, f"guild:{guild_id}")
    default = GuildChoices()
    pictures = stored.get("pictures")
    buttons = stored.get("buttons")
    deliver_to = stored.get("deliver_to")
    return GuildChoices(
        pictures=cast(PicturePolicy, pictures)
        if pictures in get_args(PicturePolicy)
        else default.pictures,
        bots=stored.get("bots", "yes") == "yes",
        buttons=cast(ButtonPolicy, buttons)
        if buttons in get_args(ButtonPolicy)
        else default.buttons,
        pings=stored.get("pings", "yes") == "yes",
        mentions=stored.get("mentions", "yes") == "yes",
        deliver_to=int(deliver_to) if deliver_to else None,
    )


def set_of_guild(
    tx: sqlite3.Connection, guild_id: int, what: str, value: str | None, actor: int, now: int
) -> None:
    """Change one of a guild's choices; None goes back to the default.

    `what` is a field of GuildChoices, with "yes" or "no" for what is a bool and an id as text.
    """
    if what not in {field.name for field in fields(GuildChoices)}:
        raise ValueError(what)
    _set(tx, f"guild:{guild_id}", what, value, guild_id, what, actor, now)


def is_spoiler_channel(tx: sqlite3.Connection, channel_id: int) -> bool:
    """Return whether results in this channel are spoilers unless the member says otherwise."""
    return settings.find(tx, f"channel:{channel_id}", "spoiler") == "yes"


def set_spoiler_channel(
    tx: sqlite3.Connection, guild_id: int, channel_id: int, is_spoiler: bool, actor: int, now: int
) -> None:
    """Set a channel's default."""
    value = "yes" if is_spoiler else None
    what = f"spoiler in {channel_id}"
    _set(tx, f"channel:{channel_id}", "spoiler", value, guild_id, what, actor, now)


def act_once(
    tx: sqlite3.Connection, interaction_id: int, act: Callable[[], T]
) -> T | UserFacingError:
    """Do what an interaction asks for; return what that returns, or its refusal, nothing changed.

    A refusal counts too, so that what was refused is not done when the interaction comes again.
    Raises DuplicateInteractionError for one that came before: then nothing is done.
    """
    cursor = tx.execute(
        "INSERT INTO acted (interaction_id) VALUES (?) ON CONFLICT DO NOTHING", (interaction_id,)
    )
    if cursor.rowcount != 1:
        raise DuplicateInteractionError(str(interaction_id))
    tx.execute("SAVEPOINT act")
    try:
        return act()
    except UserFacingError as refusal:
        tx.execute("ROLLBACK TO act")
        return refusal


def log(
    tx: sqlite3.Connection,
    guild_id: int,
    what: str,
    before: str | None,
    after: str | None,
    actor: int,
    now: int,
    reason: str | None = None,
) -> int:
    """Write a change into the guild's trail; return the line's number."""
    cursor = tx.execute(
        "INSERT INTO change (guild_id, actor, what, before, after, at, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (guild_id, actor, what, before, after, now, reason),
    )
    return int(cursor.lastrowid or 0)


def last_changed_at(tx: sqlite3.Connection, guild_id: int, what: str) -> int | None:
    """Return when something of a guild's was last changed (epoch s), None for never."""
    row = tx.execute(
        "SELECT max(at) FROM change WHERE guild_id = ? AND what = ?", (guild_id, what)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def list_changes(
    tx: sqlite3.Connection,
    guild_id: int,
    limit: int = 25,
    *,
    of_budget: bool = False,
    skip: int = 0,
) -> list[Change]:
    """Return the newest changes of a guild's choices, newest first; `skip` passes over newer ones.

    What is about the budget begins with that word, and is listed by itself.
    """
    rows = tx.execute(
        "SELECT actor, what, before, after, at, reason FROM change WHERE guild_id = ?"
        " AND (substr(what, 1, 7) = 'budget ') = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
        (guild_id, of_budget, limit, skip),
    )
    return [Change(*row) for row in rows]


def consent_of(tx: sqlite3.Connection, guild_id: int, user_id: int) -> Consent:
    """Return what a member said of others animating their pictures.

    "no" holds on every server; "yes" on this one; "server" leaves it to the server's rule.
    """
    if settings.find(tx, f"user:{user_id}", "pictures") == "no":
        return "no"
    if settings.find(tx, f"member:{guild_id}:{user_id}", "pictures") == "yes":
        return "yes"
    return "server"


def set_consent(tx: sqlite3.Connection, guild_id: int, user_id: int, consent: Consent) -> None:
    """Remember what a member said."""
    if consent == "no":
        # It is meant for everywhere, so no earlier yes comes back when it is lifted.
        tx.execute(
            "DELETE FROM setting WHERE scope LIKE 'member:%:' || ? AND k = 'pictures'", (user_id,)
        )
    for scope, word in ((f"user:{user_id}", "no"), (f"member:{guild_id}:{user_id}", "yes")):
        if consent == word:
            settings.put(tx, scope, "pictures", word)
        else:
            settings.drop(tx, scope, "pictures")


def wants_pings(tx: sqlite3.Connection, user_id: int) -> bool:
    """Return whether a member wants to be told when a video is done."""
    return settings.find(tx, f"user:{user_id}", "pings") != "no"


def set_pings(tx: sqlite3.Connection, user_id: int, is_wanted: bool) -> None:
    """Remember whether a member wants to be told."""
    if is_wanted:
        settings.drop(tx, f"user:{user_id}", "pings")
    else:
        settings.put(tx, f"user:{user_id}", "pings", "no")


def _set(
    tx: sqlite3.Connection,
    scope: str,
    key: str,
    value: str | None,
    guild_id: int,
    what: str,
    actor: int,
    now: int,
) -> None:
    before = settings.find(tx, scope, key)
    if before == value:
        return
    if value is None:
        settings.drop(tx, scope, key)
    else:
        settings.put(tx, scope, key, value)
    log(tx, guild_id, what, before, value, actor, now)
