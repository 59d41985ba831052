import pytest

from playground.discord import Interaction, LocalDiscord, NotPossibleError
from tests.playground.discord.client import Api, Json

MODAL = 9


@pytest.fixture(autouse=True)
async def commands(local: LocalDiscord, api: Api) -> None:
    await api.register({"name": "form", "description": "Form"})


def label(component: Json, text: str = "Label", **more: object) -> Json:
    return {"type": 18, "label": text, "component": component} | more


def line(custom_id: str = "t", **more: object) -> Json:
    return {"type": 4, "custom_id": custom_id, "style": 1} | more


def options(count: int = 2) -> list[Json]:
    return [{"label": f"Option {n}", "value": f"v{n}"} for n in range(count)]


def form(*parts: Json, **more: object) -> Json:
    return {"title": "Title", "custom_id": "form", "components": list(parts)} | more


@pytest.mark.parametrize(
    ("modal", "fault"),
    [
        (form(label(line()), title="x" * 46), "data.title: BASE_TYPE_MAX_LENGTH"),
        (form(label(line()), custom_id=None), "data.custom_id: BASE_TYPE_REQUIRED"),
        (form(), "data.components: BASE_TYPE_REQUIRED"),
        (
            form(*(label(line(str(n))) for n in range(6))),
            "data.components: BASE_TYPE_MAX_LENGTH",
        ),
        (form(line()), "data.components.0.type: UNION_TYPE_CHOICES"),
        (
            form(label({"type": 2, "style": 1, "label": "x", "custom_id": "b"})),
            "data.components.0.component.type: UNION_TYPE_CHOICES",
        ),
        (form(label(line(), text="x" * 46)), "data.components.0.label: BASE_TYPE_MAX_LENGTH"),
        (
            form(label(line(), description="x" * 101)),
            "data.components.0.description: BASE_TYPE_MAX_LENGTH",
        ),
        (
            form(label(line("a")), label(line("a"))),
            "data.components.1.component.custom_id: COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            form(label(line(label="Own"))),
            "data.components.0.component.label: COMPONENT_LABEL_NOT_ALLOWED",
        ),
        (
            form({"type": 1, "components": [line()]}),
            "data.components.0.components.0.label: BASE_TYPE_REQUIRED",
        ),
        (
            form(label(line(style=3))),
            "data.components.0.component.style: NUMBER_TYPE_MAX",
        ),
        (
            form(label(line(max_length=4001))),
            "data.components.0.component.max_length: NUMBER_TYPE_MAX",
        ),
        (
            form(label(line(max_length=3, value="four"))),
            "data.components.0.component.value: BASE_TYPE_MAX_LENGTH",
        ),
        (
            form(label(line(placeholder="x" * 101))),
            "data.components.0.component.placeholder: BASE_TYPE_MAX_LENGTH",
        ),
        (
            form(label({"type": 19, "custom_id": "f", "max_values": 11})),
            "data.components.0.component.max_values: NUMBER_TYPE_MAX",
        ),
        (
            form(label({"type": 19, "custom_id": "f", "min_values": 0})),
            "data.components.0.component.min_values: COMPONENT_REQUIRED_MIN_VALUES_ZERO",
        ),
        (
            form(label({"type": 21, "custom_id": "r", "options": options(1)})),
            "data.components.0.component.options: BASE_TYPE_MIN_LENGTH",
        ),
        (
            form(label({"type": 3, "custom_id": "s", "options": options(), "disabled": True})),
            "data.components.0.component.disabled: COMPONENT_DISABLED_NOT_ALLOWED",
        ),
    ],
)
async def test_each_rule_of_modals(local: LocalDiscord, api: Api, modal: Json, fault: str) -> None:
    sent = await local.slash("form")
    got = await api.answer(sent, MODAL, modal)
    assert got.code == (400, 50035)
    assert fault in got.faults()


async def opened(local: LocalDiscord, api: Api, *parts: Json) -> Interaction:
    sent = await local.slash("form")
    got = await api.answer(sent, MODAL, form(*parts))
    assert got.status == 200, got.json
    return sent


async def test_every_control_is_filled_in_and_sent(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    sent = await opened(
        local,
        api,
        label(line("text", value="prefilled")),
        label({"type": 3, "custom_id": "pick", "options": options()}),
        label({"type": 5, "custom_id": "who", "required": False}),
        label({"type": 19, "custom_id": "files", "max_values": 2}),
        label({"type": 23, "custom_id": "box", "default": True}),
    )
    values = {"pick": "Option 1", "who": ["Cleo"], "files": [("p.png", png)]}
    data = (await local.submit_modal(sent, values)).payload["data"]
    controls = {part["component"]["custom_id"]: part["component"] for part in data["components"]}
    assert controls["text"]["value"] == "prefilled"
    assert controls["pick"]["values"] == ["v1"]
    assert controls["who"]["values"] == list(data["resolved"]["users"])
    assert controls["box"]["value"] is True
    (file,) = data["resolved"]["attachments"].values()
    assert controls["files"]["values"] == [file["id"]]
    assert file["ephemeral"] is True
    assert (await api.file(file["url"]))[1] == png


async def test_groups_and_old_style_rows_are_filled_in_too(local: LocalDiscord, api: Api) -> None:
    sent = await opened(
        local,
        api,
        {"type": 10, "content": "Read this"},
        {"type": 1, "components": [line("old", label="Old")]},
        label({"type": 21, "custom_id": "radio", "options": options()}),
        label({"type": 22, "custom_id": "boxes", "options": options(3), "min_values": 0,
               "required": False}),
    )  # fmt: skip
    values = {"old": "text", "radio": "v1", "boxes": ["v0", "v2"]}
    data = (await local.submit_modal(sent, values)).payload["data"]
    note, old, radio, boxes = data["components"]
    assert note["type"] == 10
    assert old["components"][0]["value"] == "text"
    assert radio["component"]["value"] == "v1"
    assert boxes["component"]["values"] == ["v0", "v2"]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"t": ""},
        {"t": "x"},
        {"t": "x" * 11},
        {"t": "fits", "unknown": "x"},
        {"t": "fits", "s": ["v9"]},
        {"t": "fits", "s": ["v0", "v1"]},
    ],
)
async def test_the_form_accepts_only_what_fits(local: LocalDiscord, api: Api, values: Json) -> None:
    choice = {"type": 3, "custom_id": "s", "options": options(), "required": False}
    sent = await opened(local, api, label(line(min_length=2, max_length=10)), label(choice))
    with pytest.raises(NotPossibleError):
        await local.submit_modal(sent, values)
    assert (await local.submit_modal(sent, {"t": "fits"})).payload["type"] == 5


async def test_a_submission_is_no_place_for_another_modal(local: LocalDiscord, api: Api) -> None:
    sent = await opened(local, api, label(line()))
    submitted = await local.submit_modal(sent, {"t": "x"})
    for kind in (MODAL, 6, 7):
        got = await api.answer(submitted, kind, form(label(line())))
        assert got.faults() == ["type: BASE_TYPE_CHOICES"]
    assert (await api.answer(submitted, 4, {"content": "thanks"})).status == 200
    message = (await submitted.answer()).message
    assert message is not None
    triggering = local.message_json(message)["interaction_metadata"]
    assert triggering["triggering_interaction_metadata"]["id"] == str(sent.id)


async def test_a_modal_opened_by_a_button_may_update_its_message(
    local: LocalDiscord, api: Api
) -> None:
    button = {"type": 2, "style": 1, "label": "Edit", "custom_id": "e"}
    rows = [{"type": 1, "components": [button]}]
    card = (await api.send(content="card", components=rows)).json["id"]
    pressed = await local.press(card, "e")
    await api.answer(pressed, MODAL, form(label(line())))
    submitted = await local.submit_modal(pressed, {"t": "new"})
    assert submitted.payload["message"]["id"] == card
    assert (await api.answer(submitted, 7, {"content": "new"})).status == 200
    assert local.world.message(card).content == "new"


async def test_nobody_fills_in_the_form_of_somebody_else(local: LocalDiscord, api: Api) -> None:
    sent = await opened(local, api, label(line()))
    with pytest.raises(NotPossibleError):
        await local.submit_modal(sent, {"t": "x"}, member="Cleo")
    plain = await local.slash("form")
    await api.answer(plain, 4, {"content": "no modal"})
    with pytest.raises(NotPossibleError):
        await local.submit_modal(plain, {})
