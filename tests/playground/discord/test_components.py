import pytest

from playground.discord import Interaction, LocalDiscord, NotPossibleError
from playground.discord.component_parts import SELECTS
from playground.discord.world import FLAG_COMPONENTS_V2, FLAG_EPHEMERAL
from tests.playground.discord.client import Api, Json

V2 = FLAG_COMPONENTS_V2


@pytest.fixture(autouse=True)
def without_limits(local: LocalDiscord) -> None:
    local.rate_limits = False


def row(*children: Json) -> Json:
    return {"type": 1, "components": list(children)}


def button(custom_id: str = "b", **more: object) -> Json:
    return {"type": 2, "style": 1, "label": "Press", "custom_id": custom_id} | more


def link(**more: object) -> Json:
    return {"type": 2, "style": 5, "label": "Open", "url": "https://example.invalid/"} | more


def select(custom_id: str = "s", count: int = 3, **more: object) -> Json:
    options = [{"label": f"Option {n}", "value": f"v{n}"} for n in range(count)]
    return {"type": 3, "custom_id": custom_id, "options": options} | more


def text(content: str = "text") -> Json:
    return {"type": 10, "content": content}


def gallery(*urls: str, **more: object) -> Json:
    return {"type": 12, "items": [{"media": {"url": url}} | more for url in urls]}


@pytest.mark.parametrize(
    ("components", "fault"),
    [
        ([row(button(str(n))) for n in range(6)], "components: BASE_TYPE_MAX_LENGTH"),
        ([row()], "components.0.components: BASE_TYPE_REQUIRED"),
        (
            [row(*(button(str(n)) for n in range(6)))],
            "components.0.components: BASE_TYPE_MAX_LENGTH",
        ),
        ([row(select(), button())], "components.0.components: COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([button()], "components.0.type: UNION_TYPE_CHOICES"),
        ([text()], "components.0.type: UNION_TYPE_CHOICES"),
        ([row(text())], "components.0.components.0.type: UNION_TYPE_CHOICES"),
        (
            [row(button("x"), button("x"))],
            "components.0.components.1.custom_id: COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        ([row(button("x" * 101))], "components.0.components.0.custom_id: BASE_TYPE_MAX_LENGTH"),
        ([row(button(""))], "components.0.components.0.custom_id: BASE_TYPE_REQUIRED"),
        ([row(button(label="x" * 81))], "components.0.components.0.label: BASE_TYPE_MAX_LENGTH"),
        (
            [row(button(label=None))],
            "components.0.components.0: BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED",
        ),
        ([row(button(style=9))], "components.0.components.0.style: BASE_TYPE_CHOICES"),
        (
            [row(button(url="https://example.invalid/"))],
            "components.0.components.0: BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
        ),
        ([row(link(url=None))], "components.0.components.0.url: BASE_TYPE_REQUIRED"),
        ([row(link(url="javascript:x"))], "components.0.components.0.url: URL_TYPE_INVALID_URL"),
        (
            [row(button(emoji={"name": "no emoji"}))],
            "components.0.components.0.emoji.name: COMPONENT_INVALID_EMOJI",
        ),
        ([row(select(count=0))], "components.0.components.0.options: BASE_TYPE_REQUIRED"),
        ([row(select(count=26))], "components.0.components.0.options: BASE_TYPE_MAX_LENGTH"),
        (
            [row(select(placeholder="x" * 151))],
            "components.0.components.0.placeholder: BASE_TYPE_MAX_LENGTH",
        ),
        ([row(select(max_values=26))], "components.0.components.0.max_values: NUMBER_TYPE_MAX"),
        ([row(select(max_values=4))], "components.0.components.0.options: BASE_TYPE_BAD_LENGTH"),
        (
            [row(select(min_values=3, max_values=2))],
            "components.0.components.0.min_values: SELECT_COMPONENT_MIN_VALUES_ABOVE_MAX",
        ),
        (
            [row(select(options=[{"label": "a", "value": "v"}, {"label": "b", "value": "v"}]))],
            "components.0.components.0.options.1.value: SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        (
            [row(select(options=[{"label": "x" * 101, "value": "v"}]))],
            "components.0.components.0.options.0.label: BASE_TYPE_MAX_LENGTH",
        ),
    ],
)
async def test_each_rule_of_rows_buttons_and_selects(
    api: Api, components: list[Json], fault: str
) -> None:
    got = await api.send(content="x", components=components)
    assert got.code == (400, 50035)
    assert fault in got.faults()


@pytest.mark.parametrize(
    ("components", "fault"),
    [
        ([text("x" * 4001)], "components.0.content: BASE_TYPE_MAX_LENGTH"),
        (
            [text("x" * 2001), text("y" * 2000)],
            "components: COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
        ),
        ([text()] * 41, "components: COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ([gallery()], "components.0.items: BASE_TYPE_REQUIRED"),
        ([gallery(*["https://x.invalid/a.png"] * 11)], "components.0.items: BASE_TYPE_MAX_LENGTH"),
        (
            [gallery("attachment://none.mp4")],
            "components.0.items.0.media.url: UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
        ([gallery("ftp://x/y")], "components.0.items.0.media.url: URL_TYPE_INVALID_SCHEME"),
        (
            [gallery("https://x.invalid/a.png", description="x" * 1025)],
            "components.0.items.0.description: BASE_TYPE_MAX_LENGTH",
        ),
        (
            [{"type": 13, "file": {"url": "https://x.invalid/a.txt"}}],
            "components.0.file.url: URL_TYPE_INVALID_SCHEME",
        ),
        ([{"type": 9, "components": [text()]}], "components.0.accessory: BASE_TYPE_REQUIRED"),
        (
            [{"type": 9, "components": [text()] * 4, "accessory": button()}],
            "components.0.components: BASE_TYPE_MAX_LENGTH",
        ),
        ([{"type": 14, "spacing": 3}], "components.0.spacing: NUMBER_TYPE_MAX"),
        (
            [{"type": 17, "components": [{"type": 17, "components": [text()]}]}],
            "components.0.components.0.type: UNION_TYPE_CHOICES",
        ),
        ([{"type": 17, "components": []}], "components.0.components: BASE_TYPE_REQUIRED"),
        ([text() | {"id": 7}, text() | {"id": 7}], "components.1.id: COMPONENT_ID_DUPLICATED"),
    ],
)
async def test_each_rule_of_layouts(api: Api, components: list[Json], fault: str) -> None:
    got = await api.send(flags=V2, components=components)
    assert got.code == (400, 50035)
    assert fault in got.faults()


async def test_components_alone_make_a_message_only_as_a_layout(api: Api) -> None:
    assert (await api.send(components=[row(button())])).code == (400, 50006)
    assert (await api.send(flags=V2, components=[row(button())])).status == 200


async def test_a_layout_holds_nothing_else(api: Api) -> None:
    got = await api.send(flags=V2, components=[text()], content="x", embeds=[{"title": "x"}])
    code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    assert got.faults() == [f"content: {code}", f"embeds: {code}"]


async def test_an_edit_turns_a_message_into_a_layout_if_it_empties_the_rest(api: Api) -> None:
    sent = (await api.send(content="card", embeds=[{"title": "x"}])).json["id"]
    assert (await api.edit(sent, flags=V2, components=[text()])).code == (400, 50035)
    got = await api.edit(sent, flags=V2, components=[text()], content=None, embeds=[])
    assert got.json["flags"] == V2
    back = await api.edit(sent, content="plain again", components=[], flags=0)
    assert back.code == (400, 50035), "the flag cannot be taken back"


async def test_a_gallery_plays_an_attached_video(api: Api) -> None:
    shown = gallery("attachment://v.mp4", description="a boat")
    container = {"type": 17, "components": [text("done"), shown, row(button())]}
    got = (await api.send(flags=V2, components=[container], files=[("v.mp4", b"video")])).json
    (item,) = got["components"][0]["components"][1]["items"]
    assert item["media"]["content_type"] == "video/mp4"
    assert (await api.file(item["media"]["url"]))[1] == b"video"
    ids = [part["id"] for part in got["components"][0]["components"]]
    assert len(set(ids)) == 3


async def test_a_thumbnail_is_for_pictures(api: Api) -> None:
    thumbnail = {"type": 11, "media": {"url": "attachment://v.mp4"}}
    section = {"type": 9, "components": [text()], "accessory": thumbnail}
    got = await api.send(flags=V2, components=[section], files=[("v.mp4", b"v")])
    assert got.faults() == [
        "components.0.accessory.media: UNFURLED_MEDIA_ITEM_INVALID_CONTENT_TYPE"
    ]


async def test_a_button_is_pressed_by_id_or_label(local: LocalDiscord, api: Api) -> None:
    components = [row(button("go", label="Go"), button("off", disabled=True, label="Off"), link())]
    message = local.world.message((await api.send(content="x", components=components)).json["id"])
    for name in ("go", "Go"):
        pressed = await local.press(message, name, member="Cleo")
        assert pressed.payload["data"]["custom_id"] == "go"
        assert pressed.payload["data"]["component_type"] == 2
        assert pressed.payload["message"]["components"][0]["components"][0]["custom_id"] == "go"
        assert pressed.payload["member"]["user"]["username"] == "cleo"
    for name in ("Off", "Open", "nothing"):
        with pytest.raises(NotPossibleError):
            await local.press(message, name)


async def press(local: LocalDiscord, api: Api) -> Interaction:
    components = [row(button())]
    message = (await api.send(content="card", components=components)).json["id"]
    return await local.press(message, "b")


async def test_a_press_may_update_its_message(local: LocalDiscord, api: Api) -> None:
    pressed = await press(local, api)
    got = await api.answer(pressed, 7, {"content": "pressed", "components": []})
    assert got.json["resource"]["message"]["content"] == "pressed"
    assert got.json["resource"]["message"]["components"] == []
    answer = await pressed.answer()
    assert (answer.kind, answer.message) == ("update", local.messages()[0])
    edited = await api.ask("PATCH", api.hook(pressed, "@original"), {"content": "again"})
    assert edited.json["id"] == str(local.messages()[0].id)


async def test_a_press_may_be_deferred_without_a_trace(local: LocalDiscord, api: Api) -> None:
    pressed = await press(local, api)
    got = await api.answer(pressed, 6)
    assert "resource" not in got.json
    assert (await pressed.answer()).kind == "deferred_update"
    followup = await api.ask("POST", api.hook(pressed), {"content": "hi", "flags": FLAG_EPHEMERAL})
    assert followup.json["type"] == 19
    assert len(local.ephemerals("Ben")) == 1


async def test_the_answer_to_a_press_refers_to_its_message(local: LocalDiscord, api: Api) -> None:
    pressed = await press(local, api)
    got = (await api.answer(pressed, 4, {"content": "hi"})).json["resource"]["message"]
    card = local.messages()[0]
    assert got["type"] == 19
    assert got["message_reference"]["message_id"] == str(card.id)
    assert got["interaction_metadata"]["interacted_message_id"] == str(card.id)
    assert "interaction" not in got


async def test_choosing_keeps_to_the_options(local: LocalDiscord, api: Api) -> None:
    components = [row(select(max_values=2))]
    sent = (await api.send(content="x", components=components)).json["id"]
    chosen = await local.choose(sent, "s", ["v0", "Option 2"])
    assert chosen.payload["data"]["values"] == ["v0", "v2"]
    for values in (["v9"], [], ["v0", "v1", "v2"]):
        with pytest.raises(NotPossibleError):
            await local.choose(sent, "s", values)
    with pytest.raises(NotPossibleError):
        await local.press(sent, "s")


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [(5, "Cleo", "users"), (8, "quiet", "channels"), (6, "Admin", "roles")],
)
async def test_people_channels_and_roles_are_chosen_and_resolved(
    local: LocalDiscord, api: Api, kind: int, value: str, found: str
) -> None:
    assert kind in SELECTS
    components = [row({"type": kind, "custom_id": "s"})]
    sent = (await api.send(content="x", components=components)).json["id"]
    data = (await local.choose(sent, "s", value)).payload["data"]
    assert data["values"] == list(data["resolved"][found])


async def test_only_its_owner_uses_an_ephemeral_message(local: LocalDiscord, api: Api) -> None:
    pressed = await press(local, api)
    data = {"content": "x", "flags": FLAG_EPHEMERAL, "components": [row(button("mine"))]}
    await api.answer(pressed, 4, data)
    (private,) = local.ephemerals("Ben")
    with pytest.raises(NotPossibleError):
        await local.press(private, "mine", member="Cleo")
    assert (await local.press(private, "mine")).user.name == "Ben"
