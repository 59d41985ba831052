"""Who may use the play API: the page this server itself gave out, and nobody else.

The playground listens on loopback, where every web page in the same browser can reach it too. Two
checks keep them out: the name in Host must be the server's own (a name somebody else points at
127.0.0.1 does not pass), and whatever changes something must carry the page's own Origin, which a
browser adds by itself to every POST and WebSocket.
"""

from collections.abc import Callable

from aiohttp import web

_POLICY = (
    "default-src 'self'; media-src 'self'; img-src 'self' data:; connect-src 'self' {socket}; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def contain_files(request: web.Request, response: web.StreamResponse) -> None:
    """Take every right from an uploaded file that somebody opens in a tab of its own.

    Files are served from the page's origin; without this an uploaded .html could press buttons.
    Pictures and videos inside the page are not affected.
    """
    if not request.path.startswith(("/api/", "/gateway")):
        response.headers.setdefault("Content-Security-Policy", "sandbox")


class Guard:
    """Holds requests against the server's own origin, which is known once it listens."""

    def __init__(self, origin: Callable[[], str]) -> None:
        self._origin = origin

    @property
    def origin(self) -> str:
        """Scheme, host and port under which the page is served."""
        return self._origin()

    def headers(self) -> dict[str, str]:
        """Return the headers of the page's own files: what the page may load, and from where."""
        # Not every browser counts a WebSocket to the same host as 'self'.
        socket = self.origin.replace("http:", "ws:", 1)
        return {
            "Content-Security-Policy": _POLICY.format(socket=socket),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        }

    def is_own_host(self, request: web.Request) -> bool:
        """Tell whether the request was addressed to this server by its own name."""
        return request.host == self.origin.partition("://")[2]

    def check_read(self, request: web.Request) -> None:
        """Raise 403 for a request under another name (DNS rebinding)."""
        if not self.is_own_host(request):
            raise web.HTTPForbidden(text="This playground is only open to its own page.")

    def check_write(self, request: web.Request) -> None:
        """Raise 403 unless the request comes from the page itself."""
        self.check_read(request)
        if request.headers.get("Origin") != self.origin:
            raise web.HTTPForbidden(text="This playground is only open to its own page.")
