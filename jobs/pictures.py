"""Start pictures: taken in through the gate, kept by content, and found again later."""

import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crashpoints import reach
from errors import PictureRefusedError
from jobs.ports import Clock
from media import (
    FetchError,
    FetchFailedError,
    FetchGoneError,
    Picture,
    PictureGate,
    Studio,
    StudioError,
)
from models import RATIOS
from storage import pictures
from storage.database import Database
from storage.pictures import KeptPicture

log = logging.getLogger(__name__)

NOT_NOW = (
    "That picture could not be fetched just now. Nothing was charged; please try again in a moment."
)
GONE = (
    "That picture is not there any more: Discord's links run out after about a day. Nothing was "
    "charged. Please attach the picture again."
)
NOT_HAD = (
    "That picture cannot be fetched from there. Nothing was charged. Please attach it instead."
)
NOT_KEPT = (
    "The picture this video began with is not kept any more. Nothing was charged. Please attach it "
    "again with `/video`."
)
NO_FRAME = (
    "The last picture of that video cannot be read, so it cannot be continued. Nothing was charged."
)


class Pictures:
    """The kept pictures. Everything raised is a sentence for the member."""

    def __init__(
        self, db: Database, gate: PictureGate, studio: Studio, directory: Path, clock: Clock
    ) -> None:
        self._db, self._gate, self._studio = db, gate, studio
        self._directory, self._clock = directory, clock
        self._being_kept = 0

    @property
    def allows_links(self) -> bool:
        """True when the host allows links to pictures."""
        return self._gate.allows_links

    async def take(self, url: str) -> KeptPicture:
        """Fetch, check and keep one of Discord's files; raises PictureRefusedError."""
        return await self._keep(self._gate.take(url))

    async def take_link(self, url: str) -> KeptPicture:
        """Fetch, check and keep what a member's link leads to; raises PictureRefusedError."""
        return await self._keep(self._gate.take_link(url))

    async def last_frame(self, video: Path) -> KeptPicture:
        """Keep a video's last frame as it is; raises PictureRefusedError."""
        try:
            with self._keeping():
                return await self._note(await self._studio.last_frame(video, self._directory))
        except (StudioError, OSError) as error:
            log.warning("no last frame of %s: %s", video.name, error)
            raise PictureRefusedError(NO_FRAME) from error

    async def again(self, file: str) -> KeptPicture:
        """Return a picture that was kept, for another use; raises PictureRefusedError."""
        with self._keeping():
            kept = await self._db.read(pictures.find, file)
            if kept is None or self.path(file) is None:
                raise PictureRefusedError(NOT_KEPT)
            await self._db.insist(pictures.put, kept, int(self._clock.now()))
        return kept

    def path(self, file: str | None) -> Path | None:
        """Return where a picture is kept, or None when it is not."""
        if file is None:
            return None
        path = self._directory / file
        return path if path.exists() else None

    def drop(self, file: str) -> None:
        """Remove a picture that no row names any more.

        While one is being kept it may be the same, with its row to come: then it stays, and goes
        with what is left without a row.
        """
        if self._being_kept:
            return
        reach("before removal")
        (self._directory / file).unlink(missing_ok=True)
        reach("after removal")

    async def _keep(self, taking: Awaitable[Picture]) -> KeptPicture:
        try:
            with self._keeping():
                return await self._note(await taking)
        except FetchGoneError as error:
            raise PictureRefusedError(GONE) from error
        except (FetchFailedError, StudioError, OSError) as error:
            log.warning("a picture was not taken: %s", error)
            raise PictureRefusedError(NOT_NOW) from error
        except FetchError as error:
            raise PictureRefusedError(NOT_HAD) from error

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        self._being_kept += 1
        try:
            yield
        finally:
            self._being_kept -= 1

    async def _note(self, picture: Picture) -> KeptPicture:
        kept = KeptPicture(picture.file_name, picture.width, picture.height, picture.size_bytes)
        await self._db.insist(pictures.put, kept, int(self._clock.now()))
        return kept


def nearest_ratio(width: int, height: int) -> str:
    """Return the offered shape nearest to a picture's own."""

    def distance(ratio: str) -> float:
        across, down = map(int, ratio.split(":"))
        own, offered = width / height, across / down
        return max(own, offered) / min(own, offered)

    return min(RATIOS, key=distance)
