"""The defects of `make defects` still fit the code they are sown into."""

import ast
from pathlib import Path

import pytest

from tests.harness.defects.catalogue import DEFECTS
from tests.harness.defects.defect import Defect
from tests.harness.traits import TRAITS

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_each_line_to_be_broken_stands_just_once_in_the_code(defect: Defect) -> None:
    files = {edit.file: (ROOT / edit.file).read_text(encoding="utf-8") for edit in defect.edits}
    for edit in defect.edits:
        assert files[edit.file].count(edit.old) == 1, edit
        files[edit.file] = files[edit.file].replace(edit.old, edit.new)
    for name, broken in files.items():
        if name.endswith(".py"):
            ast.parse(broken)
    assert set(filter(None, defect.traits.split(","))) <= TRAITS.keys()


def test_there_are_enough_of_them_and_none_twice() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 20
