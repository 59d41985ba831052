"""However a picture is made, the bot and the worker that opens it stay small, both together."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.bombs import deflated
from tests.media.hostile import MIB, saved, scene
from tests.media.shelf import Shelf
from tests.media.test_pictures_hostile import REFUSED, RENDERED

ROOT = Path(__file__).parents[2]
TOGETHER_BYTES = 256 * MIB
GROWN_BYTES = 16 * MIB
HONEST = "an honest picture"


def hostile() -> dict[str, tuple[bytes, dict[str, str]]]:
    """Return every hostile picture with the headers that it comes with, by name."""
    files = {HONEST: saved(scene(), "PNG")}
    files |= {name: content for name, (content, _said) in REFUSED.items()} | RENDERED
    packed = deflated("gzip", files[HONEST], b"\0", 200 * MIB)
    return {
        **{name: (content, {}) for name, content in files.items()},
        "a picture that unpacks to 200 MiB on the way": (packed, {"Content-Encoding": "gzip"}),
        "a length that lies": (REFUSED["oversize"][0], {"Content-Length": "10"}),
    }


@pytest.mark.fault("P6")
@pytest.mark.fault("H11")
@pytest.mark.fault("H13")
async def test_bot_and_worker_stay_within_256_mib_whatever_picture_comes(
    shelf: Shelf, tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.media.hungry_process",
        shelf.origin,
        str(tmp_path / "kept"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    came_to: dict[str, str] = {}
    for name, (content, headers) in hostile().items():
        process.stdin.write(shelf.put(content, headers).encode() + b"\n")
        line = await asyncio.wait_for(process.stdout.readline(), 120)
        came_to[name], *told = line.decode().split()
        own, before, worker = map(int, told)
        assert own - before < GROWN_BYTES, name
        # The largest moments of both, though they need not be the same one.
        assert own + worker <= TOGETHER_BYTES, name
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert came_to[HONEST] == "Picture"
    assert {came_to[name] for name in REFUSED} == {"PictureRefusedError"}
    assert worker > 0
