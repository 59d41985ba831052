"""The page's own files: index.html, style sheets, modules and the icon."""

from pathlib import Path

from aiohttp import web

from playground.page.guard import Guard

STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def file_routes(guard: Guard) -> list[web.RouteDef]:
    """Return a route for each file there is; a path that names no file reaches nothing."""
    known = {
        path.relative_to(STATIC).as_posix(): path
        for path in STATIC.rglob("*")
        if path.suffix in _TYPES
    }

    async def index(request: web.Request) -> web.Response:
        if not guard.is_own_host(request):
            # "localhost" is a name people type; videos come from the address the bot was given.
            raise web.HTTPFound(f"{guard.origin}/")
        return _answer(known["index.html"], guard)

    def route(name: str, path: Path) -> web.RouteDef:
        async def handle(request: web.Request) -> web.Response:
            return _answer(path, guard)

        return web.get(f"/page/{name}", handle)

    return [web.get("/", index), *(route(name, path) for name, path in sorted(known.items()))]


def _answer(path: Path, guard: Guard) -> web.Response:
    # Read at each request, a few kilobytes, so that a change shows at the next reload.
    return web.Response(
        body=path.read_bytes(),
        content_type=_TYPES[path.suffix],
        charset="utf-8",
        headers=guard.headers(),
    )
