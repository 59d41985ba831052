"""Cards that show a file: through attachment://, over later edits, in public and in private."""

import pytest

from playground.clock import FakeClock
from playground.discord import Interaction, LocalDiscord
from tests.playground.discord.client import Api, Json

MESSAGE, DEFERRED, FLAG_EPHEMERAL = 4, 5, 64
THUMBNAIL = {"title": "card", "thumbnail": {"url": "attachment://source.png"}}


@pytest.fixture(autouse=True)
async def commands(local: LocalDiscord, api: Api) -> None:
    local.rate_limits = False
    await api.register({"name": "hi", "description": "Hi"})


@pytest.fixture
async def card(local: LocalDiscord, api: Api, png: bytes) -> Json:
    """The first answer to a command, with a picture as its embed's thumbnail."""
    sent = await local.slash("hi")
    listed = [{"id": 0, "filename": "source.png", "description": "a boat"}]
    data = {"embeds": [THUMBNAIL], "attachments": listed}
    got = await api.answer(sent, MESSAGE, data, files=[("source.png", png)])
    assert got.status == 200, got.json
    shown: Json = got.json["resource"]["message"]
    return shown


def file_id(card: Json) -> str:
    """The id of the thumbnail's file, which stands in its address."""
    url: str = card["embeds"][0]["thumbnail"]["url"]
    return url.split("/")[-2]


def names(card: Json) -> list[str]:
    return [file["filename"] for file in card["attachments"]]


async def test_the_first_answer_shows_its_file_in_the_embed(
    api: Api, card: Json, png: bytes
) -> None:
    thumbnail = card["embeds"][0]["thumbnail"]
    assert names(card) == []
    assert (thumbnail["width"], thumbnail["height"]) == (6, 4)
    assert (await api.file(thumbnail["url"]))[1] == png


async def test_an_edit_that_names_the_file_keeps_it_beside_a_new_one(api: Api, card: Json) -> None:
    listed = [{"id": file_id(card)}, {"id": 0, "description": "the clip"}]
    edited = await api.edit(
        card["id"], embeds=[THUMBNAIL], attachments=listed, files=[("clip.mp4", b"clip")]
    )
    assert names(edited.json) == ["clip.mp4"]
    assert file_id(edited.json) == file_id(card)
    assert (await api.file(edited.json["embeds"][0]["thumbnail"]["url"]))[0] == 200


async def test_an_edit_whose_list_leaves_the_shown_file_out_loses_it(api: Api, card: Json) -> None:
    edited = await api.edit(card["id"], attachments=[{"id": 0}], files=[("clip.mp4", b"clip")])
    assert names(edited.json) == ["clip.mp4"]
    assert (await api.file(edited.json["embeds"][0]["thumbnail"]["url"]))[0] == 404
    assert (await api.file(card["embeds"][0]["thumbnail"]["url"]))[0] == 404


@pytest.mark.parametrize("part", ["image", "thumbnail", "author", "footer"])
async def test_an_embed_cannot_name_a_file_that_is_not_there(
    api: Api, card: Json, part: str
) -> None:
    key = "url" if part in ("image", "thumbnail") else "icon_url"
    words = {"author": {"name": "n"}, "footer": {"text": "t"}}.get(part, {})
    embed = {"title": "x", part: words | {key: "attachment://nothing.png"}}
    got = await api.edit(card["id"], embeds=[{"title": "first"}, embed])
    assert got.faults() == [f"embeds.1.{part}.{key}: EMBED_REFERENCED_ATTACHMENT_NOT_FOUND"]
    got = await api.edit(card["id"], embeds=[THUMBNAIL], attachments=[])
    assert got.faults() == ["embeds.0.thumbnail.url: EMBED_REFERENCED_ATTACHMENT_NOT_FOUND"]
    assert api.local.world.message(card["id"]).edits == 0


async def test_a_file_that_embeds_name_no_more_is_an_ordinary_attachment(
    api: Api, card: Json
) -> None:
    url = card["embeds"][0]["thumbnail"]["url"]
    for embed in ({"title": "bare"}, {"title": "by address", "thumbnail": {"url": url}}):
        edited = await api.edit(card["id"], embeds=[embed])
        assert names(edited.json) == ["source.png"]
        assert edited.json["attachments"][0]["description"] == "a boat"
    edited = await api.edit(card["id"], embeds=[THUMBNAIL])
    assert names(edited.json) == []


async def test_a_kept_files_description_is_changed_taken_away_or_left(api: Api, card: Json) -> None:
    kept = {"id": file_id(card)}
    for entry, expected in (
        (kept, "a boat"),
        (kept | {"description": "a red boat"}, "a red boat"),
        (kept, "a red boat"),
        (kept | {"description": None}, None),
    ):
        edited = await api.edit(card["id"], embeds=[], content="x", attachments=[entry])
        assert edited.json["attachments"][0].get("description") == expected


async def test_a_kept_file_must_be_the_messages_own_and_is_named_once(
    api: Api, card: Json, png: bytes
) -> None:
    other = (await api.send(files=[("p.png", png)])).json["attachments"][0]["id"]
    own = file_id(card)
    for listed in ([{"id": own}, {"id": other}], [{"id": own}, {"id": own}]):
        got = await api.edit(card["id"], attachments=listed)
        assert got.faults() == ["attachments.1.id: ATTACHMENT_NOT_FOUND"]


async def test_an_earlier_state_is_not_touched_by_a_later_edit(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    sent = (await api.send(files=[("p.png", png)])).json
    before = local.events[-1].message
    listed = [{"id": sent["attachments"][0]["id"], "description": "new", "is_spoiler": True}]
    await api.edit(sent["id"], attachments=listed)
    after = local.events[-1].message
    assert before is not None
    assert after is not None
    told = [(m.attachments[0].description, m.attachments[0].spoiler) for m in (before, after)]
    assert told == [(None, False), ("new", True)]


async def test_a_spoiler_is_marked_by_its_name_or_by_its_entry(api: Api, png: bytes) -> None:
    got = await api.send(
        files=[("SPOILER_p.png", png), ("q.png", png), ("r.png", png)],
        attachments=[{"id": 0}, {"id": 1, "is_spoiler": True}, {"id": 2}],
    )
    assert [file["flags"] for file in got.json["attachments"]] == [8, 8, 0]


async def test_names_lose_dots_and_underscores_at_their_ends(api: Api, png: bytes) -> None:
    embed = {"title": "x", "image": {"url": "attachment://_my boat_.png"}}
    got = await api.send(embeds=[embed], files=[("_my boat_.png", png), (".._", b"x")])
    assert names(got.json) == ["unknown"]
    assert "/my_boat_.png?" in got.json["embeds"][0]["image"]["url"]


async def test_the_bots_own_message_always_gives_fresh_links(
    api: Api, card: Json, clock: FakeClock
) -> None:
    old = card["embeds"][0]["thumbnail"]["url"]
    await clock.advance(25 * 3600)
    assert (await api.file(old))[0] == 404
    path = f"/channels/{card['channel_id']}/messages/{card['id']}"
    fresh = (await api.ask("GET", path)).json
    assert (await api.file(fresh["embeds"][0]["thumbnail"]["url"]))[0] == 200


async def picker(local: LocalDiscord, api: Api, png: bytes) -> tuple[Interaction, Json]:
    """A private answer with ten embeds: pictures of another message, and one of its own."""
    source = await local.say(attachments=[(f"{n}.png", png) for n in range(9)])
    files = local.message_json(source)["attachments"]
    embeds = [{"title": "p", "thumbnail": {"url": file["url"]}} for file in files]
    sent = await local.slash("hi")
    data = {"embeds": [*embeds, THUMBNAIL], "flags": FLAG_EPHEMERAL, "attachments": [{"id": 0}]}
    got = await api.answer(sent, MESSAGE, data, files=[("source.png", png)])
    assert got.status == 200, got.json
    shown: Json = got.json["resource"]["message"]
    return sent, shown


async def test_a_private_picker_shows_pictures_of_another_message_and_its_own(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    _, shown = await picker(local, api, png)
    for embed in shown["embeds"]:
        assert (await api.file(embed["thumbnail"]["url"]))[1] == png
    assert "/ephemeral-attachments/" in shown["embeds"][9]["thumbnail"]["url"]


async def test_links_to_other_messages_are_signed_where_the_message_has_no_file(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    source = await local.say(attachments=[("p.png", png)])
    url = local.message_json(source)["attachments"][0]["url"]
    got = await api.send(embeds=[{"title": "p", "image": {"url": url}}])
    shown = got.json["embeds"][0]["image"]
    assert (await api.file(shown["url"]))[1] == png
    assert (await api.file(shown["proxy_url"]))[1] == png


async def test_a_private_messages_file_is_reached_through_the_token_alone(
    local: LocalDiscord, api: Api, png: bytes, clock: FakeClock
) -> None:
    sent, shown = await picker(local, api, png)
    original = api.hook(sent, "@original")
    by_token = (await api.ask("GET", original)).json
    assert (await api.file(by_token["embeds"][9]["thumbnail"]["url"]))[1] == png
    listed = [{"id": 0, "description": "anew"}]
    edited = await api.ask(
        "PATCH", original, {"embeds": [], "attachments": listed}, files=[("b.png", png)]
    )
    assert edited.json["attachments"][0]["ephemeral"] is True
    path = f"/channels/{shown['channel_id']}/messages/{shown['id']}"
    for method in ("GET", "PATCH", "DELETE"):
        assert (await api.ask(method, path, {"content": "x"})).code == (404, 10008)
    await clock.advance(15 * 60)
    for method in ("GET", "PATCH", "DELETE"):
        assert (await api.ask(method, original, {"content": "x"})).code == (401, 50027)


async def test_a_private_followup_may_bring_a_file_too(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    sent = await local.slash("hi")
    await api.answer(sent, DEFERRED, {"flags": FLAG_EPHEMERAL})
    payload: Json = {"embeds": [THUMBNAIL], "attachments": [{"id": 0}]}
    edited = await api.ask(
        "PATCH", api.hook(sent, "@original"), payload, files=[("source.png", png)]
    )
    assert edited.status == 200, edited.json
    more = await api.ask(
        "POST", api.hook(sent), {"flags": FLAG_EPHEMERAL}, files=[("again.png", png)]
    )
    assert more.json["flags"] == FLAG_EPHEMERAL
    assert (await api.file(more.json["attachments"][0]["url"]))[1] == png
    assert local.messages() == []
