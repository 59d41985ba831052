"""Faults to order: what the next matching request to the REST API meets."""

import asyncio
import dataclasses
import re

from playground.discord.types import Json


@dataclasses.dataclass(slots=True)
class Fault:
    """See fault()."""

    method: str
    path: re.Pattern[str]
    status: int | None
    body: Json | str | None
    times: int
    after_effect: bool
    delay: float
    hold: float
    until: asyncio.Event | None
    drop: bool
    headers: dict[str, str]
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("*", method) and bool(self.path.search(path))


def fault(
    method: str,
    path_regex: str,
    *,
    status: int | None = None,
    body: Json | str | None = None,
    times: int = 1,
    after_effect: bool = False,
    delay: float = 0.0,
    hold: float = 0.0,
    until: asyncio.Event | None = None,
    drop: bool = False,
    headers: dict[str, str] | None = None,
) -> Fault:
    """Describe a fault of the next `times` requests whose method ("*": any) and path match.

    The path is searched, without "/api/v10". `delay` seconds (real) pass first. Then `drop` cuts
    the connection, or `status` with `body` (JSON, or text sent as HTML) is answered; with neither
    the request goes on as usual. `after_effect` lets the request do its work before that: the
    message exists although the bot is told otherwise; then `hold` seconds (real) pass, and
    `until` is waited for, before the bot is told anything. A 429 gets the headers Discord sends
    with it, waiting `body["retry_after"]` seconds (default 0.1).
    """
    if status == 429 and not isinstance(body, str):
        told = {"message": "You are being rate limited.", "code": 0}
        body = told | {"retry_after": 0.1, "global": False} | (body or {})
    elif status is not None and body is None:
        body = {"message": f"{status}: scripted", "code": 0}
    return Fault(
        method.upper(),
        re.compile(path_regex),
        status,
        body,
        times,
        after_effect,
        delay,
        hold,
        until,
        drop,
        headers or {},
    )


class FaultScript:
    """The faults still to come, in the order they were given."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        self.faults.extend(faults)

    def clear(self) -> None:
        self.faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for this request and use it up by one."""
        for one in self.faults:
            if one.matches(method, path):
                one.times -= 1
                one.hits += 1
                if one.times <= 0:
                    self.faults.remove(one)
                return one
        return None
