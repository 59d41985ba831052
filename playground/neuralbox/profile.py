"""What kind of account the local NeuralBox plays, and which of the published dialects it speaks.

What is here may be changed while the server runs, but for what is taken over once, when it is
made: limits and kind of the windows (then `box.allowance`) and the balance (then `box.balance`).
"""

from dataclasses import dataclass, field
from typing import Literal

# Requests an hour, requests a day, tokens a month. None: unlimited. Source: "rate-limits".
PLANS: dict[str, tuple[int | None, int | None, int]] = {
    "free": (5, 20, 50),
    "basic": (30, 200, 300),
    "pro": (60, 500, 700),
    "vip": (100, 1_000, 1_500),
    "elite": (None, None, 3_000),
}
PLAN_NAMES = {"free": "Starter", "basic": "Basic", "pro": "Pro", "vip": "VIP", "elite": "Elite"}

Check = Literal["model", "prompt", "options", "key", "plan", "windows", "balance"]
WindowKind = Literal["first_request", "clock", "sliding"]


@dataclass(slots=True)
class Dialect:
    """The shapes in which the published pages differ; the defaults are the reference's choice."""

    ids: Literal["integer", "gen"] = "integer"
    cost_field: Literal["tokens_spent", "tokens_used"] = "tokens_spent"
    result_field: Literal["result_url", "url"] = "result_url"
    model_field: Literal["model_slug", "model"] = "model_slug"
    dimensions: Literal["nested", "flat"] = "nested"
    progress: bool = False
    balance_remaining: bool = False
    # rich: with thumbnail and processing time; dated: with both timestamps instead; poor: only what
    # no page leaves out; full: every field there is, nulls included.
    fields: Literal["rich", "dated", "poor", "full"] = "rich"
    history: Literal["first", "second"] = "first"
    pages_field: bool = False
    models_envelope: Literal["array", "items", "models", "data"] = "array"
    profile: Literal["first", "second"] = "first"
    status_paths: Literal["both", "first", "second"] = "both"
    balance_paths: Literal["both", "short", "user"] = "both"

    @classmethod
    def second_form(cls) -> "Dialect":
        """Return the whole second published form: string ids, `url`, `tokens_used`, progress."""
        return cls(
            ids="gen",
            cost_field="tokens_used",
            result_field="url",
            model_field="model",
            dimensions="flat",
            progress=True,
            balance_remaining=True,
            fields="dated",
            history="second",
            pages_field=True,
        )


@dataclass(slots=True)
class Profile:
    """The account and the service's habits. Limits that are None are those of the plan.

    `realistic` adds what a long run shows: waits outside the published range, about 2 % stragglers
    and 3 % failures. `unlimited_headers` says what the allowance headers look like on a plan
    without limits. `checks` is the order in which a creation request is looked at. `bad_picture`
    is when a start image that cannot be used is told: as a failure, or as a 422 at once.
    """

    plan: str = "vip"
    limit_hour: int | None = None
    limit_day: int | None = None
    balance: int = 1_500
    bonus: int = 0
    count_polls: bool = True
    window: WindowKind = "first_request"
    unlimited_headers: Literal["zero", "missing", "large"] = "zero"
    retry_after_header: bool = False
    api_plans: frozenset[str] = frozenset({"vip", "elite"})
    checks: tuple[Check, ...] = (
        "model",
        "prompt",
        "options",
        "key",
        "plan",
        "windows",
        "balance",
    )
    bad_picture: Literal["failure", "refusal"] = "failure"
    realistic: bool = False
    history_lag_s: float = 0.0
    history_order: Literal["newest", "shuffled"] = "newest"
    trigger_words: tuple[str, ...] = ("forbidden",)
    policy_sentence: str = "Provider error: content policy violation"
    provider_sentence: str = "Provider error: the model could not finish this request"
    dialect: Dialect = field(default_factory=Dialect)

    @property
    def limits(self) -> tuple[int | None, int | None]:
        """Requests an hour and a day; None is unlimited."""
        hour, day, _ = PLANS[self.plan]
        return (
            hour if self.limit_hour is None else self.limit_hour,
            day if self.limit_day is None else self.limit_day,
        )

    @property
    def token_limit(self) -> int:
        """Tokens the plan brings each month."""
        return PLANS[self.plan][2]
