"""What a person's client would not let them do is refused before it is sent."""

import pytest

from playground.discord import LocalDiscord, NotPossibleError
from tests.playground.discord.client import Api, Json

PROMPT = {
    "name": "prompt",
    "description": "P",
    "type": 3,
    "required": True,
    "min_length": 3,
    "max_length": 10,
}
RATIO = {
    "name": "ratio",
    "description": "R",
    "type": 3,
    "choices": [{"name": "Wide", "value": "16:9"}, {"name": "Square", "value": "1:1"}],
}
SECONDS = {"name": "seconds", "description": "S", "type": 4, "min_value": 5, "max_value": 10}
LOUD = {"name": "loud", "description": "L", "type": 5}
WHO = {"name": "who", "description": "W", "type": 6}
WHERE = {"name": "where", "description": "W", "type": 7}
ROLE = {"name": "role", "description": "R", "type": 8}
ANY = {"name": "any", "description": "A", "type": 9}
SCALE = {"name": "scale", "description": "S", "type": 10}
IMAGE = {"name": "image", "description": "I", "type": 11}
MODEL = {"name": "model", "description": "M", "type": 3, "autocomplete": True}


def slash(name: str, *options: Json, **more: object) -> Json:
    return {"name": name, "description": "Text", "options": list(options)} | more


@pytest.fixture(autouse=True)
async def commands(local: LocalDiscord, api: Api) -> None:
    local.rate_limits = False
    sub = {"name": "set", "description": "S", "type": 1, "options": [SECONDS, MODEL]}
    group = {"name": "cap", "description": "C", "type": 2, "options": [sub]}
    single = {"name": "show", "description": "S", "type": 1}
    all_of_them = (PROMPT, RATIO, SECONDS, LOUD, WHO, WHERE, ROLE, ANY, SCALE, IMAGE, MODEL)
    got = await api.register(
        slash("video", *all_of_them),
        slash("budget", group, single),
        slash("admin", default_member_permissions=0),
        slash("manage", default_member_permissions=1 << 5),
        slash("guilds", contexts=[0]),
        {"name": "Animate image", "type": 3},
    )
    assert got.status == 200, got.json


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prompt": "ab"},
        {"prompt": "x" * 11},
        {"prompt": "   "},
        {"prompt": 5},
        {"prompt": "boat", "unknown": 1},
        {"prompt": "boat", "ratio": "9:16"},
        {"prompt": "boat", "seconds": 4},
        {"prompt": "boat", "seconds": 11},
        {"prompt": "boat", "seconds": 5.5},
        {"prompt": "boat", "seconds": True},
        {"prompt": "boat", "loud": "yes"},
        {"prompt": "boat", "who": "Nobody"},
        {"prompt": "boat", "who": "Dora"},
        {"prompt": "boat", "where": "nowhere"},
        {"prompt": "boat", "role": "Kings"},
    ],
)
async def test_options_that_do_not_fit_are_not_sent(local: LocalDiscord, options: Json) -> None:
    mark = len(local.events)
    with pytest.raises(NotPossibleError):
        await local.slash("video", options=options)
    assert local.events[mark:] == []


async def test_options_are_sent_in_the_order_typed_and_resolved(local: LocalDiscord) -> None:
    ben = local.world.user("Ben")
    sent = await local.slash(
        "video",
        ratio="Wide",
        prompt=" boat ",
        seconds=10,
        loud=True,
        who=str(ben.id),
        where="general",
        role="Admin",
        any="Cleo",
        scale=0.5,
        model="typed freely",
    )
    data = sent.payload["data"]
    values = {option["name"]: option["value"] for option in data["options"]}
    assert list(values)[:3] == ["ratio", "prompt", "seconds"]
    assert (values["ratio"], values["prompt"], values["seconds"]) == ("16:9", "boat", 10)
    assert values["who"] == str(ben.id)
    assert set(data["resolved"]) == {"users", "members", "channels", "roles"}
    assert str(ben.id) in data["resolved"]["members"]
    assert "user" not in data["resolved"]["members"][str(ben.id)]


async def test_subcommands_nest_and_must_be_chosen(local: LocalDiscord) -> None:
    sent = await local.slash("budget", subcommand="cap set", seconds=7)
    assert sent.name == "budget cap set"
    (group,) = sent.payload["data"]["options"]
    (sub,) = group["options"]
    assert (group["type"], sub["type"], sub["options"][0]["value"]) == (2, 1, 7)
    assert (await local.slash("budget", subcommand=("show",))).name == "budget show"
    for wrong in (None, "cap", "nothing", "show more"):
        with pytest.raises(NotPossibleError):
            await local.slash("budget", subcommand=wrong)


async def test_autocomplete_is_asked_where_it_exists(local: LocalDiscord) -> None:
    with pytest.raises(NotPossibleError):
        await local.autocomplete("video", "ratio", "w")
    with pytest.raises(TimeoutError):
        await local.autocomplete("budget", "model", "x", subcommand="cap set", timeout=0.01,
                                 options={"seconds": 6})  # fmt: skip
    sent = list(local.parts.interactions.by_id.values())[-1]
    (sub,) = sent.payload["data"]["options"][0]["options"]
    assert sub["options"][1] == {"name": "model", "type": 3, "value": "x", "focused": True}


async def test_rights_to_a_command_come_from_the_guild(local: LocalDiscord) -> None:
    for name in ("admin", "manage"):
        assert (await local.slash(name, member="Ada")).user.name == "Ada"
        with pytest.raises(NotPossibleError):
            await local.slash(name, member="Ben")
    local.add_role("Managers", allow="manage_guild", members=["Ben"])
    assert (await local.slash("manage", member="Ben")).name == "manage"
    with pytest.raises(NotPossibleError):
        await local.slash("admin", member="Ben")


async def test_commands_are_used_where_they_exist_by_who_is_there(local: LocalDiscord) -> None:
    with pytest.raises(NotPossibleError):
        await local.slash("unknown")
    with pytest.raises(NotPossibleError):
        await local.slash("guilds", channel="dm")
    with pytest.raises(NotPossibleError):
        await local.slash("guilds", member="Dora")
    assert (await local.slash("guilds", member="Dora", guild="Second Server")).guild is not None
    local.set_overwrite("videos", deny="use_application_commands", target="Ben")
    with pytest.raises(NotPossibleError):
        await local.slash("guilds")
    local.set_overwrite("general", deny="view_channel", target="Ben")
    with pytest.raises(NotPossibleError):
        await local.say("x", channel="general")


async def test_a_message_command_carries_its_target_in_full(
    local: LocalDiscord, png: bytes
) -> None:
    picture = await local.say("look", member="Cleo", attachments=[("p.png", png)])
    sent = await local.message_command("Animate image", picture)
    data = sent.payload["data"]
    assert (data["type"], data["target_id"]) == (3, str(picture.id))
    target = data["resolved"]["messages"][str(picture.id)]
    assert target["content"] == "look"
    assert target["attachments"][0]["filename"] == "p.png"
    assert "message" not in sent.payload
    with pytest.raises(NotPossibleError):
        await local.message_command("video", picture)


async def test_the_answer_to_a_message_command_has_its_own_type(
    local: LocalDiscord, api: Api
) -> None:
    picture = await local.say("look")
    sent = await local.message_command("Animate image", picture)
    got = (await api.answer(sent, 4, {"content": "hi"})).json["resource"]["message"]
    assert got["type"] == 23
    assert got["interaction_metadata"]["target_message_id"] == str(picture.id)
    assert "message_reference" not in got


async def test_a_file_above_the_persons_limit_is_not_uploaded(
    local: LocalDiscord, png: bytes
) -> None:
    local.set_upload_limit(None, 10)
    for attempt in (
        lambda: local.slash("video", prompt="boat", attachments={"image": ("p.png", png)}),
        lambda: local.say("x", attachments=[("p.png", png)]),
    ):
        with pytest.raises(NotPossibleError):
            await attempt()


async def test_plain_messages_keep_to_the_rules(local: LocalDiscord) -> None:
    with pytest.raises(NotPossibleError):
        await local.say("x" * 2001)
    with pytest.raises(NotPossibleError):
        await local.say("")
    elsewhere = await local.say("x", channel="general")
    with pytest.raises(NotPossibleError):
        await local.say("re", reply_to=elsewhere)
    with pytest.raises(NotPossibleError):
        await local.say("x", member="Dora")


async def test_webhooks_and_other_bots_post_too(local: LocalDiscord) -> None:
    hooked = await local.say("news", as_webhook="News")
    written = local.message_json(hooked)
    assert written["webhook_id"] == written["author"]["id"]
    assert written["author"]["bot"] is True
    local.add_member("Helper", bot=True)
    other = await local.say("beep", member="Helper")
    assert local.message_json(other)["author"]["bot"] is True


async def test_the_log_can_be_waited_on_and_looked_back_at(local: LocalDiscord) -> None:
    mark = len(local.events)
    message = await local.say("one")
    message_seen = await local.wait_for(lambda e: e.kind == "message_create", start_at=mark)
    assert message_seen.message is not message
    local.delete_message(message)
    assert [event.kind for event in local.events[mark:]] == ["message_create", "message_delete"]
    with pytest.raises(TimeoutError):
        await local.wait_for(lambda e: e.kind == "message_create", timeout=0.01)


async def test_a_chosen_channel_comes_with_the_persons_rights_in_it(local: LocalDiscord) -> None:
    interaction = await local.slash("video", prompt="boat", where="general")
    [channel] = interaction.payload["data"]["resolved"]["channels"].values()
    assert channel["name"] == "general"
    assert channel["permissions"] == str(local.permissions("Ben", "general"))
