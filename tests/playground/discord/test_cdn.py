import pytest

from playground.clock import FakeClock
from playground.discord import LocalDiscord
from tests.playground.discord.client import Api

DATA = bytes(range(200))


@pytest.fixture
async def url(api: Api) -> str:
    got = await api.send(files=[("clip.mp4", DATA)])
    return str(got.json["attachments"][0]["url"])


async def test_a_link_serves_the_file_without_authorisation(api: Api, url: str) -> None:
    status, data, headers = await api.file(url)
    assert (status, data) == (200, DATA)
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("wanted", "status", "slice_", "told"),
    [
        ("bytes=0-9", 206, slice(0, 10), "bytes 0-9/200"),
        ("bytes=190-", 206, slice(190, 200), "bytes 190-199/200"),
        ("bytes=-5", 206, slice(195, 200), "bytes 195-199/200"),
        ("bytes=0-999", 206, slice(0, 200), "bytes 0-199/200"),
        ("bytes=200-", 416, slice(0, 0), "bytes */200"),
        ("bytes=-0", 416, slice(0, 0), "bytes */200"),
        ("lines=1-2", 200, slice(0, 200), None),
    ],
)
async def test_byte_ranges_for_video_players(
    api: Api, url: str, wanted: str, status: int, slice_: slice, told: str | None
) -> None:
    got, data, headers = await api.file(url, Range=wanted)
    assert (got, data) == (status, DATA[slice_])
    assert headers.get("Content-Range") == told


async def test_a_link_ends_after_a_day_and_reading_the_message_renews_it(
    local: LocalDiscord, api: Api, url: str, clock: FakeClock
) -> None:
    await clock.advance(23 * 3600)
    assert (await api.file(url))[0] == 200
    await clock.advance(2 * 3600)
    assert (await api.file(url))[0] == 404
    message = local.messages()[0]
    path = f"/channels/{message.channel_id}/messages/{message.id}"
    fresh = (await api.ask("GET", path)).json["attachments"][0]["url"]
    assert (await api.file(fresh))[0] == 200


async def test_links_can_be_renewed_in_bulk(api: Api, url: str, clock: FakeClock) -> None:
    await clock.advance(25 * 3600)
    plain = url.split("?", maxsplit=1)[0]
    got = await api.ask("POST", "/attachments/refresh-urls", {"attachment_urls": [plain, url]})
    for renewed in got.json["refreshed_urls"]:
        assert (await api.file(renewed["refreshed"]))[0] == 200
    assert (await api.ask("POST", "/attachments/refresh-urls", {})).code == (400, 50035)


@pytest.mark.parametrize("change", ["none", "hm", "ex", "path"])
async def test_a_link_that_was_tampered_with_is_refused(api: Api, url: str, change: str) -> None:
    plain, query = url.split("?")
    tampered = {
        "none": plain,
        "hm": url.replace("hm=", "hm=0"),
        "ex": f"{plain}?ex=ffffffff&{query.split('&', 1)[1]}",
        "path": f"{plain}x?{query}",
    }
    assert (await api.file(tampered[change]))[0] == 404


async def test_the_files_of_a_deleted_message_are_gone(
    local: LocalDiscord, api: Api, url: str
) -> None:
    local.delete_message(local.messages()[0])
    assert (await api.file(url))[0] == 404


async def test_a_file_given_with_a_command_goes_away_by_itself(
    local: LocalDiscord, api: Api, clock: FakeClock, png: bytes
) -> None:
    option = {"name": "image", "description": "I", "type": 11}
    await api.register({"name": "animate", "description": "A", "options": [option]})
    sent = await local.slash("animate", attachments={"image": ("my boat.png", png)})
    data = sent.payload["data"]
    (file,) = data["resolved"]["attachments"].values()
    assert data["options"] == [{"name": "image", "type": 11, "value": file["id"]}]
    assert (file["filename"], file["ephemeral"], file["width"]) == ("my_boat.png", True, 6)
    assert (await api.file(file["url"]))[1] == png
    await clock.advance(local.parts.cdn.ephemeral_life_s)
    assert (await api.file(file["url"]))[0] == 404


async def test_stickers_and_emoji_have_open_addresses(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    written = local.add_emoji("boat", png)
    emoji_id = written.rstrip(">").split(":")[2]
    message = await local.say(written, stickers=[("wave", png)])
    sticker_id = local.message_json(message)["sticker_items"][0]["id"]
    for path in (f"/emojis/{emoji_id}.png", f"/stickers/{sticker_id}.png"):
        assert (await api.file(local.origin + path))[1] == png
    assert (await api.file(f"{local.origin}/stickers/5.png"))[0] == 404
