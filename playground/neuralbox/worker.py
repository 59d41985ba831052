"""The process that makes large clips: a request a line comes in, an answer a line goes out.

Run as `python -m playground.neuralbox.worker`; it ends with its input.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

from playground.neuralbox.clip import ClipSpec, render


def main() -> None:
    """Answer requests until standard input ends."""
    with contextlib.suppress(OSError):
        os.nice(5)  # the bot and the page come first
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_serve(line)) + "\n")
        sys.stdout.flush()


def _serve(line: str) -> dict[str, str | None]:
    request = json.loads(line)
    try:
        render(ClipSpec(**request["spec"]), Path(request["video"]), Path(request["thumbnail"]))
    except Exception as error:  # the one who asked decides what a failed clip means
        return {"error": f"{type(error).__name__}: {error}"}
    return {"error": None}


if __name__ == "__main__":
    main()
