"""A web host on loopback that serves exactly the bytes it is told, headers and lies included."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self


class Shelf:
    """Serves what was put on it; `hits` counts all requests."""

    def __init__(self) -> None:
        self.origin = ""
        self.hits = 0
        self._answers: dict[str, bytes] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
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

    def put(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        status: int = 200,
        name: str = "picture.png",
    ) -> str:
        """Return the address of a body; `headers` come in place of the honest ones."""
        path = f"/{len(self._answers)}/{name}"
        told = {"Content-Length": str(len(body)), "Content-Type": "image/png", **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        head = f"HTTP/1.1 {status} Here\r\nConnection: close\r\n{lines}\r\n"
        self._answers[path] = head.encode() + body
        return self.origin + path

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hits += 1
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            writer.write(self._answers[request.split()[1].decode()])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # it has heard enough
        finally:
            writer.close()
