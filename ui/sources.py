"""Pictures in a message: files, pictures of link previews, stickers and emoji that stand still."""

import re

import discord

from jobs.sources import Source
from models import Job

MOST = 10
_EMOJI = re.compile(r"<:\w{2,32}:(\d{15,20})>")
# Lottie stickers are drawings in a language of their own.
_PICTURES = frozenset(discord.StickerFormatType) - {discord.StickerFormatType.lottie}
_GIF_STICKERS = "https://media.discordapp.net"


def pictures_in(message: discord.Message, job: Job | None = None) -> list[Source]:
    """Return the pictures of a message, at most ten, in the order they are shown.

    For a message of our own, `job` is what it shows: its picture belongs to whoever posted it
    first, its video to whoever asked for it.
    """
    poster_id, is_bot = message.author.id, message.author.bot or message.webhook_id is not None
    if job is not None:
        poster_id, is_bot = job.origin.poster_id or job.user_id, job.origin.poster_is_bot
    found = [
        (one.url, one.is_spoiler())
        for one in message.attachments
        if (one.content_type or "").startswith("image/")
    ]
    for embed in message.embeds:
        for shown in (embed.image, embed.thumbnail):
            # Discord's own copy of a stranger's picture; the stranger's server is never asked.
            if shown.proxy_url:
                found.append((shown.proxy_url, False))
                break
    found += [(_sticker_url(one), False) for one in message.stickers if one.format in _PICTURES]
    found += [
        (f"{discord.asset.Asset.BASE}/emojis/{emoji_id}.png", False)
        for emoji_id in dict.fromkeys(_EMOJI.findall(message.content))
    ]
    unique = list(dict.fromkeys(found))[:MOST]
    return [
        Source(
            url=url,
            name=f"Picture {number}",
            poster_id=poster_id,
            poster_is_bot=is_bot,
            is_spoiler=is_spoiler,
        )
        for number, (url, is_spoiler) in enumerate(unique, start=1)
    ]


def _sticker_url(sticker: discord.StickerItem) -> str:
    """Return a sticker's address; discord.py writes Discord's own host into that of a GIF."""
    base = discord.asset.Asset.BASE
    is_local = not base.startswith("https://cdn.discordapp.com")
    return sticker.url.replace(_GIF_STICKERS, base) if is_local else sticker.url
