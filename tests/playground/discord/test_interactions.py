import pytest

from playground.clock import FakeClock
from playground.discord import Interaction, LocalDiscord, Message
from playground.discord.world import FLAG_COMPONENTS_V2, FLAG_EPHEMERAL
from tests.playground.discord.client import Api

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9


@pytest.fixture(autouse=True)
async def commands(local: LocalDiscord, api: Api) -> None:
    local.rate_limits = False
    await api.register({"name": "hi", "description": "Hi"})


async def asked(local: LocalDiscord) -> Interaction:
    return await local.slash("hi")


async def answered(local: LocalDiscord, api: Api, **data: object) -> tuple[Interaction, Message]:
    sent = await asked(local)
    got = await api.answer(sent, MESSAGE, {"content": "hello"} | data)
    assert got.status == 200, got.json
    message = (await sent.answer()).message
    assert message is not None
    return sent, message


async def test_the_answer_is_told_back_with_its_message(local: LocalDiscord, api: Api) -> None:
    sent = await asked(local)
    got = (await api.answer(sent, MESSAGE, {"content": "hello"})).json
    told = got["interaction"]
    assert told["response_message_id"] == got["resource"]["message"]["id"]
    assert (told["response_message_loading"], told["response_message_ephemeral"]) == (False, False)
    assert got["resource"]["type"] == MESSAGE
    message = got["resource"]["message"]
    assert message["type"] == 20
    assert message["interaction"]["name"] == "hi"
    assert message["interaction_metadata"]["user"]["username"] == "ben"
    assert message["application_id"] == message["webhook_id"] == str(local.world.bot.id)


async def test_without_with_response_nothing_is_told_back(local: LocalDiscord, api: Api) -> None:
    sent = await asked(local)
    path = f"/interactions/{sent.id}/{sent.token}/callback"
    got = await api.ask("POST", path, {"type": MESSAGE, "data": {"content": "x"}})
    assert (got.status, got.json) == (204, "")


async def test_an_answer_later_than_three_seconds_comes_too_late(
    local: LocalDiscord, api: Api
) -> None:
    sent = await asked(local)
    sent.dispatched_at -= 3.01
    assert sent.failed
    assert (await api.answer(sent, MESSAGE, {"content": "x"})).code == (404, 10062)
    with pytest.raises(TimeoutError):
        await sent.answer(timeout=0.01)
    assert local.messages() == []


async def test_an_interaction_is_answered_once(local: LocalDiscord, api: Api) -> None:
    sent, _ = await answered(local, api)
    assert (await api.answer(sent, MESSAGE, {"content": "x"})).code == (400, 40060)
    assert (await api.answer(sent, DEFERRED)).code == (400, 40060)


async def test_an_unknown_interaction_or_token_is_refused(local: LocalDiscord, api: Api) -> None:
    sent = await asked(local)
    for path in (f"/interactions/5/{sent.token}", f"/interactions/{sent.id}/wrong"):
        got = await api.ask("POST", f"{path}/callback", {"type": DEFERRED})
        assert got.code == (404, 10062)


@pytest.mark.parametrize("kind", [DEFERRED_UPDATE, UPDATE, CHOICES, 1, 99, None])
async def test_a_slash_command_takes_a_message_a_defer_or_a_modal(
    local: LocalDiscord, api: Api, kind: int
) -> None:
    sent = await asked(local)
    got = await api.answer(sent, kind, {"content": "x"})
    assert got.faults() == ["type: BASE_TYPE_CHOICES"]
    assert (await api.answer(sent, MESSAGE, {"content": "now right"})).status == 200


async def test_a_bad_answer_leaves_the_interaction_open(local: LocalDiscord, api: Api) -> None:
    sent = await asked(local)
    got = await api.answer(sent, MESSAGE, {"content": "x" * 2001})
    assert got.faults() == ["data.content: BASE_TYPE_MAX_LENGTH"]
    assert (await api.answer(sent, MESSAGE, {})).code == (400, 50006)
    assert (await api.answer(sent, MESSAGE, {"content": "x"})).status == 200


async def test_a_deferred_answer_may_carry_the_ephemeral_flag_only(
    local: LocalDiscord, api: Api
) -> None:
    sent = await asked(local)
    got = await api.answer(sent, DEFERRED, {"flags": FLAG_COMPONENTS_V2})
    assert got.code == (400, 50035)
    got = await api.answer(sent, DEFERRED, {"flags": FLAG_EPHEMERAL})
    assert got.json["interaction"]["response_message_loading"] is True
    assert "resource" not in got.json


async def test_the_first_followup_after_a_defer_fills_it_in(local: LocalDiscord, api: Api) -> None:
    sent = await asked(local)
    await api.answer(sent, DEFERRED)
    thinking = (await sent.answer()).message
    assert thinking is not None
    assert thinking.flags == 128
    first = await api.ask("POST", api.hook(sent), {"content": "one", "flags": FLAG_EPHEMERAL})
    assert (first.json["id"], first.json["flags"]) == (str(thinking.id), 0)
    second = await api.ask("POST", api.hook(sent), {"content": "two", "flags": FLAG_EPHEMERAL})
    assert second.json["id"] != first.json["id"]
    assert second.json["flags"] == FLAG_EPHEMERAL
    assert second.json["message_reference"]["message_id"] == first.json["id"]


async def test_the_original_is_read_edited_and_deleted_through_the_token(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    sent, message = await answered(local, api)
    path = api.hook(sent, "@original")
    assert (await api.ask("GET", path)).json["content"] == "hello"
    edited = await api.ask("PATCH", path, {"content": "new"}, files=[("p.png", png)])
    assert (edited.json["content"], len(edited.json["attachments"])) == ("new", 1)
    assert (await api.ask("DELETE", path)).status == 204
    assert (await api.ask("PATCH", path, {"content": "x"})).code == (404, 10008)
    assert message.deleted


async def test_a_token_lasts_fifteen_minutes_of_the_clock(
    local: LocalDiscord, api: Api, clock: FakeClock
) -> None:
    sent, message = await answered(local, api)
    await clock.advance(15 * 60 - 1)
    assert (await api.ask("GET", api.hook(sent, "@original"))).status == 200
    await clock.advance(1)
    for method, path in (
        ("GET", api.hook(sent, "@original")),
        ("PATCH", api.hook(sent, str(message.id))),
        ("POST", api.hook(sent)),
    ):
        got = await api.ask(method, path, {"content": "x"} if method != "GET" else None)
        assert got.code == (401, 50027)
    assert (await api.edit(message, content="by id")).status == 200


async def test_a_token_works_only_after_the_first_answer_and_for_its_app(
    local: LocalDiscord, api: Api
) -> None:
    sent = await asked(local)
    assert (await api.ask("POST", api.hook(sent), {"content": "x"})).code == (404, 10015)
    await api.answer(sent, DEFERRED)
    assert (await api.ask("GET", f"/webhooks/5/{sent.token}/messages/@original")).code[1] == 10015
    assert (await api.ask("GET", "/webhooks/5/wrong/messages/@original")).code == (404, 10015)


async def test_a_token_reaches_only_its_own_messages(local: LocalDiscord, api: Api) -> None:
    one, message = await answered(local, api)
    other, _ = await answered(local, api)
    assert (await api.ask("GET", api.hook(one, str(message.id)))).status == 200
    assert (await api.ask("GET", api.hook(other, str(message.id)))).code == (404, 10008)
    assert (await api.ask("DELETE", api.hook(other, str(message.id)))).code == (404, 10008)


async def test_an_ephemeral_message_does_not_exist_for_the_bots_own_token(
    local: LocalDiscord, api: Api
) -> None:
    sent, message = await answered(local, api, flags=FLAG_EPHEMERAL)
    assert message.ephemeral
    assert local.ephemerals("Ben") == [message]
    path = f"/channels/{message.channel_id}/messages/{message.id}"
    for method in ("GET", "PATCH", "DELETE"):
        got = await api.ask(method, path, {"content": "x"} if method == "PATCH" else None)
        assert got.code == (404, 10008)
    reply = {"message_id": str(message.id)}
    assert (await api.send(content="x", message_reference=reply)).code == (400, 50035)
    assert (await api.ask("PATCH", api.hook(sent, "@original"), {"content": "x"})).status == 200


async def test_answers_need_no_permission_of_the_bot_in_the_channel(
    local: LocalDiscord, api: Api
) -> None:
    sent = await local.slash("hi", channel="quiet")
    assert (await api.answer(sent, MESSAGE, {"embeds": [{"title": "x"}]})).status == 200
    message = (await sent.answer()).message
    assert message is not None
    assert (await api.edit(message, embeds=[{"title": "y"}])).code == (403, 50013)


async def test_an_interaction_says_who_where_and_what_is_allowed(
    local: LocalDiscord, api: Api
) -> None:
    local.world.user("Ben").upload_limit = 500 * 1024 * 1024
    sent = await local.slash("hi", channel="quiet")
    payload = sent.payload
    assert payload["member"]["user"]["username"] == "ben"
    assert payload["guild_id"] == str(local.world.first_guild.id)
    assert payload["channel"]["name"] == "quiet"
    assert int(payload["app_permissions"]) & (1 << 11) == 0
    assert int(payload["member"]["permissions"]) & (1 << 11)
    assert payload["authorizing_integration_owners"] == {"0": payload["guild_id"]}
    assert payload["attachment_size_limit"] == 500 * 1024 * 1024, "the larger of the two"
    direct = (await local.slash("hi", channel="dm")).payload
    assert direct["user"]["username"] == "ben"
    assert direct["context"] == 1
    assert "member" not in direct
    assert direct["attachment_size_limit"] == 500 * 1024 * 1024


async def test_autocomplete_takes_choices_only_and_25_at_most(
    local: LocalDiscord, api: Api
) -> None:
    option = {"name": "q", "description": "Q", "type": 3, "autocomplete": True}
    await api.register({"name": "find", "description": "F", "options": [option]})
    with pytest.raises(TimeoutError):
        await local.autocomplete("find", "q", "x", timeout=0.01)
    sent = list(local.parts.interactions.by_id.values())[-1]
    assert (await api.answer(sent, MESSAGE, {"content": "x"})).faults() == [
        "type: BASE_TYPE_CHOICES"
    ]
    for choices, fault in (
        ([{"name": "n", "value": "v"}] * 26, "data.choices: BASE_TYPE_MAX_LENGTH"),
        ([{"name": "n" * 101, "value": "v"}], "data.choices.0.name: BASE_TYPE_MAX_LENGTH"),
        ([{"name": "n", "value": "v" * 101}], "data.choices.0.value: BASE_TYPE_MAX_LENGTH"),
        ([{"name": "n", "value": 5}], "data.choices.0.value: BASE_TYPE_BAD_TYPE"),
    ):
        assert (await api.answer(sent, CHOICES, {"choices": choices})).faults() == [fault]
    assert (await api.answer(sent, CHOICES, {"choices": []})).status == 200
