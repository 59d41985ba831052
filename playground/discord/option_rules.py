"""Rules of a command's options. Source: "interactions/application-commands" (option structure)."""

import unicodedata
from typing import Any

from playground.discord.errors import Form, Path
from playground.discord.types import Json

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER = 1, 2, 3, 4, 5, 6
CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 7, 8, 9, 10, 11
WITH_CHOICES = (STRING, INTEGER, NUMBER)

MAX_OPTIONS = 25
MAX_CHOICES = 25
MAX_SAFE = 1 << 53

_LOCALES = """
id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el bg
ru uk hi th zh-CN ja zh-TW ko ar he
"""
LOCALES = frozenset(_LOCALES.split())
_MARKED_SCRIPTS = ("DEVANAGARI", "THAI")


def name_is_good(name: Any) -> bool:
    """Tell whether a command or option may be called so: lower-case letters, digits, -_'."""
    if not isinstance(name, str) or not 1 <= len(name) <= 32 or name != name.lower():
        return False
    return all(
        char in "-_'"
        or unicodedata.category(char)[0] in "LN"
        or unicodedata.name(char, "").startswith(_MARKED_SCRIPTS)
        for char in name
    )


def check_name(form: Form, path: Path, part: Json) -> None:
    """Check a lower-case name and its translations."""
    name = part.get("name")
    at = (*path, "name")
    if name is None:
        form.required(at)
    elif form.length(at, name, 1, 32) and not name_is_good(name):
        form.fault(at, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    for locale, text in check_locales(form, (*path, "name_localizations"), part, "name"):
        if not name_is_good(text):
            where = (*path, "name_localizations", locale)
            form.fault(where, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def check_description(form: Form, path: Path, part: Json) -> None:
    """Check a description of 1 to 100 characters and its translations."""
    text = part.get("description")
    if text is None:
        form.required((*path, "description"))
    else:
        form.length((*path, "description"), text, 1, 100)
    where = (*path, "description_localizations")
    for locale, translated in check_locales(form, where, part, "description"):
        form.length((*where, locale), translated, 1, 100)


def check_locales(form: Form, path: Path, part: Json, name: str) -> list[tuple[str, str]]:
    """Return the translations of a field; notes those for languages Discord does not have."""
    given = part.get(f"{name}_localizations") or {}
    if not isinstance(given, dict):
        form.fault(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used")
        return []
    for locale in given:
        if locale not in LOCALES:
            text = f"Locale {locale} is not available."
            form.fault((*path, locale), "BASE_TYPE_CHOICES", text)
    return [(str(locale), text) for locale, text in given.items()]


def check_options(form: Form, path: Path, options: Any, *, depth: int = 0) -> None:
    """Check the options of a command (depth 0), a group or a subcommand."""
    if not form.length(path, options, 0, MAX_OPTIONS, what="list"):
        return
    names: set[str] = set()
    optional_seen = False
    kinds = [option.get("type") if isinstance(option, dict) else None for option in options]
    nested = [kind in (SUBCOMMAND, GROUP) for kind in kinds]
    if any(nested) and not all(nested):
        text = "Sub-command and sub-command group option types are mutually exclusive to all other"
        form.fault(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", f"{text} types")
    for index, (option, kind) in enumerate(zip(options, kinds, strict=True)):
        at = (*path, index)
        if not isinstance(kind, int) or not 1 <= kind <= ATTACHMENT:
            form.fault((*at, "type"), "BASE_TYPE_CHOICES", "Value must be one of 1 to 11.")
            continue
        check_name(form, at, option)
        check_description(form, at, option)
        if option.get("name") in names:
            text = "Option name already exists"
            form.fault((*at, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", text)
        names.add(str(option.get("name")))
        if kind in (SUBCOMMAND, GROUP):
            _check_nested(form, at, option, depth)
            continue
        if option.get("required") and optional_seen:
            text = "Required options must be placed before non-required options"
            form.fault(at, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional_seen |= not option.get("required")
        _check_value_option(form, at, option, kind)


def _check_nested(form: Form, path: Path, option: Json, depth: int) -> None:
    kind = option["type"]
    if (kind == GROUP and depth > 0) or depth > 1:
        text = "Groups and subcommands nest two levels deep at most"
        form.fault((*path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
        return
    inner = option.get("options") or []
    at = (*path, "options")
    inside = [one.get("type") for one in inner if isinstance(one, dict)]
    if kind == GROUP and (not inner or any(one != SUBCOMMAND for one in inside)):
        text = "A group holds one or more subcommands, and nothing else"
        form.fault(at, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
    elif kind == SUBCOMMAND and any(one in (SUBCOMMAND, GROUP) for one in inside):
        text = "A subcommand holds values only"
        form.fault(at, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
    check_options(form, at, inner, depth=1 if kind == GROUP else 2)


def _check_value_option(form: Form, path: Path, option: Json, kind: int) -> None:
    choices, asks = option.get("choices"), option.get("autocomplete")
    if asks and kind not in WITH_CHOICES:
        text = "Autocomplete is for text and numbers only"
        form.fault((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_TYPE", text)
    if choices:
        if asks:
            text = "Choices and autocomplete are mutually exclusive"
            form.fault(path, "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", text)
        if kind not in WITH_CHOICES:
            text = "Choices are for text and numbers only"
            form.fault((*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_TYPE", text)
        else:
            _check_choices(form, (*path, "choices"), choices, kind)
    for names, fits in (
        (("min_length", "max_length"), (STRING,)),
        (("min_value", "max_value"), (INTEGER, NUMBER)),
    ):
        _check_bounds(form, path, option, names, fits=kind in fits)
    types = option.get("channel_types")
    if types and (kind != CHANNEL or any(one not in range(17) for one in types)):
        text = "Channel types are known ones, of a channel option"
        form.fault((*path, "channel_types"), "BASE_TYPE_CHOICES", text)


def _check_choices(form: Form, path: Path, choices: Any, kind: int) -> None:
    if not form.length(path, choices, 0, MAX_CHOICES, what="list"):
        return
    names: set[str] = set()
    for index, choice in enumerate(choices):
        at = (*path, index)
        form.length((*at, "name"), choice.get("name"), 1, 100)
        for locale, text in check_locales(form, (*at, "name_localizations"), choice, "name"):
            form.length((*at, "name_localizations", locale), text, 1, 100)
        if choice.get("name") in names:
            text = "Option choice name already exists"
            code = "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS"
            form.fault((*at, "name"), code, text)
        names.add(str(choice.get("name")))
        value = choice.get("value")
        where = (*at, "value")
        if kind == STRING:
            form.length(where, value, 1, 100)
        elif kind == INTEGER:
            form.number(where, value, -MAX_SAFE, MAX_SAFE)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            form.fault(where, "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')


def _check_bounds(
    form: Form, path: Path, option: Json, names: tuple[str, str], *, fits: bool
) -> None:
    low, high = (option.get(name) for name in names)
    if low is None and high is None:
        return
    if not fits:
        text = "This option type has no such bounds"
        form.fault((*path, names[0]), "APPLICATION_COMMAND_OPTIONS_BOUNDS_TYPE", text)
        return
    least, most = (0, 6000) if names[0] == "min_length" else (-MAX_SAFE, MAX_SAFE)
    for name, bound in zip(names, (low, high), strict=True):
        floor = 1 if name == "max_length" else least
        if bound is not None and not floor <= bound <= most:
            text = f"Must be between {floor} and {most}."
            form.fault((*path, name), "NUMBER_TYPE_BOUNDS", text)
    if low is not None and high is not None and low > high:
        text = f"{names[0]} must not be above {names[1]}"
        form.fault((*path, names[0]), "APPLICATION_COMMAND_OPTIONS_BOUNDS_ORDER", text)
