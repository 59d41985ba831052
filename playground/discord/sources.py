"""Where pictures in messages come from besides uploads: stickers, emoji, links that unfurl."""

import hashlib
import io
import urllib.parse
from typing import Literal

from PIL import Image

from playground.discord.media_probe import picture_shape
from playground.discord.parts import Parts
from playground.discord.payloads import guild_json
from playground.discord.types import Json, Ref
from playground.discord.world import Emoji, Guild

PNG, APNG, LOTTIE, GIF = 1, 2, 3, 4
_STICKER_FILES = {
    PNG: ("png", "image/png"),
    APNG: ("png", "image/png"),
    LOTTIE: ("json", "application/json"),
    GIF: ("gif", "image/gif"),
}


def sticker_format(data: bytes) -> int:
    """Return Discord's format type of a sticker's file, by its first bytes."""
    if data.startswith(b"GIF8"):
        return GIF
    if data.lstrip().startswith(b"{"):
        return LOTTIE
    return APNG if b"acTL" in data[:4096] else PNG


def store_sticker(parts: Parts, name: str, data: bytes) -> Json:
    """Keep a sticker's file; returns the item as a message carries it."""
    sticker_id, kind = parts.ids.next(), sticker_format(data)
    suffix, content_type = _STICKER_FILES[kind]
    parts.cdn.put(f"/stickers/{sticker_id}.{suffix}", data, content_type)
    return {"id": str(sticker_id), "name": name, "format_type": kind}


class Sources:
    """Puts such pictures into the world."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def add_emoji(self, name: str, picture: bytes, *, guild: Ref | Guild | None = None) -> str:
        """Add an emoji, animated if the picture is a GIF; returns how it is written in a message.

        As on Discord an animated one is served as .gif, and its first frame as .png.
        """
        home = self.parts.world.guild(guild)
        emoji = Emoji(self.parts.ids.next(), name, animated=picture.startswith(b"GIF8"))
        home.emojis[emoji.id] = emoji
        if emoji.animated:
            self.parts.cdn.put(f"/emojis/{emoji.id}.gif", picture, "image/gif")
            picture = _first_frame(picture)
        self.parts.cdn.put(f"/emojis/{emoji.id}.png", picture, "image/png")
        self.parts.log.add("world", event="GUILD_UPDATE")
        self.parts.book.tell_guild("GUILD_UPDATE", guild_json(home), home)
        return f"<{'a' if emoji.animated else ''}:{name}:{emoji.id}>"

    def link_embed(
        self,
        url: str,
        picture: bytes,
        *,
        kind: Literal["image", "article", "rich"] = "image",
        title: str | None = None,
    ) -> Json:
        """Return the embed that Discord makes of a link in a message, for `say(embeds=[...])`.

        The picture itself lies behind Discord's proxy: `url` is the far address, `proxy_url` ours.
        An image link carries it as its thumbnail, a rich embed as its image.
        """
        shape = picture_shape(picture)
        parts = urllib.parse.urlsplit(url)
        mark = hashlib.sha256(url.encode()).hexdigest()[:40]
        path = f"/external/{mark}/{parts.scheme}/{parts.netloc}{parts.path}"
        self.parts.cdn.put(path, picture, "image/png")
        shown: Json = {"url": url, "proxy_url": f"cdn:{path}", "flags": 0}
        if shape.width and shape.height:
            shown |= {"width": shape.width, "height": shape.height}
        made: Json = {"type": kind, "url": url}
        if title is not None:
            made["title"] = title
        return made | {"image" if kind == "rich" else "thumbnail": shown}


def _first_frame(gif: bytes) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(gif)) as picture:
        picture.convert("RGBA").save(out, "PNG")
    return out.getvalue()
