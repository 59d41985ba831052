"""A file is complete under its name, or nothing is there."""

import hashlib
import threading
from pathlib import Path

import pytest

from media import sweep_leftovers
from media.partfile import PartFile


def test_a_kept_file_is_whole_and_private(tmp_path: Path) -> None:
    with PartFile(tmp_path) as part:
        part.write(b"one ")
        part.write(b"two")
        assert not (tmp_path / "clip.mp4").exists()
        digest = part.keep(tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes() == b"one two"
    assert digest == hashlib.sha256(b"one two").hexdigest()
    assert (tmp_path / "clip.mp4").stat().st_mode & 0o077 == 0
    assert part.size_bytes == 7


def test_a_kept_file_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"old and longer")
    with PartFile(tmp_path) as part:
        part.write(b"new")
        part.keep(tmp_path / "clip.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    assert (tmp_path / "clip.mp4").read_bytes() == b"new"


def test_what_is_not_kept_is_removed(tmp_path: Path) -> None:
    with PartFile(tmp_path) as part:
        part.write(b"half")
    assert list(tmp_path.iterdir()) == []


def test_an_error_after_keeping_removes_the_file_too(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), PartFile(tmp_path) as part:
        part.write(b"whole")
        part.keep(tmp_path / "clip.mp4")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_errand_that_outlives_its_caller_leaves_nothing(tmp_path: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    def errand() -> None:
        started.set()
        go_on.wait(5)
        part.write(b"late")
        part.keep(tmp_path / "clip.mp4")

    with PartFile(tmp_path) as part:
        thread = threading.Thread(target=errand)
        thread.start()
        started.wait(5)
    go_on.set()
    thread.join(5)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_process_are_swept(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"kept")
    part = PartFile(tmp_path)
    part.write(b"half")
    assert sweep_leftovers(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    with part:
        pass
