"""A socket on this machine that nothing of ours may ever reach."""

import asyncio
import socket
import ssl
import struct
from types import TracebackType
from typing import Self


class Canary:
    """Listens on a free loopback port, counts connections and keeps what they say.

    With `resets` it breaks each connection off after hearing it, instead of answering. With `tls`
    it hears only who believes its certificate.
    """

    def __init__(self, *, resets: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self.resets, self.tls = resets, tls
        self.port = 0
        self.hits = 0
        self.heard = b""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hits += 1
        self.heard += await reader.read(65_536)
        if self.resets:
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nGIF8")
        writer.close()
