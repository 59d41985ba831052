"""Words every layer may use: what was asked for, what a job is, where it stands."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

RATIOS = ("16:9", "9:16", "1:1")
LENGTHS_S = (5, 10)


class State(StrEnum):
    """Where a job stands. `pending`, `completed` and `failed` are the API's own words."""

    RESERVED = "reserved"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    NOT_SUBMITTED = "not_submitted"

    @property
    def is_final(self) -> bool:
        """True when the job will not move again and its tokens are settled or released."""
        return self in FINAL_STATES


FINAL_STATES = frozenset(
    {State.COMPLETED, State.FAILED, State.REJECTED, State.CANCELLED, State.NOT_SUBMITTED}
)


PeriodKind = Literal["day", "week", "month", "rolling", "none"]


@dataclass(frozen=True, slots=True)
class Period:
    """How often a budget begins anew, by the clocks of a time zone (an IANA name).

    `starts_on` is the ISO weekday of a week (1 is Monday) or the day of a month, its last day in
    shorter ones. "rolling" counts the last 30 days, "none" everything there ever was.
    """

    kind: PeriodKind
    zone: str = "UTC"
    starts_on: int = 1


MONTHLY, ENDLESS = Period("month"), Period("none")
# As it follows an amount: "3,000 tokens a month".
PER: dict[PeriodKind, str] = {
    "day": "a day",
    "week": "a week",
    "month": "a month",
    "rolling": "in any 30 days",
    "none": "in all",
}


def in_tokens(count: int) -> str:
    """Return an amount as people read it: "1 token", "1,234 tokens"."""
    return f"{count:,} token{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """What a member asked for, already normalised: exactly what is stored and later sent.

    `picture` is the name of the kept start picture's file: its content's SHA-256 and its kind.
    """

    prompt: str
    model: str
    duration_s: int
    aspect_ratio: str
    negative_prompt: str | None = None
    picture: str | None = None


class Way(StrEnum):
    """How a job was asked for."""

    COMMAND = "command"
    MENU = "menu"
    MENTION = "mention"
    AGAIN = "again"
    EDIT = "edit"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job came from: the way, the job it goes on from, and whose picture it starts with.

    `poster_id` is who posted the picture, None when nobody is known (no picture, or a link).
    `is_answer` is whether it was asked again before and this is the answer to that.
    """

    way: Way = Way.COMMAND
    parent_id: int | None = None
    poster_id: int | None = None
    poster_is_bot: bool = False
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Promise:
    """What a button told whoever pressed it: which of a draft's videos, and its price in tokens.

    `is_yes` is whether the press was an answer to "shall I?", so that it is not asked again.
    """

    draft_id: str
    variant: int
    tokens: int
    is_yes: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A request with everything around it that never reaches the vendor.

    `promise` is set when it comes out of a draft, by a press.
    """

    request: VideoRequest
    origin: Origin = Origin()
    is_private: bool = False
    is_spoiler: bool = False
    promise: Promise | None = None


@dataclass(frozen=True, slots=True)
class Showing:
    """What may still change about a result: its alt text, whether and where it is shown.

    `hidden` is None, "hidden" (its requester may still fetch it) or "removed" (nobody may);
    `hidden_as` is "requester", "moderator" or "poster". `channel_id` and `message_id` are None
    while the result is shown on the card itself.
    """

    alt_text: str | None = None
    hidden: str | None = None
    hidden_by: int | None = None
    hidden_as: str | None = None
    channel_id: int | None = None
    message_id: int | None = None
    ping_id: int | None = None


@dataclass(frozen=True, slots=True)
class Spender:
    """Whose allowance a job draws on: who, where, and as what.

    `role_ids` are the member's roles, highest first; `channel_ids` the channel and, for a thread,
    the one around it.
    """

    guild_id: int
    user_id: int
    role_ids: tuple[int, ...] = ()
    channel_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, where, and through which interaction.

    `upload_limit_bytes` is what Discord said the place takes at that moment. The interaction's
    token answers for 15 minutes and is kept no longer. A message that asks has no token (""), and
    its id stands for the interaction's. `role_ids` are the member's roles, highest first;
    `has_unplaced_roles` is whether there are more whose place among them Discord has not told yet.
    `parent_id` is the channel around a thread.
    """

    interaction_id: int
    interaction_token: str
    guild_id: int
    channel_id: int
    user_id: int
    upload_limit_bytes: int
    role_ids: tuple[int, ...] = ()
    has_unplaced_roles: bool = False
    parent_id: int | None = None

    @property
    def spender(self) -> Spender:
        """Return whose allowance is drawn on."""
        places = tuple(filter(None, (self.channel_id, self.parent_id)))
        return Spender(self.guild_id, self.user_id, self.role_ids, places)


@dataclass(frozen=True, slots=True)
class Quote:
    """The price told before anything is sent: the most a job can cost, in tokens.

    `revision` counts the changes of the stored price list; 0 means that no price was stored and
    the model's published maximum is held instead.
    """

    tokens: int
    revision: int


@dataclass(frozen=True, slots=True)
class Job:
    """One request of a member, from the command to the delivered video. Times are UTC epoch s.

    `role_ids` are those of the member's roles, highest first, that had an allowance at the time.
    """

    id: int
    public_id: str
    interaction_id: int
    guild_id: int
    user_id: int
    channel_id: int
    message_id: int | None
    request: VideoRequest
    origin: Origin
    is_private: bool
    is_spoiler: bool
    showing: Showing
    upload_limit_bytes: int
    price_revision: int
    role_ids: tuple[int, ...]
    fingerprint: str
    hold_tokens: int
    state: State
    attention: str | None
    created_at: int
    submit_at: int | None
    submit_deadline: int | None
    sent_at: int | None
    tried_at: int | None
    absent_seen: int
    absent_at: int | None
    charged_tokens: int | None
    next_at: int
    generation_id: str | None

    @property
    def result_place(self) -> tuple[int, int | None]:
        """Return the channel and message that show the result, or will."""
        if self.showing.message_id is not None and self.showing.channel_id is not None:
            return self.showing.channel_id, self.showing.message_id
        return self.channel_id, self.message_id


@dataclass(frozen=True, slots=True)
class Reservation:
    """A job whose tokens are held, and what that left to whoever asked.

    `left_tokens` is the smallest that the member and guild levels have left after the hold; None
    when neither has a limit. Until `approve_until` (epoch s) a moderator may
    decide about it; None when it goes without. `is_told` is whether the hold wrote something to
    tell admins.
    """

    job: Job
    left_tokens: int | None
    approve_until: int | None = None
    is_told: bool = False
