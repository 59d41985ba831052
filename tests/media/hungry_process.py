"""Takes pictures as the bot does, in a process that is measured.

Arguments: the origin that pictures come from, a directory to keep them in. For each address that it
is given on a line it answers with what that came to, the most memory that this process has had
resident so far, how much of that was there before the first picture, and the most that any one of
its workers had (bytes).
"""

import asyncio
import resource
import sys
from pathlib import Path

from errors import PictureRefusedError
from media import FetchFailedError, PictureGate, Studio

MIB = 1024 * 1024


def _own_bytes() -> int:
    # What getrusage tells of oneself begins with what the process before exec had.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmHWM")


def _worker_bytes() -> int:
    # Of the largest child that has ended; not less than what this process had when it was started.
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


async def _came_to(gate: PictureGate, url: str) -> str:
    try:
        await gate.take(url)
    except (PictureRefusedError, FetchFailedError) as error:
        return type(error).__name__
    return "Picture"


async def _main(origin: str, directory: Path) -> None:
    async with PictureGate(
        directory,
        Studio(),
        [origin],
        max_bytes=5 * MIB,
        max_pixels=40_000_000,
        min_free_bytes=1,
    ) as gate:
        before = _own_bytes()
        while url := (await asyncio.to_thread(sys.stdin.readline)).strip():
            told = await _came_to(gate, url)
            sys.stdout.write(f"{told} {_own_bytes()} {before} {_worker_bytes()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2])))
