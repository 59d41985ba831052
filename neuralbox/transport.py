"""One HTTP exchange with NeuralBox: out with the key to one origin, back as bounded bytes.

aiohttp's exceptions end here. Two sessions, because a creation must not meet a connection the
server is just closing: it gets a fresh one each time, while reads keep theirs alive.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Literal, Self

import aiohttp
from yarl import URL

from crashpoints import reach
from neuralbox.errors import NoAnswerError, NotSentError, UnexpectedReplyError

BODY_CAP_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
HEADER_LINE_BYTES = 8 * 1024
HEADERS_MOST = 64
SHORTEST_SECRET = 8
CONNECT_TIMEOUT_S = 10.0

_KEY = re.compile(r"[!-~]{1,512}")
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. The key is cut out of the body, should it have been echoed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Say whether the status is any 2xx; the exact one of a creation is unpublished."""
        return 200 <= self.status <= 299


class Transport:
    """The two sessions, as an async context manager.

    `on_sent` is called each time a request's head is written, so also for the repeat that aiohttp
    itself makes of a GET whose connection broke. `on_head` sees the headers of every answer.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        user_agent: str,
        on_sent: Callable[[], None],
        on_head: Callable[[Mapping[str, str]], None],
    ) -> None:
        self._base = checked_base(base_url)
        if not _KEY.fullmatch(key):
            raise ValueError("the NeuralBox key must be printable ASCII without spaces")
        self._key = key
        self._user_agent = user_agent
        self._on_sent = on_sent
        self._on_head = on_head
        self._reads: aiohttp.ClientSession | None = None
        self._creations: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._reads = self._open(force_close=False)
        self._creations = self._open(force_close=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for session in (self._creations, self._reads):
            if session is not None:
                await session.close()

    async def exchange(
        self,
        method: Literal["GET", "POST"],
        *path: str,
        timeout_s: float,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        is_creation: bool = False,
    ) -> Reply:
        """Send one request below the base address and return the complete answer.

        `timeout_s` is the one deadline over everything, so a dripping body ends there too. Raises
        NotSentError (certainly nothing left), NoAnswerError (anything may have happened) and
        UnexpectedReplyError (not HTTP as we accept it, or a body above the cap).
        """
        session = self._creations if is_creation else self._reads
        if session is None or session.closed:
            raise NotSentError("the client is not open")
        url = self._address(path, query)
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        # Well below the deadline, so that a dead network is told apart from a silent server.
        connect_s = min(CONNECT_TIMEOUT_S, timeout_s / 2)
        limits = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s)
        where = f"neuralbox {method} {url.path}"
        reach("before", where)
        try:
            async with (
                asyncio.timeout(timeout_s),
                session.request(
                    method, url, data=body, headers=headers, timeout=limits, allow_redirects=False
                ) as response,
            ):
                self._on_head(response.headers)
                reply = Reply(response.status, response.headers, await self._read(response))
                reach("after", where)
                return reply
        # Raised by the connector only, before a byte of the request. These come first: both are
        # subclasses of what a connection lost later raises.
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(f"no connection: {error}") from error
        except TimeoutError as error:
            raise NoAnswerError(f"no complete answer in {timeout_s:g} s") from error
        except aiohttp.ClientResponseError as error:
            raise UnexpectedReplyError(f"not readable as HTTP: {error.message}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswerError(f"connection lost: {type(error).__name__}") from error

    def _open(self, *, force_close: bool) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._count)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=force_close),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={"User-Agent": self._user_agent},
            max_line_size=HEADER_LINE_BYTES,
            max_field_size=HEADER_LINE_BYTES,
            max_headers=HEADERS_MOST,
            trace_configs=[trace],
        )

    async def _count(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        self._on_sent()
        reach("sent", f"neuralbox {params.method} {params.url.path}")

    def _address(self, path: tuple[str, ...], query: Mapping[str, str] | None) -> URL:
        if not all(_SEGMENT.fullmatch(segment) for segment in path):
            raise NotSentError("a part of the path is not a plain word")
        url = self._base.joinpath(*path).with_query(query)
        if url.origin() != self._base.origin() or not url.path.startswith(self._base.path):
            raise NotSentError("the address leaves the configured one")
        return url

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        # Chunks are decoded already: the cap holds for what a compressed body unpacks to.
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            body += chunk
            if len(body) > BODY_CAP_BYTES:
                response.close()
                raise UnexpectedReplyError(
                    f"a body above {BODY_CAP_BYTES} bytes", status=response.status
                )
        # Shorter ones are made up, and could be part of a number.
        secret = self._key.encode() if len(self._key) >= SHORTEST_SECRET else b""
        return bytes(body).replace(secret, b"[key]") if secret else bytes(body)


def checked_base(base_url: str) -> URL:
    """Return the base address; raises ValueError unless it is fit to be sent the key.

    https, or http to this very machine; no user, query or fragment; a trailing slash is dropped.
    """
    url = URL(base_url)
    if not url.host or url.user or url.password or url.query_string or url.fragment:
        raise ValueError("the NeuralBox address must be a plain https address")
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        raise ValueError("the NeuralBox address must begin with https://")
    return url.with_path(url.path.rstrip("/"))
