"""The bot as a process whose disk fails as a file says: one word, looked at before each operation.

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
from tests.storage.disk import FULL, IOERR_FSYNC, IOERR_WRITE, OK, Disk, Op

FAULTS = {
    "full": ("write", "wal", FULL),
    "sync": ("sync", "wal", IOERR_FSYNC),
    "write": ("write", "wal", IOERR_WRITE),
}
_CAPABILITIES_V3 = 0x20080522


def _rule(path: Path) -> Any:
    def rule(op: Op) -> int:
        try:
            kind, what, code = FAULTS[path.read_text()]
        except (FileNotFoundError, KeyError):
            return OK
        return code if (op.kind, op.what) == (kind, what) else OK

    return rule


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
    disk.fail = _rule(Path(given["fault"]))
    with disk.in_place():
        return bot._run(read)


if __name__ == "__main__":
    sys.exit(_main(json.loads(sys.argv[1])))
