"""A playground with a small bot that uses every part of Discord's face, for the page's tests.

`python -m tests.browser.kitchen` prints its address and runs until it is told to stop.
"""

import asyncio
import signal
import sys

import discord
from discord import app_commands, ui

from playground.clock import PlayClock
from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from playground.page import routes
from tests.browser.gallery import Settings, hang, picker
from tests.playground.discord.client import Bot, bot_on

Asked = discord.Interaction[Bot]


class Form(ui.Modal, title="Animate image"):
    words: ui.Label["Form"] = ui.Label(
        text="Prompt",
        description="Empty gives a gentle motion",
        component=ui.TextInput(style=discord.TextStyle.long, required=False, max_length=200),
    )
    picture: ui.Label["Form"] = ui.Label(text="Picture", component=ui.FileUpload(required=True))
    length: ui.Label["Form"] = ui.Label(
        text="Length",
        component=ui.RadioGroup(
            options=[
                discord.RadioGroupOption(label="5 seconds", value="5", default=True),
                discord.RadioGroupOption(label="10 seconds", value="10"),
            ]
        ),
    )

    def __init__(self, message: discord.Message) -> None:
        super().__init__()
        self.message = message

    async def on_submit(self, interaction: discord.Interaction) -> None:
        words, picture, length = (
            part.component for part in (self.words, self.picture, self.length)
        )
        assert isinstance(words, ui.TextInput)
        assert isinstance(picture, ui.FileUpload)
        assert isinstance(length, ui.RadioGroup)
        names = ", ".join(file.filename for file in picture.values)
        text = f"{self.message.content}: {words.value}, {names}, {length.value} s"
        await interaction.response.send_message(text, ephemeral=True)


def controls() -> ui.View:
    """A select of texts, one of members, and two buttons, of which one never answers."""
    view = ui.View(timeout=None)
    options = [discord.SelectOption(label=f"Picture {n}", value=f"p{n}") for n in (1, 2, 3)]
    view.add_item(ui.Select(custom_id="picture", placeholder="Which picture?", options=options))
    view.add_item(ui.UserSelect(custom_id="who", placeholder="For whom?", max_values=3))
    view.add_item(ui.Button(label="Answer", custom_id="answer"))
    view.add_item(ui.Button(label="Silence", custom_id="silence"))
    return view


def layout() -> ui.LayoutView:
    """A container with text, a section and a row, as later cards may use them."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[ui.LayoutView] = ui.Container(accent_colour=0x57D28B)
    box.add_item(ui.TextDisplay("### A layout\nwith **loud** words"))
    box.add_item(ui.Section("A section", accessory=ui.Button(label="Beside", custom_id="answer")))
    view.add_item(box)
    return view


def commands(bot: Bot) -> None:
    """Register one command per part."""

    @bot.tree.command(name="controls")
    async def show_controls(interaction: Asked) -> None:
        """Selects and buttons"""
        await interaction.response.send_message("Choose", view=controls())

    @bot.tree.command(name="layout")
    async def show_layout(interaction: Asked) -> None:
        """Components, second form"""
        await interaction.response.send_message(view=layout())

    @bot.tree.command()
    async def think(interaction: Asked) -> None:
        """Thinks until somebody says so"""
        await interaction.response.defer()
        await bot.wait_for("message", check=lambda message: not message.author.bot)
        await interaction.edit_original_response(content="thought of it")

    @bot.tree.command()
    async def silent(interaction: Asked) -> None:
        """Never answers"""

    @bot.tree.command()
    async def types(
        interaction: Asked,
        who: discord.Member,
        role: discord.Role,
        count: app_commands.Range[int, 1, 10],
        sure: bool = False,
        image: discord.Attachment | None = None,
    ) -> None:
        """Every type of option"""
        file = image.filename if image else "no file"
        text = f"{who.display_name} {role.name} {count} {sure} {file}"
        await interaction.response.send_message(text, ephemeral=True)

    budget = app_commands.Group(
        name="budget", description="b", default_permissions=discord.Permissions(manage_guild=True)
    )

    @budget.command()
    async def report(interaction: Asked) -> None:
        """Who spent what"""
        await interaction.response.send_message("nobody spent anything", ephemeral=True)

    bot.tree.add_command(budget)

    @bot.tree.context_menu(name="Animate image")
    async def animate(interaction: Asked, message: discord.Message) -> None:
        await interaction.response.send_modal(Form(message))

    picker(bot)

    @bot.event
    async def on_interaction(interaction: Asked) -> None:
        data = dict(interaction.data or {})
        is_press = interaction.type is discord.InteractionType.component
        if is_press and str(data["custom_id"]).startswith("form:"):
            await interaction.response.send_modal(Settings())
        elif is_press and data["custom_id"] != "silence":
            text = f"{data['custom_id']} {len(data.get('values', []))}"  # type: ignore[arg-type]
            await interaction.response.send_message(text, ephemeral=True)


async def main() -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock = PlayClock(20.0)
    local = LocalDiscord(clock)
    box = LocalNeuralBox(clock, clips="shared")
    local.mount(routes(local, box, clock))
    await box.start()
    await local.start()
    await hang(local)
    async with bot_on(local, commands):
        sys.stdout.write(f"Playground: {local.origin}/\n")
        sys.stdout.flush()
        await stop.wait()
    await local.stop()
    await box.stop()


if __name__ == "__main__":
    asyncio.run(main())
