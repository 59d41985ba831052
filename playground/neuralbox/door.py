"""Where requests come in and answers go out: records, allowance, faults, headers.

One way leads in for the API and one for result files; both send through `_send`, so a scripted
fault looks the same on either.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from aiohttp import web

from playground.neuralbox.api import Api, Call, too_many
from playground.neuralbox.faults import Fault, Reply, Twist
from playground.neuralbox.files import ResultFiles
from playground.neuralbox.orders import UNREADABLE
from playground.neuralbox.problems import Answer, error_body
from playground.neuralbox.world import SeenRequest, World

BASE_PATH = "/api/v2"
LARGEST_BODY_BYTES = 4 * 1024 * 1024
_PLAIN = Reply()


@dataclass(slots=True)
class _Parcel:
    """An answer on its way out, as bytes."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Door:
    """The handlers that aiohttp calls."""

    def __init__(self, world: World, api: Api, files: ResultFiles) -> None:
        self._world = world
        self._api = api
        self._files = files
        self._lingering: set[asyncio.Future[None]] = set()
        self._is_closed = False

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(client_max_size=LARGEST_BODY_BYTES)
        app.router.add_route("*", BASE_PATH + "{path:/.*}", self.enter_api)
        app.router.add_get("/{folder:generations|thumbnails}/{name}", self.enter_files)
        return app

    def close(self) -> None:
        """Let everything that hangs go on at once."""
        self._is_closed = True
        for nap in self._lingering:
            nap.cancel()

    async def enter_api(self, request: web.Request) -> web.StreamResponse:
        """Record, count and answer one request to the API."""
        world = self._world
        raw = await request.read()
        body = _parsed(raw)
        seen = _seen(request, request.match_info["path"], body, world.clock.now())
        world.requests.append(seen)
        world.look_for_secrets(seen, f"{request.path_qs} {raw.decode(errors='replace')}")
        world.touch()
        has_key = request.headers.get("Authorization") == f"Bearer {world.key}"
        is_creation = (seen.method, seen.path) == ("POST", "/generate")
        counts = has_key and (is_creation or world.profile.count_polls)
        has_room = world.allowance.take() if counts else True
        fault = world.script.take(seen.method, seen.path, body)
        reply = fault.reply if fault and fault.reply else _PLAIN
        if is_creation and world.switches.lose_next_answer and reply is _PLAIN:
            world.switches.lose_next_answer = False
            reply = Reply(ending="drop")
        call = Call(
            seen.method,
            seen.path,
            seen.query,
            body,
            has_key,
            has_room,
            fault.twist if fault else Twist(),
        )
        await self._linger(reply.wait_before_s)
        if is_creation and reply.carried_out and world.profile.bad_picture == "refusal":
            call = replace(call, picture_problem=await self._files.picture_problem(body))
        parcel = self._answer(call, reply)
        await self._linger(reply.wait_after_s)
        if reply.has_allowance_headers:
            parcel.headers = {**world.allowance.headers(world.skew_s), **parcel.headers}
        return await self._send(request, parcel, reply, seen)

    async def enter_files(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for a clip or its preview, byte ranges included."""
        world = self._world
        seen = _seen(request, request.path, None, world.clock.now())
        world.file_requests.append(seen)
        world.touch()
        fault: Fault | None = world.script.take("GET", request.path, None)
        reply = fault.reply if fault and fault.reply else _PLAIN
        await self._linger(reply.wait_before_s)
        if world.switches.outage:
            reply = Reply(carried_out=False, status=503)
        path = None
        if reply.carried_out and reply.status is None:
            path = await self._files.find(request.match_info["folder"], request.match_info["name"])
        await self._linger(reply.wait_after_s)
        if path is not None and reply.ending == "answer":
            response = web.FileResponse(path, headers=self._dated(reply.headers))
            response.content_type = _file_type(request.path)
            seen.status = 200
            return response
        if path is not None:
            content = await asyncio.to_thread(path.read_bytes)
            parcel = _Parcel(200, content, _file_type(request.path))
        elif reply.status is not None:
            parcel = _scripted(reply)
        else:
            parcel = _Parcel(404, b"Not found\n", "text/plain")
        return await self._send(request, parcel, reply, seen)

    def _answer(self, call: Call, reply: Reply) -> _Parcel:
        world = self._world
        if world.switches.outage:
            return _parcel(Answer(503, error_body(503)))
        answer = self._api.answer(call) if reply.carried_out else None
        if reply.refuse is not None:
            window, retry_after_s = reply.refuse
            answer = too_many(world, window, retry_after_s)
        elif reply.status is not None:
            return _scripted(reply)
        if answer is None:
            return _Parcel(500, b"")  # never sent: the connection is closed instead
        if reply.edit is not None and isinstance(answer.body, dict):
            reply.edit(answer.body)
        parcel = _parcel(answer)
        parcel.headers |= reply.headers
        return parcel

    async def _send(
        self, request: web.Request, parcel: _Parcel, reply: Reply, seen: SeenRequest
    ) -> web.StreamResponse:
        headers = {**self._dated(parcel.headers), "Content-Type": parcel.content_type}
        if reply.ending in {"drop", "reset"}:
            _cut(request, reset=reply.ending == "reset")
            return web.Response()  # for aiohttp; its connection is gone
        seen.status = parcel.status
        if reply.ending in {"answer", "leave"}:
            response = web.Response(status=parcel.status, body=parcel.body, headers=headers)
            if reply.ending == "leave":
                await response.prepare(request)
                await response.write_eof()
                _cut(request)
            return response
        stream = web.StreamResponse(status=parcel.status, headers=headers)
        stream.content_length = len(parcel.body)
        await stream.prepare(request)
        if reply.ending == "half":
            await stream.write(parcel.body[: len(parcel.body) // 2])
            _cut(request)
            return stream
        for byte in parcel.body:
            await self._linger(reply.drip_s / len(parcel.body))
            await stream.write(bytes([byte]))
        return stream

    def _dated(self, headers: Mapping[str, str]) -> dict[str, str]:
        # Clients measure how far their clock is off by this header, so it is this clock's.
        now = int(self._world.clock.now() + self._world.skew_s)
        return {"Date": formatdate(now, usegmt=True), **headers}

    async def _linger(self, seconds: float) -> None:
        if seconds <= 0 or self._is_closed:
            return
        nap = asyncio.ensure_future(self._world.clock.sleep(seconds))
        self._lingering.add(nap)
        try:
            await asyncio.wait({nap})
        finally:
            nap.cancel()
            self._lingering.discard(nap)


def _seen(request: web.Request, path: str, body: Any, at: float) -> SeenRequest:
    return SeenRequest(
        method=request.method,
        path=path,
        query=dict(request.query),
        headers=dict(request.headers),
        json=None if body is UNREADABLE else body,
        at=at,
    )


def _parsed(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return UNREADABLE


def _parcel(answer: Answer) -> _Parcel:
    body = json.dumps(answer.body).encode()
    return _Parcel(answer.status, body, headers=dict(answer.headers))


def _scripted(reply: Reply) -> _Parcel:
    status = reply.status or 500
    body = json.dumps(error_body(status)).encode() if reply.body is None else reply.body
    return _Parcel(status, body, reply.content_type, dict(reply.headers))


def _file_type(path: str) -> str:
    return "video/mp4" if path.startswith("/generations/") else "image/jpeg"


def _cut(request: web.Request, *, reset: bool = False) -> None:
    transport = request.transport
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    # With nothing left to linger for, closing sends a reset instead of an orderly end.
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
