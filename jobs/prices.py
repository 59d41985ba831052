"""The price book: what each offered model costs, answered from memory, refreshed daily."""

import asyncio
import logging
import re
import sqlite3
from dataclasses import dataclass

from errors import ServicePausedError, UnknownChoiceError, UserFacingError, quoted
from jobs import moves
from jobs.catalogue import PUBLISHED
from jobs.gate import Gate
from jobs.plain import clean
from jobs.ports import Clock
from jobs.schedule import Waits
from jobs.waiting import usual_s
from models import LENGTHS_S, Quote
from neuralbox import (
    InsufficientPlanError,
    ModelInfo,
    NeuralBox,
    NotFoundError,
    Price,
    RequestRefusedError,
    ServiceFailedError,
    other_spelling,
)
from storage import prices, settings
from storage.database import Database

log = logging.getLogger(__name__)

FRESH_S = 24 * 3600
_PLAIN_NAME = re.compile(r"\w[\w .+-]{0,59}")


@dataclass(frozen=True, slots=True)
class Offer:
    """One offered model as a member may be told of it. Tokens and seconds are ranges."""

    slug: str
    name: str
    tokens: tuple[int, int]
    usual_wait_s: tuple[int, int]


class PriceBook:
    """Quotes and offers without asking anybody. `load` before use, `refresh` when due."""

    def __init__(
        self,
        db: Database,
        box: NeuralBox,
        gate: Gate,
        clock: Clock,
        waits: Waits,
        offered: tuple[str, ...],
        without_picture: tuple[str, ...] = (),
    ) -> None:
        self._db, self._box, self._gate, self._clock = db, box, gate, clock
        self._waits = waits
        self._offered = offered
        self._without_picture = frozenset(without_picture)
        self._prices: dict[tuple[str, int], prices.StoredPrice] = {}
        self._models: dict[str, prices.StoredModel] = {}
        self._paused: dict[str, str] = {}
        self._asked_at: dict[tuple[str, int], float] = {}
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        """Read what is stored; what is not stored falls back on the published maximum."""
        async with self._lock:  # whoever began to read first must not have the last word
            self._prices, self._models, self._paused = await self._db.read(_stored)

    def offers(self, *, with_picture: bool = False) -> list[Offer]:
        """Return every model a member may choose (for a picture), in the host's order."""
        return [
            self._offer(slug)
            for slug in self._offered
            if slug not in self._paused
            and self._ceiling(slug, LENGTHS_S[0]) is not None
            and not (with_picture and slug in self._without_picture)
        ]

    def name_of(self, slug: str) -> str:
        """Return a model's name as people know it."""
        if stored := self._models.get(slug):
            return stored.name
        published = PUBLISHED.get(slug)
        return published.name if published else slug

    def usual_wait_s(
        self, slug: str, duration_s: int, *, with_picture: bool = False
    ) -> tuple[int, int]:
        """Return how long a model usually takes, as published and learned from what it took here.

        All but the fastest and the slowest tenth, in seconds.
        """
        return usual_s(self._waits, (slug, duration_s, with_picture))

    def quote(self, slug: str, duration_s: int, *, with_picture: bool = False) -> Quote:
        """Return the most a generation can cost.

        Raises UnknownChoiceError for a model that is not offered (or not for a picture),
        ServicePausedError for one that is paused or whose price nobody knows: never a job without
        a hold.
        """
        if slug not in self._offered:
            name = quoted(clean(slug)[:50] or "?")
            raise UnknownChoiceError(
                f"There is no model called {name} here. Nothing was charged. "
                "Pick one from the list that appears while you type."
            )
        if with_picture and slug in self._without_picture:
            raise UnknownChoiceError(
                f"{self.name_of(slug)} cannot start from a picture. Nothing was charged. "
                "Please pick another model; the list shows those that can."
            )
        if slug in self._paused:
            raise ServicePausedError(
                f"{self.name_of(slug)} is paused, because NeuralBox charged more than its price "
                "list says. Please pick another model."
            )
        if price := self._prices.get((slug, duration_s)):
            return Quote(price.tokens, price.revision)
        ceiling = self._ceiling(slug, duration_s)
        if ceiling is None:
            raise ServicePausedError(
                f"The price of {self.name_of(slug)} is not known yet, so it cannot be made. "
                "Please pick another model."
            )
        return Quote(ceiling, 0)

    def _ceiling(self, slug: str, duration_s: int) -> int | None:
        """Return the most a model may cost as far as anybody told, or None."""
        if price := self._prices.get((slug, duration_s)):
            return price.tokens
        told = [self._models.get(slug), PUBLISHED.get(slug)]
        return max((m.max_tokens for m in told if m and m.max_tokens), default=None)

    def quote_if_offered(
        self, slug: str, duration_s: int, *, with_picture: bool = False
    ) -> Quote | None:
        """Return today's quote for a job that has waited; None when it may not be sent now."""
        try:
            return self.quote(slug, duration_s, with_picture=with_picture)
        except UserFacingError:
            return None

    def is_due(self) -> bool:
        """True when some price should be asked for."""
        now = self._clock.now()
        return any(self._due_at(slug, s) <= now for slug in self._offered for s in LENGTHS_S)

    async def refresh(self) -> None:
        """Ask for the models and for every stale price; raises NeuralBoxError when it cannot.

        A model whose price the vendor does not tell is asked for again a day later, and keeps
        nobody else from being asked for.
        """
        try:
            async with self._gate.passing("upkeep"):
                listed = await self._box.list_models()
            now = int(self._clock.now())
            if videos := [_stored_model(m, now) for m in listed if m.category == "video"]:
                await self._db.write(prices.put_models, videos)
            for slug in self._offered:
                for duration_s in LENGTHS_S:
                    if self._due_at(slug, duration_s) <= self._clock.now():
                        await self._ask(slug, duration_s)
        finally:
            await self._db.write(_lift_pauses)
            await self.load()
            for slug in self._offered:
                if self._ceiling(slug, LENGTHS_S[0]) is None:
                    log.warning("video.models: nobody tells the price of %s; not offered", slug)

    async def _ask(self, slug: str, duration_s: int) -> None:
        try:
            price = await self._price_of(slug, duration_s)
        except (RequestRefusedError, InsufficientPlanError, ServiceFailedError) as error:
            log.warning("no price for %s at %d s: %s", slug, duration_s, error)
        else:
            if price.tokens > 0:
                now = int(self._clock.now())
                await self._db.write(prices.put, slug, duration_s, price.tokens, now)
        self._asked_at[slug, duration_s] = self._clock.now()

    async def _price_of(self, slug: str, duration_s: int) -> Price:
        try:
            async with self._gate.passing("upkeep"):
                return await self._box.calculate_price(slug, duration_s=duration_s)
        except NotFoundError:
            if (other := other_spelling(slug)) is None:
                raise
            async with self._gate.passing("upkeep"):
                return await self._box.calculate_price(other, duration_s=duration_s)

    def _due_at(self, slug: str, duration_s: int) -> float:
        """Return when a price should be asked for again (epoch s)."""
        stored = self._prices.get((slug, duration_s))
        asked_at = self._asked_at.get((slug, duration_s), float("-inf"))
        return max(asked_at, stored.seen_at if stored else float("-inf")) + FRESH_S

    def _offer(self, slug: str) -> Offer:
        known = [price.tokens for (model, _s), price in self._prices.items() if model == slug]
        if not known:
            known = [self.quote(slug, s).tokens for s in LENGTHS_S]
        return Offer(
            slug,
            self.name_of(slug),
            (min(known), max(known)),
            self.usual_wait_s(slug, LENGTHS_S[0]),
        )


def _stored(
    tx: sqlite3.Connection,
) -> tuple[
    dict[tuple[str, int], prices.StoredPrice], dict[str, prices.StoredModel], dict[str, str]
]:
    return (
        {(price.model, price.duration_s): price for price in prices.list_all(tx)},
        {model.slug: model for model in prices.list_models(tx)},
        settings.list_scope(tx, moves.PAUSED_MODELS),
    )


def _lift_pauses(tx: sqlite3.Connection) -> None:
    """A paused model comes back once the price list was revised after it overran."""
    revised: dict[str, int] = {}
    for price in prices.list_all(tx):
        revised[price.model] = max(price.revision, revised.get(price.model, 0))
    for slug, revision in settings.list_scope(tx, moves.PAUSED_MODELS).items():
        if revised.get(slug, 0) > int(revision):
            settings.drop(tx, moves.PAUSED_MODELS, slug)


def _stored_model(model: ModelInfo, now: int) -> prices.StoredModel:
    """Keep what the vendor tells of a model; a name that is more than a name is not shown."""
    published = PUBLISHED.get(model.slug)
    name = model.name or ""
    if not _PLAIN_NAME.fullmatch(name):
        name = published.name if published else model.slug
    return prices.StoredModel(model.slug, name, model.min_tokens, model.max_tokens, now)
