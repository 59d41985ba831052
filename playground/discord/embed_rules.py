"""Discord's limits on embeds, and an embed as it comes back.

Source: "resources/message" (embed limits). The 6000 characters count over all embeds of a message.
"""

import datetime
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from playground.discord.errors import Form, Path
from playground.discord.media_probe import named_by
from playground.discord.types import Json
from playground.discord.world import Attachment

PathOf = Callable[[str], str | None]
"""Finds the inner path behind an address of our own file store; None for other addresses."""

MAX_EMBEDS = 10
MAX_FIELDS = 25
MAX_TOTAL = 6_000
_TEXTS = {"title": 256, "description": 4096}
_PICTURES = ("image", "thumbnail")
# The only files an embed can show by attachment://; a video is not among them.
_SHOWN = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def check_embeds(form: Form, path: Path, embeds: Any) -> list[Json]:
    """Note every fault of a list of embeds; returns those that are objects."""
    if not isinstance(embeds, list):
        form.fault(path, "BASE_TYPE_BAD_TYPE", "Expected list")
        return []
    if len(embeds) > MAX_EMBEDS:
        form.fault(path, "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_EMBEDS} or fewer in length.")
    good = []
    total = 0
    for index, embed in enumerate(embeds):
        if isinstance(embed, dict):
            good.append(embed)
            total += _check(form, (*path, index), embed)
        else:
            form.fault((*path, index), "MODEL_TYPE_CONVERT", "Only dictionaries may be used")
    if total > MAX_TOTAL:
        text = f"Embed size exceeds maximum size of {MAX_TOTAL}"
        form.fault(path, "MAX_EMBED_SIZE_EXCEEDED", text)
    return good


def _check(form: Form, path: Path, embed: Json) -> int:
    """Check one embed; returns its characters that count."""
    total = sum(_text(form, path, embed, name, most) for name, most in _TEXTS.items())
    for part, name, most in (("footer", "text", 2048), ("author", "name", 256)):
        inner = embed.get(part)
        if isinstance(inner, dict):
            total += _text(form, (*path, part), inner, name, most, required=True)
            _address(form, (*path, part, "icon_url"), inner.get("icon_url"))
    author = embed.get("author")
    if isinstance(author, dict):
        _address(form, (*path, "author", "url"), author.get("url"), plain=True)
    for part in _PICTURES:
        if isinstance(embed.get(part), dict):
            _address(form, (*path, part, "url"), embed[part].get("url"))
    _address(form, (*path, "url"), embed.get("url"), plain=True)
    color = embed.get("color")
    if color is not None:
        form.number((*path, "color"), color, 0, 0xFFFFFF)
    _timestamp(form, (*path, "timestamp"), embed.get("timestamp"))
    return total + _fields(form, (*path, "fields"), embed.get("fields") or [])


def _fields(form: Form, path: Path, fields: Any) -> int:
    if not form.length(path, fields, 0, MAX_FIELDS, what="list"):
        return 0
    total = 0
    for index, field in enumerate(fields):
        at = (*path, index)
        if not isinstance(field, dict):
            form.fault(at, "MODEL_TYPE_CONVERT", "Only dictionaries may be used")
            continue
        total += _text(form, at, field, "name", 256, required=True)
        total += _text(form, at, field, "value", 1024, required=True)
    return total


def _text(
    form: Form, path: Path, part: Json, name: str, most: int, *, required: bool = False
) -> int:
    value = part.get(name)
    if value is None:
        if required:
            form.required((*path, name))
        return 0
    text = str(value).strip()
    form.length((*path, name), text, int(required), most)
    return len(text)


def _address(form: Form, path: Path, url: Any, *, plain: bool = False) -> None:
    if url is None:
        return
    schemes = ("http", "https") if plain else ("http", "https", "attachment")
    parts = urllib.parse.urlsplit(url) if isinstance(url, str) else None
    if parts is None or (parts.scheme and parts.scheme not in schemes):
        told = f'Scheme "{parts.scheme if parts else ""}" is not supported.'
        form.fault(path, "URL_TYPE_INVALID_SCHEME", f"{told} Scheme must be one of {schemes}.")
    elif not parts.netloc or len(str(url)) > 2048:
        form.fault(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def _timestamp(form: Form, path: Path, value: Any) -> None:
    if value is None:
        return
    try:
        datetime.datetime.fromisoformat(str(value))
    except ValueError:
        form.fault(path, "DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601.")


class Pictures:
    """Finds what the pictures of embeds stand for; `embedded` collects the files they show."""

    def __init__(self, form: Form, files: Mapping[str, Attachment], path_of: PathOf) -> None:
        self.form = form
        self.files = files
        self.path_of = path_of
        self.embedded: set[int] = set()

    def find(self, path: Path, url: str | None) -> Json | None:
        """Return a picture as an embed holds it; None for a file that embeds do not show.

        A name that no file of the message has is a fault. Links into our own file store are kept as
        inner addresses: in an embed they never run out.
        """
        if not url:
            return None
        if not url.startswith("attachment://"):
            inner = self.path_of(url)
            shown = f"cdn:{inner}" if inner else url
            return {"url": shown, "proxy_url": shown, "flags": 0}
        file = self.files.get(named_by(url))
        if file is None:
            text = f'The referenced attachment ("{url}") was not found'
            self.form.fault(path, "EMBED_REFERENCED_ATTACHMENT_NOT_FOUND", text)
        if file is None or not file.filename.lower().endswith(_SHOWN):
            return None
        self.embedded.add(file.id)
        shown = f"cdn:{file.path}"
        kept: Json = {
            "url": shown,
            "proxy_url": shown,
            "content_type": file.content_type,
            "flags": 0,
        }
        if file.width and file.height:
            kept |= {"width": file.width, "height": file.height}
        if file.description:
            kept["description"] = file.description
        return kept


def stored_embeds(path: Path, embeds: list[Json], pictures: Pictures) -> list[Json]:
    """Return embeds as Discord gives them back.

    Empty embeds disappear, and a `video` of a bot is dropped, as on Discord.
    """
    kept = (_stored((*path, index), embed, pictures) for index, embed in enumerate(embeds))
    return [one for one in kept if len(one) > 1]


def _stored(path: Path, embed: Json, pictures: Pictures) -> Json:
    kept: Json = {"type": "rich"}
    for name in _TEXTS:
        if embed.get(name) and str(embed[name]).strip():
            kept[name] = str(embed[name]).strip()
    for name in ("url", "color"):
        if embed.get(name) is not None:
            kept[name] = embed[name]
    if embed.get("timestamp"):
        stamp = datetime.datetime.fromisoformat(str(embed["timestamp"]))
        if stamp.tzinfo is None:
            stamp = stamp.replace(tzinfo=datetime.UTC)
        kept["timestamp"] = stamp.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    if embed.get("fields"):
        kept["fields"] = [
            {
                "name": str(field["name"]).strip(),
                "value": str(field["value"]).strip(),
                "inline": bool(field.get("inline")),
            }
            for field in embed["fields"]
        ]
    for name in ("footer", "author"):
        if isinstance(embed.get(name), dict):
            kept[name] = _credit((*path, name), embed[name], pictures)
    for name in _PICTURES:
        picture = pictures.find((*path, name, "url"), (embed.get(name) or {}).get("url"))
        if picture:
            kept[name] = picture
    return kept


def _credit(path: Path, part: Json, pictures: Pictures) -> Json:
    kept = {name: part[name] for name in ("text", "name", "url") if part.get(name)}
    icon = pictures.find((*path, "icon_url"), part.get("icon_url"))
    if icon:
        kept |= {"icon_url": icon["url"], "proxy_icon_url": icon["proxy_url"]}
    return kept
