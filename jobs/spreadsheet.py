"""CSV that a spreadsheet may open: UTF-8 with a byte order mark, RFC 4180, and no formulas.

A program that opens the file may take a cell for a formula whose text begins with one of a few
characters, also behind blanks, quotes and invisible characters, and also in their wide forms. Where
it separates by semicolons, a cell of ours may begin in the middle of another. Such a text gets an
apostrophe before it, which says "this is text". Numbers are written as numbers.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

BOM = "\ufeff".encode()
Cell = str | int | None

_STARTERS = frozenset("=+-@")
_MINUS = "\u2212"
# What a program may look past, or take off, on its way to the first character that counts.
_QUOTES = frozenset("\"'")
# Where a new cell or line begins for a program with other ideas of how a file is separated.
_PIECES = re.compile(r"([;\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029])")


def lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Return rows as lines, the last one's end included; None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(
        [harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    # A lone surrogate is nothing that UTF-8 can write.
    return out.getvalue().encode("utf-8", "replace")


@lru_cache(maxsize=4096)  # most cells say the same few things
def harmless(text: str) -> str:
    """Return a text with an apostrophe wherever a program could begin a formula."""
    text = text.replace("\0", "")
    pieces = _PIECES.split(text)
    for at in range(0, len(pieces), 2):
        if _is_formula(pieces[at]):
            pieces[at] = f"'{pieces[at]}"
    safe = "".join(pieces)
    # These two alone make some programs look on for a formula.
    return f"'{safe}" if text.startswith(("\t", "\r")) else safe


def _is_formula(text: str) -> bool:
    for char in text:
        if char in _QUOTES or char.isspace() or unicodedata.category(char) in ("Cc", "Cf"):
            continue
        return char == _MINUS or unicodedata.normalize("NFKC", char)[:1] in _STARTERS
    return False
