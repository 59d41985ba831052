"""Messages with every kind of picture, and the way from a picture to a form, for the small bot."""

import io

import discord
from discord import app_commands, ui
from PIL import Image

from playground import scenery
from playground.discord import LocalDiscord
from tests.playground.discord.client import Bot

Asked = discord.Interaction[Bot]
LOTTIE = b'{"v": "5.5.7", "layers": []}'


def _square(colour: str, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (96, 96), one) for one in (colour, "white")]
    frames[0].save(out, kind, save_all=kind == "GIF", append_images=frames[1:])
    return out.getvalue()


async def hang(local: LocalDiscord) -> None:
    """Fill #general: two pictures, a spoiler, emoji, stickers, links, a webhook and another bot."""
    place = "general"
    two = [("boat.jpg", scenery.paper_boat()), ("light.jpg", scenery.lighthouse())]
    await local.say("two pictures", channel=place, attachments=two, member="Cleo")
    hidden = [("SPOILER_harbour.jpg", scenery.harbour())]
    await local.say("a surprise", channel=place, attachments=hidden, member="Cleo")
    still, alive = (
        local.add_emoji("red", _square("red")),
        local.add_emoji("blink", _square("blue", "GIF")),
    )
    await local.say(f"emoji {still} {alive}", channel=place)
    kinds = [("wave", _square("green")), ("run", _square("navy", "GIF")), ("spin", LOTTIE)]
    await local.say("stickers", channel=place, stickers=kinds)
    link = local.link_embed("https://example.invalid/harbour.jpg", scenery.harbour())
    page = local.link_embed(
        "https://example.invalid/", scenery.paper_boat(), kind="article", title="Paper boats"
    )
    await local.say("links", channel=place, embeds=[link, page])
    square = [("square.png", _square("teal"))]
    await local.say("from a webhook", channel=place, attachments=square, as_webhook="News")
    await local.say("from a bot", channel=place, attachments=square, as_bot="Painter")


class Settings(ui.Modal, title="Settings"):
    words: ui.Label["Settings"] = ui.Label(
        text="Prompt",
        description="Empty gives a gentle motion",
        component=ui.TextInput(
            style=discord.TextStyle.long, default="slow waves", required=False, max_length=200
        ),
    )
    model: ui.Label["Settings"] = ui.Label(
        text="Model",
        component=ui.Select(
            options=[
                discord.SelectOption(label="Kling 2.1", value="kling", default=True),
                discord.SelectOption(label="Luma Ray 2 Flash", value="luma", description="fast"),
            ]
        ),
    )
    ratio: ui.Label["Settings"] = ui.Label(
        text="Shape",
        component=ui.Select(
            required=False,
            min_values=0,
            placeholder="As the picture",
            options=[
                discord.SelectOption(label="Wide", value="16:9", default=True),
                discord.SelectOption(label="Square", value="1:1"),
            ],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        words, model, ratio = (part.component for part in (self.words, self.model, self.ratio))
        assert isinstance(words, ui.TextInput)
        assert isinstance(model, ui.Select)
        assert isinstance(ratio, ui.Select)
        text = f"{words.value!r} {model.values} {ratio.values}"
        await interaction.response.edit_message(content=text, embeds=[], view=None, attachments=[])


def picker(bot: Bot) -> None:
    """A message command that shows a private list of pictures; its buttons open the form."""

    @bot.tree.context_menu(name="Pick picture")
    async def pick(interaction: Asked, message: discord.Message) -> None:
        view = ui.View(timeout=None)
        embeds = []
        for index, file in enumerate(message.attachments):
            view.add_item(ui.Button(label=str(index + 1), custom_id=f"form:{index}"))
            embeds.append(discord.Embed(title=f"Picture {index + 1}").set_thumbnail(url=file.url))
        style = discord.ButtonStyle
        view.add_item(ui.Button(label="Again · 44 tokens", custom_id="again", disabled=True))
        view.add_item(ui.Button(label="Delete", custom_id="delete", style=style.danger))
        own = discord.File(io.BytesIO(_square("teal")), "own.png", description="a teal square")
        embeds.append(discord.Embed(title="Own").set_thumbnail(url="attachment://own.png"))
        await interaction.response.send_message(embeds=embeds, file=own, view=view, ephemeral=True)

    bot.tree.add_command(app_commands.ContextMenu(name="Video info", callback=_info), override=True)


async def _info(interaction: Asked, message: discord.Message) -> None:
    file = discord.File(io.BytesIO(scenery.harbour()), "h.jpg", description="a harbour at dusk")
    spoiler = discord.File(io.BytesIO(scenery.paper_boat()), "SPOILER_b.jpg", description="a boat")
    await interaction.response.send_message(message.author.name, files=[file, spoiler])
