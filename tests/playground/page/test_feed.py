"""The live side: what changed reaches whom it concerns, and nobody else."""

import asyncio
import io

import discord

from playground.clock import PlayClock
from playground.discord import LocalDiscord
from playground.neuralbox import LocalNeuralBox
from tests.playground.discord.client import bot_on
from tests.playground.page.browserless import Page
from tests.playground.page.test_actions import small_bot


async def test_messages_edits_and_deletions_arrive_in_order(ben: Page, ada: Page) -> None:
    async with ben.feed() as feed:
        await ada.act("say", content="hello")
        said = (await feed.next("message"))["message"]
        await ada.act("delete", message=said["id"])
        gone = await feed.next("delete")
    assert said["content"] == "hello"
    assert gone == {"type": "delete", "channel_id": said["channel_id"], "id": said["id"]}


async def test_nothing_is_missed_between_the_state_and_the_feed(ben: Page, ada: Page) -> None:
    seq = (await ben.state())["seq"]
    await ada.act("say", content="in between")
    async with ben.feed(since=seq) as feed:
        assert (await feed.next("message"))["message"]["content"] == "in between"


async def test_what_is_private_is_fed_to_its_member_alone(
    ben: Page, ada: Page, local: LocalDiscord
) -> None:
    async with bot_on(local, small_bot), ben.feed() as bens, ada.feed() as adas:
        await ben.act("slash", name="secret", options={})
        await ben.act("say", content="for all")
        assert (await bens.next("message"))["message"]["content"] == "psst"
        assert (await adas.next("message"))["message"]["content"] == "for all"
    assert "psst" not in str(adas.told)


async def test_the_bots_arrival_and_its_commands_are_told(ben: Page, local: LocalDiscord) -> None:
    async with ben.feed() as feed:
        assert (await feed.next("bot"))["connected"] is False
        async with bot_on(local, small_bot):
            assert (await feed.next("bot"))["connected"] is True
            await feed.next("world")
        assert (await feed.next("bot"))["connected"] is False
    names = {command["name"] for command in (await ben.state())["commands"]["dm"]}
    assert {"video", "secret"} <= names


async def test_the_vendors_side_and_the_speed_are_told_when_they_change(
    ben: Page, box: LocalNeuralBox, clock: PlayClock
) -> None:
    async with ben.feed() as feed:
        assert (await feed.next("box"))["box"]["generations"] == []
        assert (await feed.next("clock"))["clock"]["speed"] == 5.0
        box.add_foreign(prompt="a boat")
        assert (await feed.next("box"))["box"]["generations"][0]["prompt"] == "a boat"
        clock.speed = 20.0
        assert (await feed.next("clock"))["clock"]["speed"] == 20.0
    kinds = [entry["type"] for entry in feed.told]
    assert kinds.count("bot") == 1  # what did not change is not told again


async def test_stopping_the_server_does_not_wait_for_open_pages(
    ben: Page, local: LocalDiscord
) -> None:
    async with ben.feed() as feed:
        await feed.next("box")
        async with asyncio.timeout(3):
            await local.stop()


async def test_a_direct_message_with_a_file_shows_up_for_its_reader_alone(
    ben: Page, ada: Page, local: LocalDiscord
) -> None:
    async with bot_on(local) as bot, ben.feed() as bens, ada.feed() as adas:
        reader = await bot.fetch_user(int(ben.member))
        await reader.send("for you", file=discord.File(io.BytesIO(b"film"), "clip.mp4"))
        message = (await bens.next("message"))["message"]
        await ben.act("say", content="for all")
        assert (await adas.next("message"))["message"]["content"] == "for all"
    assert message["attachments"][0]["filename"] == "clip.mp4"
    state = await ben.state()
    assert state["messages"][state["dms"][0]["id"]][0]["content"] == "for you"
