"""Files from the vendor's storage, Discord or a member's link to our disk, past every guard.

The address is a stranger's word: it chooses neither the host, nor the network, nor the name on
our disk, nor how much of it is filled.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver

from crashpoints import reach
from media import guard
from media.errors import (
    FetchEmptyError,
    FetchFailedError,
    FetchGoneError,
    FetchRefusedError,
    Refusal,
)
from media.origins import ResultOrigins
from media.partfile import PartFile
from media.sniff import HEAD_BYTES, Kind, sniff

MAX_BYTES = 500 * 1024 * 1024
TIMEOUT_S = 300.0
CONNECT_TIMEOUT_S = 10.0
CHUNK_BYTES = 64 * 1024
# A hop to a thread costs about as much as copying this much, so smaller writes would be all hops.
WRITE_BYTES = 1024 * 1024
HEADER_LINE_BYTES = 8 * 1024
HEADERS_MOST = 64
GONE = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A complete file on the disk; `kind` is what its bytes are, `sha256` is hex."""

    path: Path
    size_bytes: int
    kind: Kind
    sha256: str


class Fetcher:
    """Downloads from the listed origins, as an async context manager.

    `origins` are like `https://storage.example.com`: https on port 443, or any scheme and port on
    a loopback address in numbers. Raises ValueError, naming it, for any other. `any_public` takes
    every https address on port 443 too, as long as its socket leads to the public network.
    `kinds` are the kinds of file it keeps.
    """

    def __init__(
        self,
        origins: Collection[str],
        *,
        max_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
        user_agent: str = "Reelbox",
        kinds: Collection[Kind] = tuple(Kind),
        any_public: bool = False,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._origins = ResultOrigins.parse(origins, any_public=any_public)
        self._kinds = frozenset(kinds)
        self._resolver = resolver
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._user_agent = user_agent
        self._public: aiohttp.ClientSession | None = None
        self._local: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Apart, so that no public name can lead to the local server by resolving to loopback.
        self._public = self._open(
            aiohttp.TCPConnector(socket_factory=guard.public_only, resolver=self._resolver)
        )
        local_only = guard.only(self._origins.loopback)
        self._local = self._open(aiohttp.TCPConnector(socket_factory=local_only))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for session in (self._local, self._public):
            if session is not None:
                await session.close()

    def takes(self, url: str) -> bool:
        """Say whether this address is on one of the listed origins."""
        try:
            self._origins.check(url)
        except FetchRefusedError:
            return False
        return True

    async def download(self, url: str, to: Path) -> Downloaded:
        """Fetch one file and return it once it is durable on the disk. Safe to repeat.

        `to` is a directory, where the file gets a random name with the suffix of its kind, or the
        file's own path, which is replaced. A failure leaves nothing behind. Raises
        FetchRefusedError (never again), FetchGoneError (ask for a fresh address), FetchFailedError
        (later); OSError when our own disk is the trouble.
        """
        address, is_local = self._origins.check(url)
        session = self._local if is_local else self._public
        if session is None or session.closed:
            raise FetchFailedError("the downloader is not open")
        reach("before download")
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                # The same file may not come compressed: it would gain nothing but bombs.
                session.get(
                    address, allow_redirects=False, headers={"Accept-Encoding": "identity"}
                ) as response,
            ):
                self._check_head(response)
                done = await self._save(response, to)
                reach("after download")
                return done
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, guard.AddressRefusedError):
                raise FetchRefusedError(
                    "the host's address is not public", why=Refusal.ADDRESS
                ) from error
            raise FetchFailedError(f"no connection: {error.strerror}") from error
        except aiohttp.InvalidURL as error:
            raise FetchRefusedError("not a web address", why=Refusal.ADDRESS) from error
        except TimeoutError as error:
            raise FetchFailedError(f"not complete in {self._timeout_s:g} s") from error
        except aiohttp.ClientError as error:
            raise FetchFailedError(f"connection lost: {type(error).__name__}") from error

    def _open(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={"User-Agent": self._user_agent},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            max_line_size=HEADER_LINE_BYTES,
            max_field_size=HEADER_LINE_BYTES,
            max_headers=HEADERS_MOST,
        )

    def _check_head(self, response: aiohttp.ClientResponse) -> None:
        status = response.status
        if 300 <= status <= 399:
            raise FetchRefusedError(
                "a redirect, which is never followed", why=Refusal.REDIRECT, status=status
            )
        if status in GONE:
            raise FetchGoneError(f"the storage answers {status}", status=status)
        if status != 200:
            raise FetchFailedError(f"the storage answers {status}", status=status)
        if response.content_length is not None and response.content_length > self._max_bytes:
            raise self._too_large(status)

    async def _save(self, response: aiohttp.ClientResponse, to: Path) -> Downloaded:
        async with aclosing(self._blocks(response)) as blocks:
            first = await anext(blocks, b"")
            if not first:
                raise FetchEmptyError("an empty file", status=response.status)
            kind = sniff(first[:HEAD_BYTES])
            if kind is None or kind not in self._kinds:
                raise FetchRefusedError(
                    "not a kind of file that we take", why=Refusal.KIND, status=response.status
                )
            into_directory = await asyncio.to_thread(to.is_dir)
            target = to / f"{secrets.token_hex(16)}{kind.suffix}" if into_directory else to
            with PartFile(target.parent) as part:
                await asyncio.to_thread(part.write, first)
                async for block in blocks:
                    await asyncio.to_thread(part.write, block)
                sha256 = await asyncio.to_thread(part.keep, target)
                return Downloaded(target, part.size_bytes, kind, sha256)

    async def _blocks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        """Yield the decoded body in blocks worth a write, and stop it at the cap."""
        seen, block = 0, bytearray()
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            seen += len(chunk)
            if seen > self._max_bytes:
                response.close()
                raise self._too_large(response.status)
            block += chunk
            if len(block) >= WRITE_BYTES:
                yield bytes(block)
                block.clear()
        if block:
            yield bytes(block)

    def _too_large(self, status: int) -> FetchRefusedError:
        reason = f"larger than {self._max_bytes} bytes"
        return FetchRefusedError(reason, why=Refusal.SIZE, status=status)
