"""The bot as a process whose disk fails as a file says, which is looked at at each operation.

`python -m tests.app.disk_process '{"config": …, "clock": … or null, "fault": "path"}'`
"""

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

import bot
import config
import logs
from tests.bot_process import SharedClock
from tests.storage.disk import FULL, IOERR_FSYNC, OK, Disk, Op

_CAPABILITIES_V3 = 0x20080522


class _Rule:
    """`full`: nothing more fits. `sync WORDS`: the commit that writes these words is not synced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_written = False

    def __call__(self, op: Op) -> int:
        if op.what != "wal" or not self._path.exists():
            return OK
        fault, _, words = self._path.read_text().partition(" ")
        if fault == "full":
            return FULL if op.kind == "write" else OK
        self._is_written |= op.kind == "write" and words.encode() in op.data
        return IOERR_FSYNC if self._is_written and op.kind == "sync" else OK


def _be_nobody_special() -> None:
    """Lose what lets root write where the mode of a file says that nobody may."""
    if os.geteuid() == 0:
        header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
        if ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()):
            sys.exit("root stays what it is here")


def _main(given: dict[str, Any]) -> int:
    _be_nobody_special()
    if given["clock"] is not None:
        shared = SharedClock(**given["clock"])
        setattr(bot, "SystemClock", lambda: shared)  # noqa: B010 - it stands in for a class
    logs.set_up("INFO", as_json=False, secrets=[])
    read = config.from_mapping(given["config"], {})
    disk = Disk(read.storage.data_dir, keeps=False)
    disk.fail = _Rule(Path(given["fault"]))
    with disk.in_place():
        return bot._run(read)


if __name__ == "__main__":
    sys.exit(_main(json.loads(sys.argv[1])))
