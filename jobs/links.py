"""The address under which the vendor finds a job's start picture: that of the one on its card.

The card is a message of our own, so Discord signs a fresh link to its file whenever it is read; no
stranger's message has to last, and nothing secret is in the address.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from functools import partial
from urllib.parse import parse_qs, urlsplit

from jobs.board import Board
from jobs.endings import end
from jobs.ports import Announcer, Clock, MessageGoneError, NotNowError, PlaceGoneError, nonce_of
from models import Job
from storage import jobs
from storage.database import Database

log = logging.getLogger(__name__)

# A link that is about to run out is read anew; the vendor may fetch it late.
MARGIN_S = 3600
UNSIGNED_LIFE_S = 600
# The card can be deleted at any time, and its file goes with it; a look costs one request.
TRUST_S = 120
# However short a link's life is said to be, it is not read again at once.
SHORTEST_S = 60
RETRY_S = 15.0
GIVE_UP_S = 15 * 60.0
NO_PLACE = (
    "The picture has no place that NeuralBox can fetch it from: the card's channel cannot be used "
    "any more. Nothing was sent. Please ask again elsewhere."
)
NOT_READ = (
    "Discord gave no link to the picture for 15 minutes, so nothing was sent. Please try again "
    "later."
)
NO_PICTURE = "The picture is not kept any more, so nothing was sent. Please attach it again."


class PictureLinks:
    """Finds links in the background; `find` answers from memory."""

    def __init__(self, db: Database, board: Board, announcer: Announcer, clock: Clock) -> None:
        self._db, self._board, self._announcer, self._clock = db, board, announcer, clock
        self._links: dict[int, tuple[str, float]] = {}
        self._spare: dict[int, tuple[str, float]] = {}
        self._hopeless: dict[int, str] = {}
        self._not_before: dict[int, float] = {}
        self._failing: dict[int, float] = {}
        self._known = (self._links, self._spare, self._hopeless, self._not_before, self._failing)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.on_change: Callable[[], None] = lambda: None
        """Called when a link was found, or is known not to exist."""

    def find(self, job: Job) -> str | None:
        """Return a link that is good for a while yet, or None while one is being looked for."""
        url, until = self._links.get(job.id, ("", 0.0))
        if self._clock.now() < until:
            return url
        if (
            job.id not in self._tasks
            and job.id not in self._hopeless
            and self._clock.monotonic() >= self._not_before.get(job.id, 0.0)
        ):
            task = asyncio.create_task(self._look(job), name=f"picture-{job.id}")
            self._tasks[job.id] = task
            task.add_done_callback(partial(self._looked, job.id))
        return None

    def is_paused(self, job: Job) -> bool:
        """Return whether the last look failed a moment ago, so that others may go first."""
        return self._clock.monotonic() < self._not_before.get(job.id, 0.0)

    def trouble(self, job: Job) -> str | None:
        """Return why there will be no link, as a sentence for the member; None while there may."""
        return self._hopeless.get(job.id)

    def retain(self, job_ids: Collection[int]) -> None:
        """Forget what is known of every other job: those are sent or over."""
        for known in self._known:
            for job_id in known.keys() - job_ids:
                del known[job_id]

    async def stop(self) -> None:
        """Give up looking."""
        await end(self._tasks.values())

    async def _look(self, job: Job) -> None:
        view = await self._board.progress(job.id, "sending", None)
        try:
            try:
                url = await self._announcer.picture_link(view)
            except MessageGoneError:
                if view.picture is None or job.is_private:
                    self._hopeless[job.id] = NO_PLACE if view.picture else NO_PICTURE
                    return
                message_id = await self._announcer.post(view, None, nonce_of(job, "again"))
                await self._db.insist(jobs.set_message, job.id, job.channel_id, message_id)
                view = await self._board.progress(job.id, "sending", None)
                url = await self._announcer.picture_link(view)
        except PlaceGoneError as error:
            log.warning("job %d: no place for its picture: %s", job.id, error)
            if not self._make_do(job):
                self._hopeless[job.id] = NO_PLACE if view.picture else NO_PICTURE
        except (MessageGoneError, NotNowError) as error:
            log.warning("job %d: no link to its picture yet: %s", job.id, error)
            self._wait_or_give_up(job.id)
        else:
            self._failing.pop(job.id, None)
            now = self._clock.now()
            until = max(_good_until(url, now), now + SHORTEST_S)
            self._links[job.id] = (url, min(until, now + TRUST_S))
            self._spare[job.id] = (url, until)

    def _wait_or_give_up(self, job_id: int) -> None:
        """Look again soon, but hold nobody's tokens for long over a card that cannot be read."""
        now = self._clock.monotonic()
        self._not_before[job_id] = now + RETRY_S
        if now - self._failing.setdefault(job_id, now) >= GIVE_UP_S:
            self._hopeless[job_id] = NOT_READ

    def _make_do(self, job: Job) -> bool:
        """Use the last link to a private card that is out of reach; False when there is none.

        Nobody else could have deleted the file behind it.
        """
        now = self._clock.now()
        url, until = self._spare.get(job.id, ("", 0.0))
        if not job.is_private or now >= until:
            return False
        self._links[job.id] = (url, min(until, now + TRUST_S))
        return True

    def _looked(self, job_id: int, task: asyncio.Task[None]) -> None:
        del self._tasks[job_id]
        if not task.cancelled() and (error := task.exception()):
            log.error("job %d: looking for its picture failed", job_id, exc_info=error)
            self._wait_or_give_up(job_id)
        self.on_change()


def _good_until(url: str, now: float) -> float:
    """Read the expiry out of a signed link (`ex`, hex epoch s); Source: "reference"."""
    expiry = parse_qs(urlsplit(url).query).get("ex", [""])[0]
    try:
        return int(expiry, 16) - MARGIN_S
    except ValueError:
        return now + UNSIGNED_LIFE_S
