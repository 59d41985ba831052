"""Reads everything that a hostile NeuralBox answers, in a process that may grow by 256 MiB.

Arguments: the API's address, the origin of its files, a directory for downloads. For each line that
it is given it makes every call once, and answers with what they came to and by how much (bytes) the
process has grown at its peak.
"""

import asyncio
import resource
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from media import Fetcher, FetchError
from neuralbox import NeuralBox, NeuralBoxError
from playground.clock import PlayClock
from tests.neuralbox.conftest import KEY
from tests.neuralbox.support import BOAT

CAP_BYTES = 256 * 1024 * 1024
MOST_FILE_BYTES = 4 * 1024 * 1024
CALLS = ("balance", "history", "status", "models", "create", "file")


def _now_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


async def _came_to(call: Awaitable[object]) -> str:
    try:
        return type(await call).__name__
    except (NeuralBoxError, FetchError) as error:
        return type(error).__name__


async def _main(api: str, origin: str, directory: Path) -> None:
    async with (
        NeuralBox(api, KEY, clock=PlayClock(), post_timeout_s=20, get_timeout_s=20) as box,
        Fetcher([origin], max_bytes=MOST_FILE_BYTES) as fetcher,
    ):
        before = _now_bytes("VmRSS")
        # Of addresses, so that what is asked for is refused and not merely noticed afterwards.
        cap = _now_bytes("VmSize") + CAP_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "balance": box.get_balance,
            "history": lambda: box.list_history(page=1, limit=100),
            "status": lambda: box.get_generation("1"),
            "models": box.list_models,
            "create": lambda: box.create(BOAT),
            "file": lambda: fetcher.download(f"{origin}/generations/1.mp4", directory),
        }
        while await asyncio.to_thread(sys.stdin.readline):
            told = [f"{name}={await _came_to(calls[name]())}" for name in CALLS]
            sys.stdout.write(" ".join([str(_now_bytes("VmHWM") - before), *told]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
