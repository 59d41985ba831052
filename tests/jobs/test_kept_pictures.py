"""A picture that two members use: whoever drops it does not take it from the other."""

import asyncio
from pathlib import Path
from typing import cast

from jobs.pictures import Pictures
from media import Picture, PictureGate, Studio
from playground.clock import FakeClock
from storage import pictures
from storage.database import Database

BOAT = Picture("ab" * 32, "png", 400, 320, 5)


class SlowGate:
    """Has the file in its place and takes a while to say so."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / BOAT.file_name
        self.is_there, self.go_on = asyncio.Event(), asyncio.Event()

    async def take(self, _url: str) -> Picture:
        self._file.write_bytes(b"a png")
        self.is_there.set()
        await self.go_on.wait()
        return BOAT


async def test_a_picture_dropped_while_somebody_keeps_the_same_one_stays_for_them(
    db: Database, tmp_path: Path
) -> None:
    gate = SlowGate(tmp_path)
    kept = Pictures(db, cast(PictureGate, gate), cast(Studio, None), tmp_path, FakeClock())
    taking = asyncio.ensure_future(kept.take("https://cdn.invalid/boat.png"))
    await gate.is_there.wait()
    kept.drop(BOAT.file_name)
    gate.go_on.set()
    picture = await taking
    assert await db.read(pictures.find, picture.file) == picture
    assert kept.path(picture.file) is not None
    kept.drop(picture.file)
    assert kept.path(picture.file) is None
