"""Rules of single controls, shared by messages and modals: buttons, selects, text, media.

Every reader notes its faults and returns the control as Discord gives it back (or None).
Source: "components/reference".
"""

from collections.abc import Callable, Mapping
from typing import Any

from playground.discord.errors import Form, Path
from playground.discord.media_probe import named_by
from playground.discord.types import Json
from playground.discord.world import Attachment

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR = 9, 10, 11, 12, 13, 14
CONTAINER, LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 17, 18, 19, 21, 22, 23
SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)

LINK_BUTTON, PREMIUM_BUTTON = 5, 6


class Reader:
    """State of reading one message's or modal's components: ids taken, counts, faults."""

    def __init__(
        self,
        form: Form,
        files: Mapping[str, Attachment],
        path_of: Callable[[str], str | None],
    ) -> None:
        self.form = form
        self.files = files
        self.path_of = path_of
        self.count = 0
        self.characters = 0
        self._custom_ids: set[str] = set()
        self._ids: set[int] = set()
        self._next_id = 1

    def begin(self, path: Path, part: Json) -> Json:
        """Count a component and give it a numeric id, unique in its message."""
        self.count += 1
        wanted = part.get("id") or 0
        if wanted:
            if wanted in self._ids:
                text = "Component id cannot be duplicated"
                self.form.fault((*path, "id"), "COMPONENT_ID_DUPLICATED", text)
        else:
            while self._next_id in self._ids:
                self._next_id += 1
            wanted = self._next_id
        self._ids.add(wanted)
        return {"type": part["type"], "id": wanted}

    def custom_id(self, path: Path, part: Json) -> str:
        """Read a required custom id of 1 to 100 characters that nobody else has."""
        value = part.get("custom_id")
        at = (*path, "custom_id")
        if value is None:
            self.form.required(at)
        elif self.form.length(at, value, 1, 100):
            if value in self._custom_ids:
                text = "Component custom id cannot be duplicated"
                self.form.fault(at, "COMPONENT_CUSTOM_ID_DUPLICATED", text)
            self._custom_ids.add(value)
        return str(value)

    def text(
        self, path: Path, part: Json, name: str, most: int, *, low: int = 0, needed: bool = False
    ) -> str | None:
        """Read a text field within its limits."""
        value = part.get(name)
        if value is None:
            if needed:
                self.form.required((*path, name))
            return None
        self.form.length((*path, name), value, low, most)
        return str(value)

    def wrong_type(self, path: Path, allowed: tuple[int, ...]) -> None:
        text = f'Value of field "type" must be one of {allowed}.'
        self.form.fault((*path, "type"), "UNION_TYPE_CHOICES", text)


def read_button(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    form, style = reader.form, part.get("style")
    if not isinstance(style, int) or not 1 <= style <= PREMIUM_BUTTON:
        form.fault(
            (*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6)."
        )
        return kept
    kept["style"] = style
    label = reader.text(path, part, "label", 80)
    emoji = read_emoji(reader, (*path, "emoji"), part.get("emoji"))
    if style != PREMIUM_BUTTON and not label and not emoji:
        text = "A button needs a label or an emoji"
        form.fault(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", text)
    url = part.get("url")
    if style == LINK_BUTTON:
        if part.get("custom_id") is not None:
            text = "A custom id and url cannot both be specified"
            form.fault(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
        if not isinstance(url, str):
            form.fault((*path, "url"), "BASE_TYPE_REQUIRED", "A url is required")
        elif not url.startswith(("http://", "https://", "discord://")) or len(url) > 512:
            form.fault((*path, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        kept["url"] = url
    elif style != PREMIUM_BUTTON:
        if url is not None:
            text = "A custom id and url cannot both be specified"
            form.fault(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
        kept["custom_id"] = reader.custom_id(path, part)
    if label:
        kept["label"] = label
    if emoji:
        kept["emoji"] = emoji
    if part.get("disabled"):
        kept["disabled"] = True
    return kept


def read_emoji(reader: Reader, path: Path, emoji: Any) -> Json | None:
    if not isinstance(emoji, dict):
        return None
    name, custom = emoji.get("name"), emoji.get("id")
    if custom is None and (not name or str(name).isascii()):
        reader.form.fault((*path, "name"), "COMPONENT_INVALID_EMOJI", "Invalid emoji")
    kept: Json = {"name": name or ""}
    if custom is not None:
        kept |= {"id": str(custom), "animated": bool(emoji.get("animated"))}
    return kept


def read_select(reader: Reader, path: Path, part: Json) -> Json:
    kept = reader.begin(path, part)
    form = reader.form
    kept["custom_id"] = reader.custom_id(path, part)
    placeholder = reader.text(path, part, "placeholder", 150)
    if placeholder:
        kept["placeholder"] = placeholder
    low, high = read_range(reader, path, part, 25)
    kept |= {"min_values": low, "max_values": high}
    if part.get("disabled"):
        kept["disabled"] = True
    if part["type"] == STRING_SELECT:
        kept["options"] = read_options(reader, path, part.get("options"), 1, 25)
        for name, bound in (("min_values", low), ("max_values", high)):
            if len(kept["options"]) < bound <= 25:
                text = f"Must be {bound} or more in length, as {name} says."
                form.fault((*path, "options"), "BASE_TYPE_BAD_LENGTH", text)
                break
        if sum(bool(option.get("default")) for option in kept["options"]) > high:
            text = "More options are chosen by default than max_values allows"
            form.fault((*path, "options"), "SELECT_COMPONENT_TOO_MANY_DEFAULT_OPTIONS", text)
    elif part.get("options"):
        form.fault((*path, "options"), "BASE_TYPE_BAD_TYPE", "Only string selects have options")
    for name in ("default_values", "channel_types"):
        if part.get(name):
            kept[name] = part[name]
    return kept


def read_range(reader: Reader, path: Path, part: Json, most: int) -> tuple[int, int]:
    """Read min_values and max_values, 1 and 1 when left out."""
    low, high = part.get("min_values"), part.get("max_values")
    low = 1 if low is None else low
    high = max(1, low if isinstance(low, int) else 1) if high is None else high
    good = reader.form.number((*path, "min_values"), low, 0, most)
    good &= reader.form.number((*path, "max_values"), high, 1, most)
    if good and low > high:
        text = "min_values must not be above max_values"
        reader.form.fault((*path, "min_values"), "SELECT_COMPONENT_MIN_VALUES_ABOVE_MAX", text)
    return (low, high) if good else (1, 1)


def read_options(reader: Reader, path: Path, options: Any, fewest: int, most: int) -> list[Json]:
    """Read the options of a select or a group: label and value 100 characters, values unique."""
    at = (*path, "options")
    if options is None:
        reader.form.required(at)
        return []
    if not reader.form.length(at, options, fewest, most, what="list"):
        return []
    kept, values = [], set()
    for index, option in enumerate(options):
        where = (*at, index)
        label = reader.text(where, option, "label", 100, low=1, needed=True)
        value = reader.text(where, option, "value", 100, low=1, needed=True)
        if value in values:
            text = "The specified option value is already used"
            reader.form.fault((*where, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", text)
        values.add(value)
        one: Json = {"label": label, "value": value}
        description = reader.text(where, option, "description", 100)
        if description:
            one["description"] = description
        emoji = read_emoji(reader, (*where, "emoji"), option.get("emoji"))
        if emoji:
            one["emoji"] = emoji
        if option.get("default"):
            one["default"] = True
        kept.append(one)
    return kept


def read_media(reader: Reader, path: Path, media: Any, *, only_files: bool = False) -> Json:
    """Read what a gallery, thumbnail or file component shows."""
    url = media.get("url") if isinstance(media, dict) else None
    at = (*path, "url")
    if not isinstance(url, str):
        reader.form.required(at)
        return {}
    inner = reader.path_of(url)
    if url.startswith("attachment://"):
        file = reader.files.get(named_by(url))
        if file is None:
            text = "The referenced attachment was not found"
            code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
            reader.form.fault(at, code, text)
            return {}
        shown = f"cdn:{file.path}"
        return {
            "id": str(file.id),
            "url": shown,
            "proxy_url": shown,
            "width": file.width,
            "height": file.height,
            "content_type": file.content_type,
            "attachment_id": str(file.id),
        }
    if only_files or not url.startswith(("http://", "https://")) or len(url) > 2048:
        schemes = "('attachment',)" if only_files else "('http', 'https', 'attachment')"
        text = f"Scheme must be one of {schemes}."
        reader.form.fault(at, "URL_TYPE_INVALID_SCHEME", text)
    shown = f"cdn:{inner}" if inner else url
    return {
        "id": "0",
        "url": shown,
        "proxy_url": shown,
        "width": None,
        "height": None,
        "content_type": None,
    }
