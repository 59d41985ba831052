"""What the single-file modules may import; the packages are held by import-linter."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} | {
    path.stem for path in ROOT.glob("*.py")
}


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("models", set()),
        ("errors", {"models"}),
        ("logs", set()),
        ("crashpoints", set()),
        ("config", {"config_section", "models"}),
        ("config_section", set()),
    ],
)
def test_the_words_of_every_layer_stand_on_nothing(module: str, allowed: set[str]) -> None:
    assert _imported_by(module) <= allowed


def test_the_process_alone_stands_on_what_puts_it_together() -> None:
    rooms = {"cogs", "config", "jobs", "media", "neuralbox", "storage", "ui"}
    assert _imported_by("assembly") <= rooms
    assert _imported_by("command_line") <= {"config", "jobs", "logs"}
    assert _imported_by("bot") <= {"assembly", "command_line", *rooms}


def test_the_image_gets_every_file_that_the_bot_is_made_of() -> None:
    """`COPY` takes the single files by name, and nothing that is not let through before."""
    single = {path.name for path in ROOT.glob("*.py")}
    copied = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert single == set(re.findall(r"\b\w+\.py\b", copied.partition("\nUSER")[0]))
    assert single == set(re.findall(r"^!(\w+\.py)$", let_through, re.MULTILINE))


def _imported_by(module: str) -> set[str]:
    tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    return imported & OURS


@pytest.mark.fault("D3")
@pytest.mark.fault("D4")
def test_only_the_database_module_begins_and_commits() -> None:
    words = ("BEGIN IMMEDIATE", ".commit(", "COMMIT")
    for path in ROOT.rglob("*.py"):
        inside = path.relative_to(ROOT).parts
        if inside[0] in {"tests", "bench", ".venv", "build"}:
            continue
        if inside[0] == "storage" and inside[1] in {"transactions.py", "schema.py"}:
            continue
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], path
