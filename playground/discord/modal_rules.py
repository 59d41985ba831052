"""Rules of a modal: 1 to 5 parts, each a label around one control, or text.

Source: "components/using-modal-components", "components/reference".
"""

from typing import Any

from playground.discord import component_parts as parts
from playground.discord.component_parts import Reader
from playground.discord.component_rules import read_text_display
from playground.discord.errors import Form, Path
from playground.discord.types import Json

MAX_PARTS = 5
_TOP = (parts.ROW, parts.TEXT_DISPLAY, parts.LABEL)
_IN_LABEL = (
    *parts.SELECTS,
    parts.TEXT_INPUT,
    parts.FILE_UPLOAD,
    parts.RADIO_GROUP,
    parts.CHECKBOX_GROUP,
    parts.CHECKBOX,
)


def read_modal(form: Form, path: Path, data: Any) -> Json:
    """Read a modal's data; returns it with component ids and defaults filled in."""
    if not isinstance(data, dict):
        form.required(path)
        return {}
    reader = Reader(form, {}, lambda _: None)
    kept: Json = {"components": []}
    kept["title"] = reader.text(path, data, "title", 45, low=1, needed=True)
    kept["custom_id"] = reader.text(path, data, "custom_id", 100, low=1, needed=True)
    components = data.get("components")
    at = (*path, "components")
    if form.length(at, components, 1, MAX_PARTS, what="list") and components is not None:
        kept["components"] = [_part(reader, (*at, i), part) for i, part in enumerate(components)]
    return kept


def _part(reader: Reader, path: Path, part: Any) -> Json:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == parts.TEXT_DISPLAY:
        return read_text_display(reader, path, part)
    if kind == parts.ROW:
        kept = reader.begin(path, part)
        children = part.get("components")
        at = (*path, "components")
        if not reader.form.length(at, children, 1, 1, what="list") or children is None:
            return kept
        if not isinstance(children[0], dict) or children[0].get("type") != parts.TEXT_INPUT:
            reader.wrong_type((*at, 0), (parts.TEXT_INPUT,))
            return kept
        return {**kept, "components": [_text_input(reader, (*at, 0), children[0], in_label=False)]}
    if kind != parts.LABEL:
        reader.wrong_type(path, _TOP)
        return {}
    kept = reader.begin(path, part)
    kept["label"] = reader.text(path, part, "label", 45, low=1, needed=True)
    kept["description"] = reader.text(path, part, "description", 100, low=1)
    kept["component"] = _control(reader, (*path, "component"), part.get("component"))
    return kept


def _control(reader: Reader, path: Path, part: Any) -> Json:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in _IN_LABEL:
        reader.wrong_type(path, _IN_LABEL)
        return {}
    if kind == parts.TEXT_INPUT:
        return _text_input(reader, path, part, in_label=True)
    required = part.get("required") is not False
    if kind in parts.SELECTS:
        if part.get("disabled"):
            text = "A select in a modal cannot be disabled"
            reader.form.fault((*path, "disabled"), "COMPONENT_DISABLED_NOT_ALLOWED", text)
        kept = parts.read_select(reader, path, part)
    else:
        kept = reader.begin(path, part)
        kept["custom_id"] = reader.custom_id(path, part)
        kept |= _group(reader, path, part, kind)
    if required and kept.get("min_values") == 0:
        text = "min_values must be above 0 when a choice is required"
        reader.form.fault((*path, "min_values"), "COMPONENT_REQUIRED_MIN_VALUES_ZERO", text)
    return {**kept, "required": required}


def _group(reader: Reader, path: Path, part: Json, kind: int) -> Json:
    if kind == parts.CHECKBOX:
        return {"default": bool(part.get("default"))}
    if kind == parts.RADIO_GROUP:
        options = parts.read_options(reader, path, part.get("options"), 2, 10)
        return {"options": options, "min_values": 1, "max_values": 1}
    low, high = parts.read_range(reader, path, part, 10)
    if kind == parts.CHECKBOX_GROUP:
        options = parts.read_options(reader, path, part.get("options"), 1, 10)
        if part.get("max_values") is None:
            high = max(len(options), 1)
        return {"options": options, "min_values": low, "max_values": high}
    return {"min_values": low, "max_values": high}


def _text_input(reader: Reader, path: Path, part: Json, *, in_label: bool) -> Json:
    form = reader.form
    kept = reader.begin(path, part)
    kept["custom_id"] = reader.custom_id(path, part)
    if form.number((*path, "style"), part.get("style"), 1, 2):
        kept["style"] = part["style"]
    label = reader.text(path, part, "label", 45, low=1, needed=not in_label)
    if in_label and label is not None:
        text = "A text input inside a label has no label of its own"
        form.fault((*path, "label"), "COMPONENT_LABEL_NOT_ALLOWED", text)
    kept["label"] = label
    kept["placeholder"] = reader.text(path, part, "placeholder", 100)
    low = part.get("min_length") or 0
    high = 4000 if part.get("max_length") is None else part["max_length"]
    good = form.number((*path, "min_length"), low, 0, 4000)
    good &= form.number((*path, "max_length"), high, 1, 4000)
    if good and low > high:
        text = "min_length must not be above max_length"
        form.fault((*path, "min_length"), "TEXT_INPUT_MIN_LENGTH_ABOVE_MAX", text)
    value = part.get("value")
    if value and good:
        form.length((*path, "value"), value, low, high)
    return {
        **kept,
        "min_length": low,
        "max_length": high,
        "required": part.get("required") is not False,
        "value": value,
    }
