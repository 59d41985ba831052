"""One section of config.toml: hands out usable values, and notes every mistake by its key."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ANY_LINK = "*"
ORIGIN_EXAMPLE = "https://storage.neuralbox.top"
SHARES_EXAMPLE = '{ "1234567890" = 2 }'


class Section:
    """Takes keys out of one table, notes what is wrong, and hands back a usable value anyway.

    What is wrong goes to `problems`, which all sections share.
    """

    def __init__(self, name: str, table: object, problems: list[str]) -> None:
        self.name = name
        self.problems = problems
        self.left: dict[str, Any] = {}
        self.known: list[str] = []
        if isinstance(table, Mapping):
            self.left = dict(table)
        else:
            problems.append(f"{name}: must be a section ([{name}]), not a value")

    def wrong(self, key: str, right: str) -> None:
        """Note a mistake: the key, and what would be right."""
        self.problems.append(f"{self.name}.{key}: {right}")

    def text(self, key: str, default: str, *, one_of: tuple[str, ...] = ()) -> str:
        """Take a text, one of those if any are named."""
        value = self._take(key, default)
        if not isinstance(value, str) or "\0" in value:
            self.wrong(key, f'must be text in quotes, for example "{default}"')
            return default
        if one_of and value not in one_of:
            self.wrong(key, f'is "{value}" but must be one of {_listed(one_of)}')
            return default
        return value

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Take a whole number within bounds, both included."""
        value = self._take(key, default)
        if type(value) is not int or not low <= value <= high:
            self.wrong(key, f"must be a whole number from {low} to {high}, for example {default}")
            return default
        return value

    def shares(self, key: str, low: float, high: float) -> dict[int, float]:
        """Take a table from ids to numbers within bounds, both included."""
        table = self._take(key, {})
        if not isinstance(table, Mapping):
            self.wrong(key, f"must be a table of ids and numbers, for example {SHARES_EXAMPLE}")
            return {}
        shares: dict[int, float] = {}
        for name, value in table.items():
            if not re.fullmatch("[1-9][0-9]{0,19}", name):
                self.wrong(key, f'"{name}" is not an id (digits alone), as in {SHARES_EXAMPLE}')
            elif type(value) not in (int, float) or not low <= value <= high:
                self.wrong(key, f'"{name}" must be given a number from {low} to {high}')
            else:
                shares[int(name)] = value
        return shares

    def flag(self, key: str, default: bool) -> bool:
        """Take true or false."""
        value = self._take(key, default)
        if type(value) is not bool:
            self.wrong(key, "must be true or false, without quotes")
            return default
        return value

    def texts(
        self, key: str, default: tuple[str, ...], *, may_be_empty: bool = False
    ) -> tuple[str, ...]:
        """Take a list of texts."""
        value = self._take(key, list(default))
        is_list = isinstance(value, list) and (value or may_be_empty)
        if not is_list or any(type(v) is not str for v in value):
            self.wrong(key, f"must be a list of texts, for example {list(default)}")
            return default
        return tuple(value)

    def origins(
        self, key: str, default: tuple[str, ...], *, may_be_empty: bool = False
    ) -> tuple[str, ...]:
        """Take a list of https origins; one that may be empty may also hold `ANY_LINK`."""
        origins = self.texts(key, default, may_be_empty=may_be_empty)
        for origin in origins:
            if not _is_file_origin(origin) and not (may_be_empty and origin == ANY_LINK):
                self.wrong(
                    key,
                    f'"{origin}" must be an https origin without path or port, such as '
                    f'"{ORIGIN_EXAMPLE}"',
                )
        return tuple(origin.rstrip("/") for origin in origins)

    def url(self, key: str, default: str, schemes: tuple[str, ...]) -> str:
        """Take an address; `schemes` are the safe one and the one for a local server."""
        value = self.text(key, default)
        if problem := _url_problem(value, schemes):
            self.wrong(key, f'{problem}; for example "{default}"')
            return default
        return value.rstrip("/") if schemes[0] == "https" else value

    def secret(self, key: str, env: Mapping[str, str], variable: str) -> str:
        """Read a secret: given in place, else from a file, else from an environment variable."""
        given = self.text(key, "")
        path = self.text(f"{key}_file", "")
        variable = self.text(f"{key}_env", variable)
        if given:
            return given.strip()
        if path:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                self.wrong(f"{key}_file", f'"{path}" cannot be read: {error}')
                return ""
        if not (value := env.get(variable, "").strip()):
            self.wrong(
                key, f"is missing; set the environment variable {variable}, or name a {key}_file"
            )
        return value

    def refuse_leftovers(self) -> None:
        """Note every key that nobody took."""
        for key in self.left:
            self.wrong(key, f"no such key; the keys here are {', '.join(self.known)}")

    def _take(self, key: str, default: Any) -> Any:
        self.known.append(key)
        return self.left.pop(key, default)


def is_local(url: str) -> bool:
    """Return whether an address is of this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _url_problem(value: str, schemes: tuple[str, ...]) -> str | None:
    try:
        parts = urlsplit(value)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return f'"{value}" is not an address'
    is_plain = not any(char.isspace() or ord(char) < 0x21 for char in value)
    if parts.scheme not in schemes or not parts.hostname or not has_port or not is_plain:
        return f'"{value}" must be an address that begins with {schemes[0]}://'
    if parts.username or parts.password or parts.query or parts.fragment:
        return f'"{value}" must not carry a user, a query or a fragment'
    if parts.scheme == schemes[1] and not is_local(value) and "." in parts.hostname:
        return f'"{value}" must begin with {schemes[0]}:// (only a local server may do without)'
    return None


def _is_file_origin(text: str) -> bool:
    """https on its own port; a server on this machine, named by its number, may be any."""
    if _url_problem(text, ("https", "http")) or urlsplit(text).path.strip("/"):
        return False
    parts = urlsplit(text)
    if is_local(text):
        return parts.hostname != "localhost"
    return parts.scheme == "https" and parts.port in (None, 443)


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f'"{value}"' for value in values)
