"""How an order is put together, from words, a picture pointed at, or a job that exists.

Whose picture may be used is decided here, for every way in: nothing is fetched before.
"""

from dataclasses import dataclass, replace

from errors import PromptRejectedError
from jobs.choices import Choices
from jobs.consent import require_consent
from jobs.pictures import Pictures
from jobs.results import Results
from jobs.rights import require_press
from jobs.service import JobService
from jobs.sources import Source
from models import Job, Order, Origin, Way
from storage.choices import Consent


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody said: empty and None leave it to the defaults."""

    prompt: str = ""
    model: str | None = None
    length_s: int | None = None
    ratio: str | None = None
    avoid: str | None = None
    is_spoiler: bool | None = None
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and where; `parent_id` is the channel around a thread, None outside threads."""

    guild_id: int
    channel_id: int
    user_id: int
    is_moderator: bool = False
    parent_id: int | None = None


class Orders:
    """Puts orders together. Everything raised is a sentence for whoever asks."""

    def __init__(
        self, service: JobService, results: Results, pictures: Pictures, choices: Choices
    ) -> None:
        self._service, self._results = service, results
        self._pictures, self._choices = pictures, choices

    async def fresh(
        self, person: Person, wish: Wish, source: Source | None = None, way: Way = Way.COMMAND
    ) -> Order:
        """Return a new order; a picture pointed at is fetched and kept."""
        origin = Origin(way)
        kept = None
        if source is not None:
            origin = Origin(way, None, source.poster_id, source.poster_is_bot)
            await self.require_consent(person, origin)
            taking = self._pictures.take_link if source.is_link else self._pictures.take
            kept = await taking(source.url)
        request = self._service.request(
            wish.prompt, wish.model, wish.length_s, wish.ratio, wish.avoid, kept
        )
        is_spoiler = wish.is_spoiler
        if is_spoiler is None:
            is_spoiler = await self._is_spoiler_place(person)
        return Order(
            request,
            origin,
            is_private=wish.is_private,
            is_spoiler=is_spoiler or (source is not None and source.is_spoiler),
        )

    async def _is_spoiler_place(self, person: Person) -> bool:
        """Say whether videos asked for there are spoilers; a thread follows its channel.

        So does a video that will be shown in the server's channel for results.
        """
        deliver_to = (await self._choices.of_guild(person.guild_id)).deliver_to
        places = (person.channel_id, person.parent_id, deliver_to)
        for channel_id in filter(None, places):
            if await self._choices.is_spoiler_channel(channel_id):
                return True
        return False

    async def again(self, person: Person, job: Job) -> Order:
        """Return the same order once more, at the expense of whoever asks."""
        await self.require_press(person, job)
        if not job.request.prompt:
            raise PromptRejectedError(
                "What this video was asked for with is not kept any more, so it cannot be made "
                "again as it was. **Edit** takes a new prompt."
            )
        return await self._veiled(person, await self._results.again(job))

    async def edited(self, person: Person, job: Job, wish: Wish) -> Order:
        """Return a job's order with other words and options; its picture stays."""
        await self.require_press(person, job)
        kept = await self._results.picture_of(job)
        request = self._service.request(
            wish.prompt, wish.model, wish.length_s, wish.ratio, wish.avoid, kept
        )
        return await self._veiled(person, self._results.following(job, request, Way.EDIT))

    async def continued(self, person: Person, job: Job, wish: Wish) -> Order:
        """Return an order that starts where a job's video ended."""
        await self.require_press(person, job)
        kept = await self._results.last_frame(job)
        ratio = wish.ratio or job.request.aspect_ratio
        request = self._service.request(
            wish.prompt, wish.model, wish.length_s, ratio, job.request.negative_prompt, kept
        )
        return await self._veiled(person, self._results.following(job, request, Way.CONTINUE))

    async def recalled(self, person: Person, order: Order) -> Order:
        """Return an order that waited for an answer, if it may still be made.

        Its words were looked at when it was put together; whose picture may be used, and what may
        be gone on from, can have changed since.
        """
        picture = order.request.picture
        if order.origin.parent_id is not None:
            job = await self._results.of_number(person.guild_id, order.origin.parent_id)
            await self.require_press(person, job)
            if picture is not None:
                self._results.require_not_removed(job)
        elif picture is not None:
            await self.require_consent(person, order.origin)
        if picture is not None:
            await self._pictures.again(picture)
        return order

    async def _veiled(self, person: Person, order: Order) -> Order:
        """Return the order as a spoiler where it is asked for among spoilers now."""
        is_spoiler = order.is_spoiler or await self._is_spoiler_place(person)
        return replace(order, is_spoiler=is_spoiler)

    async def require_press(self, person: Person, job: Job) -> None:
        """Raise NotAllowedError unless this member may go on from that job now."""
        choices = await self._choices.of_guild(person.guild_id)
        require_press(choices, job, person.user_id, is_moderator=person.is_moderator)
        if job.request.picture is not None:
            await self.require_consent(person, job.origin)

    async def require_consent(self, person: Person, origin: Origin) -> None:
        """Raise NotAllowedError unless this member may animate that poster's picture now."""
        poster_id = origin.poster_id
        consent: Consent = "server"
        if poster_id is not None:
            consent = await self._choices.consent_of(person.guild_id, poster_id)
        require_consent(
            await self._choices.of_guild(person.guild_id),
            consent,
            person.user_id,
            poster_id=poster_id,
            poster_is_bot=origin.poster_is_bot,
        )


def wish_of(job: Job) -> Wish:
    """Return what a job was asked with, to fill in a form."""
    request = job.request
    return Wish(
        prompt=request.prompt,
        model=request.model,
        length_s=request.duration_s,
        ratio=request.aspect_ratio,
        avoid=request.negative_prompt,
    )
