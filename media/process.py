"""One child process for one task on one file: started, limited, listened to, ended.

Nothing a stranger made is decoded in the bot's own process; a decoder that is led astray finds
itself without the bot's environment, files or connections, with little memory and a deadline.
"""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from media.errors import (
    BrokenFileError,
    CannotFitError,
    StudioError,
    WorkerFailedError,
    WorkerOverrunError,
)

log = logging.getLogger(__name__)

SCRIPT = Path(__file__).resolve().parent / "child" / "__main__.py"
ANSWER_BYTES = 64 * 1024
STDERR_BYTES = 4 * 1024
# The whole environment. Each further arena of malloc would count 64 MiB against the limit.
ENVIRONMENT = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}

_NO: Mapping[str, type[StudioError]] = {
    "broken": BrokenFileError,
    "heavy": WorkerOverrunError,
    "poor": CannotFitError,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use. The address space counts libraries too, about 250 MiB of them."""

    memory_bytes: int
    cpu_s: int
    deadline_s: float
    file_bytes: int
    niceness: int = 10


async def run(
    do: str, facts: Mapping[str, object], limits: Limits, directory: Path
) -> dict[str, Any]:
    """Have a new child do one task in `directory` and return its answer.

    The child is gone when this returns or raises, also by cancellation. Raises BrokenFileError
    and WorkerOverrunError (the file's doing), CannotFitError, WorkerFailedError (not its doing).
    """
    task = {"do": do, "with": dict(facts), "limits": asdict(limits)}
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(SCRIPT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
            cwd=directory,
            # Ctrl-C is for the bot, which then ends its children itself.
            start_new_session=True,
        )
    except OSError as error:
        raise WorkerFailedError(f"not started: {error.strerror}") from error
    try:
        async with asyncio.timeout(limits.deadline_s):
            answer, complaints = await _talk(child, json.dumps(task).encode() + b"\n")
            code = await child.wait()
    except TimeoutError as error:
        raise WorkerOverrunError(f"not done in {limits.deadline_s:g} s") from error
    finally:
        await _end(child)
    if complaints:
        log.warning("worker for %s said: %s", do, complaints)
    return _read(answer, code)


async def _talk(child: asyncio.subprocess.Process, task: bytes) -> tuple[bytes, str]:
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise WorkerFailedError("no pipes")
    try:
        # Left open: its end is what tells the child that nobody waits any more.
        child.stdin.write(task)
        await child.stdin.drain()
    except ConnectionError:
        pass  # it died at once; its code says of what
    answer, complaints = await asyncio.gather(
        _read_most(child.stdout, ANSWER_BYTES), _read_most(child.stderr, STDERR_BYTES)
    )
    return answer, complaints.decode("utf-8", "replace").strip()


async def _read_most(stream: asyncio.StreamReader, most: int) -> bytes:
    """Return the first `most` bytes, having read all, so that no writer is held up by us."""
    kept = bytearray()
    while piece := await stream.read(16 * 1024):
        kept += piece[: most - len(kept)]
    return bytes(kept)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    if child.stdin is not None:
        child.stdin.close()


def _read(answer: bytes, code: int) -> dict[str, Any]:
    if code < 0:
        # SIGKILL: its own limit of CPU time, or the machine was out of memory. SIGSEGV and SIGABRT:
        # what a decoder does that is led astray or cannot have memory.
        raise WorkerOverrunError(f"ended by signal {-code}")
    try:
        said = json.loads(answer)
    except ValueError as error:
        raise WorkerFailedError(f"exit code {code} without an answer") from error
    if isinstance(said, dict) and isinstance(made := said.get("ok"), dict):
        return made
    no, why = (said.get("no"), str(said.get("why"))) if isinstance(said, dict) else ("", "")
    raise _NO.get(str(no), WorkerFailedError)(why)
