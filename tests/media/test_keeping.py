"""Retention finds what is old and unused, and nothing else."""

import os
from pathlib import Path

from media import old_files, sweep_leftovers
from media.partfile import WorkDirectory


def test_only_old_files_that_nobody_needs_are_found(tmp_path: Path) -> None:
    for name, written_at in (("c", 300), ("a", 100), ("b", 200), ("needed", 100), ("new", 900)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (written_at, written_at))
    (tmp_path / "directory").mkdir()
    os.utime(tmp_path / "directory", (1, 1))
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / ".fetch-1.part").write_bytes(b"x")
    os.utime(tmp_path / ".fetch-1.part", (1, 1))
    found = old_files(tmp_path, {"needed"}, 900)
    assert [path.name for path in found] == ["a", "b", "c"]


def test_a_sweep_takes_files_and_directories_but_follows_no_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_bytes(b"x")
    swept = tmp_path / "swept"
    swept.mkdir()
    (swept / ".fetch-1.part").write_bytes(b"x")
    (swept / ".fetch-2.part").mkdir()
    (swept / ".fetch-2.part" / "made").write_bytes(b"x")
    (swept / ".fetch-3.part").symlink_to(elsewhere)
    (swept / "whole.png").write_bytes(b"x")
    assert sweep_leftovers(swept) == 3
    assert [path.name for path in swept.iterdir()] == ["whole.png"]
    assert (elsewhere / "kept").exists()


def test_a_work_directory_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with WorkDirectory(tmp_path) as work:
        (work / "notes").write_bytes(b"x")
        assert work.stat().st_mode & 0o077 == 0
        assert work.parent == tmp_path
    assert list(tmp_path.iterdir()) == []
