"""What an `image_url` must be, what the service may say instead, and what it must never be told."""

import io
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from PIL import Image

from playground.clock import FakeClock
from playground.discord import LocalDiscord
from playground.neuralbox import Profile, faults
from playground.neuralbox.books import BoxGeneration
from tests.playground.neuralbox.support import Caller, running_box


def png(size: tuple[int, int] = (64, 64)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, "PNG")
    return out.getvalue()


class Shelf:
    """Serves one picture, and keeps the headers it was asked with."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.url = ""

    async def show(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.headers))
        answer = web.Response(body=png(), content_type="image/png")
        answer.set_cookie("seen", "1")
        return answer


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    shelf = Shelf()
    app = web.Application()
    app.router.add_get("/boat.png", shelf.show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shelf.url = f"http://127.0.0.1:{runner.addresses[0][1]}/boat.png"
    yield shelf
    await runner.cleanup()


async def create(caller: Caller, url: object, **more: object) -> tuple[int, str]:
    """Ask for a video from a picture; returns the status and what is said of it."""
    body = {"model": "kling-v2.1", "prompt": "it moves", "image_url": url, **more}
    got = await caller.post("/generate", body)
    return got.status, got.json.get("message", got.json.get("status"))


async def until_loaded(caller: Caller, generation: BoxGeneration) -> None:
    await caller.box.wait_until(lambda: generation.picture != "loading")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/boat.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "http:///boat.png",
        "https://",
        "http://[::bad/",
        "http://127.0.0.1:99999/boat.png",
        "http://127.0.0.1/a boat.png",
        "http://127.0.0.1/b\u00f6at.png",
        "http://me:word@127.0.0.1/boat.png",
        "http://127.0.0.1/" + "x" * 2040,
        7,
    ],
)
async def test_an_address_that_nobody_could_fetch_is_refused_at_once(
    caller: Caller, url: object
) -> None:
    status, says = await create(caller, url)
    assert status == 422
    assert says.startswith("image_url: must ")
    assert caller.box.generations == {}


async def test_pictures_are_asked_for_without_cookies_or_keys(caller: Caller, shelf: Shelf) -> None:
    for _ in range(2):
        await create(caller, shelf.url)
    await caller.box.wait_until(lambda: len(shelf.asked) == 2)
    for headers in shelf.asked:
        assert not {"Cookie", "Authorization", "Referer"} & set(headers)


async def test_a_model_may_take_no_picture(caller: Caller, shelf: Shelf) -> None:
    caller.box.catalogue.without_pictures.add("luma-flash2")
    for slug in ("luma-flash2", "luma-ray2-flash"):
        said = await create(caller, shelf.url, model=slug)
        assert said == (422, f"image_url: {slug} does not take a start image")
    assert (await create(caller, None, model="luma-flash2"))[0] == 200
    assert (await create(caller, shelf.url))[0] == 200


async def test_a_picture_out_of_reach_may_be_refused_at_once_instead(
    clock: FakeClock, shelf: Shelf
) -> None:
    async with running_box(Profile(bad_picture="refusal"), clock=clock) as caller:
        said = await create(caller, f"{shelf.url}.gone")
        assert said == (422, "image_url: the start image could not be loaded (HTTP 404)")
        params = {"image_url": f"{shelf.url}.gone"}
        assert (await create(caller, None, params=params))[0] == 422
        assert (await create(caller, shelf.url))[0] == 200
        assert caller.box.charged_total == 0
        assert len(caller.box.generations) == 1


async def test_faults_can_wait_for_a_request_with_a_picture(caller: Caller, shelf: Shelf) -> None:
    caller.box.script(faults.status(400, on=faults.WITH_PICTURE))
    assert (await create(caller, None))[0] == 200
    assert (await create(caller, shelf.url))[0] == 400
    assert (await create(caller, shelf.url))[0] == 200


async def test_what_must_stay_secret_is_noticed_when_it_is_told(
    caller: Caller, shelf: Shelf
) -> None:
    box = caller.box
    box.watch_for("the-bots-token")
    await create(caller, shelf.url)
    assert box.leaks == []
    await create(caller, f"{shelf.url}?token=the-bots-token")
    await create(caller, f"http://127.0.0.1:1/x?key={box.key}")
    await create(caller, "https://discord.invalid/api/v10/webhooks/1/abc/messages/@original")
    await caller.get("/user/history?note=the-bots-token")
    assert box.leaks == ["POST /generate"] * 3 + ["GET /user/history"]


async def test_a_signed_discord_link_is_fetched_until_it_runs_out(
    caller: Caller, clock: FakeClock
) -> None:
    discord = LocalDiscord(clock)
    await discord.start()
    try:
        message = await discord.say("mine", attachments=[("boat.png", png())])
        url = discord.message_json(message)["attachments"][0]["url"]
        states = []
        for _ in range(2):
            caller.box.script(faults.wait(5))
            made = await caller.create(image_url=url)
            generation = caller.box.generations[str(made["id"])]
            await until_loaded(caller, generation)
            states.append((generation.picture_sha256 is not None, generation.error))
            await clock.advance(25 * 3600)
    finally:
        await discord.stop()
    gone = "Provider error: the start image could not be loaded (HTTP 404)"
    assert states == [(True, None), (False, gone)]
    assert caller.box.charged_total == 44
