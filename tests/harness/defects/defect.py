"""What a defect is: which line of which file becomes which other line, and what that breaks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of one file."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Defect:
    """A mistake that somebody could make, and where the harness looks for it."""

    name: str
    breaks: str
    edits: tuple[Edit, ...]
    traits: str = ""
    kinds: str = "several"


def one(
    name: str,
    breaks: str,
    file: str,
    old: str,
    new: str,
    traits: str = "",
    kinds: str = "several",
) -> Defect:
    return Defect(name, breaks, (Edit(file, old, new),), traits, kinds)
