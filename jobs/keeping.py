"""How long videos, pictures and words are kept: dropped by age; what nothing names is swept up."""

import asyncio
import logging
import time
from collections.abc import Iterable
from pathlib import Path

from config import StorageConfig
from crashpoints import reach
from jobs.ports import Clock
from storage import drafts, pictures, prompts, results
from storage.database import Database

log = logging.getLogger(__name__)

DAY_S = 24 * 3600
# A file that is being made has no row yet.
YOUNG_S = 3600
PIECE = 50


class Keeping:
    """Retention, once a day and at every start."""

    def __init__(
        self,
        db: Database,
        videos_dir: Path,
        pictures_dir: Path,
        config: StorageConfig,
        clock: Clock,
    ) -> None:
        self._db, self._clock, self._keep_s = db, clock, config.keep_days * DAY_S
        self._keep_prompts_s = config.keep_prompts_days * DAY_S
        self._videos_dir, self._pictures_dir = videos_dir, pictures_dir
        self._due_at = float("-inf")

    async def sweep_when_due(self) -> None:
        """Drop what is too old, and files that a kill left without a row. Jobs and books stay."""
        if self._clock.monotonic() < self._due_at:
            return
        self._due_at = self._clock.monotonic() + DAY_S
        before = int(self._clock.now()) - self._keep_s
        videos = await self._db.insist(results.drop_old_files, before)
        unused = await self._db.insist(pictures.drop_unused, before)
        await self._db.insist(drafts.drop_old, int(self._clock.now()) - DAY_S)
        await self._forget_prompts()
        stray = 0
        for directory, dropped, reading in (
            (self._videos_dir, videos, results.list_files),
            (self._pictures_dir, unused, pictures.list_files),
        ):
            named = await self._db.read(reading)
            stray += await asyncio.to_thread(_remove, directory, _stems(dropped), _stems(named))
        if videos or unused or stray:
            log.info(
                "no longer kept: %d videos, %d pictures; %d files removed",
                len(videos),
                len(unused),
                stray,
            )

    async def _forget_prompts(self) -> None:
        """Empty what members wrote too long ago, a few jobs at a time: accepting goes before."""
        if not self._keep_prompts_s:
            return
        before = int(self._clock.now()) - self._keep_prompts_s
        old = await self._db.read(prompts.list_old, before)
        for start in range(0, len(old), PIECE):
            await self._db.insist(prompts.forget, old[start : start + PIECE])
        if old:
            log.info("no longer kept: the words of %d jobs", len(old))


def _stems(names: Iterable[str]) -> frozenset[str]:
    """Return the names without endings: a video's smaller copies share its stem."""
    return frozenset(name.split(".", 1)[0] for name in names)


def _remove(directory: Path, dropped: frozenset[str], named: frozenset[str]) -> int:
    """Remove the files of dropped rows, and old ones that no row names; return how many."""
    # The kernel's clock wrote the files' times, so it is asked for the present as well.
    young = time.time() - YOUNG_S
    removed = 0
    for path in directory.iterdir():
        stem = path.name.split(".", 1)[0]
        if stem in named:
            continue  # of a row, which may have come back since it was dropped
        try:
            if path.is_file() and (stem in dropped or path.stat().st_mtime < young):
                reach("before removal")
                path.unlink()
                reach("after removal")
                removed += 1
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("%s cannot be removed: %s", path.name, error.strerror)
    return removed
