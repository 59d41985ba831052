"""What the source of the bot may not do: turn data into code, or into parts of statements."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("cogs", "jobs", "media", "neuralbox", "storage", "ui")


def sources() -> list[Path]:
    """Return every file of the bot itself."""
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return [*files, *ROOT.glob("*.py")]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


FORBIDDEN = {"eval", "exec", "compile", "__import__", "input"}
UNSAFE = {
    ("pickle", "*"),
    ("marshal", "*"),
    ("shelve", "*"),
    ("dill", "*"),
    ("yaml", "*"),
    ("os", "system"),
    ("os", "popen"),
    ("tempfile", "mktemp"),
    ("subprocess", "getoutput"),
    ("asyncio", "create_subprocess_shell"),
}


def breaches(tree: ast.AST) -> Iterator[str]:
    """Return each place where data could become code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(one.name.split(".")[0], "*") for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            root = (node.module or "").split(".")[0]
            names = [(root, "*"), *((root, one.name) for one in node.names)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [(node.value.id, node.attr)]
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            names = [("builtins", called)] if called in FORBIDDEN else []
            shell = [one for one in node.keywords if one.arg == "shell"]
            names += [("shell", "True")] if shell else []
        else:
            continue
        yield from (
            f"{name}.{what}, line {getattr(node, 'lineno', 0)}"
            for name, what in names
            if (name, what) in UNSAFE or name in ("builtins", "shell")
        )


@pytest.mark.fault("S13")
def test_no_source_turns_data_into_code() -> None:
    assert {
        path.name: found for path in sources() if (found := list(breaches(tree_of(path))))
    } == {}


@pytest.mark.fault("S13")
@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import yaml",
        "import marshal",
        "eval(x)",
        "exec(x)",
        "import os; os.system(x)",
        "import subprocess; subprocess.run(x, shell=True)",
        "__import__(x)",
        "from asyncio import create_subprocess_shell",
    ],
)
def test_the_lint_would_find_it(line: str) -> None:
    assert list(breaches(ast.parse(line)))


SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|PRAGMA|CREATE|DROP|ALTER|VACUUM|ATTACH)\b")
# What is put into a statement besides constants: marks that stand for values, columns by the names
# that our own callers write, tables of our own schema, a clause chosen from two, a migration, and
# numbers. Never a value.
NAMES = {
    "storage/claims.py": {"marks"},
    "storage/constraints.py": {"kept", "table"},
    "storage/jobs.py": {"marks", "settings"},
    "storage/legible.py": {"column", "table"},
    "storage/pictures.py": {"marks"},
    "storage/readings.py": {"where"},
    "storage/rewound.py": {"table"},
    "storage/transactions.py": {"left_ms", "int(BUSY_TIMEOUT_S * 1000)"},
    "storage/schema.py": {"before", "check", "number", "script"},
}
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


def built(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return each name or expression that is formatted into a statement, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            fixed = "".join(str(one.value) for one in node.values if isinstance(one, ast.Constant))
            if SQL.search(fixed):
                for one in node.values:
                    if isinstance(one, ast.FormattedValue):
                        yield node.lineno, ast.unparse(one.value)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mod, ast.Add)):
            sides = [side for side in (node.left, node.right) if isinstance(side, ast.Constant)]
            if any(isinstance(side.value, str) and SQL.search(side.value) for side in sides):
                other = node.right if node.left in sides else node.left
                yield node.lineno, ast.unparse(other)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            text = node.func.value
            is_text = isinstance(text, ast.Constant) and isinstance(text.value, str)
            if node.func.attr == "format" and is_text and SQL.search(str(text.value)):  # type: ignore[attr-defined]
                yield node.lineno, ast.unparse(node)


@pytest.mark.fault("H29")
def test_no_statement_is_made_of_values() -> None:
    strange = {}
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        found = [
            (line, what)
            for line, what in built(tree_of(path))
            if not CONSTANT.fullmatch(what) and what not in NAMES.get(name, set())
        ]
        if found:
            strange[name] = found
    assert strange == {}


@pytest.mark.fault("H29")
@pytest.mark.parametrize(
    "line",
    [
        'tx.execute(f"SELECT * FROM job WHERE id = {job_id}")',
        "tx.execute('SELECT * FROM job WHERE id = %s' % job_id)",
        "tx.execute('DELETE FROM job WHERE id = ' + job_id)",
        "tx.execute('UPDATE job SET state = {}'.format(state))",
    ],
)
def test_the_lint_would_find_a_statement_made_of_values(line: str) -> None:
    assert list(built(ast.parse(line)))
