"""Every row of docs/faults.md has a test that carries its number, and every number has a row.

The marks are read from the source, so this holds whichever tests a run selects.
"""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TABLE = TESTS.parent / "docs" / "faults.md"
# What the table was begun with: it may grow, but no row may go.
GROUPS = {"P": 16, "D": 23, "V": 37, "C": 16, "H": 32, "S": 14}
_ROW = re.compile(r"\| ([A-Z]\d+) \| [^|]+ \| [^|]+ \| [^|]+ \|")


@cache
def rows() -> list[str]:
    """Return the row numbers of the table, in its order."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [match[1] for line in lines if (match := _ROW.fullmatch(line))]


@cache
def marked() -> dict[str, list[str]]:
    """Return for each row that some test names where it is named."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        where = str(path.relative_to(TESTS))
        for row in marks(path.read_text(encoding="utf-8")):
            found.setdefault(row, []).append(where)
    return found


def marks(source: str) -> list[str]:
    """Return the row of every `pytest.mark.fault(...)` in a source, wherever it stands.

    On a function or class, in a `pytest.param`, in `pytestmark`. One that does not name a single
    row by a literal is returned as what it is, which is no row of any table.
    """
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node for node in nodes if isinstance(node, ast.Call) and _is_mark(node.func)]
    called = [node.func for node in calls]
    bare = [node for node in nodes if _is_mark(node) and node not in called]
    return [*map(_row, calls), *map(ast.unparse, bare)]


def _is_mark(node: ast.AST) -> bool:
    is_fault = isinstance(node, ast.Attribute) and node.attr == "fault"
    return is_fault and ast.unparse(node) == "pytest.mark.fault"


def _row(call: ast.Call) -> str:
    match call.args, call.keywords:
        case [ast.Constant(value=str(row))], []:
            return row
    return ast.unparse(call)


def test_no_row_stands_twice_and_none_is_missing() -> None:
    assert [row for row, count in Counter(rows()).items() if count > 1] == []
    for letter, count in GROUPS.items():
        numbers = [int(row[1:]) for row in rows() if row[0] == letter]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= count
    assert {row[0] for row in rows()} == GROUPS.keys()


def test_every_line_of_the_table_is_read() -> None:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    heads = [line for line in lines if line.startswith(("| row |", "| --- |"))]
    assert sum(line.startswith("|") for line in lines) - len(heads) == len(rows())
    assert len(heads) == 2 * len(GROUPS)


@pytest.mark.parametrize("row", rows())
def test_every_row_has_a_test(row: str) -> None:
    assert marked().get(row), f"no test is marked with {row}"


def test_every_mark_names_a_row() -> None:
    assert {row: where for row, where in marked().items() if row not in rows()} == {}


def test_a_mark_is_found_wherever_it_may_stand() -> None:
    source = """
pytestmark = [pytest.mark.fault("A1"), pytest.mark.browser]

@pytest.mark.fault("A2")
@pytest.mark.fault("A3")
async def test_one(): ...

@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.fault("A4"))])
def test_two(n): ...

@pytest.mark.fault("A5")
class TestThree: ...
"""
    assert sorted(marks(source)) == ["A1", "A2", "A3", "A4", "A5"]


@pytest.mark.parametrize(
    "mark",
    [
        "pytest.mark.fault",
        "pytest.mark.fault()",
        "pytest.mark.fault(ROW)",
        "pytest.mark.fault('A1', 'A2')",
        "pytest.mark.fault(row='A1')",
    ],
)
def test_a_mark_that_names_no_single_row_is_not_taken_for_one(mark: str) -> None:
    assert marks(f"@{mark}\ndef test_one(): ...\n") == [mark]
