"""The bot in a process of its own, which freezes once between marking a job and sending it."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

from jobs.submit import SPELLINGS
from storage.database import Database
from tests import bot_process

_read = Database.read


async def _freezing(db: Database, function: Any, *given: Any, **named: Any) -> Any:
    task = asyncio.current_task()
    if given[:1] == (SPELLINGS,) and task is not None and task.get_name().startswith("send-"):
        Database.read = _read  # type: ignore[method-assign]
        os.kill(os.getpid(), signal.SIGSTOP)
    return await _read(db, function, *given, **named)


if __name__ == "__main__":
    Database.read = _freezing  # type: ignore[method-assign, assignment]
    given = json.loads(sys.argv[1])
    clock = bot_process.SharedClock(**given["clock"])
    asyncio.run(bot_process.serve(given["config"], clock))
