"""Image-to-video: the start image is fetched by its address, and the clip begins with it."""

import asyncio
import hashlib
import io
import math
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from PIL import Image, ImageDraw

from playground.clock import FakeClock
from playground.neuralbox import faults
from tests.playground.neuralbox.support import Caller, decoded


def _picture(size: tuple[int, int] = (640, 360), kind: str = "PNG") -> bytes:
    picture = Image.new("RGB", size, (200, 90, 40))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((size[0] * 0.3, size[1] * 0.2, size[0] * 0.6, size[1] * 0.8), (40, 80, 220))
    pen.rectangle((0, size[1] * 0.7, size[0], size[1]), (30, 120, 60))
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


class Gallery:
    """Serves what it is given at /{name}, once the gate is open."""

    def __init__(self) -> None:
        self.shown: dict[str, bytes] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.was_asked = asyncio.Event()
        self.origin = ""

    async def show(self, request: web.Request) -> web.Response:
        self.was_asked.set()
        await self.gate.wait()
        content = self.shown.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)


@pytest.fixture
async def gallery() -> AsyncIterator[Gallery]:
    gallery = Gallery()
    app = web.Application()
    app.router.add_get("/{name}", gallery.show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gallery.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield gallery
    gallery.gate.set()
    await runner.cleanup()


async def _until_loaded(caller: Caller, generation_id: str) -> None:
    generation = caller.box.generations[generation_id]
    await caller.box.wait_until(lambda: generation.picture != "loading")


async def _frames(caller: Caller, generation_id: str) -> list[Image.Image]:
    url = f"{caller.box.origin}/generations/{generation_id}.mp4"
    got = await caller.call("GET", url, key=None)
    assert got.status == 200
    return decoded(got.content)


def _psnr_db(one: Image.Image, other: Image.Image) -> float:
    pairs = zip(one.convert("L").tobytes(), other.convert("L").tobytes(), strict=True)
    error = sum((a - b) ** 2 for a, b in pairs) / (one.width * one.height)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_the_clip_begins_with_the_picture_and_then_moves(
    caller: Caller, clock: FakeClock, gallery: Gallery, kind: str
) -> None:
    gallery.shown["boat"] = content = _picture(kind=kind)
    caller.box.script(faults.wait(5))
    created = await caller.create("it begins to sail", image_url=f"{gallery.origin}/boat?ex=1")
    name = str(created["id"])
    await _until_loaded(caller, name)
    await clock.advance(5)
    generation = caller.box.generations[name]
    assert generation.status == "completed"
    assert generation.picture_sha256 == hashlib.sha256(content).hexdigest()
    assert generation.picture_bytes == len(content)
    frames = await _frames(caller, name)
    with Image.open(io.BytesIO(content)) as picture:
        expected = picture.convert("RGB").resize((320, 180), Image.Resampling.LANCZOS)
    assert _psnr_db(frames[0], expected) > 38
    assert _psnr_db(frames[60], expected) < 25


async def test_a_picture_of_another_shape_is_cut_to_the_ratio(
    caller: Caller, clock: FakeClock, gallery: Gallery
) -> None:
    gallery.shown["tall"] = _picture((300, 900))
    caller.box.script(faults.wait(5))
    created = await caller.create(
        image_url=f"{gallery.origin}/tall", params={"aspect_ratio": "1:1"}
    )
    await _until_loaded(caller, str(created["id"]))
    await clock.advance(5)
    frames = await _frames(caller, str(created["id"]))
    assert frames[0].size == (180, 180)


async def test_a_generation_waits_for_its_picture_and_still_ends_at_its_own_instant(
    caller: Caller, clock: FakeClock, gallery: Gallery
) -> None:
    gallery.shown["boat"] = _picture()
    gallery.gate.clear()
    caller.box.script(faults.wait(30))
    created = await caller.create(image_url=f"{gallery.origin}/boat")
    path = f"/generate/{created['id']}"
    await clock.advance(100)
    assert (await caller.get(path)).json["status"] == "pending"
    assert caller.box.charged_total == 0
    gallery.gate.set()
    await _until_loaded(caller, str(created["id"]))
    done = (await caller.get(path)).json
    assert (done["status"], done["processing_ms"]) == ("completed", 30_000)
    assert caller.box.charged_total == 44


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere", "Provider error: the start image could not be loaded (HTTP 404)"),
        ("words", "Provider error: the start image could not be read"),
        ("half", "Provider error: the start image could not be read"),
        ("empty", "Provider error: the start image could not be read"),
        ("webp", "Provider error: the start image must be PNG or JPEG"),
        ("gif", "Provider error: the start image must be PNG or JPEG"),
    ],
)
async def test_a_picture_that_cannot_be_used_fails_the_generation_for_free(
    caller: Caller, gallery: Gallery, name: str, sentence: str
) -> None:
    gallery.shown |= {"words": b"no picture at all", "half": _picture()[:200], "empty": b""}
    gallery.shown |= {"webp": _picture(kind="WEBP"), "gif": _picture(kind="GIF")}
    created = await caller.create(image_url=f"{gallery.origin}/{name}")
    await _until_loaded(caller, str(created["id"]))
    got = (await caller.get(f"/generate/{created['id']}")).json
    assert (got["status"], got["error"], got["tokens_spent"]) == ("failed", sentence, 0)
    assert caller.box.balance == 1500


async def test_an_address_where_nobody_listens_fails_the_generation(caller: Caller) -> None:
    for url in ("http://127.0.0.1:1/boat.png", "https://nobody.invalid/boat"):
        created = await caller.create(image_url=url)
        await _until_loaded(caller, str(created["id"]))
        got = (await caller.get(f"/generate/{created['id']}")).json
        assert got["error"] == "Provider error: the start image could not be loaded"


async def test_too_large_a_picture_is_refused(
    caller: Caller, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.neuralbox.pictures.LARGEST_BYTES", 1000)
    gallery.shown["bytes"] = _picture()
    created = await caller.create(image_url=f"{gallery.origin}/bytes")
    await _until_loaded(caller, str(created["id"]))
    assert caller.box.generations[str(created["id"])].error == (
        "Provider error: the start image is too large"
    )
    monkeypatch.setattr("playground.neuralbox.pictures.LARGEST_BYTES", 10**7)
    monkeypatch.setattr("playground.neuralbox.pictures.LARGEST_PIXELS", 1000)
    created = await caller.create(image_url=f"{gallery.origin}/bytes")
    await _until_loaded(caller, str(created["id"]))
    assert caller.box.generations[str(created["id"])].error == (
        "Provider error: the start image has too many pixels"
    )


async def test_stopping_does_not_wait_for_a_picture_and_a_restart_asks_again(
    caller: Caller, clock: FakeClock, gallery: Gallery
) -> None:
    gallery.shown["boat"] = _picture()
    gallery.gate.clear()
    created = await caller.create(image_url=f"{gallery.origin}/boat")
    async with asyncio.timeout(5):
        await gallery.was_asked.wait()
    async with asyncio.timeout(3):
        await caller.box.stop()
    gallery.gate.set()
    await caller.box.start()
    await _until_loaded(caller, str(created["id"]))
    await clock.advance(90)
    assert caller.box.generations[str(created["id"])].status == "completed"
