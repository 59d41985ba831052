"""The file store: signed links that run out, and byte ranges for video players.

Links end in `?ex=&is=&hm=`: expiry and issue as hex seconds, and a signature. Source: "reference"
(signed attachment CDN URLs).
"""

import dataclasses
import hashlib
import hmac
import re
import secrets
import urllib.parse

from aiohttp import web

from playground.discord.types import Clock

LINK_LIFE_S = 24 * 3600
# Files of slash options and modals go away after a time that Discord does not tell.
EPHEMERAL_LIFE_S = 2 * 3600
# Links are issued on full minutes, so that a page asking twice may reuse what it has loaded.
_STEP_S = 60

_SIGNED = ("/attachments/", "/ephemeral-attachments/")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")
_GONE = "This content is no longer available."


@dataclasses.dataclass(slots=True)
class StoredFile:
    data: bytes
    content_type: str
    gone_at: float | None = None
    """When the store forgets it, on the injected clock; None for as long as its message."""


class Cdn:
    """Keeps files in memory. `origin` is set when the server knows its port."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.origin = ""
        self.ephemeral_life_s: float = EPHEMERAL_LIFE_S
        self.files: dict[str, StoredFile] = {}
        self._key = secrets.token_bytes(32)

    def routes(self) -> list[web.RouteDef]:
        """GET routes (HEAD comes with them) for all kinds of files."""
        return [
            web.get("/attachments/{channel}/{file}/{name}", self._signed),
            web.get("/ephemeral-attachments/{app}/{file}/{name}", self._signed),
            web.get("/emojis/{name}", self._open),
            web.get("/stickers/{name}", self._open),
            web.get("/external/{mark}/{address:.+}", self._open),
        ]

    def put(self, path: str, data: bytes, content_type: str, *, ephemeral: bool = False) -> None:
        """Store a file under its path ("/attachments/…")."""
        gone_at = self.clock.now() + self.ephemeral_life_s if ephemeral else None
        self.files[path] = StoredFile(data, content_type, gone_at)

    def forget(self, path: str) -> None:
        """Remove a file, as when its message is deleted."""
        self.files.pop(path, None)

    def sign(self, path: str) -> str:
        """Return the address of a stored file; an attachment's is good for a day of the clock."""
        if not path.startswith(_SIGNED):
            return self.origin + urllib.parse.quote(path)
        issued = int(self.clock.now()) // _STEP_S * _STEP_S
        expires = issued + LINK_LIFE_S
        quoted = urllib.parse.quote(path)
        mark = self._mark(path, f"{expires:x}", f"{issued:x}")
        return f"{self.origin}{quoted}?ex={expires:x}&is={issued:x}&hm={mark}&"

    def path_of(self, url: str) -> str | None:
        """Return the stored path behind one of our addresses, signed or not; None for others."""
        parts = urllib.parse.urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            return None
        path = urllib.parse.unquote(parts.path)
        return path if path in self.files else None

    def _mark(self, path: str, expires: str, issued: str) -> str:
        text = f"{path} {expires} {issued}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    async def _signed(self, request: web.Request) -> web.StreamResponse:
        path, query = request.path, request.query
        expires, issued = query.get("ex", ""), query.get("is", "")
        good = hmac.compare_digest(
            query.get("hm", "").encode(), self._mark(path, expires, issued).encode()
        )
        stored = self.files.get(path)
        if not good or stored is None or int(expires, 16) <= self.clock.now():
            return web.Response(status=404, text=_GONE)
        if stored.gone_at is not None and stored.gone_at <= self.clock.now():
            self.forget(path)
            return web.Response(status=404, text=_GONE)
        return _answer(request, stored)

    async def _open(self, request: web.Request) -> web.StreamResponse:
        stored = self.files.get(request.path)
        return _answer(request, stored) if stored else web.Response(status=404, text="Not Found")


def _answer(request: web.Request, stored: StoredFile) -> web.Response:
    size = len(stored.data)
    headers = {
        "Content-Type": stored.content_type,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=86400",
        "X-Content-Type-Options": "nosniff",
    }
    wanted = _RANGE.match(request.headers.get("Range", ""))
    if wanted is None or wanted[0] == "bytes=-":
        return web.Response(body=stored.data, headers=headers)
    first, last = wanted.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end or (not first and int(last) == 0):
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return web.Response(status=206, body=stored.data[start : end + 1], headers=headers)
