"""Rules of a message's components: rows of controls, and the layouts of Components V2.

Source: "components/reference", "components/using-message-components".
"""

from typing import Any

from playground.discord import component_parts as parts
from playground.discord.component_parts import Reader
from playground.discord.errors import Path
from playground.discord.media_probe import named_by
from playground.discord.types import Json

MAX_ROWS = 5
MAX_COMPONENTS = 40
MAX_TEXT = 4_000

_LAYOUT_TOP = (
    parts.ROW,
    parts.SECTION,
    parts.TEXT_DISPLAY,
    parts.GALLERY,
    parts.FILE,
    parts.SEPARATOR,
    parts.CONTAINER,
)
_IN_CONTAINER = _LAYOUT_TOP[:-1]


def read_components(reader: Reader, path: Path, components: Any, *, layout: bool) -> list[Json]:
    """Read a message's components; `layout` when it has the Components V2 flag.

    Faults are noted on the reader's form. Returns them as Discord gives them back.
    """
    form = reader.form
    if not isinstance(components, list):
        form.fault(path, "BASE_TYPE_BAD_TYPE", "Expected list")
        return []
    if not layout and len(components) > MAX_ROWS:
        form.fault(path, "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_ROWS} or fewer in length.")
    allowed = _LAYOUT_TOP if layout else (parts.ROW,)
    kept = [_read(reader, (*path, i), part, allowed) for i, part in enumerate(components)]
    if reader.count > MAX_COMPONENTS:
        text = f"A message has {MAX_COMPONENTS} components at most, nested ones included"
        form.fault(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
    if reader.characters > MAX_TEXT:
        text = f"The text of all components must be {MAX_TEXT} or fewer in length."
        form.fault(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)
    return [one for one in kept if one]


def _read(reader: Reader, path: Path, part: Any, allowed: tuple[int, ...]) -> Json:
    if not isinstance(part, dict) or part.get("type") not in allowed:
        reader.wrong_type(path, allowed)
        return {}
    return _READERS[part["type"]](reader, path, part)


def _row(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    children = part.get("components")
    at = (*path, "components")
    if not reader.form.length(at, children, 1, 5, what="list") or children is None:
        return kept
    kinds = [child.get("type") if isinstance(child, dict) else None for child in children]
    selects = sum(kind in parts.SELECTS for kind in kinds)
    if selects and len(kinds) > 1:
        text = "A row holds up to five buttons, or one select alone"
        reader.form.fault(at, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", text)
        return kept
    kept["components"] = []
    for index, (child, kind) in enumerate(zip(children, kinds, strict=True)):
        if kind == parts.BUTTON:
            kept["components"].append(parts.read_button(reader, (*at, index), child))
        elif kind in parts.SELECTS:
            kept["components"].append(parts.read_select(reader, (*at, index), child))
        else:
            reader.wrong_type((*at, index), (parts.BUTTON, *parts.SELECTS))
    return kept


def read_text_display(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    content = reader.text(path, part, "content", MAX_TEXT, low=1, needed=True) or ""
    reader.characters += len(content)
    return {**kept, "content": content}


def _section(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    at = (*path, "components")
    children = part.get("components")
    if reader.form.length(at, children, 1, 3, what="list") and children is not None:
        kept["components"] = [
            _read(reader, (*at, i), child, (parts.TEXT_DISPLAY,))
            for i, child in enumerate(children)
        ]
    accessory = part.get("accessory")
    at = (*path, "accessory")
    if not isinstance(accessory, dict):
        reader.form.required(at)
    elif accessory.get("type") == parts.BUTTON:
        kept["accessory"] = parts.read_button(reader, at, accessory)
    elif accessory.get("type") == parts.THUMBNAIL:
        kept["accessory"] = _thumbnail(reader, at, accessory)
    else:
        reader.wrong_type(at, (parts.BUTTON, parts.THUMBNAIL))
    return kept


def _described(reader: Reader, path: Path, part: Json) -> Json:
    return {
        "description": reader.text(path, part, "description", 1024, low=1),
        "spoiler": bool(part.get("spoiler")),
    }


def _thumbnail(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    media = parts.read_media(reader, (*path, "media"), part.get("media"))
    kind = media.get("content_type") or "image/"
    if not kind.startswith("image/"):
        text = "A thumbnail shows images only"
        reader.form.fault((*path, "media"), "UNFURLED_MEDIA_ITEM_INVALID_CONTENT_TYPE", text)
    return {**kept, "media": media, **_described(reader, path, part)}


def _gallery(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    items = part.get("items")
    at = (*path, "items")
    kept["items"] = []
    if reader.form.length(at, items, 1, 10, what="list") and items is not None:
        kept["items"] = [
            {
                "media": parts.read_media(reader, (*at, i, "media"), item.get("media")),
                **_described(reader, (*at, i), item),
            }
            for i, item in enumerate(items)
        ]
    return kept


def _file(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    media = parts.read_media(reader, (*path, "file"), part.get("file"), only_files=True)
    url = (part.get("file") or {}).get("url", "")
    file = reader.files.get(named_by(str(url)))
    return {
        **kept,
        "file": media,
        "name": file.filename if file else None,
        "size": file.size if file else None,
        "spoiler": bool(part.get("spoiler")),
    }


def _separator(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    spacing = part.get("spacing") or 1
    reader.form.number((*path, "spacing"), spacing, 1, 2)
    return {**kept, "spacing": spacing, "divider": part.get("divider") is not False}


def _container(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    color = part.get("accent_color")
    if color is not None:
        reader.form.number((*path, "accent_color"), color, 0, 0xFFFFFF)
    at = (*path, "components")
    children = part.get("components")
    kept |= {"accent_color": color, "components": [], "spoiler": bool(part.get("spoiler"))}
    if reader.form.length(at, children, 1, MAX_COMPONENTS, what="list") and children is not None:
        kept["components"] = [
            _read(reader, (*at, i), child, _IN_CONTAINER) for i, child in enumerate(children)
        ]
    return kept


_READERS = {
    parts.ROW: _row,
    parts.SECTION: _section,
    parts.TEXT_DISPLAY: read_text_display,
    parts.GALLERY: _gallery,
    parts.FILE: _file,
    parts.SEPARATOR: _separator,
    parts.CONTAINER: _container,
}
