"""One task on one file in a process of its own, run as a script with `python -I`.

A line of JSON on standard input is the task and its limits; a line of JSON on standard output is
the answer. Standard input staying open is the sign that somebody still waits for it.
"""

import contextlib
import ctypes
import errno
import importlib
import json
import os
import resource
import signal
import sys
import threading
import traceback
import types
from pathlib import Path
from typing import Any

TASK_BYTES = 64 * 1024
PR_SET_PDEATHSIG = 1

# Answers, beside {"ok": {...}}: {"no": one of these, "why": text}.
BROKEN, HEAVY, POOR, FAILED = "broken", "heavy", "poor", "failed"
OUR_TROUBLE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EMFILE, errno.ENFILE, errno.EIO}
)


def main() -> None:
    """Do the task and end the process; never returns."""
    _die_with_parent()
    # A library that prints must not speak into the answer.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    task: dict[str, Any] = json.loads(_read_line())
    threading.Thread(target=_end_when_alone, daemon=True).start()
    try:
        _confine(task["limits"])
        answer = _do(task["do"], task["with"])
    except MemoryError:
        answer = {"no": HEAVY, "why": "out of memory"}
    os.write(answer_to, json.dumps(answer).encode() + b"\n")
    # No tidying up: the thread above still holds standard input, and all files are closed.
    os._exit(0)


def _do(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    # The package itself would bring the downloader and with it half of a start's time.
    package = types.ModuleType("media")
    package.__path__ = [str(Path(__file__).resolve().parent.parent)]
    sys.modules["media"] = package
    try:
        return {"ok": importlib.import_module(f"media.child.{name}").do(**facts)}
    except MemoryError:
        raise
    except Exception as error:
        # Decoders raise almost anything on a hostile file.
        if type(error).__name__ == "TooPoorError":
            return {"no": POOR, "why": str(error)}
        # FFmpeg's own errors carry a number too, and not all of them are OSErrors.
        number = getattr(error, "errno", None)
        if number == errno.EFBIG:
            return {"no": HEAVY, "why": "a file grew too large"}
        if number in OUR_TROUBLE:
            return {"no": FAILED, "why": os.strerror(number)}
        return {"no": BROKEN, "why": _where(error)}


def _where(error: Exception) -> str:
    """Tell a decoder's refusal from a mistake of ours, in few words and none of the file's."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"


def _confine(limits: dict[str, int]) -> None:
    os.umask(0o077)
    os.nice(limits["niceness"])
    pairs = (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    )
    for which, most in pairs:
        resource.setrlimit(which, (most, most))
    # Writing beyond the limit is then an error, which names itself, instead of a death.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        # When the machine runs out of memory, this process goes first and not the bot.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < TASK_BYTES:
        piece = os.read(0, TASK_BYTES)
        if not piece:
            os._exit(0)
        line += piece
    return line


def _end_when_alone() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
