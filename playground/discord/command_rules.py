"""Rules of registering commands, beyond what Discord's published API description says.

Source: "interactions/application-commands".
"""

import collections
import json
from typing import Any

from playground.discord.errors import ApiError, Form, Path
from playground.discord.option_rules import (
    check_description,
    check_locales,
    check_name,
    check_options,
)
from playground.discord.types import Json

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
MOST = {SLASH: 100, USER_MENU: 15, MESSAGE_MENU: 15}
MAX_CHARACTERS = 8_000
CONTEXTS = (0, 1, 2)
GUILD_INSTALL, USER_INSTALL = 0, 1

_SOUND: set[str] = set()


def check_commands(commands: Any, *, in_guild: bool, user_install: bool = False) -> list[Json]:
    """Check a whole set of commands; returns it. Raises ApiError 50035 or 30032 (too many)."""
    # A program registers the same set at each start; what was sound once is not read again.
    told = json.dumps([commands, in_guild, user_install])
    if told not in _SOUND:
        _check_anew(commands, in_guild=in_guild, user_install=user_install)
        _SOUND.add(told)
    sound: list[Json] = commands
    return sound


def _check_anew(commands: Any, *, in_guild: bool, user_install: bool) -> None:
    form = Form()
    if not isinstance(commands, list):
        raise ApiError(400, 50035, "Invalid Form Body")
    kinds = collections.Counter(_kind(one) if isinstance(one, dict) else SLASH for one in commands)
    for kind, most in MOST.items():
        if kinds[kind] > most:
            text = f"Maximum number of application commands reached ({most})."
            raise ApiError(400, 30032, text)
    seen: set[tuple[int, str]] = set()
    for index, command in enumerate(commands):
        path: Path = (index,)
        if not isinstance(command, dict):
            form.fault(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used")
            continue
        check_command(form, path, command, in_guild=in_guild, user_install=user_install)
        key = (_kind(command), str(command.get("name")))
        if key in seen:
            text = "Application command names must be unique"
            form.fault((*path, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
        seen.add(key)
    form.check()


def check_command(
    form: Form, path: Path, command: Json, *, in_guild: bool, user_install: bool
) -> None:
    """Note every fault of one command."""
    kind = _kind(command)
    if kind not in MOST:
        form.fault((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3).")
        return
    if kind == SLASH:
        check_name(form, path, command)
        check_description(form, path, command)
        check_options(form, (*path, "options"), command.get("options") or [])
    else:
        _check_menu(form, path, command)
    if command_size(command) > MAX_CHARACTERS:
        text = f"Command exceeds maximum size ({MAX_CHARACTERS})"
        form.fault(path, "APPLICATION_COMMAND_TOO_LARGE", text)
    _check_places(form, path, command, in_guild=in_guild, user_install=user_install)
    rights = command.get("default_member_permissions")
    if rights is not None and not str(rights).isdigit():
        text = "Permissions are a number, as text"
        form.fault((*path, "default_member_permissions"), "NUMBER_TYPE_COERCE", text)


def _check_menu(form: Form, path: Path, command: Json) -> None:
    form.length((*path, "name"), command.get("name"), 1, 32)
    where = (*path, "name_localizations")
    for locale, text in check_locales(form, where, command, "name"):
        form.length((*where, locale), text, 1, 32)
    if command.get("description"):
        text = "Context menu commands cannot have a description"
        code = "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED"
        form.fault((*path, "description"), code, text)
    if command.get("options"):
        text = "Context menu commands cannot have options"
        form.fault((*path, "options"), "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", text)


def _check_places(
    form: Form, path: Path, command: Json, *, in_guild: bool, user_install: bool
) -> None:
    for name, known in (("contexts", CONTEXTS), ("integration_types", (0, 1))):
        given = command.get(name)
        at = (*path, name)
        if given is None:
            continue
        if in_guild:
            text = "Only global commands have these"
            form.fault(at, "APPLICATION_COMMAND_GUILD_FIELD_NOT_ALLOWED", text)
        elif not isinstance(given, list) or not given or any(one not in known for one in given):
            form.fault(at, "BASE_TYPE_CHOICES", f"Values must be among {known}.")
        elif len(set(given)) != len(given):
            form.fault(at, "SET_TYPE_ALREADY_CONTAINS_VALUE", "Values must be unique.")
        elif name == "integration_types" and USER_INSTALL in given and not user_install:
            text = "User install is not switched on for this application"
            form.fault(at, "APPLICATION_COMMAND_INTEGRATION_TYPE_DISABLED", text)


def _kind(command: Json) -> int:
    kind = command.get("type")
    return SLASH if kind is None else int(kind)


def command_size(part: Json) -> int:
    """Count the characters of names, descriptions and choice values.

    Of translations the longest one counts. Source: "interactions/application-commands".
    """
    total = 0
    for name in ("name", "description"):
        texts = [part.get(name) or "", *(part.get(f"{name}_localizations") or {}).values()]
        total += max(len(str(text)) for text in texts)
    value = part.get("value")
    total += len(value) if isinstance(value, str) else 0
    for inner in (*(part.get("options") or []), *(part.get("choices") or [])):
        total += command_size(inner)
    return total
