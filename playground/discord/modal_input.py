"""Filling in a modal as a person does, and the payload of its submission."""

from collections.abc import Mapping
from typing import Any

from playground.discord import component_parts as parts
from playground.discord.client_rules import Filler, NotPossibleError
from playground.discord.types import Json

# The option type a select picks from, in the words of command options.
_PICKS = {
    parts.USER_SELECT: 6,
    parts.ROLE_SELECT: 8,
    parts.MENTIONABLE_SELECT: 9,
    parts.CHANNEL_SELECT: 7,
}


def fill_modal(filler: Filler, modal: Json, values: Mapping[str, Any]) -> list[Json]:
    """Return the submitted components.

    `values` by custom id: text, a list (selects, groups, uploads as (name, bytes)), one value (a
    radio group), or a truth value (a checkbox). What is not given keeps what the modal prefilled.
    Raises NotPossibleError for what the client's form would not accept.
    """
    left = set(values)
    written = []
    for part in modal["components"]:
        if part["type"] == parts.TEXT_DISPLAY:
            written.append({"type": part["type"], "id": part["id"]})
            continue
        label = part["type"] == parts.LABEL
        control = part["component"] if label else part["components"][0]
        left.discard(control["custom_id"])
        sent = {key: control[key] for key in ("type", "id", "custom_id")}
        sent |= _filled(filler, control, values.get(control["custom_id"]))
        whole: Json = {"type": part["type"], "id": part["id"]}
        whole |= {"component": sent} if label else {"components": [sent]}
        written.append(whole)
    if left:
        raise NotPossibleError(f"the modal has no field {', '.join(sorted(left))}")
    return written


def _filled(filler: Filler, control: Json, value: Any) -> Json:
    kind, name = control["type"], control["custom_id"]
    if kind == parts.TEXT_INPUT:
        return {"value": _text(control, control["value"] if value is None else value)}
    if kind == parts.CHECKBOX:
        return {"value": control["default"] if value is None else bool(value)}
    if value is None:
        chosen = [option["value"] for option in control.get("options", []) if option.get("default")]
        chosen += [one["id"] for one in control.get("default_values", [])]
    else:
        chosen = list(value) if isinstance(value, (list, tuple)) else [value]
    _count(control, len(chosen))
    if kind == parts.RADIO_GROUP:
        return {"value": _option(control, chosen[0]) if chosen else None}
    if kind == parts.FILE_UPLOAD:
        return {"values": [_upload(filler, *file) for file in chosen]}
    if kind in _PICKS:
        return {"values": [filler.mention(_PICKS[kind], one) for one in chosen]}
    if len(set(chosen)) != len(chosen):
        raise NotPossibleError(f"{name}: the same option twice")
    return {"values": [_option(control, one) for one in chosen]}


def choose_values(filler: Filler, control: Json, values: list[Any]) -> list[str]:
    """Return the values a select on a message sends. Raises NotPossibleError."""
    low, high = control["min_values"], control["max_values"]
    if not low <= len(values) <= high:
        raise NotPossibleError(f"choose {low} to {high}, not {len(values)}")
    if control["type"] in _PICKS:
        return [filler.mention(_PICKS[control["type"]], value) for value in values]
    return [_option(control, value) for value in values]


def _text(control: Json, value: Any) -> str:
    text = "" if value is None else str(value)
    low, high = control["min_length"], control["max_length"]
    if not text and not control["required"]:
        return ""
    if not max(low, int(control["required"])) <= len(text) <= high:
        raise NotPossibleError(f"{control['custom_id']}: {low} to {high} characters")
    return text


def _count(control: Json, chosen: int) -> None:
    low, high = control.get("min_values", 1), control.get("max_values", 1)
    if not chosen and not control["required"]:
        return
    if not low <= chosen <= high:
        raise NotPossibleError(f"{control['custom_id']}: choose {low} to {high}, not {chosen}")


def _option(control: Json, wanted: Any) -> str:
    for option in control["options"]:
        if wanted in (option["value"], option["label"]):
            return str(option["value"])
    raise NotPossibleError(f"{control['custom_id']}: no option {wanted!r}")


def _upload(filler: Filler, filename: str, data: bytes) -> str:
    file = filler.store(filename, data)
    filler.resolver.attachment(file)
    return str(file.id)
