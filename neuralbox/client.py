"""The calls to NeuralBox that a video bot needs. Costs tokens: `create`, when it completes.

Every call may use up one request of the plan's allowance. Reads may be repeated freely; `create`
is sent once and never again, since the API knows no idempotency key. Source: "video",
"generations/status", "user/history", "rate-limits".
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from neuralbox import allowance, fields, normalise, refusals
from neuralbox.aliases import family
from neuralbox.creation import (
    OptionsPlace,
    outcome_of_error,
    outcome_of_reply,
    request_body,
    to_json,
)
from neuralbox.errors import (
    NeuralBoxError,
    NoAnswerError,
    NotFoundError,
    NotSentError,
    RequestRefusedError,
    UnexpectedReplyError,
)
from neuralbox.models import (
    Allowance,
    Balance,
    CreateOutcome,
    CreateRequest,
    Generation,
    HistoryPage,
    ModelInfo,
    Price,
    Profile,
    Status,
    Unknown,
)
from neuralbox.strictjson import JunkError, parse
from neuralbox.transport import Reply, Transport

log = logging.getLogger(__name__)

# For a price only its presence can matter; the domain is reserved and serves no pictures.
PRICED_IMAGE_URL = "https://example.com/start.png"
STATUS_PATHS = (("generate",), ("generate", "status"))
BALANCE_PATHS = (("balance",), ("user", "balance"))
SECOND_TRIES_KEPT = 1_024


class Clock(Protocol):
    """The wall clock we compare the vendor's with."""

    def now(self) -> float:
        """Return UTC epoch seconds."""


class NeuralBox:
    """A client of one account, used as an async context manager.

    `allowance` and `skew_s` (the vendor's clock minus ours, in seconds) are those of the last
    answer that told them; `is_clock_known` says whether any has told the latter. `requests_sent`
    counts requests as they leave, and `on_request` is called for each. `on_answer` is called when
    an exchange has ended, with the answer's status and allowance (None where the headers do not
    tell), or with None for both without a whole answer. `options` says where in the body the video
    options go: two places are published.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        clock: Clock,
        options: OptionsPlace = "top_level",
        post_timeout_s: float = 60,
        get_timeout_s: float = 20,
        user_agent: str = "Reelbox",
        on_request: Callable[[], None] | None = None,
    ) -> None:
        self.allowance: Allowance | None = None
        self.skew_s = 0.0
        self.is_clock_known = False
        self.requests_sent = 0
        self.on_request = on_request
        self.on_answer: Callable[[int | None, Allowance | None], None] | None = None
        self._clock = clock
        self._options: OptionsPlace = options
        self._post_timeout_s = post_timeout_s
        self._get_timeout_s = get_timeout_s
        self._transport = Transport(
            base_url, key, user_agent=user_agent, on_sent=self._count, on_head=self._note
        )
        self._status_path, self._balance_path = 0, 0
        self._asked_twice: OrderedDict[str, None] = OrderedDict()

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    async def create(
        self, request: CreateRequest, *, model_slug: str | None = None
    ) -> CreateOutcome:
        """Ask for one generation, once, and say what is certain afterwards.

        `model_slug` is sent in place of the request's model (another published spelling). Raises
        nothing but CancelledError, after which the outcome is unknown as well. Never repeat it
        after Unknown: two equal requests are two charges.
        """
        # A broad catch belongs here: whatever happened, the request may have been accepted.
        try:
            reply = await self._exchange(
                "POST",
                "generate",
                body=request_body(request, model_slug or request.model, self._options),
                timeout_s=self._post_timeout_s,
                is_creation=True,
            )
            return outcome_of_reply(reply, self._vendor_now())
        except NeuralBoxError as error:
            return outcome_of_error(error)
        except Exception as error:
            log.exception("creation ended in a surprise")
            return Unknown(f"{type(error).__name__} while creating")

    async def get_generation(self, generation_id: str) -> Generation:
        """Return the API's current view of one generation. Costs no tokens; safe to repeat.

        On a 404 the second published path is asked once for this id, and used from then on if it
        knows it. Raises NotFoundError (unknown or past its retention), NoAnswerError,
        RateLimitedError, AccountError, ServiceFailedError, UnexpectedReplyError (no information).
        """
        if fields.generation_id(generation_id) is None:
            raise NotSentError("not a generation id")
        try:
            return await self._status(self._status_path, generation_id)
        except (NotFoundError, UnexpectedReplyError) as error:
            if error.status != 404 or generation_id in self._asked_twice:
                raise
            found = await self._status_elsewhere(generation_id)
            if found is None:
                raise
            return found

    async def list_history(
        self,
        page: int = 1,
        limit: int = 100,
        *,
        status: Status | None = None,
        model: str | None = None,
    ) -> HistoryPage:
        """Return one page of the account's videos, up to 100 rows, usually newest first.

        Filters go out under both published names and are applied here again; a row that does not
        tell its category, status or model stays. Raises as `get_generation`; anything malformed is
        UnexpectedReplyError and never an empty page.
        """
        query = {"page": str(page), "limit": str(limit), "category": "video", "type": "video"}
        if status is not None:
            query["status"] = status.value
        if model is not None:
            query["model_slug"] = query["model"] = model
        told = normalise.history_page(
            await self._get("user", "history", query=query), page=page, limit=limit
        )
        wanted = tuple(
            item
            for item in told.items
            if item.category in (None, "video")
            and (status is None or item.status in (None, status))
            and (model is None or item.model is None or family(item.model) == family(model))
        )
        return HistoryPage(wanted, told.page, told.limit, told.total, told.received)

    async def get_balance(self) -> Balance:
        """Return the tokens left; falls back to the second published path on a 404."""
        try:
            answer = await self._get(*BALANCE_PATHS[self._balance_path])
        except (NotFoundError, UnexpectedReplyError) as error:
            if error.status != 404:
                raise
            other = 1 - self._balance_path
            answer = await self._get(*BALANCE_PATHS[other])
            self._balance_path = other
        return normalise.balance(answer)

    async def get_profile(self) -> Profile:
        """Return the account's plan and limits. Source: "user/me"."""
        return normalise.profile(await self._get("user", "me"))

    async def list_models(self) -> tuple[ModelInfo, ...]:
        """Return the catalogue of all categories; its envelope is unpublished."""
        return normalise.models(await self._get("models"))

    async def get_model(self, slug: str) -> ModelInfo:
        """Return one model; raises NotFoundError for an unknown slug. Source: "models/get"."""
        return normalise.model(await self._get("models", slug))

    async def calculate_price(
        self,
        slug: str,
        *,
        duration_s: int,
        aspect_ratio: str | None = None,
        has_image: bool = False,
    ) -> Price:
        """Return the quote for one generation. Creates nothing, costs nothing, safe to repeat.

        Raises NotFoundError for an unknown slug. Source: "calculate-price".
        """
        params: dict[str, object] = {"duration": duration_s}
        if aspect_ratio is not None:
            params["aspect_ratio"] = aspect_ratio
        if has_image:
            params["image_url"] = PRICED_IMAGE_URL
        reply = await self._exchange(
            "POST",
            *("models", slug, "calculate-price"),
            # Whether a price for several is theirs together or each is unpublished: always one.
            body=to_json({"params": params, "count": 1}),
            timeout_s=self._get_timeout_s,
        )
        return normalise.price(self._answer(reply))

    async def _status(self, path: int, generation_id: str) -> Generation:
        answer = await self._get(*STATUS_PATHS[path], generation_id)
        found = normalise.generation(answer)
        if found.id != generation_id:
            raise UnexpectedReplyError("another generation than the one asked for")
        return found

    async def _status_elsewhere(self, generation_id: str) -> Generation | None:
        other = 1 - self._status_path
        try:
            found = await self._status(other, generation_id)
        except (RequestRefusedError, UnexpectedReplyError):
            # This path may hit the first one's route with the word `status` for an id, so what it
            # complains of means nothing. An outage, though, leaves the question open.
            self._asked_twice[generation_id] = None
            if len(self._asked_twice) > SECOND_TRIES_KEPT:
                self._asked_twice.popitem(last=False)
            return None
        self._status_path = other
        return found

    async def _get(self, *path: str, query: Mapping[str, str] | None = None) -> object:
        return self._answer(
            await self._exchange("GET", *path, query=query, timeout_s=self._get_timeout_s)
        )

    async def _exchange(self, *request: Any, **options: Any) -> Reply:
        """As the transport's; says how it ended: with an answer, or with none."""
        try:
            reply = await self._transport.exchange(*request, **options)
        except (NoAnswerError, NotSentError, UnexpectedReplyError):
            if self.on_answer is not None:
                self.on_answer(None, None)
            raise
        if self.on_answer is not None:
            told = allowance.read_allowance(reply.headers, self._clock.now())
            self.on_answer(reply.status, told)
        return reply

    def _answer(self, reply: Reply) -> object:
        if not reply.is_success:
            raise refusals.error_of(reply.status, reply.body, reply.headers, self._vendor_now())
        try:
            return parse(reply.body)
        except JunkError as error:
            raise UnexpectedReplyError(str(error), status=reply.status) from error

    def _vendor_now(self) -> float:
        return self._clock.now() + self.skew_s

    def _count(self) -> None:
        self.requests_sent += 1
        if self.on_request is not None:
            self.on_request()

    def _note(self, headers: Mapping[str, str]) -> None:
        now = self._clock.now()
        self.allowance = allowance.read_allowance(headers, now) or self.allowance
        skew_s = allowance.read_skew(headers, now)
        if skew_s is not None:
            self.skew_s, self.is_clock_known = skew_s, True
