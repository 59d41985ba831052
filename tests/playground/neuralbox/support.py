"""A plain client for the local NeuralBox: it says what came back and thinks nothing of it."""

import contextlib
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import av
from PIL import Image

from playground.clock import FakeClock
from playground.neuralbox import LocalNeuralBox, Profile

SMALL = 1 / 6  # 320x180 for 16:9


@dataclass(frozen=True, slots=True)
class Got:
    """An answer: its code, its JSON (or None) and its headers."""

    status: int
    json: Any
    headers: Mapping[str, str]
    content: bytes


@dataclass(slots=True)
class Caller:
    """Speaks to one box with one key."""

    box: LocalNeuralBox
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        raw: bytes | None = None,
        key: str | None = "nb_local_key",
        headers: Mapping[str, str] | None = None,
    ) -> Got:
        """Send one request to a path below the API's base, or to a whole address."""
        url = path if path.startswith("http") else self.box.base_url + path
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        async with self.session.request(method, url, data=data, headers=sent) as response:
            content = await response.read()
            is_json = response.content_type == "application/json"
            parsed = json.loads(content) if is_json else None
            return Got(response.status, parsed, response.headers, content)

    async def get(self, path: str) -> Got:
        """GET, with the key."""
        return await self.call("GET", path)

    async def post(self, path: str, body: object = None) -> Got:
        """POST JSON, with the key."""
        return await self.call("POST", path, body=body)

    async def create(self, prompt: str = "a paper boat", **more: object) -> Any:
        """Create a kling-v2.1 generation unless told otherwise; return the answer's JSON."""
        got = await self.post("/generate", {"model": "kling-v2.1", "prompt": prompt, **more})
        assert got.status == 200, got
        return got.json


def decoded(content: bytes) -> list[Image.Image]:
    """Return every frame of a clip."""
    with av.open(io.BytesIO(content), "r") as container:
        frames = container.decode(video=0)
        return [frame.to_image() for frame in frames]  # type: ignore[no-untyped-call]  # PyAV's


@contextlib.asynccontextmanager
async def running_box(
    profile: Profile | None = None, *, clock: FakeClock | None = None, **options: Any
) -> AsyncIterator[Caller]:
    """Start a box with small clips on a clock that stands still."""
    settings = {"media_scale": SMALL, **options}
    box = LocalNeuralBox(clock or FakeClock(), profile=profile, **settings)
    await box.start()
    try:
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            yield Caller(box, session)
    finally:
        await box.stop()
