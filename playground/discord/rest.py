"""The REST API's outside: authorisation, rate limits, scripted faults, errors, and the record.

One catch-all handler walks a small table of routes, so that limits are counted by route and
whatever is asked for beyond the table is noticed (`unknown_route` in the event log).
"""

import asyncio
import dataclasses
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from playground.discord.errors import ApiError, refusal
from playground.discord.events import EventLog
from playground.discord.faults import Fault, FaultScript
from playground.discord.ratelimit import Rate, RateLimits, Verdict
from playground.discord.types import Json
from playground.discord.uploads import Body, read_body
from playground.record import Recorder

_VERSION = re.compile(r"/api/v(\d+)(/.*)\Z")
# Real answers pass a proxy; client libraries take a 429 without this for a ban.
_VIA = {"Via": "1.1 google"}
_BAN_PAGE = "<html><body>error code: 1015</body></html>"


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """A route's answer. `data` None sends no body."""

    data: Any = None
    status: int = 200


NO_CONTENT = Reply(None, 204)


@dataclasses.dataclass(slots=True)
class Call:
    """One request as a route sees it. `ids` are the path's parts, in order."""

    method: str
    path: str
    ids: tuple[str, ...]
    query: dict[str, str]
    body: Body

    def number(self, index: int) -> int:
        return int(self.ids[index])

    @property
    def json(self) -> Any:
        return self.body.payload


Handler = Callable[[Call], Awaitable[Reply]]


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """One row of the table.

    `major` says how many leading ids its rate limit is counted by; `rate` None means no limit.
    """

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    rate: Rate | None
    major: int
    by_token: bool


def route(
    method: str,
    template: str,
    handler: Handler,
    rate: Rate | None,
    *,
    major: int = 0,
    by_token: bool = False,
) -> Route:
    """Describe a route: "{id}" stands for a snowflake, "{token}" for any text.

    `by_token` routes carry their own token in the path: they need no authorisation and do not
    count towards the bot's global limit.
    """
    pattern = re.escape(template).replace(r"\{id\}", r"(\d{1,20})").replace(r"\{token\}", "([^/]+)")
    return Route(method, re.compile(pattern + r"\Z"), handler, rate, major, by_token)


class RestApi:
    """Serves the API's routes."""

    def __init__(
        self,
        routes: list[Route],
        token: str,
        limits: RateLimits,
        faults: FaultScript,
        log: EventLog,
        recorder: Recorder | None,
    ) -> None:
        self.routes = routes
        self.token = token
        self.limits = limits
        self.faults = faults
        self.log = log
        self.recorder = recorder
        self.requests = 0
        self.unanswered: set[int] = set()
        """The numbers of those that are not answered yet, the first one being 1."""
        self.down = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to /api/…"""
        self.requests += 1
        number = self.requests
        self.unanswered.add(number)
        try:
            return await self._handle(request)
        finally:
            self.unanswered.discard(number)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method, path = request.method, request.path
        fault = self.faults.take(method, re.sub(r"\A/api/v\d+", "", path))
        body = Body(content_type=request.content_type)
        try:
            body = await read_body(request)
        except ApiError as error:
            return self._send(request, body, error.status, error.body, error.headers)
        if fault is None:
            return self._send(request, body, *await self._serve(request, body))
        return await self._serve_faulty(request, body, fault)

    async def _serve_faulty(
        self, request: web.Request, body: Body, fault: Fault
    ) -> web.StreamResponse:
        await asyncio.sleep(fault.delay)
        scripted = fault.drop or fault.status is not None
        if not scripted or fault.after_effect:
            answer = await self._serve(request, body)
            await asyncio.sleep(fault.hold)
            if fault.until is not None:
                await fault.until.wait()
            if not scripted:
                return self._send(request, body, *answer)
        if fault.drop:
            self._record(request, body, None, None)
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        status, data, headers = fault.status or 500, fault.body, dict(fault.headers)
        if isinstance(data, dict) and status == 429:
            headers = _scripted_429(data) | headers
        return self._send(request, body, status, data, headers)

    async def _serve(self, request: web.Request, body: Body) -> tuple[int, Any, dict[str, str]]:
        if self.down:
            return 503, "<html><body>upstream connect error</body></html>", {}
        if self.limits.on and self.limits.banned:
            return 429, _BAN_PAGE, {}
        versioned = _VERSION.match(request.path)
        if versioned is None or versioned[1] not in ("9", "10"):
            error = refusal("bad_api_version")
            return error.status, error.body, {}
        headers: dict[str, str] = {}
        try:
            found, ids = self._find(request.method, versioned[2])
            if not found.by_token and request.headers.get("Authorization") != f"Bot {self.token}":
                raise refusal("unauthorized")
            verdict = self._limit(found, ids)
            headers = verdict.headers
            if verdict.retry_after_s is not None:
                return 429, _limited(verdict), headers | _VIA
            call = Call(request.method, versioned[2], ids, dict(request.query), body)
            reply = await found.handler(call)
        except ApiError as error:
            return error.status, error.body, headers | error.headers
        return reply.status, reply.data, headers

    def _limit(self, found: Route, ids: tuple[str, ...]) -> Verdict:
        if found.rate is None:
            return Verdict({})
        # All requests of an interaction's token share one window.
        place = ids[1] if found.by_token else "/".join(ids[: found.major])
        return self.limits.take(found.rate, place, counts_globally=not found.by_token)

    def _find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        known_path = False
        for one in self.routes:
            matched = one.pattern.match(path)
            if matched is not None and one.method == method:
                return one, matched.groups()
            known_path = known_path or matched is not None
        self.log.add("unknown_route", method=method, path=path)
        raise refusal("method_not_allowed" if known_path else "not_found")

    def _send(
        self, request: web.Request, body: Body, status: int, data: Any, headers: dict[str, str]
    ) -> web.Response:
        self.limits.note_answer(status)
        self._record(request, body, status, data)
        headers = {k: v for k, v in headers.items() if v} | (_VIA if status < 400 else {})
        if data is None:
            return web.Response(status=status, headers=headers)
        if isinstance(data, str):
            return web.Response(status=status, text=data, content_type="text/html", headers=headers)
        # Exactly this type: with a charset behind it, client libraries take the body for text.
        return web.Response(
            status=status,
            body=json.dumps(data, separators=(",", ":")).encode(),
            content_type="application/json",
            headers=headers,
        )

    def _record(self, request: web.Request, body: Body, status: int | None, data: Any) -> None:
        if self.recorder is None:
            return
        self.recorder.write(
            {
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "ctype": body.content_type if body.payload is not None else "",
                "payload": body.payload,
                "files": body.described_files(),
                "status": status,
                "response": None if isinstance(data, str) else data,
            }
        )


def _limited(verdict: Verdict) -> Json:
    return {
        "message": "You are being rate limited.",
        "code": 0,
        "retry_after": verdict.retry_after_s,
        "global": verdict.everywhere,
    }


def _scripted_429(body: Json) -> dict[str, str]:
    wait = float(body.get("retry_after", 0))
    scope = {"X-RateLimit-Global": "true"} if body.get("global") else {}
    return _VIA | scope | {"Retry-After": str(int(wait) + 1), "X-RateLimit-Scope": "shared"}
