"""Has the clips made, off the event loop, and keeps their files until it is closed.

Small clips take a tenth of a second and are made on a thread; large ones keep a processor busy for
seconds and are made by a worker process, which is killed when the studio closes.
"""

import asyncio
import atexit
import functools
import json
import shutil
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import aiohttp

from playground.neuralbox import pictures
from playground.neuralbox.books import BoxGeneration
from playground.neuralbox.catalogue import BoxModel
from playground.neuralbox.clip import ClipSpec, render, request_line
from playground.neuralbox.pictures import Picture

Clips = Literal["real", "shared"]
T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
LARGEST_ON_THREAD = 640 * 360  # pixels a frame
LARGEST_SHARED_SCALE = 1 / 6
KEPT_IN_MEMORY = 128  # small clips, each some 50 to 150 kB

# Small clips of the whole process: a test run asks for the same ones again and again.
_made: OrderedDict[ClipSpec, tuple[bytes, bytes]] = OrderedDict()
# Heavy clips of the whole process, on disk until it ends.
_heavy: dict[ClipSpec, "ClipFiles"] = {}


@dataclass(frozen=True, slots=True)
class ClipFiles:
    """A finished clip and its preview picture."""

    video: Path
    thumbnail: Path


class ClipFailedError(Exception):
    """The worker could not make a clip."""


class Studio:
    """Makes each clip once. `shared`: one small clip for each length and ratio does for all."""

    def __init__(self, media_scale: float, clips: Clips) -> None:
        self._is_shared = clips == "shared"
        self._scale = min(media_scale, LARGEST_SHARED_SCALE) if self._is_shared else media_scale
        self._folder = Path(tempfile.mkdtemp(prefix="neuralbox-"))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="neuralbox-clips")
        self._worker: asyncio.subprocess.Process | None = None
        self._worker_is_free = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._clips: dict[ClipSpec, asyncio.Task[ClipFiles]] = {}
        self._pictures: dict[str, Picture] = {}
        self._is_closing = False

    def size(self, model: BoxModel, ratio: str, *, is_full: bool = False) -> tuple[int, int]:
        """Return the width and height that clips of this model and ratio have here."""
        return model.size(ratio, 1.0 if is_full else self._scale)

    def spec(self, generation: BoxGeneration) -> ClipSpec:
        """Return what the generation's clip has to show."""
        shape = (generation.duration, generation.width, generation.height)
        heavy_bytes = generation.twist.heavy_bytes or 0
        if self._is_shared:
            return ClipSpec("", "", *shape, heavy_bytes=heavy_bytes)
        picture = self._pictures.get(generation.picture_sha256 or "")
        path = str(picture.path) if picture else None
        return ClipSpec(generation.prompt, generation.model, *shape, path, heavy_bytes)

    def begin(self, spec: ClipSpec) -> None:
        """Have a clip made, unless it was ordered before."""
        if spec not in self._clips:
            task = asyncio.create_task(self._make(spec), name="neuralbox-clip")
            # Read here, so that a clip nobody asks for does not complain when it is forgotten.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._clips[spec] = task

    async def files(self, spec: ClipSpec) -> ClipFiles:
        """Return the clip, waiting until it is made. Raises ClipFailedError."""
        self.begin(spec)
        return await asyncio.shield(self._clips[spec])

    async def padded(self, files: ClipFiles, size_bytes: int) -> Path:
        """Return the clip as a file of at least `size_bytes` that plays all the same."""
        path = files.video.with_suffix(f".{size_bytes}.mp4")
        if not path.exists():
            await self._on_thread(_pad, files.video, path, size_bytes)
        return path

    async def load_picture(self, url: str) -> Picture:
        """Fetch a start image and keep it. Raises PictureProblemError."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        content = await pictures.fetch(self._session, url)
        picture = await self._on_thread(pictures.keep, content, self._folder)
        self._pictures[picture.sha256] = picture
        return picture

    async def close(self) -> None:
        """End thread and worker at once, whatever they are making, and remove all files."""
        self._is_closing = True
        for task in self._clips.values():
            task.cancel()
        await asyncio.gather(*self._clips.values(), return_exceptions=True)
        await self._end_worker()
        if self._session is not None:
            await self._session.close()
        await asyncio.to_thread(self._close_files)

    def _close_files(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _make(self, spec: ClipSpec) -> ClipFiles:
        name = f"clip-{len(self._clips)}"
        files = ClipFiles(self._folder / f"{name}.mp4", self._folder / f"{name}.jpg")
        if spec.heavy_bytes and spec in _heavy:
            return _heavy[spec]
        if spec.heavy_bytes:
            folder = _heavy_folder()
            name = f"heavy-{len(_heavy)}-{id(self)}"
            files = ClipFiles(folder / f"{name}.mp4", folder / f"{name}.jpg")
            await self._make_large(spec, files)
            await self._on_thread(_top_up, files.video, spec.heavy_bytes)
            _heavy[spec] = files
        elif spec.width * spec.height <= LARGEST_ON_THREAD:
            await self._on_thread(_make_small, spec, files, self._is_open)
        else:
            await self._make_large(spec, files)
        return files

    async def _on_thread(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    def _is_open(self) -> bool:
        return not self._is_closing

    async def _make_large(self, spec: ClipSpec, files: ClipFiles) -> None:
        async with self._worker_is_free:
            try:
                answer = await self._ask_worker(request_line(spec, files.video, files.thumbnail))
            except (OSError, asyncio.CancelledError):
                await self._end_worker()  # a next one must not get this clip's answer
                raise
        if answer["error"] is not None:
            raise ClipFailedError(answer["error"])

    async def _ask_worker(self, line: bytes) -> dict[str, str | None]:
        if self._worker is None or self._worker.returncode is not None:
            self._worker = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "playground.neuralbox.worker",
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the one who started us
            )
        worker = self._worker
        if worker.stdin is None or worker.stdout is None:
            raise ClipFailedError("the worker has no pipes")
        worker.stdin.write(line)
        await worker.stdin.drain()
        answer = await worker.stdout.readline()
        if not answer:
            await self._end_worker()
            raise ClipFailedError("the worker died")
        return dict(json.loads(answer))

    async def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if worker.returncode is None:
            worker.kill()
        await worker.communicate()


def _make_small(spec: ClipSpec, files: ClipFiles, is_wanted: Callable[[], bool]) -> None:
    made = _made.get(spec)
    if made is None:
        render(spec, files.video, files.thumbnail, is_wanted)
        if spec.picture is None:
            _made[spec] = (files.video.read_bytes(), files.thumbnail.read_bytes())
            while len(_made) > KEPT_IN_MEMORY:
                _made.popitem(last=False)
        return
    _made.move_to_end(spec)
    files.video.write_bytes(made[0])
    files.thumbnail.write_bytes(made[1])


@functools.cache
def _heavy_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="neuralbox-heavy-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _top_up(video: Path, size_bytes: int) -> None:
    """Pad a clip that came out a little below its size."""
    if video.stat().st_size < size_bytes:
        padded = video.with_suffix(".padded")
        _pad(video, padded, size_bytes)
        padded.replace(video)


def _pad(video: Path, padded: Path, size_bytes: int) -> None:
    # An mp4 is a row of boxes; players skip one of type "free". The file stays sparse on disk.
    content = video.read_bytes()
    room = max(8, size_bytes - len(content))
    with padded.open("wb") as file:
        file.write(content + room.to_bytes(4, "big") + b"free")
        file.truncate(len(content) + room)
