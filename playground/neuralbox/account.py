"""Balance, profile, statistics and catalogue. Sources: "user/balance", "user/me", "models/get"."""

from playground.neuralbox.orders import find_model
from playground.neuralbox.problems import Answer, problem
from playground.neuralbox.world import World

MONTH_S = 30 * 86_400.0


class Account:
    """What the API says about the account and what it offers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._opened_at = world.clock.now()

    def balance(self) -> Answer:
        """Answer the short form."""
        if self._world.profile.dialect.balance_paths == "user":
            raise problem(404)
        return Answer(
            200,
            {
                "token_balance": self._world.books.purse.balance,
                "plan": self._world.profile.plan,
                "plan_expires_at": self._expires_at(),
            },
        )

    def user_balance(self) -> Answer:
        """Answer the long form."""
        if self._world.profile.dialect.balance_paths == "short":
            raise problem(404)
        purse = self._world.books.purse
        return Answer(
            200,
            {
                "plan": self._world.profile.plan,
                "token_balance": purse.balance,
                "plan_tokens_remaining": purse.plan_tokens,
                "bonus_tokens": purse.bonus_tokens,
                "plan_expires_at": self._expires_at(),
                "next_refill_at": self._expires_at(),
            },
        )

    def me(self) -> Answer:
        """Answer the account's profile. A limit of 0 means that there is none."""
        world, profile = self._world, self._world.profile
        body: dict[str, object] = {
            "id": 1042,
            "email": "host@reelbox.example",
            "plan": profile.plan,
            "plan_expires_at": self._expires_at(),
            "token_balance": world.books.purse.balance,
        }
        if profile.dialect.profile == "second":
            body |= {"username": "reelbox", "created_at": world.stamp(self._opened_at)}
            return Answer(200, body)
        body |= {
            "name": "Reelbox host",
            "telegram_username": None,
            "avatar_url": None,
            "token_limit": profile.token_limit,
            "tokens_used_this_period": world.books.purse.charged_total,
            "rate_limit_hourly": world.allowance.limit_hour or 0,
            "rate_limit_daily": world.allowance.limit_day or 0,
            "auth_methods": {"telegram": False, "google": False, "email": True},
        }
        return Answer(200, body)

    def stats(self) -> Answer:
        """Answer the totals of completed generations."""
        done = [g for g in self._world.books.generations.values() if g.status == "completed"]
        names = {"text": "text", "image": "image", "video": "video", "tool": "tools"}
        breakdown = {
            name: {"count": 0, "tokens": 0} for name in ("text", "image", "video", "audio", "tools")
        }
        for generation in done:
            entry = breakdown[names.get(generation.category, "audio")]
            entry["count"] += 1
            entry["tokens"] += generation.tokens_spent
        spent = sum(generation.tokens_spent for generation in done)
        return Answer(
            200,
            {
                "total_generations": len(done),
                "tokens_spent_total": spent,
                "breakdown": breakdown,
                "recent_30d": {"generations": len(done), "tokens_spent": spent},
            },
        )

    def models(self) -> Answer:
        """Answer the whole catalogue, in whichever envelope the dialect has."""
        listed = self._world.catalogue.listed()
        envelope = self._world.profile.dialect.models_envelope
        return Answer(200, listed if envelope == "array" else {envelope: listed})

    def model(self, slug: str) -> Answer:
        """Answer one model, of whatever category."""
        for other in self._world.catalogue.listed():
            if other["slug"] == slug:
                return Answer(200, other)
        return Answer(200, find_model(slug, self._world.catalogue).listed(slug))

    def _expires_at(self) -> str | None:
        if self._world.profile.plan == "free":
            return None
        return self._world.stamp(self._opened_at + MONTH_S)
