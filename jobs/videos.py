"""Our copy of a finished video: fetched once, kept under the data directory, found again."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from crashpoints import reach
from jobs.gate import Gate
from jobs.ports import Clock
from media import (
    CannotFitError,
    Fetcher,
    FetchFailedError,
    FetchGoneError,
    FetchRefusedError,
    Studio,
    StudioError,
)
from models import Job
from neuralbox import NeuralBox, NeuralBoxError
from storage import results
from storage.database import Database

log = logging.getLogger(__name__)

# A file that cannot be fetched after so many tries is shown as the vendor's link.
LINK_AFTER_ATTEMPTS = 4
_INERT = {char: f"%{ord(char):02X}" for char in "<>()[]`*|\\"}
# A file that was not to be had is not asked for again so soon, however often a member asks.
ASK_PAUSE_S = 900.0
# What a card holds beside a long prompt; Discord takes 4096 characters for both.
LINK_CHARS = 2900


@dataclass(frozen=True, slots=True)
class Video:
    """What there is to show: a file of ours, else a link of the vendor's, else neither.

    `full_bytes` is the size of the original when the file is a smaller copy of it.
    """

    file: Path | None = None
    link: str | None = None
    full_bytes: int | None = None
    is_shown: bool = False

    @property
    def is_there(self) -> bool:
        """True when a member gets to see something."""
        return self.file is not None or self.link is not None or self.is_shown

    @property
    def facts(self) -> dict[str, Any]:
        """What to remember of it once it is shown."""
        return {"has_video": self.is_there, "link": self.link, "full_bytes": self.full_bytes}

    @classmethod
    def remembered(cls, body: dict[str, Any]) -> Self:
        """Return what was shown, from what was remembered."""
        return cls(
            link=body.get("link"),
            full_bytes=body.get("full_bytes"),
            is_shown=bool(body.get("has_video")),
        )


class Videos:
    """The files under one directory. Names are generated, never taken from anybody."""

    def __init__(
        self,
        db: Database,
        box: NeuralBox,
        gate: Gate,
        fetcher: Fetcher,
        studio: Studio,
        directory: Path,
        min_free_bytes: int,
        clock: Clock,
    ) -> None:
        self._db, self._box, self._gate = db, box, gate
        self._clock = clock
        self._asked: dict[int, float] = {}
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._unfit: set[str] = set()
        self._fetcher, self._studio, self._directory = fetcher, studio, directory
        self._min_free_bytes = min_free_bytes

    async def get(self, job: Job, attempts: int, *, is_asked_for: bool = False) -> Video:
        """Return the job's video, fetching it when there is no copy yet.

        `attempts` counts earlier failures: after some, whatever is known is returned. Before that
        raises FetchFailedError or NeuralBoxError when it should be tried again later. A member who
        asks for it costs the vendor a request at most once in a while.
        """
        async with self._alone(f"get-{job.id}"):
            return await self._get(job, attempts, is_asked_for=is_asked_for)

    async def _get(self, job: Job, attempts: int, *, is_asked_for: bool) -> Video:
        result = await self._db.read(results.find, job.id)
        if result is not None and result.file and (self._directory / result.file).exists():
            return Video(file=self._directory / result.file)
        url = result.url if result else None
        if is_asked_for:
            self._require_pause(job)
        try:
            url = url or await self._fresh_url(job)
            return Video(file=await self._download_or_refresh(job, url))
        except FetchRefusedError as error:
            log.error("job %d: the file is not taken: %s", job.id, error)
            return self._linked(url)
        except (FetchGoneError, FetchFailedError, NeuralBoxError) as error:
            if attempts >= LINK_AFTER_ATTEMPTS:
                log.error("job %d: the file cannot be had: %s", job.id, error)
                return self._linked(url)
            raise FetchFailedError(str(error)) from error

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncIterator[None]:
        """Let one at a time do a piece of work that many may ask for."""
        lock, users = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            _lock, users = self._locks.pop(name)
            if users > 1:
                self._locks[name] = (lock, users - 1)

    def _require_pause(self, job: Job) -> None:
        now = self._clock.monotonic()
        self._asked = {k: at for k, at in self._asked.items() if now - at < ASK_PAUSE_S}
        if job.id in self._asked:
            raise FetchFailedError("it was looked for a moment ago")
        self._asked[job.id] = now

    async def fitted(self, job: Job, video: Video, room_bytes: int) -> Video:
        """Return a video as it fits into so many bytes: its file, a smaller copy or its link."""
        if video.file is None or video.file.stat().st_size <= room_bytes:
            return video
        full_bytes = video.file.stat().st_size
        if (smaller := await self._smaller(video.file, room_bytes)) is not None:
            return Video(file=smaller, full_bytes=full_bytes)
        return await self.link(job)

    async def _smaller(self, file: Path, room_bytes: int) -> Path | None:
        """Return a copy of a video that is smaller than that, made once; None when none would do.

        A copy that would look bad is not made.
        """
        target = self._directory / f"{file.stem}.fit{room_bytes}.mp4"
        async with self._alone(target.name):
            if target.name in self._unfit:
                return None
            return target if target.exists() else await self._make(file, target, room_bytes)

    async def _make(self, file: Path, target: Path, room_bytes: int) -> Path | None:
        if shutil.disk_usage(self._directory).free < self._min_free_bytes:
            return None
        try:
            clip = await self._studio.fit(file, target, room_bytes)
        except CannotFitError as error:
            log.info("%s is not made smaller than %d bytes: %s", file.name, room_bytes, error)
            self._unfit.add(target.name)
            return None
        except (StudioError, OSError) as error:
            log.warning("%s could not be made smaller: %s", file.name, error)
            return None
        log.info("%s fits into %d bytes at %d lines", file.name, room_bytes, clip.height)
        return target

    def drop(self, file: str) -> None:
        """Remove a video and its smaller copies."""
        for path in self._directory.glob(f"{Path(file).stem}.*"):
            reach("before removal")
            path.unlink(missing_ok=True)
            reach("after removal")

    async def link(self, job: Job) -> Video:
        """Return the vendor's link alone, for a place that does not take the file."""
        result = await self._db.read(results.find, job.id)
        return self._linked(result.url if result else None)

    def _linked(self, url: str | None) -> Video:
        # An address of somebody else's is shown to nobody, whoever gave it to us; and one that is
        # taken ends where it ends, whatever markdown the vendor wrote into it.
        if url is None or not self._fetcher.takes(url):
            return Video()
        link = "".join(_INERT.get(char, char) for char in url)
        if len(link) > LINK_CHARS:
            log.error("a link has %d characters, too many for any card", len(link))
            return Video()
        return Video(link=link)

    async def _download_or_refresh(self, job: Job, url: str) -> Path:
        try:
            return await self._download(job, url)
        except FetchGoneError:
            fresh = await self._fresh_url(job)
            if fresh == url:
                raise
            return await self._download(job, fresh)

    async def _download(self, job: Job, url: str) -> Path:
        if shutil.disk_usage(self._directory).free < self._min_free_bytes:
            raise FetchFailedError("the disk is nearly full, so nothing is fetched")
        done = await self._fetcher.download(url, self._directory)
        await self._db.insist(
            results.set_file, job.id, done.path.name, done.size_bytes, done.sha256
        )
        return done.path

    async def _fresh_url(self, job: Job) -> str:
        """Ask the vendor where the file is now, and remember it."""
        if (wait_s := self._gate.wait_s("look")) > 0:
            raise FetchFailedError(f"no request to spare for {wait_s:.0f} s")
        async with self._gate.passing("look"):
            generation = await self._box.get_generation(job.generation_id or "")
        if generation.result_url is None:
            raise FetchFailedError("the vendor has no file for this generation yet")
        await self._db.write(results.set_url, job.id, generation.result_url)
        return generation.result_url
