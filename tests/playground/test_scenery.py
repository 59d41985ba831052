"""What the playground shows when it opens: something to animate is already there."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from playground import scenery
from playground.__main__ import play_config
from playground.clock import FakeClock
from playground.discord import LocalDiscord, permissions
from playground.neuralbox import LocalNeuralBox


async def test_three_pictures_of_different_shapes_wait_in_the_channel() -> None:
    discord = LocalDiscord(FakeClock())
    assert discord.messages() == []
    await scenery.set_out(discord)
    first, second = discord.messages()
    assert {first.author.name, second.author.name} == {"Ada"}
    assert "Apps → Animate image" in first.content
    files = [*first.attachments, *second.attachments]
    assert [(file.width, file.height) for file in files] == [(1024, 576), (576, 864), (640, 640)]
    assert all(file.content_type == "image/jpeg" and file.size < 300_000 for file in files)


def test_a_moderator_and_a_room_that_members_do_not_see_are_there_from_the_start() -> None:
    discord, again = LocalDiscord(FakeClock()), LocalDiscord(FakeClock())
    for one in (discord, again):
        scenery.fill_roles(one)
    home = discord.world.first_guild
    assert list(home.channels) == list(again.world.first_guild.channels)
    assert list(home.roles) == list(again.world.first_guild.roles)
    assert len({*home.channels, *home.roles, *home.members, *discord.world.channels}) == (
        len(home.roles) + len(home.members) + len(discord.world.channels)
    )
    mods = discord.world.channel("mods")
    who = {m.name for m in home.members.values() if discord.permissions(m, mods)}
    assert who == {"Reelbox", "Ada", "Emil"}
    assert discord.permissions("Emil", mods) & permissions.MANAGE_MESSAGES
    assert not discord.permissions("Cleo", "videos") & permissions.MANAGE_MESSAGES
    bot = discord.permissions(discord.world.bot, mods)
    assert bot & permissions.SEND_MESSAGES
    assert bot & permissions.EMBED_LINKS


def test_the_pictures_are_the_same_in_every_run() -> None:
    code = "import sys; from playground import scenery; sys.stdout.buffer.write(scenery.harbour())"
    other = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout
    assert other == scenery.harbour()
    with Image.open(io.BytesIO(other)) as picture:
        assert len(picture.resize((64, 36)).convert("P").getcolors() or []) > 20


@pytest.mark.parametrize("content", [False, True])
async def test_the_bot_is_told_where_pictures_come_from_and_what_it_may_read(
    tmp_path: Path, content: bool
) -> None:
    clock = FakeClock()
    discord, box = LocalDiscord(clock), LocalNeuralBox(clock)
    discord.message_content_enabled = content
    await discord.start()
    await box.start()
    try:
        config = play_config(discord, box, tmp_path)
        assert config.pictures.origins == (discord.origin,)
        assert config.discord.message_content is content
    finally:
        await box.stop()
        await discord.stop()
