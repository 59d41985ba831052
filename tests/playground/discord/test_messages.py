import pytest

from playground.clock import FakeClock
from playground.discord import LocalDiscord
from playground.discord.ratelimit import MESSAGE_EDIT_OLD
from tests.playground.discord.client import Api, Json


@pytest.fixture(autouse=True)
def without_limits(local: LocalDiscord) -> None:
    local.rate_limits = False


async def test_a_message_is_told_back_and_kept(local: LocalDiscord, api: Api) -> None:
    got = await api.send(content="  hello  ")
    assert got.status == 200
    assert got.headers["Content-Type"] == "application/json"
    assert got.json["content"] == "hello"
    assert isinstance(got.json["id"], str)
    assert [message.content for message in local.messages()] == ["hello"]


@pytest.mark.parametrize(
    ("payload", "faults"),
    [
        ({"content": "x" * 2001}, ["content: BASE_TYPE_MAX_LENGTH"]),
        ({"content": "x", "nonce": "n" * 26}, ["nonce: BASE_TYPE_MAX_LENGTH"]),
        ({"content": "x", "embeds": "no"}, ["embeds: BASE_TYPE_BAD_TYPE"]),
        ({"content": "x", "flags": "four"}, ["flags: NUMBER_TYPE_COERCE"]),
        ({"content": "x", "attachments": [{}]}, ["attachments.0.id: BASE_TYPE_REQUIRED"]),
        (
            {"content": "x", "message_reference": {"message_id": 5}},
            ["message_reference: REPLIES_UNKNOWN_MESSAGE"],
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["5"]}},
            ["allowed_mentions.parse: MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"],
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["all"]}},
            ["allowed_mentions.parse.0: BASE_TYPE_CHOICES"],
        ),
    ],
)
async def test_a_bad_form_is_refused_field_by_field(
    api: Api, payload: Json, faults: list[str]
) -> None:
    got = await api.send(**payload)
    assert got.code == (400, 50035)
    assert got.faults() == faults


@pytest.mark.parametrize("payload", [{}, {"content": "   "}, {"embeds": []}, {"embeds": [{}]}])
async def test_an_empty_message_is_refused(api: Api, payload: Json) -> None:
    assert (await api.send(**payload)).code == (400, 50006)


async def test_a_body_that_is_no_json_is_refused(local: LocalDiscord, api: Api) -> None:
    channel = local.world.channel("videos")
    headers = {"Content-Type": "text/plain"}
    path = f"/channels/{channel.id}/messages"
    assert (await api.ask("POST", path, {"content": "x"}, headers=headers)).status == 400


async def test_an_edit_keeps_what_it_does_not_mention(api: Api) -> None:
    sent = (await api.send(content="text", embeds=[{"title": "card"}])).json
    shown = (await api.edit(sent["id"], content="other")).json
    assert shown["content"] == "other"
    assert shown["embeds"][0]["title"] == "card"
    assert shown["edited_timestamp"] is not None
    assert (await api.edit(sent["id"], content=None)).json["content"] == ""
    assert (await api.edit(sent["id"], embeds=[])).code == (400, 50006)


async def test_nobody_edits_the_message_of_somebody_else(local: LocalDiscord, api: Api) -> None:
    message = await local.say("mine")
    assert (await api.edit(message, content="yours")).code == (403, 50005)


async def test_deleting_needs_to_be_ones_own_or_a_permission(local: LocalDiscord, api: Api) -> None:
    mine = local.world.message((await api.send(content="mine")).json["id"])
    yours = await local.say("yours")
    for message, status in ((mine, 204), (yours, 403)):
        path = f"/channels/{message.channel_id}/messages/{message.id}"
        assert (await api.ask("DELETE", path)).status == status
    local.set_overwrite("videos", allow="manage_messages")
    path = f"/channels/{yours.channel_id}/messages/{yours.id}"
    assert (await api.ask("DELETE", path)).status == 204
    assert (await api.ask("GET", path)).code == (404, 10008)


async def test_a_nonce_is_honoured_for_minutes_when_it_is_enforced(
    api: Api, clock: FakeClock
) -> None:
    first = (await api.send(content="one", nonce="n", enforce_nonce=True)).json
    again = (await api.send(content="two", nonce="n", enforce_nonce=True)).json
    assert (again["id"], again["content"], again["nonce"]) == (first["id"], "one", "n")
    loose = (await api.send(content="three", nonce="n")).json
    assert loose["id"] != first["id"]
    await clock.advance(3600)
    assert (await api.send(content="four", nonce="n", enforce_nonce=True)).json["id"] not in (
        first["id"],
        loose["id"],
    )


async def test_ids_are_taken_as_numbers_too(local: LocalDiscord, api: Api) -> None:
    target = await local.say("look")
    got = await api.send(content="re", message_reference={"message_id": target.id})
    assert got.json["type"] == 19
    assert got.json["message_reference"]["message_id"] == str(target.id)
    assert got.json["referenced_message"]["id"] == str(target.id)


async def test_a_reply_to_a_deleted_message_can_go_without_it(
    local: LocalDiscord, api: Api
) -> None:
    target = await local.say("gone")
    local.delete_message(target)
    reference = {"message_id": str(target.id), "fail_if_not_exists": False}
    got = await api.send(content="re", message_reference=reference)
    assert (got.status, got.json["type"]) == (200, 0)


async def test_the_replied_message_is_null_once_it_was_deleted(
    local: LocalDiscord, api: Api
) -> None:
    target = await local.say("soon gone")
    reply = await local.say("re", reply_to=target)
    local.delete_message(target)
    assert local.message_json(reply)["referenced_message"] is None


@pytest.mark.parametrize(
    ("denied", "payload", "code"),
    [
        ("view_channel", {"content": "x"}, 50001),
        ("send_messages", {"content": "x"}, 50013),
        ("embed_links", {"embeds": [{"title": "x"}]}, 50013),
        ("attach_files", {"files": [("a.txt", b"a")]}, 50013),
    ],
)
async def test_what_the_bot_may_not_do_is_refused(
    local: LocalDiscord, api: Api, denied: str, payload: Json, code: int
) -> None:
    local.set_overwrite("videos", deny=denied)
    assert (await api.send(**payload)).code == (403, code)


async def test_a_reply_needs_the_history(local: LocalDiscord, api: Api) -> None:
    target = await local.say("look")
    local.set_overwrite("videos", deny="read_message_history")
    got = await api.send(content="re", message_reference={"message_id": str(target.id)})
    assert got.code == (400, 160002)
    path = f"/channels/{target.channel_id}/messages"
    assert (await api.ask("GET", path)).json == []
    assert (await api.ask("GET", f"{path}/{target.id}")).code == (403, 50013)


async def test_an_edit_needs_the_channel_in_sight_and_files_need_their_permission(
    local: LocalDiscord, api: Api
) -> None:
    sent = (await api.send(content="card")).json["id"]
    local.set_overwrite("videos", deny="attach_files")
    assert (await api.edit(sent, files=[("a.txt", b"a")])).code == (403, 50013)
    local.set_overwrite("videos", deny="view_channel")
    assert (await api.edit(sent, content="x")).code == (403, 50001)


async def test_unknown_places_and_messages_have_their_codes(local: LocalDiscord, api: Api) -> None:
    channel = local.world.channel("videos")
    assert (await api.ask("GET", "/channels/5/messages/5")).code == (404, 10003)
    assert (await api.ask("GET", f"/channels/{channel.id}/messages/5")).code == (404, 10008)
    assert (await api.ask("GET", "/guilds/5")).code == (404, 10004)
    assert (await api.ask("GET", "/users/5")).code == (404, 10013)
    assert (await api.ask("GET", "/nowhere")).status == 404
    assert local.events[-1].kind == "unknown_route"


async def test_a_wrong_token_is_refused(api: Api) -> None:
    assert (await api.ask("GET", "/users/@me", token="wrong")).status == 401


async def test_old_messages_may_be_edited_three_times_in_six_seconds(
    local: LocalDiscord, api: Api, clock: FakeClock
) -> None:
    local.rate_limits = True
    sent = (await api.send(content="card")).json["id"]
    await clock.advance(3601)
    for number in range(MESSAGE_EDIT_OLD.limit):
        assert (await api.edit(sent, content=str(number))).status == 200
    got = await api.edit(sent, content="once more")
    assert got.code == (429, 30046)
    assert got.json["retry_after"] <= 6
    assert got.headers["Via"]


async def test_the_newest_messages_are_listed_first(local: LocalDiscord, api: Api) -> None:
    said = [str((await api.send(content=str(number))).json["id"]) for number in range(4)]
    path = f"/channels/{local.world.channel('videos').id}/messages"
    assert [m["id"] for m in (await api.ask("GET", f"{path}?limit=2")).json] == said[:1:-1]
    before = (await api.ask("GET", f"{path}?before={said[1]}")).json
    assert [m["id"] for m in before] == said[:1]
    after = (await api.ask("GET", f"{path}?after={said[1]}&limit=1")).json
    assert [m["id"] for m in after] == [said[2]]
    assert (await api.ask("GET", f"{path}?limit=101")).code == (400, 50035)


async def test_typing_is_noticed(local: LocalDiscord, api: Api) -> None:
    channel = local.world.channel("videos")
    assert (await api.ask("POST", f"/channels/{channel.id}/typing")).status == 204
    assert local.events[-1].kind == "typing"
