"""What a command may do with jobs: admit one, promise it, or take it back. No vendor call here."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import replace

from config import LimitsConfig, VideoConfig
from errors import (
    BudgetExceededError,
    PriceRoseError,
    PromptRejectedError,
    UnknownChoiceError,
    UserFacingError,
)
from jobs import fingerprint, moves, purse
from jobs.asking import Asking, Smaller
from jobs.board import Board
from jobs.cheaper import Priced, cheaper, varied
from jobs.intake import Intake
from jobs.patience import write_order
from jobs.pictures import nearest_ratio
from jobs.plain import clean
from jobs.ports import Clock, JobView
from jobs.prices import Offer, PriceBook
from jobs.submit import Submitter
from jobs.tidy import CARD_LOST
from models import (
    LENGTHS_S,
    RATIOS,
    Asker,
    Order,
    Quote,
    Reservation,
    Spender,
    State,
    VideoRequest,
)
from storage import ledger, spending
from storage.database import Database
from storage.errors import StaleStateError
from storage.pictures import KeptPicture
from storage.spending import Spending
from storage.transactions import rehearsal

log = logging.getLogger(__name__)

# Several, since only one request of each wording may be in doubt at a time.
GENTLE_MOTIONS = (
    "Gentle, natural motion; the camera drifts slowly closer.",
    "The scene comes alive with gentle, natural motion; the camera moves slowly in.",
    "Soft, lifelike movement; the camera glides slowly forward.",
    "Everything stirs a little, calmly and naturally; the camera comes slowly nearer.",
    "Calm, natural movement throughout; a slow, steady push-in of the camera.",
    "Light and air move gently through the scene; the camera eases slowly closer.",
)


class JobService:
    """The cogs' way to jobs."""

    def __init__(
        self,
        db: Database,
        book: PriceBook,
        intake: Intake,
        board: Board,
        submitter: Submitter,
        clock: Clock,
        video: VideoConfig,
        limits: LimitsConfig,
        allowed: ledger.Limits,
    ) -> None:
        self._db, self._book, self._intake, self._board = db, book, intake, board
        self._submitter, self._clock = submitter, clock
        self.video = video
        self._caps = (limits.unfinished_per_member, limits.unfinished_per_guild)
        self.on_told: Callable[[], None] = lambda: None
        """Called when a hold wrote something to tell a guild's admins."""
        self._allowed = allowed
        self._unpromised: set[int] = set()
        self._promised = asyncio.Event()

    async def load(self) -> None:
        """Read the stored prices; before that nothing can be quoted."""
        await self._book.load()

    def offers(self, *, with_picture: bool = False) -> list[Offer]:
        """Return the models a member may choose, with prices and usual waits, from memory."""
        return self._book.offers(with_picture=with_picture)

    def offers_for_picture(self) -> list[Offer]:
        """As `offers`, for a form: raises UnknownChoiceError when no model takes a picture."""
        offers = self.offers(with_picture=True)
        if not offers:
            raise UnknownChoiceError(
                "None of the models here can start from a picture. Nothing was charged."
            )
        return offers

    def default_model(self, *, with_picture: bool) -> str:
        """Return the model of who names none: the host's, or the first that takes a picture."""
        offered = [offer.slug for offer in self.offers(with_picture=with_picture)]
        return self.video.model if self.video.model in offered or not offered else offered[0]

    def quote(self, request: VideoRequest) -> Quote:
        """Return today's price; raises UnknownChoiceError or ServicePausedError."""
        return self._book.quote(
            request.model, request.duration_s, with_picture=request.picture is not None
        )

    def name_of(self, model: str) -> str:
        """Return a model's name as people know it."""
        return self._book.name_of(model)

    def smaller(self, order: Order, tokens: int, at_most: int) -> tuple[Order, int] | None:
        """Return the best variant of an order for `tokens` that costs less than that, and at most.

        With its price of today; None when nothing offered does. See `jobs.cheaper`.
        """
        prices = []
        for offer in self.offers(with_picture=order.request.picture is not None):
            for duration_s in LENGTHS_S:
                one = Priced(offer.slug, duration_s, 0)
                try:
                    quote = self.quote(varied(order, one).request)
                except UserFacingError:
                    continue  # not to be had just now
                prices.append(replace(one, tokens=quote.tokens))
        return cheaper(order, tokens, prices, at_most)

    async def left_tokens(self, who: Spender) -> int | None:
        """Return what the member can still use here, None when this guild has no limit."""
        now = int(self._clock.now())
        return (await self._db.read(purse.look, self._allowed, who, now)).left_tokens

    async def room_tokens(self, who: Spender) -> int | None:
        """Return what could really be held for the member: for choosing, never for showing."""
        now = int(self._clock.now())
        return (await self._db.read(purse.look, self._allowed, who, now)).room_tokens

    def request(
        self,
        prompt: str,
        model: str | None,
        length_s: int | None,
        ratio: str | None,
        avoid: str | None = None,
        picture: KeptPicture | None = None,
    ) -> VideoRequest:
        """Normalise what a member typed, filling in the host's defaults.

        With a picture, an empty prompt becomes a gentle motion, an empty ratio its own shape.
        Raises PromptRejectedError or UnknownChoiceError with a sentence for the member.
        """
        shape = nearest_ratio(picture.width, picture.height) if picture else self.video.ratio
        request = VideoRequest(
            prompt=clean(prompt) or (random.choice(GENTLE_MOTIONS) if picture else ""),
            model=model or self.default_model(with_picture=picture is not None),
            duration_s=length_s or self.video.length_s,
            aspect_ratio=ratio or shape,
            negative_prompt=clean(avoid or "") or None,
            picture=picture.file if picture else None,
        )
        if not request.prompt:
            raise PromptRejectedError("Please say in a few words what the video should show.")
        for text, what in (
            (request.prompt, "prompt"),
            (request.negative_prompt or "", "avoid text"),
        ):
            if len(text) > self.video.max_prompt_chars:
                raise PromptRejectedError(
                    f"Your {what} has {len(text):,} characters and "
                    f"{self.video.max_prompt_chars:,} is the most. Please shorten it by "
                    f"{len(text) - self.video.max_prompt_chars:,}."
                )
        if request.duration_s not in LENGTHS_S or request.aspect_ratio not in RATIOS:
            raise UnknownChoiceError(
                f"A video can be {' or '.join(map(str, LENGTHS_S))} seconds long and "
                f"{', '.join(RATIOS)} in shape. Nothing was charged."
            )
        return request

    def admit(self, guild_id: int, user_id: int) -> None:
        """Say whether anything may be asked for now, before work is done for it.

        Counts as one command of the member. Raises ServicePausedError or TooFastError.
        """
        self.require_pace(guild_id, user_id)
        self._intake.require_open()

    def require_pace(self, guild_id: int, user_id: int) -> None:
        """Count one request of a member for work; raises TooFastError above the host's rate."""
        self._intake.require_pace(guild_id, user_id)

    async def reserve(
        self, asker: Asker, order: Order, chosen: Spending | None = None
    ) -> Reservation:
        """Hold the price and write the job, in one transaction; `admit` came before.

        `chosen` spares reading what the guild's admins chose once more.

        Raises a UserFacingError when it cannot be: then certainly nothing is held; PriceRoseError
        when a button promised less. Raises DuplicateInteractionError for an interaction that has
        its job already.
        """
        made = await self._hold(moves.reserve, asker, order, chosen)
        self._unpromised.add(made.job.id)
        if made.is_told:
            self.on_told()
        return made

    async def rehearse(self, asker: Asker, order: Order) -> Reservation:
        """Return or raise what `reserve` would; nothing is held, and nothing is written."""
        return await self._hold(rehearsal(moves.reserve), asker, order, None)

    async def _hold(
        self,
        step: Callable[..., Reservation],
        asker: Asker,
        order: Order,
        chosen: Spending | None,
    ) -> Reservation:
        self._intake.require_open()
        request = order.request
        quote = self.quote(request)
        if order.promise is not None and quote.tokens > order.promise.tokens:
            raise PriceRoseError(order.promise.tokens, quote.tokens)
        if chosen is None:
            chosen = await self._db.read(spending.of_guild, asker.guild_id)
        try:
            return await write_order(
                self._db,
                step,
                asker,
                order,
                quote,
                fingerprint.of(request.model, request.prompt),
                self._allowed,
                self._caps,
                int(self._clock.now()),
                self._asking(chosen, order, quote.tokens),
            )
        except BudgetExceededError as error:
            if error.level == "account":
                self._submitter.on_account_trouble()  # there may be more by now than is stored
            raise

    def _asking(self, chosen: Spending, order: Order, tokens: int) -> Asking:
        """Return what a moderator is told, should the price need one."""
        above = chosen.approve_above
        found = None
        if above is not None and tokens > above:
            found = self.smaller(order, tokens, above) or self.smaller(order, tokens, tokens - 1)
        name = self.name_of(order.request.model)
        if found is None:
            return Asking(name)
        to = found[0].request
        return Asking(name, Smaller(to.model, self.name_of(to.model), to.duration_s, found[1]))

    def first_view(self, reservation: Reservation) -> JobView:
        """Return what the card shows at once: price, what is left, place, expected finish."""
        place = self._submitter.place_of_newcomer(reservation.job)
        view = self._board.waiting(reservation.job, place)
        view = replace(view, left_tokens=reservation.left_tokens)
        until = reservation.approve_until
        if until is not None:
            view = replace(view, stage="approval", place=None, ready_at=None, approve_until=until)
        return view

    async def enqueue(self, job_id: int, channel_id: int, message_id: int) -> None:
        """The card is out under these ids: send the job when its turn comes."""
        await self._db.insist(moves.enqueue, job_id, channel_id, message_id)
        self._is_settled(job_id)
        self._submitter.alarm.nudge()

    async def abandon(self, job_id: int, *, tell: bool) -> None:
        """The card did not get out, or nobody knows: give the tokens back, send nothing."""
        now = int(self._clock.now())
        try:
            await self._db.insist(moves.cancel, job_id, State.RESERVED, CARD_LOST, now, tell=tell)
        except StaleStateError:
            log.info("job %d was no longer waiting for its card", job_id)
        self._is_settled(job_id)
        self._submitter.on_change()

    async def promises_kept(self, patience_s: float) -> None:
        """Return once no card is on its way, after at most `patience_s` (real) seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self._unpromised:
                    self._promised.clear()
                    await self._promised.wait()

    def _is_settled(self, job_id: int) -> None:
        """The card of a job is out, or will never be."""
        self._unpromised.discard(job_id)
        self._promised.set()
