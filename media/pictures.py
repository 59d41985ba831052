"""The one gate for pictures: fetched, weighed and measured here, decoded elsewhere, then kept."""

import asyncio
import math
import shutil
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp.abc import AbstractResolver

from errors import PictureRefusedError
from media import header
from media.errors import (
    BrokenFileError,
    FetchEmptyError,
    FetchFailedError,
    FetchRefusedError,
    Refusal,
    WorkerFailedError,
    WorkerOverrunError,
)
from media.facts import VENDOR_BYTES, Clip, Picture
from media.fetch import Downloaded, Fetcher
from media.partfile import WorkDirectory, sweep_leftovers
from media.sniff import Kind
from media.studio import Studio

__all__ = ["VENDOR_BYTES", "Clip", "Picture", "PictureGate"]

KINDS = (Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF)
ANY_LINK = "*"
LONGEST_SHAPE = 5
TIMEOUT_S = 30.0
# Times the size cap: the most that pictures on their way take of the disk.
AT_ONCE = 4

FREE = "Nothing was charged."
_KINDS_TAKEN = f"That file is not a picture I can take: PNG, JPEG, WebP or GIF, please. {FREE}"
_BROKEN = f"That picture is damaged or incomplete, so I cannot open it. {FREE}"
_TOO_MUCH = f"That picture takes more memory or time to open than I may spend on one. {FREE}"
_NO_LINKS = f"I take no picture by its address here. Please attach the picture. {FREE}"
_NOT_DISCORD = f"That picture is not a file on Discord. Please attach the picture. {FREE}"
_WRONG_LINK = (
    "I cannot fetch a picture from that address: it must be a public one that begins with "
    f"https:// and is allowed here. Please attach the picture. {FREE}"
)
_LEADS_ON = f"That address leads on to another one. Please give the picture's own address. {FREE}"


class PictureGate:
    """Takes pictures by address and keeps them in `directory`, as an async context manager.

    `origins` are where Discord's files come from. `links` are the origins a member may name,
    "*" for every public https address on port 443; none means that no address is taken. Below
    `min_free_bytes` on the disk nothing is fetched.
    """

    def __init__(
        self,
        directory: Path,
        studio: Studio,
        origins: Collection[str],
        *,
        links: Collection[str] = (),
        max_bytes: int,
        max_pixels: int,
        min_free_bytes: int,
        timeout_s: float = TIMEOUT_S,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._directory = directory
        self._studio = studio
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._min_free_bytes = min_free_bytes
        # Apart, so that strangers' slow servers keep nobody from Discord's own files.
        self._places = (asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE))
        self.allows_links = bool(links)
        self._files = Fetcher(origins, max_bytes=max_bytes, timeout_s=timeout_s, kinds=KINDS)
        self._links = Fetcher(
            [link for link in links if link != ANY_LINK],
            max_bytes=max_bytes,
            timeout_s=timeout_s,
            kinds=KINDS,
            any_public=ANY_LINK in links,
            resolver=resolver,
        )

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(_prepare, self._directory)
        await self._files.__aenter__()
        await self._links.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._links.__aexit__(kind, error, traceback)
        await self._files.__aexit__(kind, error, traceback)

    async def take(self, url: str) -> Picture:
        """Fetch a file of Discord's, check it, normalise it and keep it. Safe to repeat.

        Raises PictureRefusedError (a sentence for the member), FetchGoneError (ask Discord for a
        fresh link), FetchFailedError (later); OSError when our own disk is the trouble.
        """
        return await self._take(self._files, url, _NOT_DISCORD)

    async def take_link(self, url: str) -> Picture:
        """Do the same with an address that a member typed, where the host allows it."""
        if not self.allows_links:
            raise PictureRefusedError(_NO_LINKS)
        return await self._take(self._links, url, _WRONG_LINK)

    def path(self, picture: Picture) -> Path:
        """Return where a kept picture lies, or would lie."""
        return self._directory / picture.file_name

    async def _take(self, fetcher: Fetcher, url: str, wrong_address: str) -> Picture:
        async with self._places[fetcher is self._links]:
            await self._check_disk()
            # Apart from what is kept, and gone with every way out of here.
            with WorkDirectory(self._directory) as work:
                try:
                    fetched = await fetcher.download(url, work)
                except FetchEmptyError as error:
                    raise PictureRefusedError(f"That file is empty. {FREE}") from error
                except FetchRefusedError as error:
                    raise self._refusal(error, wrong_address) from error
                return await self._make(fetched)

    async def _make(self, fetched: Downloaded) -> Picture:
        try:
            width, height = await asyncio.to_thread(header.measure, fetched.path, fetched.kind)
            self._check_size(width, height)
            return await self._studio.picture(
                fetched.path, self._directory, max_pixels=self._max_pixels
            )
        except BrokenFileError as error:
            raise PictureRefusedError(_BROKEN) from error
        except WorkerOverrunError as error:
            raise PictureRefusedError(_TOO_MUCH) from error
        except WorkerFailedError as error:
            raise FetchFailedError(f"not normalised: {error.reason}") from error

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._max_pixels:
            raise PictureRefusedError(
                f"That picture has {_mega(width * height)} megapixels and "
                f"{_mega(self._max_pixels)} is the most. Please make it smaller. {FREE}"
            )
        short, long = sorted((width, height))
        if long > LONGEST_SHAPE * short:
            raise PictureRefusedError(
                f"That picture is {width:,} by {height:,} pixels; one side may be at most "
                f"{LONGEST_SHAPE} times the other. Please crop it. {FREE}"
            )

    async def _check_disk(self) -> None:
        usage = await asyncio.to_thread(shutil.disk_usage, self._directory)
        if usage.free < self._min_free_bytes:
            raise FetchFailedError("the disk is nearly full")

    def _refusal(self, error: FetchRefusedError, wrong_address: str) -> PictureRefusedError:
        if error.why is Refusal.SIZE:
            return PictureRefusedError(
                f"That file is larger than {_mega(self._max_bytes)} MB, the most I take. "
                f"Please make it smaller. {FREE}"
            )
        sentences = {
            Refusal.KIND: _KINDS_TAKEN,
            Refusal.REDIRECT: _LEADS_ON,
            Refusal.ADDRESS: wrong_address,
        }
        return PictureRefusedError(sentences[error.why])


def _prepare(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep_leftovers(directory)


def _mega(number: int) -> str:
    """Write a number in millions, rounded up to a tenth: "40", "40.1"."""
    return f"{math.ceil(number / 100_000) / 10:,g}"
