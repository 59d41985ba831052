"""What a kill left half done is swept up, and nothing else."""

from pathlib import Path

from media import sweep_leftovers
from media.partfile import WorkDirectory


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
