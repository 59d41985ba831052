"""Everything in a message that shows a picture, as an unmodified bot finds and fetches it."""

import io
from collections.abc import Iterator

import discord
import pytest
from discord import app_commands
from PIL import Image

from playground.discord import LocalDiscord
from tests.playground.discord.client import Api, Bot, bot_on, eventually

LOTTIE = b'{"v": "5.5.7", "w": 320, "h": 320, "layers": []}'


def moving(kind: str) -> bytes:
    """Two frames, red and blue."""
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


@pytest.fixture
def assets(local: LocalDiscord) -> Iterator[None]:
    """Point the library's addresses of emoji and stickers at the local file store."""
    real = discord.asset.Asset.BASE
    discord.asset.Asset.BASE = local.origin
    yield
    discord.asset.Asset.BASE = real


class Looker:
    """A message command that keeps the message it was used on."""

    def __init__(self) -> None:
        self.seen: list[discord.Message] = []

    def __call__(self, bot: Bot) -> None:
        @app_commands.context_menu(name="Animate image")
        async def animate(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
            self.seen.append(message)
            await interaction.response.send_message("seen", ephemeral=True)

        bot.tree.add_command(animate)


@pytest.mark.usefixtures("assets")
async def test_each_kind_of_source_reaches_a_message_command(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    still, alive = local.add_emoji("boat", png), local.add_emoji("waves", moving("GIF"))
    link = local.link_embed("https://example.invalid/a/boat.png", png)
    page = local.link_embed("https://example.invalid/a", png, kind="rich", title="Boats")
    message = await local.say(
        f"look {still} {alive}",
        attachments=[("a.png", png), ("b.png", png)],
        embeds=[link, page],
        stickers=[("wave", png), ("jump", moving("PNG")), ("spin", LOTTIE), ("run", moving("GIF"))],
    )
    look = Looker()
    async with bot_on(local, look):
        answer = await (await local.message_command("Animate image", message)).answer()
        assert answer.ephemeral
        seen = look.seen[0]
        assert [await file.read() for file in seen.attachments] == [png, png]
        assert [sticker.format.name for sticker in seen.stickers] == [
            "png",
            "apng",
            "lottie",
            "gif",
        ]
        assert [await s.read() for s in seen.stickers[:2]] == [png, moving("PNG")]
        found = [discord.PartialEmoji.from_str(word) for word in seen.content.split()[1:]]
        urls = [emoji.url for emoji in found]
    assert (await api.file(seen.stickers[2].url))[1] == LOTTIE
    # The library knows GIF stickers at one address only, which is not an asset's.
    assert (
        seen.stickers[3].url == f"https://media.discordapp.net/stickers/{seen.stickers[3].id}.gif"
    )
    own = f"{local.origin}/stickers/{seen.stickers[3].id}.gif"
    assert (await api.file(own))[1] == moving("GIF")
    assert urls[0].startswith(f"{local.origin}/emojis/")
    assert [emoji.animated for emoji in found] == [False, True]
    assert [embed.type for embed in seen.embeds] == ["image", "rich"]
    assert seen.embeds[0].thumbnail.url == "https://example.invalid/a/boat.png"
    assert seen.embeds[0].thumbnail.width == 6
    assert str(seen.embeds[1].image.proxy_url).startswith(f"{local.origin}/external/")


async def test_emoji_and_proxied_pictures_are_served_without_a_signature(
    local: LocalDiscord, api: Api, png: bytes
) -> None:
    alive = local.add_emoji("waves", moving("GIF"))
    number = alive.strip("<>").split(":")[-1]
    status, gif, headers = await api.file(f"{local.origin}/emojis/{number}.gif?size=96")
    assert (status, gif, headers["Content-Type"]) == (200, moving("GIF"), "image/gif")
    _, first, _ = await api.file(f"{local.origin}/emojis/{number}.png")
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    assert (await api.file(f"{local.origin}/emojis/5.png"))[0] == 404
    link = local.link_embed("https://example.invalid/boat.png", png)
    message = await local.say("https://example.invalid/boat.png", embeds=[link])
    shown = local.message_json(message)["embeds"][0]["thumbnail"]
    assert "?" not in shown["proxy_url"]
    assert (await api.file(shown["proxy_url"]))[1] == png


async def test_stickers_stay_when_the_content_is_hidden(local: LocalDiscord, png: bytes) -> None:
    async with bot_on(local) as bot:
        message = await local.say("words", stickers=[("wave", png)])
        heard = await bot.hears(str(message.id))
    assert (heard.content, [sticker.name for sticker in heard.stickers]) == ("", ["wave"])


async def test_webhooks_and_other_bots_are_told_apart(local: LocalDiscord, png: bytes) -> None:
    look = Looker()
    picture = [("p.png", png)]
    async with bot_on(local, look):
        for hook, other in (("News", None), ("News", None), (None, "Painter")):
            message = await local.say("new", attachments=picture, as_webhook=hook, as_bot=other)
            await (await local.message_command("Animate image", message)).answer()
        await eventually(lambda: len(look.seen) == 3)
    first, second, third = look.seen
    assert first.webhook_id == first.author.id == second.author.id
    assert (first.author.bot, first.author.discriminator) == (True, "0000")
    assert third.webhook_id is None
    assert third.author.bot
    assert third.author.id in local.world.first_guild.members


async def test_a_webhook_is_no_user(local: LocalDiscord, api: Api) -> None:
    message = await local.say("new", as_webhook="News")
    assert (await api.ask("GET", f"/users/{message.author_id}")).code == (404, 10013)
    got = await api.ask("POST", "/users/@me/channels", {"recipient_id": str(message.author_id)})
    assert got.code == (403, 50007)


async def test_a_mention_is_written_with_the_bots_own_handle(local: LocalDiscord) -> None:
    async with bot_on(local) as bot:
        picture = await local.say("mine", member="Cleo")
        reply = await local.say(f"{local.bot_mention} make it move", reply_to=picture)
        heard = await bot.hears(str(reply.id))
        assert bot.user in heard.mentions
    assert heard.content.endswith("make it move")
    assert heard.reference is not None
    assert isinstance(heard.reference.resolved, discord.Message)
    assert heard.reference.resolved.content == ""
