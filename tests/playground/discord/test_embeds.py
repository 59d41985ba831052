import pytest

from playground.discord import LocalDiscord
from tests.playground.discord.client import Api, Json


@pytest.fixture(autouse=True)
def without_limits(local: LocalDiscord) -> None:
    local.rate_limits = False


def field(name: str = "n", value: str = "v") -> Json:
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("embed", "fault"),
    [
        ({"title": "x" * 257}, "title: BASE_TYPE_MAX_LENGTH"),
        ({"description": "x" * 4097}, "description: BASE_TYPE_MAX_LENGTH"),
        ({"footer": {"text": "x" * 2049}}, "footer.text: BASE_TYPE_MAX_LENGTH"),
        ({"author": {"name": "x" * 257}}, "author.name: BASE_TYPE_MAX_LENGTH"),
        ({"author": {}}, "author.name: BASE_TYPE_REQUIRED"),
        ({"fields": [field()] * 26}, "fields: BASE_TYPE_MAX_LENGTH"),
        ({"fields": [field("x" * 257)]}, "fields.0.name: BASE_TYPE_MAX_LENGTH"),
        ({"fields": [field(value="x" * 1025)]}, "fields.0.value: BASE_TYPE_MAX_LENGTH"),
        ({"fields": [field(value="  ")]}, "fields.0.value: BASE_TYPE_REQUIRED"),
        ({"color": 0x1000000}, "color: NUMBER_TYPE_MAX"),
        ({"url": "ftp://x.y/z"}, "url: URL_TYPE_INVALID_SCHEME"),
        ({"url": "no address"}, "url: URL_TYPE_INVALID_URL"),
        ({"image": {"url": "file:///etc/passwd"}}, "image.url: URL_TYPE_INVALID_SCHEME"),
        ({"timestamp": "yesterday"}, "timestamp: DATE_TIME_TYPE_PARSE"),
    ],
)
async def test_each_limit_of_an_embed(api: Api, embed: Json, fault: str) -> None:
    got = await api.send(embeds=[embed | {"title": embed.get("title", "t")}])
    assert got.code == (400, 50035)
    assert got.faults() == [f"embeds.0.{fault}"]


async def test_6000_characters_count_over_all_embeds(api: Api) -> None:
    second: Json = {"description": "x" * 2999, "footer": {"text": "yy"}}
    embeds: list[Json] = [{"description": "x" * 3000}, second]
    got = await api.send(embeds=embeds)
    assert got.faults() == ["embeds: MAX_EMBED_SIZE_EXCEEDED"]
    second["footer"] = {"text": "y"}
    assert (await api.send(embeds=embeds)).status == 200


async def test_ten_embeds_are_the_most(api: Api) -> None:
    assert (await api.send(embeds=[{"title": "x"}] * 11)).faults() == [
        "embeds: BASE_TYPE_MAX_LENGTH"
    ]


async def test_an_embed_comes_back_as_discord_keeps_it(api: Api) -> None:
    embed: Json = {
        "title": " padded ",
        "type": "rich",
        "flags": 0,
        "timestamp": "2026-08-01T12:00:00Z",
        "fields": [field(), {"name": "a", "value": "b", "inline": True}],
        "image": {"url": "https://example.invalid/x.png"},
        "video": {"url": "https://example.invalid/x.mp4"},
    }
    (shown,) = (await api.send(embeds=[embed])).json["embeds"]
    assert shown["title"] == "padded"
    assert shown["timestamp"] == "2026-08-01T12:00:00.000000+00:00"
    assert [one["inline"] for one in shown["fields"]] == [False, True]
    assert shown["image"]["url"] == "https://example.invalid/x.png"
    assert "video" not in shown
