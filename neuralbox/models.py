"""What NeuralBox's answers become: frozen records in our own words and units.

Times are UTC epoch seconds, sizes are pixels, money is whole tokens. None always means "not told",
because nearly every field is missing from some published example.
"""

from dataclasses import dataclass
from enum import StrEnum

from neuralbox.errors import NeuralBoxError


class Status(StrEnum):
    """The three published states of a generation; the last two are final."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """One video to make: every option is explicit, since the vendor's defaults may move."""

    model: str
    prompt: str
    duration_s: int
    aspect_ratio: str
    negative_prompt: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """The API's view of one generation, from any endpoint and in either published dialect.

    `id` is text whatever its published form. `status` None means a word we do not know: no
    information, keep asking. `cost_tokens` is 0 while pending, and None when absent or ill-formed.
    `result_url` may be None even when completed: not yet readable, ask again.
    """

    id: str
    status: Status | None = None
    model: str | None = None
    prompt: str | None = None
    result_url: str | None = None
    thumbnail_url: str | None = None
    error: str | None = None
    cost_tokens: int | None = None
    processing_ms: int | None = None
    width: int | None = None
    height: int | None = None
    duration_s: int | None = None
    created_at: int | None = None
    completed_at: int | None = None
    progress: int | None = None
    eta_s: int | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of the account's videos, in the order the API gave them.

    `items` holds what is left after our own filter, `received` counts the rows before it. `limit`
    is the page size the API says it used. `total` is None when the answer does not tell it.
    """

    items: tuple[Generation, ...]
    page: int
    limit: int
    total: int | None
    received: int

    @property
    def is_last(self) -> bool:
        """Say whether nothing can follow. False when that is not certain: then ask for the next.

        A short page alone proves nothing, because a service may lower the page size unasked.
        """
        return self.received == 0 or (
            self.total is not None and self.page * self.limit >= self.total
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """Tokens left, plan and bought ones together; may be negative. Open jobs are not in it yet."""

    tokens: int
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """The account as `/user/me` tells it.

    A limit of None means unlimited if `publishes_limits`, otherwise "look at the headers": one of
    the two published shapes has no limits at all. Source: "user/me".
    """

    plan: str | None = None
    rate_limit_hour: int | None = None
    rate_limit_day: int | None = None
    publishes_limits: bool = False
    token_balance: int | None = None
    token_limit: int | None = None
    plan_expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One entry of the catalogue; `token_cost` is the base price, the others its range."""

    slug: str
    name: str | None = None
    category: str | None = None
    provider: str | None = None
    token_cost: int | None = None
    min_tokens: int | None = None
    max_tokens: int | None = None
    min_plan: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A quote for one generation: told, not guaranteed. `pricing_type` as published, or None."""

    tokens: int
    min_tokens: int | None = None
    max_tokens: int | None = None
    pricing_type: str | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the last answer's headers said of the windows; a missing header is None, never zero.

    `reset_hour_at` is on the vendor's clock, `seen_at` on ours. A published limit of 0 means
    unlimited and is None here, with its remaining count; `tells_hour` and `tells_day` are whether a
    limit was told at all. Source: "rate-limits", "user/me".
    """

    limit_hour: int | None = None
    remaining_hour: int | None = None
    limit_day: int | None = None
    remaining_day: int | None = None
    reset_hour_at: int | None = None
    seen_at: int | None = None
    tells_hour: bool = False
    tells_day: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """The service has it, under this id. Whether the id is new to us is the caller's to check."""

    generation: Generation


@dataclass(frozen=True, slots=True)
class NotCreated:
    """Certainly no generation exists: refused in the vendor's own words, or never sent."""

    error: NeuralBoxError


@dataclass(frozen=True, slots=True)
class Unknown:
    """There may be a generation and there may be none: look it up, never send it again.

    `needs_attention` marks answers no healthy service gives (a redirect, a success without a
    usable id): a person should know, besides the look-up.
    """

    reason: str
    needs_attention: bool = False


CreateOutcome = Created | NotCreated | Unknown
