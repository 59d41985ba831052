"""Buttons, selects, modals, layouts and message commands as the real client library does them."""

import asyncio
import io

import discord
from discord import ui

from playground.discord import LocalDiscord, Message
from tests.playground.discord.client import Bot, bot_on


class Form(ui.Modal, title="Edit"):
    prompt = ui.Label(text="Prompt", component=ui.TextInput[ui.View](max_length=100))
    model = ui.Label(
        text="Model",
        component=ui.Select[ui.View](options=[discord.SelectOption(label="One", value="1")]),
    )
    files = ui.Label(
        text="Picture",
        component=ui.FileUpload[ui.View](required=False, min_values=0, max_values=2),
    )

    async def on_submit(self, interaction: discord.Interaction[discord.Client]) -> None:
        text, choice, files = (
            self.prompt.component,
            self.model.component,
            self.files.component,
        )
        assert isinstance(text, ui.TextInput)
        assert isinstance(choice, ui.Select)
        assert isinstance(files, ui.FileUpload)
        sizes = [len(await file.read()) for file in files.values]
        told = f"{text.value} {choice.values} {sizes}"
        if interaction.message is not None:
            await interaction.response.edit_message(content=told)
        else:
            await interaction.response.send_message(told, ephemeral=True)


class Card(ui.View):
    @ui.button(label="Again", custom_id="card:again")
    async def again(self, interaction: discord.Interaction, _: ui.Button["Card"]) -> None:
        await interaction.response.send_message(f"again {interaction.user}", ephemeral=True)

    @ui.button(label="Edit", custom_id="card:edit")
    async def edit(self, interaction: discord.Interaction, _: ui.Button["Card"]) -> None:
        await interaction.response.send_modal(Form())

    @ui.select(
        custom_id="card:pick",
        options=[discord.SelectOption(label=name) for name in ("a", "b")],
        max_values=2,
    )
    async def pick(self, interaction: discord.Interaction, select: ui.Select["Card"]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=",".join(select.values), view=None)


def setup(bot: Bot) -> None:
    bot.add_view(Card(timeout=None))

    @bot.tree.command()
    async def card(interaction: discord.Interaction[Bot]) -> None:
        """Card"""
        await interaction.response.send_message("card", view=Card(timeout=None))

    @bot.tree.command()
    async def form(interaction: discord.Interaction[Bot]) -> None:
        """Form"""
        await interaction.response.send_modal(Form())

    @bot.tree.context_menu(name="Animate image")
    async def animate(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
        data = await message.attachments[0].read()
        await interaction.response.send_message(f"{message.content} {len(data)}", ephemeral=True)

    @bot.tree.command()
    async def picture(
        interaction: discord.Interaction[Bot], image: discord.Attachment | None = None
    ) -> None:
        """Picture"""
        size = len(await image.read()) if image else 0
        await interaction.response.send_message(str(size))


async def card_of(local: LocalDiscord) -> Message:
    message = (await (await local.slash("card")).answer()).message
    assert message is not None
    return message


async def test_a_button_works_for_anybody_who_sees_it(local: LocalDiscord) -> None:
    async with bot_on(local, setup):
        message = await card_of(local)
        pressed = await local.press(message, "Again", member="Cleo")
        answer = await pressed.answer()
    assert answer.ephemeral
    assert [one.content for one in local.ephemerals("Cleo")] == ["again cleo"]


async def test_a_button_works_after_the_bot_was_restarted(local: LocalDiscord) -> None:
    async with bot_on(local, setup):
        message = await card_of(local)
    async with bot_on(local, setup):
        assert (await (await local.press(message, "card:again")).answer()).ephemeral


async def test_a_select_is_deferred_and_its_message_edited(local: LocalDiscord) -> None:
    async with bot_on(local, setup):
        message = await card_of(local)
        mark = len(local.events)
        chosen = await local.choose(message, "card:pick", ["a", "b"])
        assert (await chosen.answer()).kind == "deferred_update"
        await local.wait_for(lambda e: e.kind == "message_edit", start_at=mark)
    assert (message.content, message.components) == ("a,b", [])


async def test_a_modal_is_filled_in_and_updates_the_message(
    local: LocalDiscord, png: bytes
) -> None:
    async with bot_on(local, setup):
        message = await card_of(local)
        pressed = await local.press(message, "Edit")
        modal = (await pressed.answer()).modal
        assert modal is not None
        ids = [part["component"]["custom_id"] for part in modal["components"]]
        values = dict(zip(ids, ["a boat", "One", [("p.png", png)]], strict=True))
        submitted = await local.submit_modal(pressed, values)
        assert (await submitted.answer()).kind == "update"
    assert message.content == f"a boat ['1'] [{len(png)}]"


async def test_a_modal_of_a_command_is_answered_privately(local: LocalDiscord) -> None:
    async with bot_on(local, setup):
        asked = await local.slash("form")
        modal = (await asked.answer()).modal
        assert modal is not None
        ids = [part["component"]["custom_id"] for part in modal["components"]]
        submitted = await local.submit_modal(asked, {ids[0]: "x", ids[1]: "1"})
        answer = await submitted.answer()
    assert answer.ephemeral
    assert answer.message is not None
    assert answer.message.content == "x ['1'] []"


async def test_a_message_command_reads_a_picture_without_the_intent(
    local: LocalDiscord, png: bytes
) -> None:
    picture = await local.say("look", member="Cleo", attachments=[("p.png", png)])
    async with bot_on(local, setup):
        answer = await (await local.message_command("Animate image", picture)).answer()
    assert answer.message is not None
    assert answer.message.content == f"look {len(png)}"


async def test_an_attachment_option_is_downloaded(local: LocalDiscord, png: bytes) -> None:
    async with bot_on(local, setup):
        sent = await local.slash("picture", attachments={"image": ("p.png", png)})
        answer = await sent.answer()
    assert answer.message is not None
    assert answer.message.content == str(len(png))


async def test_a_layout_with_a_gallery_is_sent_and_replaces_a_card(local: LocalDiscord) -> None:
    def layout() -> ui.LayoutView:
        view = ui.LayoutView()
        gallery = ui.MediaGallery[ui.LayoutView]()
        gallery.add_item(media="attachment://v.mp4", description="a boat")
        text = ui.TextDisplay[ui.LayoutView]("done")
        view.add_item(ui.Container(text, gallery, accent_colour=0x55AA55))
        return view

    def clip() -> discord.File:
        return discord.File(io.BytesIO(b"video"), "v.mp4")

    async with bot_on(local) as bot:
        channel = bot.get_partial_messageable(local.world.channel("videos").id)
        sent = await channel.send(view=layout(), file=clip())
        assert sent.flags.components_v2
        card = await channel.send("card", embed=discord.Embed(title="x"))
        edited = await card.edit(content=None, embeds=[], view=layout(), attachments=[clip()])
    assert [part["type"] for part in local.world.message(edited.id).components] == [17]


async def test_a_reply_that_mentions_the_bot_is_heard_with_its_text_only(
    local: LocalDiscord, png: bytes
) -> None:
    async with bot_on(local) as bot:
        picture = await local.say("mine", member="Cleo", attachments=[("p.png", png)])
        reply = await local.say(f"<@{local.world.bot.id}> go", reply_to=picture)
        heard = await bot.hears(str(reply.id))
        assert heard.content.endswith("go")
        assert bot.user in heard.mentions
        assert heard.reference is not None
        resolved = heard.reference.resolved
        assert isinstance(resolved, discord.Message)
        assert resolved.attachments == []
        local.delete_message(picture)
        again = await local.say(f"<@{local.world.bot.id}> again", channel="general")
        await bot.hears(str(again.id))


async def test_the_library_waits_for_a_window_by_itself(local: LocalDiscord) -> None:
    async with bot_on(local) as bot:
        channel = bot.get_partial_messageable(local.world.channel("videos").id)
        sent = await channel.send("x")
        messages = [channel.get_partial_message(sent.id + n) for n in range(7)]
        results = await asyncio.gather(
            *(message.delete() for message in messages), return_exceptions=True
        )
    codes = [one.code for one in results if isinstance(one, discord.HTTPException)]
    assert codes == [10008] * 6
    assert local.invalid_requests == 0
