"""What a command may do with jobs: admit one, promise it, or take it back. No vendor call here."""

import logging
import random
import unicodedata
from dataclasses import replace

from config import LimitsConfig, VideoConfig
from errors import BudgetExceededError, PromptRejectedError, UnknownChoiceError
from jobs import fingerprint, moves, purse
from jobs.board import Board
from jobs.intake import Intake
from jobs.patience import write_soon
from jobs.pictures import nearest_ratio
from jobs.ports import Clock, JobView
from jobs.prices import Offer, PriceBook
from jobs.submit import CARD_LOST, Submitter
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
from storage import ledger
from storage.database import Database
from storage.errors import StaleStateError
from storage.pictures import KeptPicture

log = logging.getLogger(__name__)

COMBINING_RUN = 3
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
        self._allowed = allowed

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

    async def left_tokens(self, who: Spender) -> int | None:
        """Return what the member can still use here, or None when no level has a limit."""
        now = int(self._clock.now())
        return (await self._db.read(purse.look, self._allowed, who, now)).left_tokens

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

    async def reserve(self, asker: Asker, order: Order) -> Reservation:
        """Hold the price and write the job, in one transaction; `admit` came before.

        Raises a UserFacingError when it cannot be: then certainly nothing is held. Raises
        DuplicateInteractionError for an interaction that has its job already.
        """
        self._intake.require_open()
        request = order.request
        quote = self.quote(request)
        try:
            return await write_soon(
                self._db,
                moves.reserve,
                asker,
                order,
                quote,
                fingerprint.of(request.model, request.prompt),
                self._allowed,
                self._caps,
                int(self._clock.now()),
            )
        except BudgetExceededError as error:
            if error.level == "account":
                self._submitter.on_account_trouble()  # there may be more by now than is stored
            raise

    def first_view(self, reservation: Reservation) -> JobView:
        """Return what the card shows at once: price, what is left, place, expected finish."""
        place = self._submitter.place_of_newcomer(reservation.job)
        view = self._board.waiting(reservation.job, place)
        return replace(view, left_tokens=reservation.left_tokens)

    async def enqueue(self, job_id: int, channel_id: int, message_id: int) -> None:
        """The card is out under these ids: send the job when its turn comes."""
        await self._db.insist(moves.enqueue, job_id, channel_id, message_id)
        self._submitter.alarm.nudge()

    async def abandon(self, job_id: int, *, tell: bool) -> None:
        """The card did not get out, or nobody knows: give the tokens back, send nothing."""
        now = int(self._clock.now())
        try:
            await self._db.insist(moves.cancel, job_id, State.RESERVED, CARD_LOST, now, tell=tell)
        except StaleStateError:
            log.info("job %d was no longer waiting for its card", job_id)
        self._submitter.on_change()


def clean(text: str) -> str:
    """Normalise a member's text: NFC, no invisible or control characters, no combining floods."""
    kept: list[str] = []
    run = 0
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        run = run + 1 if category in {"Mn", "Me"} else 0
        if char in "\n\t":
            kept.append(" ")
        elif category[0] != "C" and run <= COMBINING_RUN:
            kept.append(char)
    return " ".join("".join(kept).split())
