"""The files that go out and come in: results, waited for while they are made, and start images."""

from pathlib import Path

from playground.neuralbox.books import BoxGeneration
from playground.neuralbox.faults import find_picture
from playground.neuralbox.lifecycle import Lifecycle
from playground.neuralbox.pictures import PictureProblemError
from playground.neuralbox.studio import Studio
from playground.neuralbox.world import World

SUFFIXES = {"generations": ".mp4", "thumbnails": ".jpg"}


class ResultFiles:
    """The storage host's part of the service."""

    def __init__(self, world: World, lifecycle: Lifecycle, studio: Studio) -> None:
        self._world = world
        self._lifecycle = lifecycle
        self._studio = studio

    async def find(self, folder: str, name: str) -> Path | None:
        """Return the file's path, or None if there is no such result (any more)."""
        self._lifecycle.settle()
        suffix = SUFFIXES[folder]
        generation = self._world.books.generations.get(name.removesuffix(suffix))
        if not name.endswith(suffix) or generation is None or not _has_file(generation):
            return None
        files = await self._studio.files(self._studio.spec(generation))
        if suffix != ".mp4":
            return files.thumbnail
        if generation.twist.file is not None:
            return generation.twist.file
        if generation.twist.file_bytes is not None:
            return await self._studio.padded(files, generation.twist.file_bytes)
        return files.video

    async def picture_problem(self, body: object) -> str | None:
        """Try to fetch the start image that a creation's body names; say what is wrong with it."""
        url = find_picture(body) if isinstance(body, dict) else None
        if not isinstance(url, str):
            return None
        try:
            await self._studio.load_picture(url)
        except PictureProblemError as error:
            return str(error)
        return None


def _has_file(generation: BoxGeneration) -> bool:
    is_video = generation.category == "video" and generation.status == "completed"
    return is_video and not generation.twist.misses_file
