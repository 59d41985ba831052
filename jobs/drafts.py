"""Asking before a dear video is made, and offering a smaller one where a video does not fit.

Nothing is held while an answer is awaited; the price a button tells travels with its press.
"""

import logging
from dataclasses import dataclass, replace
from typing import Literal

from errors import (
    BudgetExceededError,
    BusyError,
    DraftGoneError,
    DraftUsedError,
    NotAllowedError,
    PriceRoseError,
    UserFacingError,
)
from jobs import moves
from jobs.patience import write_order
from jobs.ports import Clock
from jobs.service import JobService
from models import Asker, Order, Promise, Reservation, in_tokens
from storage import drafts, spending
from storage.database import Database
from storage.drafts import Draft

log = logging.getLogger(__name__)

QUESTION_LIFE_S = 15 * 60
NOT_YOURS = (
    "Only whoever asked for this video can answer that. Nothing was charged. You can make your own "
    "with `/video`."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: "make" is a yes to the video as it is, "shrink" takes the smaller one."""

    kind: Literal["make", "shrink"]
    draft_id: str
    variant: int
    tokens: int
    duration_s: int
    model_name: str


class AskFirstError(UserFacingError):
    """Nothing is held yet: a sentence, and the buttons that go on from it until `ends_at`."""

    def __init__(self, sentence: str, choices: tuple[Choice, ...], ends_at: int) -> None:
        self.choices, self.ends_at = choices, ends_at
        super().__init__(sentence)


class Drafts:
    """The only way to a reservation: it asks where the guild wants that, and offers what fits."""

    def __init__(self, db: Database, service: JobService, clock: Clock) -> None:
        self._db, self._service, self._clock = db, service, clock

    async def reserve(self, asker: Asker, order: Order) -> Reservation:
        """As `JobService.reserve`; raises AskFirstError where a press decides, nothing held."""
        try:
            chosen = await self._db.read(spending.of_guild, asker.guild_id)
            await self._ask_above(asker, order, chosen.confirm_above)
            return await self._service.reserve(asker, order, chosen)
        except PriceRoseError as error:
            raise await self._told_anew(asker, order, error) from error
        except BudgetExceededError as error:
            offer = await self._offer(asker, order, error)
            if offer is None:
                raise
            raise offer from error

    async def get(self, guild_id: int, user_id: int, draft_id: str, interaction_id: int) -> Draft:
        """Return the draft that a member presses a button of.

        Raises NotAllowedError for a draft of somebody else, DraftUsedError for one that became a
        video, DraftGoneError for one that is gone, too old, or another guild's.
        """
        draft = await self._db.read(drafts.find, guild_id, draft_id)
        if draft is None:
            raise DraftGoneError
        if draft.user_id != user_id:
            raise NotAllowedError(NOT_YOURS)
        made = await self._db.read(drafts.find_made, guild_id, draft_id, interaction_id)
        if made is not None:
            raise DraftUsedError(made)
        if self._clock.now() >= draft.created_at + QUESTION_LIFE_S:
            raise DraftGoneError
        return draft

    async def _ask_above(self, asker: Asker, order: Order, above: int | None) -> None:
        """Raise AskFirstError above what the guild wants made without asking."""
        if order.promise is not None and order.promise.is_yes:
            return
        if above is None or self._service.quote(order.request).tokens <= above:
            return
        # What would be refused anyway is not asked about.
        made = await self._service.rehearse(asker, order)
        tokens = made.job.hold_tokens
        left = ""
        if made.left_tokens is not None:
            before = made.left_tokens + tokens
            left = f"; {before:,} {'is' if before == 1 else 'are'} left for you here"
        smaller = self._service.smaller(order, tokens, above)
        raise await self._asking(
            asker,
            order,
            f"This video costs up to {in_tokens(tokens)}{left}. Nothing was charged yet.",
            ("make", tokens),
            smaller,
        )

    async def _told_anew(self, asker: Asker, order: Order, error: PriceRoseError) -> AskFirstError:
        """Return the question that tells a price which rose since a button told it."""
        kind: Literal["make", "shrink"] = "shrink"
        if order.promise is not None and order.promise.is_yes:
            kind = "make"
        return await self._asking(asker, order, str(error), (kind, error.tokens), None)

    async def _offer(
        self, asker: Asker, order: Order, error: BudgetExceededError
    ) -> AskFirstError | None:
        """Return a refusal that carries what fits, or None when nothing does."""
        # The level that refused may not be the one with the least.
        bounds = [
            error.available_tokens,
            await self._service.room_tokens(asker.spender),
            await self._db.read(moves.uncommitted_tokens),
        ]
        at_most = min(bound for bound in bounds if bound is not None)
        smaller = self._service.smaller(order, error.needed_tokens, at_most)
        if smaller is None:
            return None
        try:
            return await self._asking(asker, order, str(error), None, smaller)
        except (BusyError, DraftGoneError):
            log.warning("a refusal goes without its offer")
            return None

    async def _asking(
        self,
        asker: Asker,
        order: Order,
        sentence: str,
        own: tuple[Literal["make", "shrink"], int] | None,
        smaller: tuple[Order, int] | None,
    ) -> AskFirstError:
        """Keep the order, or widen the draft it comes from, and return the question about it."""
        draft = await self._kept(asker, order, smaller[0] if smaller else None)
        choices = []
        if own is not None:
            choices.append(self._choice(draft, own[0], order, own[1]))
        if smaller is not None:
            choices.append(self._choice(draft, "shrink", smaller[0], smaller[1]))
        ends_at = draft.created_at + QUESTION_LIFE_S
        return AskFirstError(sentence, tuple(choices), ends_at)

    async def _kept(self, asker: Asker, order: Order, smaller: Order | None) -> Draft:
        if order.promise is None:
            variants = (order,) if smaller is None else (order, smaller)
            now = int(self._clock.now())
            return await write_order(
                self._db, drafts.put, asker.guild_id, asker.user_id, variants, now
            )
        draft_id = order.promise.draft_id
        added = smaller or replace(order, promise=None)
        draft = await write_order(self._db, drafts.widen, asker.guild_id, draft_id, added)
        if draft is None:
            raise DraftGoneError
        return draft

    def _choice(
        self, draft: Draft, kind: Literal["make", "shrink"], order: Order, tokens: int
    ) -> Choice:
        request = order.request
        return Choice(
            kind,
            draft.id,
            draft.variants.index(replace(order, promise=None)),
            tokens,
            request.duration_s,
            self._service.name_of(request.model),
        )


def promised(draft: Draft, variant: int, tokens: int, *, is_yes: bool) -> Order:
    """Return one of a draft's videos as a button promised it; raises DraftGoneError for none."""
    if not 0 <= variant < len(draft.variants):
        raise DraftGoneError
    return replace(draft.variants[variant], promise=Promise(draft.id, variant, tokens, is_yes))
