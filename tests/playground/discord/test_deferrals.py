"""Answers in two steps, and forms that open from menus and buttons, with an unmodified bot."""

import asyncio

import discord
import pytest
from discord import app_commands, ui

from playground.clock import FakeClock
from playground.discord import Interaction, LocalDiscord, Message
from tests.playground.discord.client import Api, Bot, Json, bot_on

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL = 4, 5, 6, 7, 9
PRIVATE = {"flags": 64}
Asked = discord.Interaction[Bot]


@pytest.fixture
async def commands(local: LocalDiscord, api: Api) -> None:
    local.rate_limits = False
    await api.register({"name": "hi", "description": "Hi"})


async def pressed(local: LocalDiscord, api: Api) -> tuple[Interaction, Message]:
    """Press the button of a plain message of the bot."""
    button = {"type": 2, "style": 4, "label": "Delete", "custom_id": "delete"}
    sent = await api.send(content="card", components=[{"type": 1, "components": [button]}])
    message = local.world.message(sent.json["id"])
    return await local.press(message, "Delete"), message


@pytest.mark.usefixtures("commands")
async def test_a_public_thinking_message_may_give_way_to_a_private_sentence(
    local: LocalDiscord, api: Api
) -> None:
    sent = await local.slash("hi")
    await api.answer(sent, DEFERRED)
    assert len(local.messages()) == 1
    assert (await api.ask("DELETE", api.hook(sent, "@original"))).status == 204
    told = await api.ask("POST", api.hook(sent), PRIVATE | {"content": "no tokens left"})
    assert told.json["flags"] == 64
    assert local.messages() == []
    assert await sent.final() is local.ephemerals()[0]
    assert (await api.ask("GET", api.hook(sent, "@original"))).code == (404, 10008)


@pytest.mark.usefixtures("commands")
async def test_the_final_message_is_waited_for(local: LocalDiscord, api: Api) -> None:
    sent = await local.slash("hi")
    waiting = asyncio.create_task(sent.final())
    await api.answer(sent, DEFERRED, PRIVATE)
    with pytest.raises(TimeoutError):
        await sent.final(timeout=0.02)
    await api.ask("PATCH", api.hook(sent, "@original"), {"content": "done"})
    message = await waiting
    assert (message.content, message.ephemeral) == ("done", True)
    modal: Json = {"custom_id": "m", "title": "t", "components": [{"type": 10, "content": "x"}]}
    other = await local.slash("hi")
    await api.answer(other, MODAL, modal)
    with pytest.raises(LookupError, match="modal"):
        await other.final()


@pytest.mark.usefixtures("commands")
async def test_a_press_deferred_without_a_trace_is_followed_up_or_edits_its_message(
    local: LocalDiscord, api: Api, clock: FakeClock
) -> None:
    sent, message = await pressed(local, api)
    await api.answer(sent, DEFERRED_UPDATE)
    more = await api.ask("POST", api.hook(sent), PRIVATE | {"content": "one moment"})
    assert more.json["flags"] == 64
    edited = await api.ask("PATCH", api.hook(sent, "@original"), {"components": []})
    assert (edited.json["id"], edited.json["components"]) == (str(message.id), [])
    assert message.content == "card"
    await clock.advance(15 * 60)
    assert (await api.ask("POST", api.hook(sent), {"content": "x"})).code == (401, 50027)
    assert (await api.edit(message, content="by its id", components=[])).status == 200


@pytest.mark.usefixtures("commands")
async def test_a_press_updates_its_message_in_the_answer(local: LocalDiscord, api: Api) -> None:
    sent, message = await pressed(local, api)
    got = await api.answer(sent, UPDATE, {"content": "gone", "components": []})
    assert got.json["resource"]["message"]["components"] == []
    assert await sent.final() is message


class Animate(ui.Modal, title="Animate image"):
    """A form with a prefilled text, two selects with defaults, and an optional text."""

    def __init__(self, answer: str) -> None:
        super().__init__(custom_id="animate")
        self.answer = answer
        text: ui.TextInput[Animate] = ui.TextInput(
            custom_id="prompt", default="gentle waves", required=False, max_length=200
        )
        self.add_item(ui.Label(text="Prompt", component=text))
        for name, values, required in (
            ("length", ["5", "10"], True),
            ("ratio", ["16:9", "1:1"], False),
        ):
            select: ui.Select[Animate] = ui.Select(
                custom_id=name,
                required=required,
                min_values=int(required),
                options=[
                    discord.SelectOption(label=f"{v}!", value=v, default=v == values[0])
                    for v in values
                ],
            )
            self.add_item(ui.Label(text=name, description="d", component=select))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        values = [part.component for part in self.children if isinstance(part, ui.Label)]
        words = [str(getattr(v, "value", None) or getattr(v, "values", "")) for v in values]
        text = " ".join(words)
        if self.answer == "deferred":
            await interaction.response.defer(thinking=True)
            await interaction.edit_original_response(content=text)
        elif self.answer == "update":
            await interaction.response.edit_message(content=text, view=None)
        else:
            await interaction.response.send_message(text, ephemeral=True)


def animator(bot: Bot) -> None:
    """A menu command that opens a form or a picker whose buttons open the form."""

    async def menu(interaction: Asked, message: discord.Message) -> None:
        if len(message.attachments) < 2:
            await interaction.response.send_modal(Animate(message.content or "message"))
            return
        view = ui.View(timeout=None)
        embeds = []
        for index, file in enumerate(message.attachments):
            view.add_item(ui.Button(label=str(index + 1), custom_id=f"pick:{index}"))
            embeds.append(discord.Embed(title=file.filename).set_thumbnail(url=file.url))
        await interaction.response.send_message(embeds=embeds, view=view, ephemeral=True)

    bot.tree.add_command(app_commands.ContextMenu(name="Animate image", callback=menu))

    @bot.event
    async def on_interaction(interaction: Asked) -> None:
        data = dict(interaction.data or {})
        if str(data.get("custom_id", "")).startswith("pick:"):
            await interaction.response.send_modal(Animate("update"))


@pytest.mark.parametrize(("answer", "private"), [("message", True), ("deferred", False)])
async def test_a_menu_opens_a_form_with_everything_prefilled(
    local: LocalDiscord, png: bytes, answer: str, private: bool
) -> None:
    picture = await local.say(answer, attachments=[("p.png", png)], member="Cleo")
    async with bot_on(local, animator):
        opened = await local.message_command("Animate image", picture)
        first = await opened.answer()
        assert first.modal is not None
        parts = [part["component"] for part in first.modal["components"]]
        assert (parts[0]["value"], parts[0]["required"]) == ("gentle waves", False)
        assert [part["required"] for part in parts[1:]] == [True, False]
        assert [o.get("default", False) for o in parts[1]["options"]] == [True, False]
        sent = await local.submit_modal(opened, {"length": "10!", "ratio": []})
        message = await sent.final()
    assert (message.content, message.ephemeral) == ("gentle waves ['10'] []", private)


async def test_a_private_picker_leads_to_a_form_that_closes_it(
    local: LocalDiscord, png: bytes
) -> None:
    pictures = [(f"{n}.png", png) for n in range(10)]
    source = await local.say("", attachments=pictures, member="Cleo")
    async with bot_on(local, animator):
        shown = await (await local.message_command("Animate image", source)).final()
        assert shown.ephemeral_for == local.world.user("Ben").id
        assert [len(row["components"]) for row in shown.components] == [5, 5]
        urls = [e["thumbnail"]["url"] for e in local.message_json(shown)["embeds"]]
        assert len(set(urls)) == 10
        opened = await local.press(shown, "7")
        assert (await opened.answer()).modal is not None
        done = await (await local.submit_modal(opened, {"prompt": ""})).final()
    assert done is shown
    assert (done.content, done.components) == (" ['5'] ['16:9']".strip(), [])
