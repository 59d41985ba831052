"""What the acting member does on the page reaches the local Discord, and the bot."""

import io

import discord
from discord import app_commands

from playground.clock import PlayClock
from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from tests.playground.discord.client import Bot, bot_on
from tests.playground.page.browserless import Page


def small_bot(bot: Bot) -> None:
    @bot.tree.command()
    async def video(
        interaction: discord.Interaction[Bot],
        prompt: app_commands.Range[str, 3, 200],
        model: str = "any",
        image: discord.Attachment | None = None,
    ) -> None:
        """Make a video"""
        size = len(await image.read()) if image else 0
        await interaction.response.send_message(f"{prompt} {model} {size}")

    @video.autocomplete("model")
    async def models(
        interaction: discord.Interaction[Bot], current: str
    ) -> list[app_commands.Choice[str]]:
        prompt = interaction.namespace.prompt
        return [app_commands.Choice(name=f"{current} for {prompt}", value="m1")]

    @bot.tree.command()
    async def secret(interaction: discord.Interaction[Bot]) -> None:
        """Only for you"""
        await interaction.response.send_message("psst", ephemeral=True)

    @bot.tree.command()
    async def silent(interaction: discord.Interaction[Bot]) -> None:
        """Never answers"""

    @bot.tree.context_menu(name="Animate image")
    async def animate(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
        await interaction.response.send_modal(Form(message))


class Form(discord.ui.Modal, title="Animate"):
    words: discord.ui.TextInput["Form"] = discord.ui.TextInput(label="Prompt", custom_id="words")

    def __init__(self, message: discord.Message) -> None:
        super().__init__()
        self.message = message

    async def on_submit(self, interaction: discord.Interaction) -> None:
        text = f"{self.message.content}: {self.words.value}"
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="More", custom_id="more"))
        await interaction.response.send_message(text, view=view)


async def test_a_message_a_reply_and_its_deletion(
    ben: Page, ada: Page, local: LocalDiscord
) -> None:
    await ben.act("say", content="a boat", files={"": ("boat.txt", b"wood")})
    [first] = local.messages("videos")
    assert [file.filename for file in first.attachments] == ["boat.txt"]
    await ada.act("say", content="nice", reply_to=str(first.id))
    reply = local.messages("videos")[-1]
    assert reply.reference == first.id
    status, answer = await ben.post("delete", message=str(reply.id))
    assert (status, answer["error"]) == (400, "You may delete only your own messages here.")
    await ada.act("delete", message=str(first.id))
    assert local.messages("videos") == [reply]


async def test_a_slash_command_with_a_file_is_answered(ben: Page, local: LocalDiscord) -> None:
    async with bot_on(local, small_bot):
        answer = await ben.act(
            "slash",
            name="video",
            options={"prompt": "a boat", "model": "m1"},
            files={"image": ("boat.png", b"12345")},
        )
    assert answer["result"] == "message"
    assert [message.content for message in local.messages("videos")] == ["a boat m1 5"]


async def test_autocomplete_asks_the_bot_with_what_is_typed_so_far(
    ben: Page, local: LocalDiscord
) -> None:
    async with bot_on(local, small_bot):
        answer = await ben.act(
            "autocomplete", name="video", option="model", typed="lu", options={"prompt": "a boat"}
        )
    assert answer == {"choices": [{"name": "lu for a boat", "value": "m1"}]}


async def test_what_the_client_would_not_send_is_refused_with_its_reason(
    ben: Page, local: LocalDiscord
) -> None:
    async with bot_on(local, small_bot):
        refusals = [
            await ben.post("slash", name="video", options={}),
            await ben.post("slash", name="video", options={"prompt": "a"}),
            await ben.post("slash", name="nothing", options={}),
            await ben.post("say", content=""),
        ]
    assert [status for status, _ in refusals] == [400] * 4
    assert all(answer["error"] for _, answer in refusals)
    assert local.messages("videos") == []


async def test_an_ephemeral_answer_is_in_nobody_elses_state(
    ben: Page, ada: Page, local: LocalDiscord
) -> None:
    async with bot_on(local, small_bot):
        await ben.act("slash", name="secret", options={})
    assert "psst" in str((await ben.state())["messages"])
    assert "psst" not in str((await ada.state())["messages"])
    [hidden] = local.ephemerals("Ben")
    status, _ = await ada.post("delete", message=str(hidden.id))
    assert status == 400


async def test_no_answer_within_three_seconds_is_told_as_a_failure(
    ben: Page, local: LocalDiscord
) -> None:
    async with bot_on(local, small_bot):
        answer = await ben.act("slash", name="silent", options={})
    assert answer["result"] == "failed"


async def test_a_message_command_opens_a_form_whose_answer_has_a_button(
    ben: Page, ada: Page, local: LocalDiscord
) -> None:
    async with bot_on(local, small_bot) as bot:
        pressed: list[str] = []

        @bot.event
        async def on_interaction(interaction: discord.Interaction[Bot]) -> None:
            if interaction.type is discord.InteractionType.component:
                pressed.append(str(dict(interaction.data or {})["custom_id"]))
                await interaction.response.defer()

        await ben.act("say", content="my boat")
        target = str(local.messages("videos")[0].id)
        opened = await ben.act("app-command", name="Animate image", message=target)
        assert (opened["result"], opened["modal"]["title"]) == ("modal", "Animate")
        form = opened["interaction"]
        stranger, _ = await ada.post("modal", interaction=form, values={"words": "mine"})
        empty, _ = await ben.post("modal", interaction=form, values={"words": ""})
        sent = await ben.act("modal", interaction=form, values={"words": "sail"})
        again, _ = await ben.post("modal", interaction=form, values={"words": "sail"})
        card = local.messages("videos")[-1]
        await ben.act("press", message=str(card.id), custom_id="more")
    assert (stranger, empty, sent["result"], again) == (400, 400, "message", 400)
    assert card.content == "my boat: sail"
    assert pressed == ["more"]


async def test_the_side_panel_reaches_the_vendor_and_the_clock(
    ben: Page, box: LocalNeuralBox, clock: PlayClock
) -> None:
    waiting = box.add_foreign(prompt="a boat", status="pending")
    await ben.act("box/switch", name="outage", on=True)
    await ben.act("box/balance", tokens=7)
    await ben.act("box/finish", id=waiting.id)
    await ben.act("clock", speed=60)
    assert box.switches.outage
    assert box.balance <= 7
    assert waiting.status == "completed"
    assert clock.speed == 60
    refused = [
        await ben.post("box/finish", id=waiting.id),
        await ben.post("box/switch", name="nonsense", on=True),
        await ben.post("box/balance", tokens="many"),
        await ben.post("clock", speed=0),
        await ben.post("clock", speed=True),
    ]
    assert [status for status, _ in refused] == [400] * 5


async def test_finish_now_lets_an_ordered_failure_be_one(ben: Page, box: LocalNeuralBox) -> None:
    doomed = box.add_foreign(prompt="a boat", status="pending")
    doomed.fails_with = "Provider error: it went wrong"
    await ben.act("box/finish", id=doomed.id)
    assert (doomed.status, doomed.error) == ("failed", "Provider error: it went wrong")


async def test_nobody_can_act_where_they_are_not(ben: Page, ada: Page, local: LocalDiscord) -> None:
    second = local.world.channel("videos", local.world.guild("Second Server"))
    dm = local.world.dm(local.world.user("Ben"))
    status, answer = await ada.post("say", content="hello", channel=str(second.id))
    assert (status, answer["error"]) == (400, "Ada is not here.")
    status, _ = await ada.post("say", content="hello", channel=str(dm.id))
    assert status == 400
    await ben.act("say", content="only for the bot", channel=str(dm.id))
    assert "only for the bot" not in str((await ada.state())["messages"])


async def test_a_broken_order_is_refused_in_words(ben: Page) -> None:
    for form in ({}, {"json": "{"}, {"json": "[]"}, {"json": "{}"}):
        async with ben.session.post(
            f"{ben.local.origin}/play/say", data=form, headers={"Origin": ben.local.origin}
        ) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]


async def test_a_file_is_read_back_with_ranges(ben: Page, local: LocalDiscord) -> None:
    data = io.BytesIO(bytes(range(200))).getvalue()
    await ben.act("say", content="", files={"": ("boat.mp4", data)})
    [message] = (await ben.state())["messages"][str(local.world.channel("videos").id)]
    url = message["attachments"][0]["url"]
    assert url.startswith(local.origin)
    async with ben.session.get(url, headers={"Range": "bytes=10-19"}) as answer:
        assert (answer.status, await answer.read()) == (206, data[10:20])
