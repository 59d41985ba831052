"""Values of any kind that the bot's functions take, with others' words wherever a text may stand.

What a text is filled with is asked by its owner, "Class.field" or "function.parameter", so that a
new field holds others' words until somebody says that it does not. Everything else is chosen by
the number of the sample and by where it stands: the same each time, whatever is added elsewhere.
"""

import dataclasses
import datetime
import enum
import inspect
import types
import typing
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union

NUMBERS = (0, 1, 2, 44, 1_764_500_000)
MOST_PARTS = 3
_SIMPLE: dict[Any, Callable[[int], Any]] = {
    bool: bool,
    int: int,
    float: float,
    bytes: lambda _: b"",
    types.NoneType: lambda _: None,
    Path: lambda _: Path("made-here.png"),
    datetime.date: lambda number: datetime.date(2026, 11, 1 + number % 28),
}


Special = Callable[["Filler", str], Any]
"""Makes the value of an owner whose type does not say enough, at that place."""


class CannotFillError(Exception):
    """A parameter that only Discord or a running bot can give."""


class Filler:
    """Fills in one sample: `text_of` gives the words of an owner, `ours` those that are our own."""

    def __init__(
        self,
        sample: int,
        text_of: Callable[[str], str],
        ours: Mapping[str, Sequence[Any]],
        special: Mapping[str, "Special"],
    ) -> None:
        self.sample, self.text_of, self._ours, self._special = sample, text_of, ours, special

    def call(self, function: Callable[..., Any], name: str) -> Any:
        """Call a function or class with everything filled in."""
        given = {
            part: self.make(hint, f"{name}.{part}", f"{name}.{part}")
            for part, hint in _parameters(function)
        }
        return function(**given)

    def choose(self, options: Sequence[Any], where: str) -> Any:
        """Return one of them, the same each time for a sample and a place."""
        return options[zlib.crc32(f"{self.sample} {where}".encode()) % len(options)]

    def make(self, hint: Any, owner: str, where: str) -> Any:
        """Return a value of that type for a field of that owner, which stands at `where`."""
        if owner in self._ours:
            return self.choose(self._ours[owner], where)
        if owner in self._special:
            return self._special[owner](self, where)
        if hint in _SIMPLE:
            return _SIMPLE[hint](self.choose((0, 1) if hint is bool else NUMBERS, where))
        if inspect.isclass(hint) and issubclass(hint, enum.Enum):
            return self.choose(list(hint), where)
        if hint is str:
            return self.text_of(owner)
        return self._made_of_parts(hint, owner, where)

    def _composed(self, hint: Any, owner: str, where: str) -> Any:
        kind, parts = typing.get_origin(hint), typing.get_args(hint)
        if kind in (Union, types.UnionType):
            return self.make(self.choose(parts, where), owner, where + "|")
        if kind is Literal:
            return self.choose(parts, where)
        if kind is tuple and parts[-1] is not Ellipsis:
            return tuple(
                self.make(one, owner, f"{where}[{number}]") for number, one in enumerate(parts)
            )
        each = [f"{where}[{number}]" for number in range(self._many(where))]
        if issubclass(kind, Mapping):
            keys = [self.make(parts[0], f"{owner} key", f"{one} key") for one in each]
            return {
                key: self.make(parts[1], owner, one) for key, one in zip(keys, each, strict=True)
            }
        if issubclass(kind, Iterable):
            made = [self.make(parts[0], owner, one) for one in each]
            return kind(made) if kind in (tuple, frozenset) else made
        raise CannotFillError(f"{owner}: {hint}")

    def _made_of_parts(self, hint: Any, owner: str, where: str) -> Any:
        if typing.get_origin(hint) is not None:
            return self._composed(hint, owner, where)
        if dataclasses.is_dataclass(hint):
            return self._record(hint, where)
        if inspect.isclass(hint) and issubclass(hint, Exception):
            return self.call(hint, hint.__name__)
        raise CannotFillError(f"{owner}: {hint}")

    def _record(self, hint: Any, where: str) -> Any:
        return hint(
            **{
                name: self.make(kind, f"{hint.__name__}.{name}", f"{where}.{name}")
                for name, kind in _fields(hint)
            }
        )

    def _many(self, where: str) -> int:
        return int(self.choose(range(MOST_PARTS + 1), where + " many"))


@cache
def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, Any], ...]:
    taken = function.__init__ if inspect.isclass(function) else function
    hints = typing.get_type_hints(taken)
    every = inspect.signature(taken).parameters
    return tuple((name, hints[name]) for name in every if name in hints)


@cache
def _fields(record: Any) -> tuple[tuple[str, Any], ...]:
    hints = typing.get_type_hints(record)
    return tuple((one.name, hints[one.name]) for one in dataclasses.fields(record) if one.init)
