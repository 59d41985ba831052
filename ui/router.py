"""Buttons and forms by their ids alone, so that they work however old they are.

An id is `rb:<action>[:<argument>...]`, with a job's random id or a pick's as the first argument.
Nothing is remembered between showing a button and its press: not the message, not a view object.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

import discord

from errors import NoSuchJobError
from ui import errors

log = logging.getLogger(__name__)

PREFIX = "rb"
# Discord nests a field in a label or a row, and those in nothing; the rest is forged.
DEEPEST = 4
_ID = re.compile(r"rb:([a-z]{2,12})((?::[A-Za-z0-9_-]{1,40}){0,3})")

Handler = Callable[[discord.Interaction, tuple[str, ...]], Awaitable[None]]


def control_id(action: str, *arguments: str | int) -> str:
    """Return the custom id of a button or form."""
    return ":".join((PREFIX, action, *map(str, arguments)))


class Router:
    """Knows who answers for which action. Buttons, selects and forms each have their own names."""

    def __init__(self) -> None:
        self._presses: dict[str, Handler] = {}
        self._forms: dict[str, Handler] = {}

    def on_press(self, action: str, handler: Handler) -> None:
        """Let a handler answer for a button or select."""
        self._presses[action] = handler

    def on_form(self, action: str, handler: Handler) -> None:
        """Let a handler answer for a filled-in form."""
        self._forms[action] = handler

    async def handle(self, interaction: discord.Interaction) -> None:
        """Answer a press or a form; whatever is wrong becomes a private sentence."""
        handlers = {
            discord.InteractionType.component: self._presses,
            discord.InteractionType.modal_submit: self._forms,
        }.get(interaction.type)
        if handlers is None:
            return
        try:
            match = _ID.fullmatch(str(_data(interaction).get("custom_id", "")))
            handler = handlers.get(match[1]) if match else None
            if match is None or handler is None:
                raise NoSuchJobError
            await handler(interaction, tuple(match[2].split(":")[1:]))
        except Exception as error:
            await errors.tell(interaction, error)


def form_values(interaction: discord.Interaction) -> dict[str, str]:
    """Return a form's fields by custom id: what was typed, or the first that was chosen."""
    values: dict[str, str] = {}
    _collect(_data(interaction).get("components"), values)
    return values


def chosen(interaction: discord.Interaction) -> str | None:
    """Return what was chosen in a select, or None."""
    values = _data(interaction).get("values")
    return values[0] if isinstance(values, list) and values and isinstance(values[0], str) else None


def _data(interaction: discord.Interaction) -> dict[str, Any]:
    return cast(dict[str, Any], interaction.data or {})


def _collect(parts: object, values: dict[str, str], depth: int = 0) -> None:
    """Walk rows and labels; forged parts of another shape or depth are passed over."""
    if isinstance(parts, dict):
        parts = [parts]
    if not isinstance(parts, list) or depth > DEEPEST:
        return
    for part in parts:
        if not isinstance(part, dict):
            continue
        name, value = part.get("custom_id"), _value(part)
        if isinstance(name, str) and value is not None:
            values[name] = value
        for inner in ("component", "components"):
            _collect(part.get(inner), values, depth + 1)


def _value(part: dict[str, Any]) -> str | None:
    value = part.get("value")
    chosen = part.get("values")
    if value is None and isinstance(chosen, list) and chosen:
        value = chosen[0]
    return value if isinstance(value, str) else None
