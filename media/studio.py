"""All work on pictures and clips, each piece of it in a worker process."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Literal

from media import header
from media.errors import BrokenFileError, CannotFitError, WorkerFailedError
from media.facts import VENDOR_BYTES, Clip, Picture
from media.partfile import PartFile, WorkDirectory, settle
from media.process import Limits, run
from media.sniff import HEAD_BYTES, Kind, sniff

MIB = 1024 * 1024
MAX_PIXELS = 40_000_000
FIT_FILE_BYTES = 1024 * MIB

Task = Literal["picture", "last_frame", "probe", "fit"]

# 40 megapixels of RGBA are 160 MB, twice that while they are resized. Two 4K streams, one in and
# one out, are what takes the most in a fit; 1080p needs 700 MB of address space.
LIMITS: Mapping[Task, Limits] = {
    "picture": Limits(1024 * MIB, cpu_s=20, deadline_s=40, file_bytes=64 * MIB),
    "last_frame": Limits(1536 * MIB, cpu_s=30, deadline_s=60, file_bytes=64 * MIB),
    "probe": Limits(1024 * MIB, cpu_s=10, deadline_s=20, file_bytes=MIB),
    "fit": Limits(2560 * MIB, cpu_s=600, deadline_s=420, file_bytes=FIT_FILE_BYTES, niceness=15),
}


class Studio:
    """Runs at most `at_once` workers; one place is always left to the short tasks."""

    def __init__(self, *, at_once: int = 2, limits: Mapping[Task, Limits] = LIMITS) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(at_once)
        self._long_places = asyncio.Semaphore(max(1, at_once - 1))

    async def picture(self, source: Path, to: Path, *, max_pixels: int = MAX_PIXELS) -> Picture:
        """Keep a normalised copy of a PNG, JPEG, WebP or GIF in the directory `to`.

        First frame, upright, RGB on white, no metadata; shorter side at least 320 px, longer at
        most 2048 px; PNG of the exact pixels up to VENDOR_BYTES, else JPEG. The same picture is
        the same file, so it is safe to repeat. Raises StudioError; OSError: trouble with our disk.
        """
        kind = await asyncio.to_thread(_kind, source)
        if kind not in {Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF}:
            raise BrokenFileError("not a picture")
        facts = {"kind": kind.value, "max_pixels": max_pixels, "most_bytes": VENDOR_BYTES}
        return await self._make_picture("picture", source, to, facts)

    async def last_frame(self, video: Path, to: Path) -> Picture:
        """Keep the last frame that a clip shows in the directory `to`, named by its content.

        Every pixel as decoded and converted once, in PNG; only above VENDOR_BYTES a JPEG of
        quality 95 without subsampling. Safe to repeat. Raises StudioError, OSError.
        """
        return await self._make_picture("last_frame", video, to, {"most_bytes": VENDOR_BYTES})

    async def probe(self, video: Path) -> Clip:
        """Return what a clip is. Raises StudioError; OSError when the file is not there."""
        size_bytes = (await asyncio.to_thread(video.stat)).st_size
        # Its directory is not written to: any will do.
        made = await self._run("probe", {"source": _full(video)}, video.parent)
        return _clip(made, size_bytes)

    async def fit(self, video: Path, target: Path, limit_bytes: int) -> Clip:
        """Write a clip to `target`, smaller than `limit_bytes`: the same one, or encoded anew.

        H.264 and AAC in mp4 of the same length, at most as large in pixels; plays while it loads.
        `target` is replaced when complete and not touched before. Takes about twice the clip's
        length on two cores. Raises CannotFitError when it could only look awful, StudioError,
        OSError.
        """
        kind, size_bytes = await asyncio.to_thread(_kind_and_size, video)
        with WorkDirectory(target.parent) as work:
            made = work / "made"
            if kind is Kind.MP4 and size_bytes < limit_bytes:
                clip = await self.probe(video)
                await asyncio.to_thread(shutil.copyfile, video, made)
            else:
                facts = {"source": _full(video), "target": str(made)}
                said = await self._run("fit", {**facts, "limit_bytes": limit_bytes}, work)
                kind, size_bytes = await asyncio.to_thread(_kind_and_size, made)
                if kind is not Kind.MP4 or size_bytes >= limit_bytes:
                    raise CannotFitError("the worker did not keep to the limit")
                clip = _clip(said, size_bytes)
            await asyncio.to_thread(settle, made, target)
            return clip

    async def _make_picture(
        self, task: Task, source: Path, to: Path, facts: Mapping[str, object]
    ) -> Picture:
        with WorkDirectory(to) as work:
            made = work / "made"
            files = {"source": _full(source), "target": str(made)}
            await self._run(task, {**files, **facts}, work)
            return await asyncio.to_thread(_keep, made, to)

    async def _run(
        self, task: Task, facts: Mapping[str, object], directory: Path
    ) -> dict[str, Any]:
        async with AsyncExitStack() as places:
            if task == "fit":
                await places.enter_async_context(self._long_places)
            await places.enter_async_context(self._places)
            return await run(task, facts, self._limits[task], directory)


def _keep(made: Path, to: Path) -> Picture:
    """Keep what a worker made under its content's name; its word for what it is, is not taken."""
    kind, size_bytes = _kind_and_size(made)
    if kind not in {Kind.PNG, Kind.JPEG} or size_bytes > VENDOR_BYTES:
        raise WorkerFailedError("the worker made something else than a picture")
    width, height = header.measure(made, kind)
    content = made.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    name: Literal["png", "jpeg"] = "png" if kind is Kind.PNG else "jpeg"
    picture = Picture(sha256, name, width, height, len(content))
    path = to / picture.file_name
    if not path.is_file() or path.stat().st_size != len(content):
        with PartFile(to) as part:
            part.write(content)
            part.keep(path)
    else:
        # Retention goes by this time, and the picture was wanted again just now.
        os.utime(path)
    return picture


def _full(path: Path) -> str:
    # The child's working directory is another one.
    return str(path.absolute())


def _kind(path: Path) -> Kind | None:
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES))


def _kind_and_size(path: Path) -> tuple[Kind | None, int]:
    return _kind(path), path.stat().st_size


def _clip(said: Mapping[str, Any], size_bytes: int) -> Clip:
    try:
        return Clip(
            int(said["width"]),
            int(said["height"]),
            float(said["duration_s"]),
            size_bytes,
            str(said["codec"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WorkerFailedError("the worker's answer is not a clip's facts") from error
